# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""One AMQP connection: its handshake, its channels, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pika import spec
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from ..._amqp import frames
from ..._core.lifecycle import CloseReason, Lifecycle, Scope, State
from ..._reporting.log import SafeLog
from ..._reporting.loggers import CONNECTION
from ..._reporting.text import shown
from ...exceptions import ConnectionException
from .._clock import source_of_time
from .channel import Channel, ChannelEnded
from .errors import transport_reason
from .handshake import refuse_foreign, too_slow
from .heartbeat import Heartbeat
from .link import Link
from .pika_adapter import Adapter, TwistedProtocolConnection
from .pika_log import pika_log
from .secret import Secrets, check_secret
from .waiters import Waiters

if TYPE_CHECKING:
    from ..._core.clock import Clock

__all__ = ["Connection"]

_log = SafeLog(CONNECTION)

#: How long the broker may take to answer connection.close, in seconds.
CLOSE_TIMEOUT = 5.0


class Connection(TwistedProtocolConnection):
    """One AMQP connection.

    The states: IDLE, there is no transport yet; DECLARING, the handshake; CONSUMING, the connection is open;
    DRAINING, it is being ended, and ``reason`` says why; STOPPED, the transport is lost.

    Channels of :meth:`open_channel` are ours, those of pika's ``channel()`` are pika's.

    Args:
        parameters: pika's parameters: credentials, virtual host, heartbeat, frame_max, channel_max,
            client properties. Host, port and TLS belong to the transport.
        clock: The source of time; None: the global reactor.
        handshake_timeout: Seconds from the TCP connection to ``connection.open-ok``.
        max_body: Bodies received over this size, in bytes, are read but not kept.

    Attributes:
        reason: Why the connection ends or has ended; None before that.
        blocked: The broker's reason while it has blocked this connection (``connection.blocked``), else None.
        frame_max: The largest frame, in bytes, as negotiated.
        received_at: When bytes came last, by the clock.
        writes: How many times frames were written.
        on_writable: Called with False when the transport's buffer is full, and with True when it is not.
        on_blocked: Called with the new value of ``blocked``.
    """

    def __init__(
        self,
        parameters: Any = None,
        *,
        clock: Clock | None = None,
        handshake_timeout: float = 10.0,
        max_body: int = 64 * 1024 * 1024,
    ) -> None:
        clock = source_of_time(clock)
        super().__init__(parameters, custom_reactor=clock)
        self._clock: Clock = clock
        self._secrets = Secrets(clock, handshake_timeout)
        self._impl: Adapter = Adapter(self, parameters, clock, self._secrets)
        self._life = Lifecycle()
        self._link = Link(clock, lambda writable: self.on_writable(writable))
        self.flush = self._link.flush
        self.reason: CloseReason | None = None
        self.blocked: str | None = None
        self.frame_max = frames.UNTUNED_FRAME_MAX
        self._max_body = max_body
        self._handshake_timeout = handshake_timeout
        self._handshake: Any = None
        self.received_at = 0.0
        self.writes = 0
        self._heartbeat: Heartbeat | None = None
        self._waiters: Waiters[CloseReason | None] = Waiters()  #: for the end of the connection
        self.on_writable: Callable[[bool], None] = lambda _: None
        self.on_blocked: Callable[[str | None], None] = lambda _: None

    @property
    def opened(self) -> bool:
        """Whether the handshake was completed."""
        return self.alive if self.reason is None else self.reason.opened

    @property
    def alive(self) -> bool:
        """Whether the connection is open and not closing."""
        return self._life.state is State.CONSUMING

    @property
    def broker(self) -> str:
        """The broker's product and version as it names them in the handshake, such as "RabbitMQ 4.3.1"."""
        return self._impl.broker

    @property
    def server_properties(self) -> dict[str, Any]:
        """What the broker says of itself (AMQP 0-9-1, section 1.4.2.1); empty before the handshake."""
        return dict(self._impl.server_properties or {})

    # Use

    def open_channel(self) -> Deferred[Channel]:
        """Open a channel of ours.

        Returns:
            A Deferred that fires with the open channel, or fails with ChannelEnded.
        """
        if not self.alive:
            return fail(ChannelEnded(self.reason or CloseReason(Scope.TRANSPORT, 0, "not connected")))
        return self._impl.channels.open(self, self._max_body)

    def update_secret(self, secret: str, reason: str = "the secret expires") -> Deferred[None]:
        """Give the broker a new password or token for this connection, as for OAuth tokens that expire.

        Args:
            secret: The new one.
            reason: Why, for the broker's log; 255 bytes at most.

        Returns:
            A Deferred that fires with None when the broker has accepted it. It fails with
            ConnectionException when the connection ends before, as RabbitMQ ends it to refuse a secret, or
            when there is no answer within the handshake's time-out. Cancelling it only stops waiting.

        Raises:
            ValueError: They are no strings, or too long.
        """
        check_secret(secret, reason)
        if not self.alive:
            return fail(ConnectionException(reason=str(self.reason or "not connected")))
        self.send(frames.method(0, spec.Connection.UpdateSecret(secret, reason)))
        return self._secrets.add()

    def close(self, reply_code: int = 200, reply_text: str = "Normal shutdown") -> Deferred[Any]:
        """Close the connection in order, and abort it when the broker does not answer within 5 s.

        Returns:
            A Deferred that fires when the connection is gone. It never fails.
        """
        if self._link.transport is None:
            return succeed(self.reason)
        done = self._waiters.add()
        if not self._life.ended:
            # From a connection that it has blocked the broker reads nothing, connection.close included.
            in_order = self.alive and self.blocked is None
            self._end(CloseReason(Scope.TRANSPORT, 0, "closed by this client", opened=self.opened))
            if in_order:
                self._link.abort_after(CLOSE_TIMEOUT)
                with pika_log.ours():
                    self._impl.close(reply_code, reply_text)
            else:
                self._link.lose()
        return done

    def abort(self, text: str, cause: Exception | None = None, kind: str = "closed") -> None:
        """Drop the connection now; ``text`` says why, and ``kind`` in a word."""
        self._end(CloseReason(Scope.TRANSPORT, 0, text, cause, opened=self.opened, kind=kind))
        self._link.abort()

    def ended(self, reason: CloseReason) -> None:
        """The connection is over; for subclasses."""

    # What channels and heartbeats use

    def send(self, data: bytes) -> None:
        """Write frames; see :class:`~fedora_messaging.twisted._connection.channel.Wire`."""
        transport = self._link.transport
        if transport is not None:
            self.writes += 1
            transport.write(data)

    def release(self, number: int) -> None:
        """See :class:`~fedora_messaging.twisted._connection.channel.Wire`."""
        self._impl.channels.release(number)

    @property
    def swallowing(self) -> bytes:
        """See :class:`~fedora_messaging.twisted._connection.heartbeat.Peer`."""
        return self._impl.reader.swallowing

    # Events of the transport

    def makeConnection(self, transport: Any) -> None:
        """Twisted's; see :class:`twisted.internet.interfaces.IProtocol`."""
        self._link.connected(transport)
        if self._life.ended:  # it was aborted before it had a transport
            self._link.abort()
            return
        self._life.move(State.DECLARING)
        limit = self._handshake_timeout
        self._handshake = self._clock.callLater(limit, lambda: self.abort(too_slow(limit), kind="timeout"))
        with pika_log.ours():
            super().makeConnection(transport)

    def dataReceived(self, data: bytes) -> None:
        """Twisted's; see :class:`twisted.internet.interfaces.IProtocol`."""
        self.received_at = self._clock.seconds()
        if not self.opened and refuse_foreign(self, data):
            return
        try:
            self._impl.data_received(data)
        except frames.CorruptFrame as error:
            breach = isinstance(error, frames.ProtocolBreach)
            self.abort(str(error) if breach else f"corrupted frames from the broker: {error}")
        except Exception as error:  # a defect of ours: it must not end the reactor's reading
            self.abort(f"the AMQP state machine failed: {shown(error, 300)}", error)
            _log.error("The AMQP state machine failed; the connection is dropped.", error=error)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Twisted's; see :class:`twisted.internet.interfaces.IProtocol`."""
        if self._handshake is not None and self._handshake.active():
            self._handshake.cancel()
        if self._heartbeat is not None:
            self._heartbeat.stop()
        ended = self._end(transport_reason(self._impl._error or reason.value, opened=self.opened))
        self._life.move(State.STOPPED)
        self._link.lost()
        try:
            with pika_log.ours():
                super().connectionLost(reason)
        finally:
            self._impl.channels.end(ended)
            self._secrets.ended(ended)
            self.ended(ended)

    # Events of the adapter

    def opened_by_broker(self, connection: Any) -> None:
        """See :class:`~fedora_messaging.twisted._connection.pika_adapter.Owner`."""
        if self._life.ended:  # it was ended during the handshake, whose last frame still came
            return
        self._life.move(State.CONSUMING)
        self._handshake.cancel()
        parameters: Any = self._impl.params
        self.frame_max = parameters.frame_max
        self._impl.reader.frame_max = parameters.frame_max
        self._impl.reader.header_max = max(frames.LEAST_HEADER_MAX, self._max_body)
        self._link.watch()
        if parameters.heartbeat:
            self.received_at = self._clock.seconds()
            self._heartbeat = Heartbeat(self._clock, float(parameters.heartbeat), self)
        self._on_connection_ready(connection)

    def not_opened(self, connection: Any, error: Exception) -> None:
        """See :class:`~fedora_messaging.twisted._connection.pika_adapter.Owner`."""
        self._gone()

    def not_open_any_more(self, connection: Any, error: Exception) -> None:
        """See :class:`~fedora_messaging.twisted._connection.pika_adapter.Owner`."""
        self._on_connection_closed(connection, error)
        self._gone()

    def closed_by_broker(self, code: int, text: str) -> None:
        """See :class:`~fedora_messaging.twisted._connection.pika_adapter.Owner`."""
        reason = CloseReason(Scope.CONNECTION, code, text, opened=self.opened)
        if self._end(reason).scope is Scope.TRANSPORT:
            self.reason = reason  # the broker's reason says more than that of this side
        self.send(frames.method(0, spec.Connection.CloseOk()))

    def blocked_by_broker(self, reason: str | None) -> None:
        """See :class:`~fedora_messaging.twisted._connection.pika_adapter.Owner`."""
        self.blocked = reason
        self.on_blocked(reason)

    def close_transport(self, error: Exception | None) -> None:
        """See :class:`~fedora_messaging.twisted._connection.pika_adapter.Owner`."""
        # pika ends a connection by itself when blocked_connection_timeout is over.
        self._end(transport_reason(error, opened=self.opened))
        self._link.lose()

    # Internals

    def _end(self, reason: CloseReason) -> CloseReason:
        """Begin to end the connection, unless that has begun; returns the reason that holds."""
        if self.reason is None:
            self.reason = reason
            self._life.move(State.DRAINING)
        return self.reason

    def _gone(self) -> None:
        waiting, self.ready = self.ready, None
        if waiting and self.reason:
            waiting.errback(self.reason.error())
        self._waiters.fire(self.reason)
