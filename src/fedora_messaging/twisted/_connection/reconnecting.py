# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Connecting and reconnecting, on Twisted's terms: a connector connects, a factory is told."""

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
from ..._core.lifecycle import CloseReason
from ..._core.observer import Observer
from ..._reporting.log import SafeLog
from ...exceptions import ConnectionException
from .._clock import source_of_time, wait
from .errors import transport_reason

if TYPE_CHECKING:
    from twisted.internet.interfaces import IConnector

__all__ = ["Reconnecting"]

_log = SafeLog(__name__)


class OpenConnection(Protocol):
    """What is needed of the protocol of a connection."""

    @property
    def alive(self) -> bool:
        """Whether it can be used."""

    def resumeProducing(self) -> Any:
        """Consume."""

    def close(self) -> Deferred[Any]:
        """Close it in order."""

    def abort(self, text: str) -> None:
        """Drop it."""


ConnectionT = TypeVar("ConnectionT", bound=OpenConnection)


class Reconnecting(protocol.ReconnectingClientFactory, Generic[ConnectionT]):
    """Holds one connection to the broker, or gets the next.

    Delays are drawn with full jitter and reset by progress alone, not by a connection that could be made.

    Args:
        clock: The source of time; None: the global reactor.
        backoff: The delays between attempts.
        observer: Told of connections, when given.
    """

    noisy = False

    def __init__(self, clock: Clock | None, backoff: Backoff, observer: Observer | None) -> None:
        self._clock: Clock = source_of_time(clock)
        self._backoff = backoff
        self._faults = Backoff(backoff.base, backoff.cap, backoff.uniform)
        self._observer = observer
        self._current: ConnectionT | None = None
        self._waiters: list[Deferred[ConnectionT]] = []
        self._dial: Callable[[], Any] | None = None
        #: The broker's address, for texts; None: nothing is known but where the connector leads to.
        self.address: Address | None = None
        self._dialling = False
        self._callID: Any = None
        self._reason: CloseReason | None = None
        self._since = 0.0

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
        if self._current is not None and self._current.alive:
            waiter.callback(self._current)
        else:
            self._waiters.append(waiter)
        return waiter

    def dial_with(self, dial: Callable[[], Any]) -> None:
        """How to connect when there is something to do: a call of ``reactor.connectTCP`` or alike."""
        self._dial = dial

    def connect(self) -> None:
        """Connect, unless that is under way."""
        if self._current is not None or self._dialling or not self.continueTrying:
            return
        if self.connector is not None:
            self._dialling = True
            self.connector.connect()
        elif self._dial is not None:
            self._dialling = True
            self._dial()

    def stopTrying(self) -> None:
        """Do not connect any more; a connection that exists stays."""
        self.continueTrying = 0
        if self._callID is not None:
            self._callID.cancel()
            self._callID = None
        self._dialling = False
        if self.connector is not None and getattr(self.connector, "state", None) == "connecting":
            self.connector.stopConnecting()

    def stopFactory(self) -> None:
        """Twisted's: no connection is left. Between two attempts this means nothing."""

    async def disconnect(self, limit: float) -> None:
        """Close the connection in order, by force after ``limit`` seconds, and do not connect again."""
        self.stopTrying()
        current = self._current
        if current is not None and not await wait(self._clock, current.close(), limit):
            current.abort("the grace period is over")
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.errback(ConnectionException(reason="the factory was stopped"))

    # What Twisted and the protocol tell

    def startedConnecting(self, connector: IConnector) -> None:
        """Called when the connection to the broker has started.

        See :class:`twisted.internet.protocol.ReconnectingClientFactory`.
        """
        self.connector = connector
        self._dialling = True

    def connected(self, connected: ConnectionT) -> None:
        """The AMQP connection is open."""
        self._current = connected
        self._since = self._clock.seconds()
        self._dialling = False
        _log.info("Connected to the broker at %s.", self._peer(self.connector))
        if self._observer is not None:
            self._observer.connected()
        connected.resumeProducing()
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.callback(connected)

    def connection_ended(self, ended: ConnectionT, reason: CloseReason) -> None:
        """A protocol tells how its connection ended; Twisted's call, which does not know, follows."""
        if self._current is ended:
            self._current = None
        self._reason = reason

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
        self._dialling = False
        self.connector = connector
        if not self.continueTrying:
            _log.info("The connection to the broker is closed.")
            return
        if self._observer is not None:
            self._observer.disconnected(str(reason))
        someone_waited = self.needs_connection()
        if not reason.opened:
            self.could_not_connect(reason)
        if (reason.refused_login or reason.refused_tls) and not self.needs_connection():
            # Whoever waited has got an error with the same words, which is said or logged where it ends.
            say = _log.debug if someone_waited else _log.warning
            say("Not connected to the broker at %s: %s.", peer, reason.advised)
            return
        delay = self._backoff.next()
        if reason.faulted:
            # Sent again, the same may end the next connection, and messages confirmed in between are no
            # progress: such closes have delays of their own, until a connection has lasted.
            if self._clock.seconds() - self._since > self._faults.cap:
                self._faults.reset()
            delay = max(delay, self._faults.next())
        _log.warning(
            "Not connected to the broker at %s: %s. Next try in %.1f s.", peer, reason.advised, delay
        )
        self._dialling = True
        self._callID = self._clock.callLater(delay, self._reconnect)

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
        self._callID = None
        self._dialling = False
        self.connect()

    def _made_progress(self) -> None:
        self._backoff.reset()

    def _forget_waiter(self, waiter: Deferred[Any]) -> None:
        if waiter in self._waiters:
            self._waiters.remove(waiter)
