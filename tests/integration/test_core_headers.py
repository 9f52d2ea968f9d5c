# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Headers as other clients and RabbitMQ itself send them."""

import struct
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from fedora_messaging import api
from fedora_messaging.exceptions import HaltConsumer
from support.amqp import Amqp

pytestmark = [pytest.mark.fedora_messaging_real_broker, pytest.mark.usefixtures("no_unhandled_errors")]

_Q = {"exchange": "amq.topic", "queue": "q", "routing_keys": ["#"]}


class _Recorder:
    """Keeps what comes, and ends consuming at the topic "end"."""

    def __init__(self) -> None:
        self.headers: dict[str, dict[str, Any]] = {}

    def __call__(self, message: api.Message) -> None:
        self.headers[message.topic] = dict(message._headers)
        if message.topic == "end":
            raise HaltConsumer


def test_a_dead_letter_with_headers_beyond_the_frame_size(
    client: Callable[..., api.Client], amqp: Amqp
) -> None:
    """A message whose headers dead-lettering has made larger than frame_max is consumed; so is the next."""
    amqp.channel.queue_declare(
        "first",
        durable=True,
        arguments={
            "x-message-ttl": 1,
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": "q",
        },
    )
    amqp.queue("q", "end")
    # Content header frames of 131,072 bytes at most may be published.
    amqp.publish("first", {}, exchange="", headers={"large": "x" * 130_700})
    while not amqp.channel.queue_declare("q", passive=True).method.message_count:
        amqp.channel.connection.process_data_events(0.05)
    amqp.publish("end")
    recorder = _Recorder()
    with pytest.raises(HaltConsumer):
        client().consume(recorder, _Q)

    assert 2 == len(recorder.headers)
    (dead,) = [headers for topic, headers in recorder.headers.items() if topic != "end"]
    assert 130_700 == len(dead["large"])
    assert "x-death" in dead


def test_a_small_frame_size(vhost: Any, client: Callable[..., api.Client], amqp: Amqp) -> None:
    """With frame_max 8192, a message with 11 kB of headers is consumed, and so is the next."""
    amqp.queue("q", "#")
    amqp.publish("large", headers={"large": "x" * 11_000})
    amqp.publish("end")
    recorder = _Recorder()
    with pytest.raises(HaltConsumer):
        client(amqp_url=f"{vhost.url}?frame_max=8192").consume(recorder, _Q)

    assert 11_000 == len(recorder.headers["large"]["large"])


def test_floats_of_another_client(client: Callable[..., api.Client], amqp: Amqp, monkeypatch: Any) -> None:
    """Floats, doubles and decimals of another client are received unchanged."""
    from pika import BasicProperties

    fields = [(b"f", struct.pack(">f", 3.75)), (b"d", struct.pack(">d", -2.5)), (b"D", b"\2\0\0\1\x3a")]
    table = b"".join(b"\1" + bytes((97 + n,)) + kind + data for n, (kind, data) in enumerate(fields))
    raw = struct.pack(">HI", BasicProperties.FLAG_HEADERS, len(table)) + table
    properties = BasicProperties()
    monkeypatch.setattr(properties, "encode", lambda: [raw])
    amqp.queue("q", "#")
    amqp.channel.basic_publish("amq.topic", "floats", b"{}", properties)
    amqp.publish("end")
    recorder = _Recorder()
    with pytest.raises(HaltConsumer):
        client().consume(recorder, _Q)

    assert {"a": 3.75, "b": -2.5, "c": Decimal("3.14")}.items() <= recorder.headers["floats"].items()
