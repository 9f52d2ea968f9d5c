# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The states of a factory's connection: whatever happens in whatever order, each change is in the table."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ConnectionLost, ConnectionRefusedError, UserError
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from fedora_messaging._core.backoff import Backoff
from fedora_messaging._core.lifecycle import CloseReason, Scope
from fedora_messaging.exceptions import ConnectionException
from fedora_messaging.message import Message
from fedora_messaging.twisted._connection.reconnecting import Reconnecting
from fedora_messaging.twisted.factory import FedoraMessagingFactory
from support.world import PARAMETERS, World, result_of

LOST = CloseReason(Scope.TRANSPORT, 0, "lost")
REFUSED = CloseReason(Scope.CONNECTION, 403, "ACCESS_REFUSED", opened=False)


class Open:
    """A connection whose events the test makes."""

    alive = False

    def __init__(self, network: "Network") -> None:
        self.network = network

    broker = "RabbitMQ 4.3.1"

    def resumeProducing(self) -> None:
        pass

    def close(self) -> Deferred[Any]:
        self.network.lose()
        return succeed(None)

    def abort(self, text: str) -> None:
        self.network.lose()


class Network:
    """A connector and what it connects to: each event happens when it can, as a reactor would report it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.factory: Reconnecting[Any] = Reconnecting(
            self.clock, Backoff(1.0, 8.0, lambda low, high: high), None
        )
        self.factory.set_connect(self.connect)
        self.state = "disconnected"
        self.attempts = 0
        self.open: Open | None = None

    def connect(self) -> None:
        assert "disconnected" == self.state
        self.state = "connecting"
        self.attempts += 1
        self.factory.startedConnecting(self)  # type: ignore[arg-type]

    def stopConnecting(self) -> None:
        self.fail(UserError())

    def fail(self, error: Exception | None = None) -> None:
        if "connecting" == self.state:
            self.state = "disconnected"
            self.factory.clientConnectionFailed(self, Failure(error or ConnectionRefusedError()))  # type: ignore[arg-type]

    def link(self) -> None:
        if "connecting" == self.state:
            self.state = "connected"
            self.open = Open(self)
            self.factory.handshake_started(self.open)

    def complete(self) -> None:
        if self.open is not None and not self.open.alive:
            self.open.alive = True
            self.factory.connected(self.open)

    def lose(self, reason: CloseReason = LOST) -> None:
        lost, self.open = self.open, None
        if lost is not None:
            lost.alive = False
            self.state = "disconnected"
            self.factory.connection_ended(lost, reason)
            self.factory.clientConnectionLost(self, Failure(ConnectionLost()))  # type: ignore[arg-type]

    def refuse(self) -> None:
        if self.open is not None and not self.open.alive:
            self.lose(REFUSED)

    def wait(self) -> None:
        self.clock.advance(20)

    def stop(self) -> None:
        result_of(Deferred.fromCoroutine(self.factory.disconnect(1.0)))

    def stop_trying(self) -> None:
        self.factory.stopTrying()

    def allow(self) -> None:
        self.factory.continueTrying = 1

    def want(self) -> None:
        self.factory.connect()


EVENTS = ["fail", "link", "complete", "lose", "refuse", "wait", "stop", "stop_trying", "allow", "want"]


@given(st.lists(st.sampled_from(EVENTS), max_size=30))
def test_events_in_any_order(events: list[str]) -> None:
    """No order of events is refused; exactly one of timer, attempt and connection goes on at a time."""
    network = Network()
    for event in events:
        getattr(network, event)()

        timers = len(network.clock.getDelayedCalls())
        assert timers + (network.state != "disconnected") <= 1
        if not network.factory.continueTrying:
            assert not timers
            assert "connecting" != network.state
    network.stop()

    assert "disconnected" == network.state
    assert [] == network.clock.getDelayedCalls()


@given(st.lists(st.sampled_from(EVENTS), max_size=30))
def test_a_connection_can_always_be_had(events: list[str]) -> None:
    """After any events a factory that may connect, and is asked to, connects."""
    network = Network()
    for event in events:
        getattr(network, event)()
    network.allow()
    network.want()
    network.wait()
    network.link()
    network.complete()

    assert network.open is not None
    assert network.open is result_of(network.factory.when_connected())


def test_a_refused_login_is_not_tried_again_by_itself() -> None:
    """It is tried again when somebody wants a connection."""
    network = Network()
    network.want()
    network.link()
    network.refuse()
    network.wait()
    before = network.attempts
    network.want()

    assert (1, 2) == (before, network.attempts)


def test_setting_continue_trying() -> None:
    """Setting it to false cancels the next attempt, as stopTrying() does; it says what holds."""
    network = Network()
    network.want()
    network.fail()
    assert network.factory.continueTrying
    network.factory.continueTrying = 0

    assert not network.factory.continueTrying
    assert [] == network.clock.getDelayedCalls()


def test_whoever_waits_for_a_connection_hears_of_the_stop() -> None:
    """when_connected() fails with ConnectionException."""
    network = Network()
    waiting = network.factory.when_connected()
    network.stop()

    with pytest.raises(ConnectionException, match="stopped"):
        result_of(waiting)


def test_stopping_during_the_handshake() -> None:
    """The connection is closed, too: a handshake that goes on would leave it open for ever."""
    clock = Clock()
    factory = FedoraMessagingFactory(PARAMETERS, (), clock=clock)
    protocol = factory.buildProtocol(None)
    ready: Any = protocol.ready
    ready.addErrback(lambda _: None)
    transport = StringTransport()
    protocol.makeConnection(transport)
    stopped = Deferred.fromCoroutine(factory.stop(1.0))

    assert transport.disconnecting
    protocol.connectionLost(Failure(ConnectionLost()))
    clock.advance(2)
    assert result_of(stopped) is None
    assert [] == clock.getDelayedCalls()


def test_a_consumer_that_is_added_during_the_handshake() -> None:
    """It consumes on the connection that is on its way."""
    world = World()
    factory = FedoraMessagingFactory(PARAMETERS, (), clock=world.reactor)
    first = factory.consume(lambda message: None, queues={"a": {}})
    world.reactor.connectTCP("localhost", 5672, factory)
    world.reactor.advance(0)  # connected; nothing has been sent yet
    second = factory.consume(lambda message: None, queues={"b": {}})
    world.settle(1)

    assert ["a", "b"] == [each.queue for each in [*result_of(first), *result_of(second)]]
    stopped = Deferred.fromCoroutine(factory.stop(1.0))
    world.settle(2)
    assert result_of(stopped) is None


def test_an_endpoint_in_the_place_of_a_connector() -> None:
    """A factory whose protocols an endpoint asks for can be used for one connection after the other."""
    world = World()
    factory = FedoraMessagingFactory(PARAMETERS, (), clock=world.reactor)
    for _ in range(2):
        pump = world.broker.join(factory.buildProtocol(None))
        for _ in range(20):
            pump.pump()
            world.reactor.advance(0)
        published = factory.publish(Message(topic="t"))
        for _ in range(20):
            pump.pump()
            world.reactor.advance(0)
        assert result_of(published) is None
        pump.cut()
        assert factory.continueTrying
