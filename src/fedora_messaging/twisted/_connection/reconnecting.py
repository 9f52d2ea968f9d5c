# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A client factory that keeps one connection to the broker, through Twisted's connectors.

The connection is in one of the states of :mod:`fedora_messaging._core.lifecycle`, as a consumer is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic

from twisted.internet import protocol
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from ..._core.address import Address
from ..._core.backoff import Backoff
from ..._core.clock import Clock
from ..._core.endpoints import Endpoints
from ..._core.lifecycle import CloseReason, Lifecycle, State
from ..._core.observer import Observer
from ...exceptions import ConnectionException
from .._clock import source_of_time, wait
from .connection_log import ConnectionLog, peer
from .errors import transport_reason
from .managed import ConnectionT
from .reconnect_pause import ReconnectPause
from .waiters import Waiters

if TYPE_CHECKING:
    from twisted.internet.interfaces import IConnector

__all__ = ["Reconnecting"]


class Reconnecting(protocol.ReconnectingClientFactory, Generic[ConnectionT]):
    """Keeps one connection to the broker, and makes another when it is lost.

    The states: IDLE, no connection is wanted; CONNECTING, the transport is being connected; DECLARING, AMQP's
    handshake; CONSUMING, the connection is open; BACKOFF, waiting before the next attempt; DRAINING, no
    further attempt, a connection that exists stays; STOPPED, and that one is closed, too. A factory that is
    used again after that gets a new life cycle.

    Delays are drawn with full jitter. An open connection does not reset them, only progress on it does.

    Args:
        clock: The source of time; None: the global reactor.
        backoff: The delays between attempts.
        observer: Notified of connections, when given.

    Attributes:
        purpose: What observers are told that the connection is for: "consuming" or "publishing".
    """

    noisy = False
    purpose = "consuming"

    def __init__(self, clock: Clock | None, backoff: Backoff, observer: Observer | None) -> None:
        self._clock: Clock = source_of_time(clock)
        self._pause = ReconnectPause(self._clock, backoff)
        self._observer = observer
        self._life = Lifecycle()
        #: The connection, from its handshake until it is lost.
        self._connection: ConnectionT | None = None
        self._waiters: Waiters[ConnectionT] = Waiters()
        self._connect: Callable[[], Any] | None = None
        #: The broker's address, for texts; None: only what the connector says is known.
        self.address: Address | None = None
        #: Which of several brokers is connected to, and which is next.
        self.endpoints = Endpoints(1)
        #: How the connection ended, until its connector reports the loss.
        self._reason: CloseReason | None = None
        self._log = ConnectionLog()

    # For subclasses

    def could_not_connect(self, reason: CloseReason) -> None:
        """No connection could be made; ``reason`` says why."""

    def address_of(self, index: int) -> Address | None:
        """The address of one of the brokers in :attr:`endpoints`; None: it is not known."""
        return self.address

    def needs_connection(self) -> bool:
        """Whether somebody waits for a connection. If nobody does, a refused login is not tried again."""
        return bool(self._waiters)

    # For applications

    @property
    def connection(self) -> ConnectionT | None:
        """The connection, from its handshake until it is lost."""
        return self._connection

    def when_connected(self) -> Deferred[ConnectionT]:
        """A Deferred that fires with the protocol of the next connection, at once when there is one.

        It fails with ConnectionException when the factory is stopped before.
        """
        if self._connection is not None and self._connection.alive:
            return succeed(self._connection)
        return self._waiters.add()

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
            self._pause.cancel()
            self._life.move(State.DRAINING)

    def stopTrying(self) -> None:
        """Do not connect any more; a connection that exists stays."""
        self.continueTrying = 0
        if self.connector is not None and getattr(self.connector, "state", None) == "connecting":
            self.connector.stopConnecting()

    def stopFactory(self) -> None:
        """Twisted's: called after each attempt, whether another one follows or not; nothing to do."""

    async def disconnect(self, limit: float) -> None:
        """Close the connection in order, by force after ``limit`` seconds, and do not connect again."""
        self.stopTrying()
        life, connection = self._life, self._connection
        if connection is not None and not await wait(self._clock, connection.close(), limit):
            connection.abort("the grace period is over")
        self._stopped(life)
        self._waiters.fail(ConnectionException(reason="the factory was stopped"))

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
            self._pause.cancel()
            self._life.move(State.CONNECTING)

    def handshake_started(self, connection: ConnectionT) -> None:
        """A protocol was made for a transport that is connected."""
        if self._life.state is State.CONSUMING:
            return  # the application connects once more: the open connection stays the one in use
        self._connection = connection
        if not self._life.ended and self._life.state is not State.DECLARING:
            self._pause.cancel()
            self._life.move(State.DECLARING)

    def connected(self, connected: ConnectionT) -> None:
        """The AMQP connection is open."""
        self._connection = connected
        if not self._life.ended:
            if self._life.state is not State.DECLARING:  # another one than was waited for
                self._pause.cancel()
                self._life.move(State.DECLARING)
            self._life.move(State.CONSUMING)
        self._pause.connected()
        where = peer(self.connector, self.address)
        self._log.connected(where)
        if self._observer is not None:
            self._observer.connected(self.purpose, where, connected.broker)
        connected.resumeProducing()
        self._waiters.fire(connected)

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

    def connection_blocked(self, reason: str | None) -> None:
        """The broker has blocked the connection in use, or (None) unblocked it."""
        if self._observer is not None:
            self._observer.blocked(self.purpose, reason)

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
        reason = replace(noted or reason, peer=peer(connector, self.address))
        self.connector = connector
        if self._life.state is State.CONSUMING:
            return  # of another connection than the one in use
        self._connection = None
        if self._life.ended:
            self._closed()
            return
        self._pause.cancel()
        if self._life.state is State.IDLE:  # by a connector that did not call startedConnecting()
            self._life.move(State.CONNECTING)
        if self._life.state is not State.BACKOFF:
            self._life.move(State.BACKOFF)
        if self._observer is not None:
            self._observer.disconnected(self.purpose, reason)
        someone_waited = self.needs_connection()
        if reason.opened:
            self.endpoints.lost(self._clock.seconds())
            self._after_failure(reason, reason, someone_waited)
        else:
            counts = self.endpoints.weigh(reason, lambda index: str(self.address_of(index)))
            self.could_not_connect(counts)
            self._after_failure(reason, counts, someone_waited)

    def _after_failure(self, reason: CloseReason, counts: CloseReason, someone_waited: bool) -> None:
        """Try the next broker, try again later, or wait until a connection is wanted.

        Args:
            reason: What happened.
            counts: What it comes to, with what other brokers said.
            someone_waited: Whether a connection was wanted.
        """
        if self._life.ended:  # an application that was notified has stopped it
            self._closed()
            return
        upcoming = self.endpoints.upcoming
        # Brokers may be connected to one after the other without a pause; what closed a connection for an
        # error that may be this client's would come again.
        if upcoming is not None and not reason.faulted:
            self._pause.at_once(self._reconnect)
            self._log.trying_another(reason, self.address_of(upcoming))
            return
        if (counts.refused_login or counts.refused_tls) and not self.needs_connection():
            self._life.move(State.IDLE)
            self._log.waiting_until_wanted(reason, told=someone_waited)
            return
        self._log.waiting(reason, self._pause.schedule(reason, self._reconnect))

    def _closed(self) -> None:
        self._log.closed()
        self._stopped(self._life)

    def _stopped(self, life: Lifecycle) -> None:
        if life.state is State.DRAINING:
            life.move(State.STOPPED)

    def _reconnect(self) -> None:
        self._life.move(State.IDLE)
        self.connect()

    def _made_progress(self) -> None:
        self._pause.made_progress()
