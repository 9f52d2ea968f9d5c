# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The sections with fixed keys become frozen values."""

import os.path
from typing import Any

import pytest

from fedora_messaging._config import sections
from fedora_messaging._config.model import DEFAULTS, TLS, Monitoring, NackDelay, QoS, Reconnect
from fedora_messaging.exceptions import ConfigurationException


@pytest.mark.parametrize(
    ("parse", "section", "value"),
    [
        (sections.qos, DEFAULTS["qos"], QoS()),
        (sections.tls, DEFAULTS["tls"], TLS()),
        (sections.reconnect, DEFAULTS["reconnect"], Reconnect()),
        (sections.nack_delay, DEFAULTS["nack_delay"], NackDelay()),
        (sections.monitoring, DEFAULTS["monitoring"], None),
        (sections.monitoring, None, None),
        (sections.monitoring, {"port": 8080}, Monitoring(8080, "")),
        (sections.callback, None, None),
        (sections.callback, "", None),
        (sections.callback, "module:name", "module:name"),
        (sections.callback, len, len),
    ],
)
def test_values(parse: Any, section: Any, value: Any) -> None:
    """The defaults, and what a section gives, are parsed into values."""
    assert value == parse(section)


@pytest.mark.parametrize(
    ("parse", "section", "words"),
    [
        (sections.qos, {"prefetch_size": 1, "prefetch_count": 1}, "qos.prefetch_size: must be 0"),
        (sections.tls, {"ca_cert": None, "keyfile": None, "certfile": "a"}, "tls.keyfile: is missing"),
        (sections.tls, {"ca_cert": None, "keyfile": "a", "certfile": None}, "tls.certfile: is missing"),
        (sections.monitoring, {"address": "a"}, "monitoring.port: is missing"),
        (sections.reconnect, {"base": 2, "cap": 1, "stable": 0}, "reconnect.cap: must be 2 at least"),
        (sections.nack_delay, {"first": 2, "cap": 1}, "nack_delay.cap: must be 2 at least"),
        (sections.client_properties, {"product": "mine"}, "client_properties.product: is reserved"),
        (
            sections.client_properties,
            {"capabilities": 1},
            "client_properties.capabilities: must be a section",
        ),
        (sections.client_properties, {"a": object()}, "client_properties.a"),
        (sections.callback, 1, "callback: must be a string, not int"),
    ],
)
def test_errors(parse: Any, section: Any, words: str) -> None:
    """What does not fit together, or is reserved, is named by its key."""
    with pytest.raises(ConfigurationException) as caught:
        parse(section)

    assert caught.value.message.startswith(words)


def test_files_in_the_home_folder() -> None:
    """A file for TLS may be named relative to the home folder."""
    parsed = sections.tls({"ca_cert": "~/ca.pem", "keyfile": None, "certfile": None})

    assert os.path.expanduser("~/ca.pem") == parsed.ca_cert


def test_the_version_names_pika() -> None:
    """The version among the client properties is that of the package with that of pika."""
    assert " with pika-" in sections.client_properties({})["version"]
