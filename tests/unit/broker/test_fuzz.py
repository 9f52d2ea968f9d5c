# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Whatever a client sends, the broker neither fails nor hangs, and serves the next."""

import logging
import struct
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pika import frame, spec
from twisted.internet.task import Clock

from fedora_messaging.broker import Broker
from wire import Client, joined

_QUIET = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
_NAMES = st.sampled_from(["", "q", "x", "amq.topic", "amq.gen-1", "ü"])
_ARGUMENTS = st.dictionaries(
    st.sampled_from(
        [
            "x-message-ttl",
            "x-expires",
            "x-max-length",
            "x-queue-type",
            "x-overflow",
            "x-match",
            "x-dead-letter-exchange",
            "x-priority",
            "x-delivery-limit",
            "x-max-priority",
            "x-single-active-consumer",
            "alternate-exchange",
            "a",
        ]
    ),
    st.none() | st.booleans() | st.integers(-2, 300) | st.sampled_from(["quorum", "classic", "", "x", "any"]),
    max_size=3,
)
_METHODS: st.SearchStrategy[Any] = st.one_of(
    st.builds(
        spec.Queue.Declare,
        queue=_NAMES,
        passive=st.booleans(),
        durable=st.booleans(),
        exclusive=st.booleans(),
        auto_delete=st.booleans(),
        nowait=st.booleans(),
        arguments=_ARGUMENTS,
    ),
    st.builds(
        spec.Exchange.Declare,
        exchange=_NAMES,
        type=st.sampled_from(["direct", "topic", "fanout", "headers", "?"]),
        auto_delete=st.booleans(),
        internal=st.booleans(),
        arguments=_ARGUMENTS,
    ),
    st.builds(spec.Queue.Bind, queue=_NAMES, exchange=_NAMES, routing_key=_NAMES, arguments=_ARGUMENTS),
    st.builds(spec.Queue.Unbind, queue=_NAMES, exchange=_NAMES, routing_key=_NAMES, arguments=_ARGUMENTS),
    st.builds(
        spec.Exchange.Bind, destination=_NAMES, source=_NAMES, routing_key=_NAMES, arguments=_ARGUMENTS
    ),
    st.builds(spec.Queue.Purge, queue=_NAMES),
    st.builds(spec.Queue.Delete, queue=_NAMES, if_unused=st.booleans(), if_empty=st.booleans()),
    st.builds(spec.Exchange.Delete, exchange=_NAMES, if_unused=st.booleans()),
    st.builds(spec.Basic.Qos, prefetch_count=st.integers(0, 3), global_qos=st.booleans()),
    st.builds(
        spec.Basic.Consume,
        queue=_NAMES,
        consumer_tag=st.sampled_from(["", "t", "u"]),
        no_ack=st.booleans(),
        exclusive=st.booleans(),
        arguments=_ARGUMENTS,
    ),
    st.builds(spec.Basic.Cancel, consumer_tag=st.sampled_from(["t", "u"])),
    st.builds(spec.Basic.Get, queue=_NAMES, no_ack=st.booleans()),
    st.builds(spec.Basic.Ack, delivery_tag=st.integers(0, 5), multiple=st.booleans()),
    st.builds(spec.Basic.Nack, delivery_tag=st.integers(0, 5), multiple=st.booleans(), requeue=st.booleans()),
    st.builds(spec.Basic.Reject, delivery_tag=st.integers(0, 5), requeue=st.booleans()),
    st.builds(spec.Basic.Recover, requeue=st.booleans()),
    st.builds(spec.Confirm.Select),
    st.builds(spec.Channel.Open),
    st.builds(spec.Channel.CloseOk),
    st.builds(spec.Channel.Close, st.just(200), st.just(""), st.just(0), st.just(0)),
)
_PUBLISHES = st.tuples(_NAMES, _NAMES, st.binary(max_size=20), st.booleans())


def _still_serving(broker: Broker, client: Client, caplog: pytest.LogCaptureFixture) -> None:
    client.pump.advance(40, step=5)
    other = joined(broker)
    answer = other.call(spec.Queue.Declare(queue="another", durable=True))

    assert isinstance(answer, spec.Queue.DeclareOk)
    assert [] == [record for record in caplog.records if record.levelno >= logging.ERROR]


@_QUIET
@given(data=st.binary(max_size=200), header=st.booleans())
def test_any_bytes(data: bytes, header: bool, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever bytes come, from the start or after the protocol header, the broker goes on serving."""
    broker = Broker(clock=Clock())
    client = Client()
    client.pump = broker.join(client)
    client.transport.write((b"AMQP\x00\x00\x09\x01" if header else b"") + data)

    _still_serving(broker, client, caplog)


@_QUIET
@given(
    frames=st.lists(
        st.tuples(st.sampled_from([1, 2, 3, 8, 9]), st.integers(0, 3), st.binary(max_size=40)), max_size=10
    )
)
def test_any_frames(frames: list[tuple[int, int, bytes]], caplog: pytest.LogCaptureFixture) -> None:
    """Whatever is in the frames that come, the broker goes on serving."""
    broker = Broker(clock=Clock())
    client = joined(broker)
    for kind, channel, payload in frames:
        client.transport.write(struct.pack(">BHI", kind, channel, len(payload)) + payload + b"\xce")

    _still_serving(broker, client, caplog)


@_QUIET
@given(
    steps=st.lists(st.tuples(st.integers(0, 3), _METHODS | _PUBLISHES), max_size=25),
    emulate=st.sampled_from(["3.10", "4.3"]),
)
def test_any_methods(steps: list[tuple[int, Any]], emulate: str, caplog: pytest.LogCaptureFixture) -> None:
    """The broker goes on serving after methods in any order, from two clients at once."""
    broker = Broker(clock=Clock(), emulate=emulate)
    clients = [joined(broker), joined(broker)]
    for number, step in steps:
        client = clients[number % 2]
        if isinstance(step, tuple):
            exchange, key, body, mandatory = step
            client.publish(key, body, exchange=exchange, mandatory=mandatory)
        else:
            client.send(step)
        if number < 3:
            for each in clients:
                each.pump.advance(0.2 * number)

    for client in clients:
        _still_serving(broker, client, caplog)


@_QUIET
@given(properties=st.binary(max_size=60), dead=st.booleans())
def test_any_properties(properties: bytes, dead: bool, caplog: pytest.LogCaptureFixture) -> None:
    """A message with any property bytes is passed on as it is, or ends its connection."""
    broker = Broker(clock=Clock())
    client = joined(broker)
    client.call(spec.Queue.Declare(queue="grave", durable=True))
    client.call(
        spec.Queue.Declare(queue="q", durable=True, arguments={"x-dead-letter-exchange": "amq.fanout"})
    )
    client.call(spec.Queue.Bind(queue="grave", exchange="amq.fanout"))
    client.call(spec.Queue.Bind(queue="grave", exchange="amq.headers", arguments={"a": 1, "x-match": "any"}))
    client.publish("", b"m", exchange="amq.headers", properties=properties)
    client.publish("q", b"m", properties=properties)
    got = client.call(spec.Basic.Get(queue="q"))
    if not isinstance(got, spec.Connection.Close | spec.Channel.Close | None):
        assert properties == got.properties
        client.send(spec.Basic.Reject(delivery_tag=1, requeue=not dead))

    _still_serving(broker, client, caplog)


def test_frames_of_others_are_not_mixed_up() -> None:
    """Contents of two channels may come interleaved."""
    broker = Broker(clock=Clock())
    client = joined(broker).open(2)
    client.call(spec.Queue.Declare(queue="q", durable=True))
    for channel in (1, 2):
        client.send(spec.Basic.Publish(exchange="", routing_key="q"), channel)
    for channel in (2, 1):
        client.transport.write(struct.pack(">BHIHHQH", 2, channel, 14, 60, 0, 1, 0) + b"\xce")
    for channel in (1, 2):
        client.transport.write(frame.Body(channel, str(channel).encode()).marshal())
    client.pump.flush()

    assert [b"1", b"2"] == [message.body for message in broker.queue("q").messages]
