# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The states of a connection: each event changes it as the table of transitions allows, in whatever order."""

from typing import Any

import pika
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pika import spec
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from fedora_messaging._amqp import frames
from fedora_messaging._core.lifecycle import CloseReason, Scope
from fedora_messaging.exceptions import ConnectionException
from fedora_messaging.twisted._connection.connection import Connection
from support.world import result_of


class Ending(Connection):
    """Notes how it ended."""

    ends: tuple[CloseReason, ...] = ()

    def ended(self, reason: CloseReason) -> None:
        self.ends = (*self.ends, reason)


class Peer:
    """A connection, and a broker whose every frame the test sends."""

    def __init__(self) -> None:
        self.clock = Clock()
        parameters = pika.ConnectionParameters(heartbeat=60, blocked_connection_timeout=30)
        self.connection = Ending(parameters, clock=self.clock)
        self.ready: Any = self.connection.ready
        self.transport: Any = StringTransport()
        self.steps = iter((self.connect, self.start, self.tune, self.open))
        self.lost = False

    # The handshake, a step at a time

    def step(self) -> None:
        """The next step of the handshake, if there is one."""
        next(self.steps, lambda: None)()

    def connect(self) -> None:
        self.connection.makeConnection(self.transport)

    def start(self) -> None:
        self.send(spec.Connection.Start(0, 9, mechanisms="PLAIN", server_properties={}, locales="en_US"))

    def tune(self) -> None:
        self.send(spec.Connection.Tune(10, 131072, 60))

    def open(self) -> None:
        self.send(spec.Connection.OpenOk())

    # Other events

    def close(self) -> None:
        self.connection.close()

    def abort(self) -> None:
        self.connection.abort("aborted by the test")

    def refuse(self) -> None:
        self.send(spec.Connection.Close(320, "CONNECTION_FORCED", 0, 0))

    def block(self) -> None:
        self.send(spec.Connection.Blocked("low on memory"))

    def confirm_close(self) -> None:
        self.send(spec.Connection.CloseOk())

    def wait(self) -> None:
        self.clock.advance(35)

    def lose(self) -> None:
        if self.connection.transport is not None and not self.lost:
            self.lost = True
            self.connection.connectionLost(Failure(ConnectionDone()))

    def send(self, method: Any) -> None:
        if self.connection.transport is not None and not self.lost:
            self.connection.dataReceived(frames.method(0, method))


def opened() -> Peer:
    """A peer whose handshake is complete."""
    peer = Peer()
    for _ in range(4):
        peer.step()
    assert peer.connection.alive
    return peer


EVENTS = ["step", "step", "close", "abort", "refuse", "block", "confirm_close", "wait", "lose"]


@given(st.lists(st.sampled_from(EVENTS), max_size=20))
@example(["step"] * 4 + ["refuse", "block", "wait"])  # the transport is ended twice
def test_events_in_any_order(events: list[str]) -> None:
    """None is refused; an open connection has no reason, and one that ends keeps whether it was open."""
    peer = Peer()
    was_open = False
    for event in events:
        before = peer.connection.reason
        getattr(peer, event)()
        was_open = was_open or peer.connection.alive

        assert was_open is peer.connection.opened
        assert not (peer.connection.alive and peer.connection.reason)
        assert before is None or peer.connection.reason is not None
    peer.lose()
    peer.ready.addErrback(lambda _: None)

    assert (peer.connection.reason,) * peer.lost == peer.connection.ends
    assert not (peer.lost and peer.connection.alive)
    assert not (peer.lost and peer.clock.getDelayedCalls())


def test_a_connection() -> None:
    """It is open from the end of the handshake until it begins to end."""
    peer = Peer()
    before = peer.connection.opened, peer.connection.alive
    for _ in range(4):
        peer.step()
    open_ = peer.connection.opened, peer.connection.alive
    peer.refuse()
    after = peer.connection.opened, peer.connection.alive

    assert [(False, False), (True, True), (True, False)] == [before, open_, after]


def test_closing_during_the_handshake() -> None:
    """The end of the handshake does not open a connection that is being closed; whoever waits is told."""
    peer = Peer()
    for _ in range(3):
        peer.step()
    closed = peer.connection.close()
    peer.open()
    assert not peer.ready.called
    peer.lose()

    assert not peer.connection.opened
    assert "closed by this client" == str(result_of(closed))
    with pytest.raises(ConnectionException, match="closed by this client"):
        result_of(peer.ready)


def test_aborting_before_there_is_a_transport() -> None:
    """The transport is aborted when it comes, and whoever waits is told."""
    peer = Peer()
    peer.abort()
    peer.step()
    assert peer.transport.disconnected
    peer.connection.connectionLost(Failure(ConnectionDone()))

    assert (peer.connection.reason,) == peer.connection.ends
    assert [] == list(peer.clock.getDelayedCalls())
    with pytest.raises(ConnectionException, match="aborted by the test"):
        result_of(peer.ready)


def test_closing_without_a_transport() -> None:
    """There is nothing to wait for."""
    assert result_of(Peer().connection.close()) is None


def test_what_the_broker_says_is_the_reason() -> None:
    """Its connection.close that comes while this side closes replaces the reason; its first one stays."""
    peer = opened()
    peer.close()
    assert peer.connection.reason is not None
    assert Scope.TRANSPORT is peer.connection.reason.scope
    peer.refuse()
    reason = peer.connection.reason
    peer.abort()

    assert (Scope.CONNECTION, 320, True) == (reason.scope, reason.code, reason.opened)
    assert reason is peer.connection.reason


@pytest.mark.parametrize("answers", [False, True])
def test_closing(answers: bool) -> None:
    """connection.close is sent, and the transport closed when it is answered; aborted if it is not."""
    peer = opened()
    peer.transport.clear()
    peer.close()
    sent = peer.transport.value()
    assert not peer.transport.disconnecting
    if answers:
        peer.confirm_close()
    else:
        peer.clock.advance(5)

    assert frames.method(0, spec.Connection.Close(200, "Normal shutdown", 0, 0)) == sent
    assert peer.transport.disconnecting
    assert answers is not peer.transport.disconnected


def test_closing_a_blocked_connection() -> None:
    """The broker reads nothing from it, so the transport is closed at once."""
    peer = opened()
    peer.block()
    peer.transport.clear()
    peer.close()

    assert (b"", True) == (peer.transport.value(), peer.transport.disconnecting)


def test_a_connection_that_stays_blocked() -> None:
    """When pika ends it after blocked_connection_timeout, the reason says so."""
    peer = opened()
    peer.block()
    peer.clock.advance(30)

    assert peer.transport.disconnecting
    assert not peer.connection.alive
    assert "blocked the connection for longer than its time-out" in str(peer.connection.reason)


def test_a_handshake_that_takes_too_long() -> None:
    """The transport is aborted."""
    peer = Peer()
    peer.step()
    peer.clock.advance(10)

    assert peer.transport.disconnected
    assert "did not complete the AMQP handshake within 10 s" in str(peer.connection.reason)
