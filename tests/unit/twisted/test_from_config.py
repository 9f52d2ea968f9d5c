# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A configuration becomes values: parameters, settings, and what there is to consume."""

from typing import Any

import pika
import pytest

from fedora_messaging.config import parse
from fedora_messaging.twisted._from_config import (
    brokers,
    connection_parameters,
    consumer_settings,
    factory_options,
    wanted_topology,
)

CONFIG = parse(
    {
        "bindings": [
            {"exchange": "amq.topic", "queue": "a", "routing_keys": ["a.#"]},
            {"exchange": "amq.topic", "queue": "b", "routing_keys": ["b.#"]},
        ],
        "queues": {
            name: {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}
            for name in ("a", "b")
        },
    }
)
TO_B = {"exchange": "amq.topic", "queue": "b", "routing_keys": ["given"]}
TO_C = {"exchange": "amq.topic", "queue": "c", "routing_keys": ["given"]}


@pytest.mark.parametrize(
    ("bindings", "queues", "wanted"),
    [
        (None, None, ([("a", "a.#"), ("b", "b.#")], [("a", True), ("b", True)])),
        (None, {"b": {"durable": False}}, ([("b", "b.#")], [("b", False)])),
        (None, {"c": {"durable": False}}, ([], [("c", False)])),
        ([TO_B, TO_C], None, ([("b", "given"), ("c", "given")], [("b", True)])),
        (TO_B, {"c": {"durable": False}}, ([("b", "given")], [("c", False)])),
    ],
    ids=["neither", "a configured queue", "another queue", "bindings", "both"],
)
def test_what_is_consumed(bindings: Any, queues: Any, wanted: Any) -> None:
    """What is given counts; of the configuration comes what belongs to it."""
    some_bindings, some_queues = wanted_topology(CONFIG, bindings, queues)

    assert wanted == (
        [(binding.queue, *binding.routing_keys) for binding in some_bindings],
        [(queue.name, queue.durable) for queue in some_queues],
    )


def test_parameters() -> None:
    """A URL that is given is used in the place of the configured one, with the configured properties."""
    config = parse({"amqp_url": "amqp://configured", "client_properties": {"app": "tests"}})
    (configured,), (given,) = (
        connection_parameters(config),
        connection_parameters(config, "amqp://given:5673"),
    )

    assert ["configured", "given"] == [configured.host, given.host]
    assert 5673 == given.port
    assert given.client_properties is not None
    assert "tests" == given.client_properties["app"]


def test_a_certificate_logs_in() -> None:
    """With a certificate and its key, and TLS, the login is by certificate."""
    config = parse({"amqp_url": "amqps://host", "tls": {"certfile": "crt.pem", "keyfile": "key.pem"}})

    assert isinstance(connection_parameters(config)[0].credentials, pika.credentials.ExternalCredentials)


def test_files_that_are_not_used(caplog: pytest.LogCaptureFixture) -> None:
    """With a URL that is amqp, the files of TLS are not used, which the log says by their keys."""
    tls = {"ca_cert": "ca.pem", "certfile": "crt.pem", "keyfile": "key.pem"}
    config = parse({"amqp_url": "amqp://broker.example.org/", "tls": tls})
    (broker,) = brokers(config)
    connection_parameters(parse({"amqp_url": "amqp://broker.example.org/"}))

    said = "Not used, because the broker's URL is amqp, not amqps: tls.ca_cert, tls.certfile, tls.keyfile."
    assert [f"{said} The connection is not encrypted."] == [record.getMessage() for record in caplog.records]
    assert broker.tls is None


def test_settings() -> None:
    """Each value reaches what it is for."""
    config = parse(
        {
            "qos": {"prefetch_count": 7},
            "reconnect": {"base": 2.0, "cap": 20.0, "stable": 3.0},
            "nack_delay": {"first": 4.0, "cap": 40.0},
            "topic_prefix": "test",
            "max_message_size": 5000,
        }
    )
    settings, options = consumer_settings(config, None), factory_options(config, None)

    assert (7, 2.0, 20.0, 3.0) == (
        settings.prefetch_count,
        settings.backoff_base,
        settings.backoff_cap,
        settings.stable,
    )
    assert ("test", 5000, settings) == (
        options["topic_prefix"],
        options["max_message_size"],
        options["settings"],
    )
