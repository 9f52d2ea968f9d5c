# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Connections in memory: negotiation, heartbeats, closing, and the pump that joins them."""

import logging
from typing import Any

import pytest
from pika import spec
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.task import Clock

from fedora_messaging.broker import Broker, User
from wire import Client, joined


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def broker(clock: Clock) -> Broker:
    return Broker(clock=clock)


def test_joining_moves_nothing(broker: Broker) -> None:
    """Bytes move when the pump is told to, not before."""
    client = Client()
    pump = broker.join(client)
    client.transport.write(b"AMQP\x00\x00\x09\x01")
    before = client.take()
    pump.flush()

    assert [] == before
    assert ["Connection.Start"] == client.names()


def test_bytes_may_come_one_by_one(broker: Broker) -> None:
    """Everything works when no two bytes arrive together."""
    client = Client()
    client.pump = broker.join(client)
    client.pump.chunk = 1
    opened = client.log_in()

    assert isinstance(opened, spec.Connection.OpenOk)


@pytest.mark.parametrize(
    ("options", "code"),
    [({"password": "wrong"}, 403), ({"user": "nobody"}, 403), ({"vhost": "none"}, 530)],
    ids=["password", "user", "vhost"],
)
def test_who_is_not_let_in(broker: Broker, options: dict[str, Any], code: int) -> None:
    """Wrong credentials are 403, a missing virtual host is 530."""
    client = Client()
    client.pump = broker.join(client)
    close = client.log_in(**options)

    assert code == close.reply_code


def test_a_vhost_without_rights(clock: Clock) -> None:
    """A user enters only the virtual hosts there are permissions for."""
    client = Client()
    client.pump = Broker(clock=clock, users={"bob": User("x", {})}).join(client)
    close = client.log_in(user="bob", password="x")

    assert "NOT_ALLOWED - access to vhost '/' refused for user 'bob'" == close.reply_text


def test_passwords_are_not_shown(clock: Clock) -> None:
    """Neither users nor the broker show a password."""
    broker = Broker(clock=clock, users={"bob": User("canary")})

    assert "canary" not in repr(broker) + repr(broker.users)


def test_a_client_that_never_speaks(broker: Broker, clock: Clock) -> None:
    """The handshake has ten seconds."""
    client = Client()
    pump = broker.join(client)
    pump.flush()
    clock.advance(11)
    pump.flush()

    assert isinstance(client.lost, ConnectionLost)


def test_heartbeats_are_sent(broker: Broker) -> None:
    """A silent connection gets a heartbeat every half interval."""
    client = joined(broker, heartbeat=10)
    client.pump.advance(19, step=1)

    assert 2 <= client.heartbeats <= 3


def test_a_silent_client_is_dropped(broker: Broker) -> None:
    """After two to three intervals of silence the connection is gone, and what it had is requeued."""
    client = joined(broker, heartbeat=10)
    client.pump.advance(35, step=1)

    assert isinstance(client.lost, ConnectionLost)
    assert [] == broker.connections


def test_a_client_with_heartbeats_stays(broker: Broker) -> None:
    """Heartbeats of the client keep its connection."""
    client = joined(broker, heartbeat=10)
    for _ in range(10):
        client.transport.write(b"\x08\0\0\0\0\0\0\xce")
        client.pump.advance(10, step=1)

    assert client.lost is None


def test_the_client_ends_what_it_closed(broker: Broker) -> None:
    """A close is answered, and the client is the one to hang up."""
    client = joined(broker)
    answer = client.call(spec.Connection.Close(200, "bye", 0, 0), 0)
    client.transport.loseConnection()
    client.pump.flush()

    assert isinstance(answer, spec.Connection.CloseOk)
    assert isinstance(client.lost, ConnectionDone)
    assert [] == broker.connections


def test_a_client_that_never_hangs_up(broker: Broker) -> None:
    """A client that closed its connection and stays is dropped after half a minute."""
    client = joined(broker)
    client.call(spec.Connection.Close(200, "bye", 0, 0), 0)
    client.pump.advance(29, step=1)
    before = client.lost
    client.pump.advance(2, step=1)

    assert before is None
    assert client.lost is not None


def test_corrupt_frames_end_the_connection(broker: Broker) -> None:
    """A frame that is none is answered with 501, and the connection ends."""
    client = joined(broker)
    client.transport.write(b"\x01\0\x01\0\0\0\x01\0\0")
    client.pump.flush()
    (close,) = client.take()
    client.pump.advance(4, step=1)

    assert 501 == close.reply_code
    assert client.lost is not None


def test_a_cut_link(broker: Broker) -> None:
    """Both ends lose a connection that is cut, and unacknowledged messages return."""
    client = joined(broker)
    client.call(spec.Queue.Declare(queue="q", durable=True))
    client.publish("q")
    client.call(spec.Basic.Get(queue="q"))
    before = broker.queue("q").unacked
    client.pump.cut()

    assert (1, 1) == (before, broker.queue("q").ready)
    assert isinstance(client.lost, ConnectionLost)


def test_aborting(broker: Broker) -> None:
    """Who aborts sees ConnectionAborted, and nothing that was written arrives."""
    client = joined(broker)
    client.send(spec.Queue.Declare(queue="q", durable=True))
    client.transport.abortConnection()
    client.pump.flush()

    assert isinstance(client.lost, ConnectionAborted)
    assert {} == broker.vhosts["/"].queues


def test_losing_a_connection_sends_what_was_written(broker: Broker) -> None:
    """loseConnection waits until everything is written."""
    client = joined(broker)
    client.send(spec.Queue.Declare(queue="q", durable=True))
    client.transport.loseConnection()
    client.pump.flush()

    assert ["q"] == list(broker.vhosts["/"].queues)
    assert isinstance(client.lost, ConnectionDone)


class _Producer:
    def __init__(self) -> None:
        self.calls: list[str] = []

    def pauseProducing(self) -> None:
        self.calls.append("pause")

    def resumeProducing(self) -> None:
        self.calls.append("resume")

    def stopProducing(self) -> None:
        self.calls.append("stop")


def test_a_producer_is_paused_and_resumed(broker: Broker) -> None:
    """A streaming producer pauses when much is written, goes on when it has moved, and stops at the end."""
    client = joined(broker)
    producer = _Producer()
    client.transport.registerProducer(producer, True)
    client.publish("none", b"x" * 100_000)
    paused = list(producer.calls)
    client.pump.flush()
    resumed = list(producer.calls)
    client.pump.cut()

    assert ["pause"] == paused
    assert ["pause", "resume"] == resumed
    assert ["pause", "resume", "stop"] == producer.calls


def test_a_producer_keeps_its_connection(broker: Broker) -> None:
    """loseConnection waits for the producer to unregister, as a socket's does."""
    client = joined(broker)
    client.transport.registerProducer(_Producer(), True)
    client.transport.loseConnection()
    client.pump.flush()
    before = client.lost
    client.transport.unregisterProducer()
    client.pump.flush()

    assert before is None
    assert isinstance(client.lost, ConnectionDone)


def test_a_dead_line(broker: Broker) -> None:
    """What is written on a dead line waits until it is alive again."""
    client = joined(broker)
    client.pump.held = True
    client.send(spec.Queue.Declare(queue="q", durable=True))
    client.pump.flush()
    before = client.take()
    client.pump.held = False
    client.pump.flush()

    assert [] == before
    assert ["Queue.DeclareOk"] == client.names()


def test_transient_queues_are_warned_of(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    """Under 4.3, a queue neither durable nor exclusive is accepted with a warning."""
    with caplog.at_level(logging.WARNING):
        answer = joined(broker).call(spec.Queue.Declare(queue="q"))

    assert isinstance(answer, spec.Queue.DeclareOk)
    assert "neither durable nor exclusive" in caplog.text


def test_transient_queues_can_be_refused(clock: Clock) -> None:
    """With `permit_transient=False` such a queue ends the connection with 541."""
    close = joined(Broker(clock=clock, permit_transient=False)).call(spec.Queue.Declare(queue="q"))

    assert 541 == close.reply_code


def test_an_unknown_release(clock: Clock) -> None:
    """A release that cannot be played is a ValueError that lists those that can."""
    with pytest.raises(ValueError) as caught:
        Broker(clock=clock, emulate="2.0")

    assert "3.10, 4.3" in str(caught.value)


def test_the_words_of_a_refusal(broker: Broker) -> None:
    """An inequivalent declaration is refused with RabbitMQ's words."""
    client = joined(broker)
    client.call(spec.Queue.Declare(queue="q", durable=True))
    close = client.call(spec.Queue.Declare(queue="q"))

    assert (
        "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'q' in vhost '/': received 'false' but "
        "current is 'true'" == close.reply_text
    )
