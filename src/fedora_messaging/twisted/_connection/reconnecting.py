# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A client factory that keeps one connection to the broker, through Twisted's connectors.

Where the connection stands is a state of :mod:`fedora_messaging._core.lifecycle`, as a consumer's is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from twisted.internet import protocol
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from ..._core.address import Address
from ..._core.backoff import Backoff
from ..._core.clock import Clock
from ..._core.lifecycle import CloseReason, Lifecycle, State
from ..._core.observer import Observer
from ..._reporting.log import SafeLog
from ...exceptions import ConnectionException
from .._clock import source_of_time, wait
from .errors import transport_reason

if TYPE_CHECKING:
    from twisted.internet.interfaces import IConnector

__all__ = ["Reconnecting"]

_log = SafeLog(__name__)


class ManagedConnection(Protocol):
    """What the factory needs of the protocols that it makes."""

    @property
    def alive(self) -> bool:
        """Whether it is open and not closing."""

    def resumeProducing(self) -> Any:
        """Start its consumers."""

    def close(self) -> Deferred[Any]:
        """Close the connection in order; the Deferred fires when it is closed."""

    def abort(self, text: str) -> None:
        """Drop the connection at once, for the reason ``text``."""


ConnectionT = TypeVar("ConnectionT", bound=ManagedConnection)


class Reconnecting(protocol.ReconnectingClientFactory, Generic[ConnectionT]):
    """Keeps one connection to the broker, and makes another when it is lost.

    The states: IDLE, no connection is wanted; CONNECTING, the transport is being connected; DECLARING, AMQP's
    handshake; CONSUMING, the connection is open; BACKOFF, waiting before the next attempt; DRAINING, no
    further attempt, a connection that exists stays; STOPPED, and that one is closed, too. A factory that is
    used again after that gets a new life cycle.

    Delays are drawn with full jitter, and only progress resets them, which a connection by itself is not.

    Args:
        clock: The source of time; None: the global reactor.
        backoff: The delays between attempts.
        observer: Notified of connections, when given.
    """

    noisy = False

    def __init__(self, clock: Clock | None, backoff: Backoff, observer: Observer | None) -> None:
        self._clock: Clock = source_of_time(clock)
        self._backoff = backoff
        self._faults = Backoff(backoff.base, backoff.cap, backoff.uniform)
        self._observer = observer
        self._life = Lifecycle()
        #: The connection, from its handshake until it is lost.
        self._connection: ConnectionT | None = None
        self._waiters: list[Deferred[ConnectionT]] = []
        self._connect: Callable[[], Any] | None = None
        #: The broker's address, for texts; None: nothing is known but where the connector leads to.
        self.address: Address | None = None
        self._retry: Any = None
        self._reason: CloseReason | None = None
        self._open_since = 0.0
        self._was_open = False

    # For subclasses

    def could_not_connect(self, reason: CloseReason) -> None:
        """There was no connection."""

    def needs_connection(self) -> bool:
        """Whether somebody waits for a connection, so that a refusal is not the end of it."""
        return bool(self._waiters)

    # For applications

    def when_connected(self) -> Deferred[ConnectionT]:
        """A Deferred that fires with the protocol of the next connection, at once when there is one.

        It fails with ConnectionException when the factory is stopped before.
        """
        waiter: Deferred[ConnectionT] = Deferred(self._forget_waiter)
        if self._connection is not None and self._connection.alive:
            waiter.callback(self._connection)
        else:
            self._waiters.append(waiter)
        return waiter

    def set_connect(self, connect: Callable[[], Any]) -> None:
        """Set how to connect for the first time: a call of ``reactor.connectTCP`` or alike."""
        self._connect = connect

    def connect(self) -> None:
        """Connect, unless there is a connection, or one is on its way, or connecting was stopped."""
        if self._life.state is not State.IDLE:
            return
        connect = self._connect if self.connector is None else self.connector.connect
        if connect is not None:
            self._life.move(State.CONNECTING)
            connect()

    @property
    def continueTrying(self) -> int:
        """Twisted's: whether it connects, and connects again; setting it stops that, or allows it again."""
        return int(not self._life.ended)

    @continueTrying.setter
    def continueTrying(self, value: Any) -> None:
        if value and self._life.ended:
            self._life = Lifecycle()
            if self._connection is not None:
                self._life.move(State.DECLARING)
                if self._connection.alive:
                    self._life.move(State.CONSUMING)
        elif not value and not self._life.ended:
            self._cancel_retry()
            self._life.move(State.DRAINING)

    def stopTrying(self) -> None:
        """Do not connect any more; a connection that exists stays."""
        self.continueTrying = 0
        if self.connector is not None and getattr(self.connector, "state", None) == "connecting":
            self.connector.stopConnecting()

    def stopFactory(self) -> None:
        """Twisted's: no connection is left. Between two attempts this means nothing."""

    async def disconnect(self, limit: float) -> None:
        """Close the connection in order, by force after ``limit`` seconds, and do not connect again."""
        self.stopTrying()
        life, connection = self._life, self._connection
        if connection is not None and not await wait(self._clock, connection.close(), limit):
            connection.abort("the grace period is over")
        self._stopped(life)
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.errback(ConnectionException(reason="the factory was stopped"))

    def abort_connection(self) -> None:
        """Drop the connection at once, and do not connect again."""
        life, connection = self._life, self._connection
        if connection is not None:
            connection.abort("aborted by this client")
        self._stopped(life)

    # Events, from Twisted's connectors and from the protocols

    def startedConnecting(self, connector: IConnector) -> None:
        """Called when the connection to the broker has started.

        See :class:`twisted.internet.protocol.ReconnectingClientFactory`.
        """
        self.connector = connector
        if self._life.state in (State.IDLE, State.BACKOFF):  # else connect() did it, or an application
            self._cancel_retry()
            self._life.move(State.CONNECTING)

    def handshake_started(self, connection: ConnectionT) -> None:
        """A protocol was made for a transport that is connected."""
        if self._life.state is State.CONSUMING:
            return  # the application connects once more: the open connection stays the one in use
        self._connection = connection
        if not self._life.ended and self._life.state is not State.DECLARING:
            self._cancel_retry()
            self._life.move(State.DECLARING)

    def connected(self, connected: ConnectionT) -> None:
        """The AMQP connection is open."""
        self._connection = connected
        if not self._life.ended:
            if self._life.state is not State.DECLARING:  # another one than was waited for
                self._cancel_retry()
                self._life.move(State.DECLARING)
            self._life.move(State.CONSUMING)
        self._open_since = self._clock.seconds()
        self._was_open = True
        _log.info("Connected to the broker at %s.", self._peer(self.connector))
        if self._observer is not None:
            self._observer.connected()
        connected.resumeProducing()
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.callback(connected)

    def connection_ended(self, ended: ConnectionT, reason: CloseReason) -> None:
        """A protocol's connection ended, for ``reason``.

        A connector calls :meth:`clientConnectionLost` next, with an error that says less.
        """
        self._reason = reason
        if self._connection is ended:
            self._connection = None
            if not self._life.ended:
                # Applications that use an endpoint instead of a connector connect again themselves.
                self._life.move(State.IDLE if self.connector is None else State.BACKOFF)

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:
        """Called when the client has failed to connect to the broker.

        See :class:`twisted.internet.protocol.ReconnectingClientFactory`.
        """
        self._lost(connector, transport_reason(reason.value, opened=False))

    def clientConnectionLost(self, connector: IConnector, unused_reason: Failure) -> None:
        """Called when the connection to the broker has been lost.

        See :class:`twisted.internet.protocol.ReconnectingClientFactory`.
        """
        self._lost(connector, transport_reason(unused_reason.value, opened=True))

    def _lost(self, connector: IConnector, reason: CloseReason) -> None:
        noted, self._reason = self._reason, None
        peer = self._peer(connector)
        reason = replace(noted or reason, peer=peer)
        self.connector = connector
        if self._life.state is State.CONSUMING:
            return  # of another connection than the one in use
        self._connection = None
        if self._life.ended:
            self._closed()
            return
        self._cancel_retry()
        if self._life.state is State.IDLE:  # by a connector that did not call startedConnecting()
            self._life.move(State.CONNECTING)
        if self._life.state is not State.BACKOFF:
            self._life.move(State.BACKOFF)
        if self._observer is not None:
            self._observer.disconnected(str(reason))
        someone_waited = self.needs_connection()
        if not reason.opened:
            self.could_not_connect(reason)
        self._after_failure(reason, peer, someone_waited)

    def _after_failure(self, reason: CloseReason, peer: str, someone_waited: bool) -> None:
        """Try again later, or wait until a connection is wanted."""
        if self._life.ended:  # an application that was notified has stopped it
            self._closed()
            return
        if (reason.refused_login or reason.refused_tls) and not self.needs_connection():
            self._life.move(State.IDLE)
            # Whoever waited has got an error with the same words, which is shown or logged where it ends.
            log = _log.debug if someone_waited else _log.warning
            log("Not connected to the broker at %s: %s.", peer, reason.advised)
            return
        delay = self._backoff.next()
        if reason.faulted:
            # Sent again, the same may end the next connection, and messages confirmed in between are no
            # progress: such closes have delays of their own, until a connection has lasted.
            if self._clock.seconds() - self._open_since > self._faults.cap:
                self._faults.reset()
            delay = max(delay, self._faults.next())
        _log.warning(
            "Not connected to the broker at %s: %s. Next try in %.1f s.", peer, reason.advised, delay
        )
        self._retry = self._clock.callLater(delay, self._reconnect)

    def _closed(self) -> None:
        if self._was_open:  # else nobody was informed of a connection
            _log.info("The connection to the broker is closed.")
            self._was_open = False
        self._stopped(self._life)

    def _stopped(self, life: Lifecycle) -> None:
        if life.state is State.DRAINING:
            life.move(State.STOPPED)

    def _peer(self, connector: Any) -> str:
        """Where a connector leads to, in words, and never with a password."""
        destination = connector.getDestination() if hasattr(connector, "getDestination") else None
        host, port = getattr(destination, "host", None), getattr(destination, "port", None)
        if isinstance(host, bytes):
            host = host.decode("ascii", "replace")
        if self.address is None:
            return "an unknown address" if host is None else f"{host}:{port}"
        # An application that uses connectTCP says there where it connects to, not in pika's parameters.
        return str(replace(self.address, host=host or self.address.host, port=port or self.address.port))

    def _reconnect(self) -> None:
        self._retry = None
        self._life.move(State.IDLE)
        self.connect()

    def _cancel_retry(self) -> None:
        retry, self._retry = self._retry, None
        if retry is not None and retry.active():
            retry.cancel()

    def _made_progress(self) -> None:
        self._backoff.reset()

    def _forget_waiter(self, waiter: Deferred[Any]) -> None:
        if waiter in self._waiters:
            self._waiters.remove(waiter)
