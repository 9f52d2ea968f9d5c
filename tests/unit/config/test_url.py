# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Broker URLs are read strictly and shown without their secrets."""

import pika
import pytest

from fedora_messaging._config.url import all_parameters, parameters
from fedora_messaging.exceptions import ConfigurationException


def test_all_parts() -> None:
    """Every part of a URL is honoured."""
    found = parameters(
        "amqp://us%40er:p%2Fw@broker.example:5673/%2Fpub?heartbeat=30&frame_max=8192&channel_max=9"
        "&locale=de_DE&socket_timeout=3.5&blocked_connection_timeout=7&connection_attempts=3&retry_delay=5"
    )

    assert (found.host, found.port, found.virtual_host) == ("broker.example", 5673, "/pub")
    assert isinstance(found.credentials, pika.PlainCredentials)
    assert (found.credentials.username, found.credentials.password) == ("us@er", "p/w")
    assert (found.heartbeat, found.frame_max, found.channel_max) == (30, 8192, 9)
    assert (found.locale, found.socket_timeout, found.blocked_connection_timeout) == ("de_DE", 3.5, 7)
    assert found.ssl_options is None


@pytest.mark.parametrize(
    ("url", "port", "tls"),
    [
        ("amqp://", 5672, False),
        ("amqps://", 5671, True),
        ("AMQP://[::1]:5", 5, False),
        ("amqp://h/", 5672, False),
    ],
)
def test_defaults(url: str, port: int, tls: bool) -> None:
    """What is left out has AMQP's defaults."""
    found = parameters(url)

    assert (found.port, found.ssl_options is not None, found.virtual_host) == (port, tls, "/")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://h", "amqp or amqps"),
        ("rabbit", "amqp or amqps"),
        ("", "amqp or amqps"),
        (5, "must be a string"),
        (None, "must be a string"),
        ("amqp://user:pass\nword@h", "control characters"),
        ("amqp://h\t", "control characters"),
        ("amqp://user:pass\x7f@h", "control characters"),
        ("amqp://h:port", "the port"),
        ("amqp://h:0", "the port"),
        ("amqp://h:70000", "the port"),
        ("amqp://h:", "the port"),
        ("amqp://[::1", "not a URL"),
        ("amqp://u@h", "no password"),
        ("amqp://h//", "%2F"),
        ("amqp://h/a/b", "%2F"),
        ("amqp://h?heartbeats=5", "unknown; the known ones are: blocked_connection_timeout"),
        ("amqp://h?heartbeat=often", "heartbeat must be a number"),
        ("amqp://h?heartbeat=-1", "heartbeat must be a number"),
        ("amqp://h?heartbeat=70000", "heartbeat"),
        ("amqp://h?heartbeat=1&heartbeat=2", "heartbeat is given 2 times"),
        ("amqp://h?heartbeat=", "heartbeat has no value"),
        ("amqp://h?frame_max=4096", "frame_max must be 8192 at least"),
        ("amqp://h?channel_max=0", "channel_max"),
        ("amqp://h?channel_max=1.5", "channel_max must be a number"),
        ("amqp://h?socket_timeout=nan", "socket_timeout must be a number"),
        ("amqp://h?tcp_options={}", "tcp_options is refused"),
        ("amqp://h?client_properties={}", "client_properties is refused"),
        ("amqp://h?stack_timeout=3", "handshake_timeout"),
        ("amqps://h?ssl_options=None", "ssl_options"),
        ("amqps://h?ssl_options={'cafile':'/nowhere'}", "ssl_options"),
    ],
)
def test_refused(url: str, words: str) -> None:
    """What cannot be honoured is refused, in one line that names the key."""
    with pytest.raises(ConfigurationException) as caught:
        parameters(url)

    assert caught.value.message.startswith("amqp_url: ")
    assert words in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    "url",
    [
        "amqp://user:canary#1@h",
        "amqp://user:canary\n1@h",
        "amqp://user:canary/1@h",
        "amqp://user:1canary?@h",
        "amqp://user:1?canary@h",
        "amqp://user:1?heartbeat=canary@h",
        "amqp://user:1/canary@h",
        "amqp://user:canary@h:x",
        "amqps://h?ssl_options={'certfile':'/x','password':'canary'}",
        "amqps://h?ssl_options={'password':'canary'",
        "amqps://user:canary@h?wrong=1",
    ],
)
def test_no_secret_in_errors(url: str) -> None:
    """The text of an error never has the password, and nothing that has it is attached to the error."""
    with pytest.raises(ConfigurationException) as caught:
        parameters(url)

    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_several_urls() -> None:
    """Each URL of a list has its own host, user and TLS; one alone is a list of one."""
    found = all_parameters(["amqps://ann:1@a/v", "amqp://bob:2@b:5/v"])

    assert [("a", 5671, True, "v"), ("b", 5, False, "v")] == [
        (each.host, each.port, each.ssl_options is not None, each.virtual_host) for each in found
    ]
    assert ["a"] == [each.host for each in all_parameters("amqp://a")]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "amqp_url: the list is empty"),
        ((), "amqp_url: the list is empty"),
        (5, "amqp_url: must be a string or a list of strings, not int"),
        ({"amqp://h": 1}, "amqp_url: must be a string or a list of strings, not dict"),
        (["amqp://h", 5], "amqp_url[1]: must be a string, not int"),
        (["amqp://h", ["amqp://h"]], "amqp_url[1]: must be a string, not list"),
        (["http://h"], "amqp_url[0]: the scheme must be amqp or amqps"),
        (["amqp://h/a", "amqp://h/a", "amqps://u:canary@h/b"], "amqp_url[2]: its virtual host is 'b'"),
        (["amqp://h/a", "amqp://u:canary@h"], "that of amqp_url[0] is 'a'"),
        (["amqp://h", "amqp://u:canary@h:port"], "amqp_url[1]: the port"),
    ],
)
def test_lists_that_cannot_be_used(value: object, words: str) -> None:
    """The error is one line that names the element, and both virtual hosts where they differ."""
    with pytest.raises(ConfigurationException) as caught:
        all_parameters(value)

    assert words in caught.value.message
    assert "canary" not in caught.value.message
    assert 1 == len(caught.value.message.splitlines())
