# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Faults that tests inject."""

import pytest
from pika import spec
from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock

from fedora_messaging.broker import Broker
from fedora_messaging.broker.faults import CORRUPT
from wire import Client, joined


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def broker(clock: Clock) -> Broker:
    return Broker(clock=clock)


@pytest.fixture
def client(broker: Broker) -> Client:
    """A client with confirms and a queue."""
    client = joined(broker, heartbeat=0)
    client.call(spec.Queue.Declare(queue="q", durable=True))
    client.call(spec.Confirm.Select())
    return client


def test_dropping_after_some_publishes(broker: Broker, client: Client) -> None:
    """The connection is cut at the N-th publish, which is not confirmed."""
    broker.faults.drop_after(2)
    client.publish("q")
    client.pump.flush()
    first = client.names()
    client.publish("q")
    client.pump.flush()

    assert ["Basic.Ack"] == first
    assert [] == client.take()
    assert isinstance(client.lost, ConnectionLost)
    assert 2 == broker.queue("q").ready


def test_delayed_confirms(broker: Broker, client: Client, clock: Clock) -> None:
    """Confirms come later, on the clock."""
    broker.faults.delay_confirms(3)
    client.publish("q")
    client.pump.flush()
    before = client.take()
    clock.advance(3)
    client.pump.flush()

    assert [] == before
    assert ["Basic.Ack"] == client.names()


def test_withheld_confirms(broker: Broker, client: Client) -> None:
    """Confirms wait until they are released, and then come in one."""
    broker.faults.withhold_confirms()
    for _ in range(3):
        client.publish("q")
    client.pump.flush()
    before = client.take()
    broker.faults.release_confirms()
    client.pump.flush()
    (ack,) = client.take()

    assert [] == before
    assert (3, True) == (ack.delivery_tag, ack.multiple)


def test_nacked_publishes(broker: Broker, client: Client) -> None:
    """The next publishes are nacked; those after them are not."""
    broker.faults.nack_publishes(1)
    client.publish("q")
    client.publish("q")
    client.pump.flush()

    assert ["Basic.Nack", "Basic.Ack"] == client.names()


def test_an_alarm_blocks_who_publishes(broker: Broker, client: Client) -> None:
    """After a publish during an alarm nothing more is read, until it is over."""
    other = joined(broker)
    broker.faults.block("low on memory")
    client.pump.flush()
    other.pump.flush()
    quiet = client.take() + other.take()
    client.publish("q")
    client.pump.flush()
    blocked = client.names()
    client.send(spec.Queue.Declare(queue="q", passive=True))
    client.pump.flush()
    meanwhile = client.names()
    broker.faults.unblock()
    client.pump.flush()

    assert [] == quiet
    assert ["Connection.Blocked"] == blocked
    assert [] == meanwhile
    assert {"Connection.Unblocked", "Basic.Ack", "Queue.DeclareOk"} == set(client.names())
    assert isinstance(other.call(spec.Basic.Qos()), spec.Basic.QosOk)


def test_closing_a_channel_after_some_publishes(broker: Broker, client: Client) -> None:
    """The channel of the N-th publish is closed with the code asked for."""
    broker.faults.close_channel_after(1, 406, "too bad")
    client.publish("q")
    client.pump.flush()
    (close,) = client.take()

    assert (406, "PRECONDITION_FAILED - too bad") == (close.reply_code, close.reply_text)


def test_closing_all_channels(broker: Broker, client: Client) -> None:
    """All channels can be closed at once; the connection stays."""
    broker.faults.close_channels(404)
    client.pump.flush()
    (close,) = client.take()
    client.send(spec.Channel.CloseOk())

    assert 404 == close.reply_code
    assert isinstance(client.call(spec.Channel.Open()), spec.Channel.OpenOk)


def test_closing_all_connections(broker: Broker, client: Client) -> None:
    """Connections can be closed as by a broker that stops."""
    broker.faults.close_connections()
    client.pump.flush()
    (close,) = client.take()

    assert (320, "CONNECTION_FORCED - shutdown") == (close.reply_code, close.reply_text)


def test_dropping_all_connections(broker: Broker, client: Client) -> None:
    """Connections can be cut without a word."""
    broker.faults.drop_connections()
    client.pump.flush()

    assert isinstance(client.lost, ConnectionLost)


def test_redelivering(broker: Broker, client: Client) -> None:
    """What a consumer has not acknowledged is delivered again, marked."""
    client.call(spec.Basic.Consume(queue="q", consumer_tag="t"))
    client.publish("q")
    client.pump.flush()
    client.take()
    broker.faults.redeliver("q")
    client.pump.flush()
    (again,) = client.take()

    assert again.method.redelivered


def test_cancelling_consumers(broker: Broker, client: Client) -> None:
    """Consumers can be cancelled though their queue stays."""
    client.call(spec.Basic.Consume(queue="q", consumer_tag="t"))
    broker.faults.cancel_consumers("q")
    client.pump.flush()

    assert ["Basic.Cancel"] == client.names()
    assert 0 == broker.queue("q").consumers


def test_a_queue_that_is_cut_off(broker: Broker, client: Client) -> None:
    """It delivers nothing and counts no consumers, who are told nothing; afterwards it goes on."""
    client.call(spec.Basic.Consume(queue="q", consumer_tag="t"))
    broker.faults.cut_off("q")
    client.publish("q")
    client.pump.flush()
    during = [name for name in client.names() if name != "Basic.Ack"], broker.queue("q").consumers
    broker.faults.cut_off("q", cut_off=False)
    client.pump.flush()

    assert ([], 0) == during
    assert ["Basic.Deliver"] == client.names()
    assert 1 == broker.queue("q").consumers


@pytest.mark.parametrize("what", CORRUPT)
def test_corrupt_bytes(broker: Broker, client: Client, what: str) -> None:
    """Bytes of several kinds that are no frame can be sent."""
    client.dataReceived = lambda data: received.append(data)  # type: ignore[method-assign]
    received: list[bytes] = []
    broker.faults.corrupt(what)
    client.pump.flush()

    assert [CORRUPT[what]] == received


def test_silence(broker: Broker) -> None:
    """A silent broker neither answers nor sends heartbeats; then it goes on."""
    client = joined(broker, heartbeat=10)
    broker.faults.silence()
    client.send(spec.Basic.Qos())
    client.pump.advance(9, step=1)
    before = client.take()
    heartbeats = client.heartbeats
    broker.faults.silence(False)
    answer = client.call(spec.Basic.Qos(prefetch_count=1))

    assert ([], 0) == (before, heartbeats)
    assert isinstance(answer, spec.Basic.QosOk)
