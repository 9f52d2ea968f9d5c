# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""pika's Twisted adapter, and the work-arounds for its defects.

The only file that imports the adapter, so that it can be replaced. Importing it installs the global
reactor (the adapter does), so the rest of the package imports this layer when it is needed.

What is worked round, each with a test: the adapter waits for ever for a peer that does not close;
overwrites the reason of a close by "connection done" and of a refused login by a generic one; has no
handshake time-out, no bound on input frames, a heartbeat check that takes up to twice as long as it
should; lets KeyError and struct.error out of ``dataReceived``; leaves Nagle's algorithm on; and has no
channels that keep raw property bytes. Channels opened with :meth:`Connection.open_channel` are ours,
those of ``channel()`` are pika's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pika.connection
from pika import frame, spec
from pika.adapters.twisted_connection import TwistedProtocolConnection, _TwistedConnectionAdapter
from pika.compat import as_bytes
from pika.exceptions import ConnectionClosedByBroker, StreamLostError
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from ..._amqp import frames
from ..._amqp.client_properties import encode_client_properties
from ..._core.lifecycle import CloseReason, Scope
from ..._reporting.log import SafeLog
from ..._reporting.text import shown
from ...exceptions import ConnectionException, NoFreeChannels, PermissionException, from_wire
from .._clock import source_of_time
from .channel import Channel, ChannelEnded
from .errors import transport_reason
from .handshake import foreign_protocol, login_not_offered, other_version, unacceptable
from .heartbeat import Heartbeat
from .pika_log import pika_log
from .secret import Secrets, check_secret
from .stray_frames import StrayFrames

if TYPE_CHECKING:
    from ..._core.clock import Clock

__all__ = ["Connection"]

_log = SafeLog(__name__)

#: How long a peer may take to end a connection that we end, in seconds.
LINGER = 0.5
#: How long the broker may take to answer connection.close, in seconds.
CLOSE_TIMEOUT = 5.0


class _Adapter(_TwistedConnectionAdapter):
    """pika's connection, with our reader and our handling of how a connection ends."""

    def __init__(self, owner: Connection, parameters: pika.connection.Parameters, reactor: Any) -> None:
        super().__init__(
            parameters=parameters,
            on_open_callback=owner._on_connection_ready,
            on_open_error_callback=owner._on_connection_failed,
            on_close_callback=owner._on_connection_closed,
            custom_reactor=reactor,
        )
        self._owner = owner
        self.reader = frames.FrameReader(self._pika_frame, lambda: None)
        #: The numbers of channels that are open or were, ours and pika's.
        self.used_channels: set[int] = {0}

    def _pika_frame(self, data: bytes) -> None:
        number = int.from_bytes(data[1:3], "big")
        if number in self._channels:
            self.used_channels.add(number)
        elif number not in self.used_channels:
            raise frames.ProtocolBreach(
                f"the broker sent a frame for channel {number}, which was never opened"
            )
        elif number:
            self._owner._stray_frames.received()
            return
        what = "decoded"
        try:
            value = frame.decode_frame(data)[1]
            assert value is not None
            method = getattr(value, "method", None)
            what = f"handled ({(method or value).NAME})"
            if isinstance(method, spec.Connection.UpdateSecretOk):
                self._owner._secrets.accepted()
                return
            with pika_log.ours():
                self._process_frame(value)
        except frames.CorruptFrame:
            raise
        except Exception as error:  # pika has no error of its own for what it does not expect
            raise frames.CorruptFrame(
                f"a frame cannot be {what}: {type(error).__name__}: {error}"[:200]
            ) from error

    def _adapter_call_later(self, delay: float, callback: Callable[..., None]) -> Any:
        return super()._adapter_call_later(delay, pika_log.within(callback))

    def _on_connection_tune(self, method_frame: Any) -> None:
        offered = method_frame.method
        problem = unacceptable(offered.channel_max, offered.frame_max)
        if problem is None:
            super()._on_connection_tune(method_frame)
        else:
            self._owner.abort(problem, ConnectionException(reason=problem))

    def _on_data_available(self, data_in: bytes) -> None:
        self.bytes_received += len(data_in)
        self.reader.feed(data_in)

    def _create_heartbeat_checker(self) -> None:
        return None  # ours runs in Connection

    def _on_connection_start(self, method_frame: Any) -> None:
        # pika logs a traceback, and does not say what the broker offers.
        credentials, start = self.params.credentials, method_frame.method
        wrong_version = other_version(start.version_major, start.version_minor)
        if wrong_version is not None:
            self._owner.abort(wrong_version)
        elif credentials.response_for(start)[0] is None:
            offered = as_bytes(start.mechanisms).decode("utf-8", "replace")
            problem = login_not_offered(credentials.TYPE, offered)
            self._owner.abort(problem, PermissionException("connection", None, problem))
        else:
            super()._on_connection_start(method_frame)

    def _send_connection_start_ok(self, authentication_type: str, response: bytes | None) -> None:
        # pika cannot encode floating point numbers and big integers.
        table = encode_client_properties(self._client_properties)
        method = spec.Connection.StartOk(None, authentication_type, response, self.params.locale)
        rest = b"".join(method.encode())[4:]  # without the length of the empty table
        method.encode = lambda: [table, rest]  # type: ignore[method-assign]
        self._send_method(0, method)

    def _on_connection_close_from_broker(self, method_frame: Any) -> None:
        self._owner._closed_by_broker(method_frame.method.reply_code, method_frame.method.reply_text)
        super()._on_connection_close_from_broker(method_frame)

    def _adapter_disconnect_stream(self) -> None:
        self._owner._disconnect()

    def connection_lost(self, error: Any) -> None:
        self._transport = None
        if self._error is None:
            self._error = error.value
        if not self._opened and isinstance(self._error, (StreamLostError, ConnectionClosedByBroker)):
            # Otherwise pika logs a guess at the reason, which is known here.
            self._error = ConnectionError(str(self._error))
        # None: keep the reason that stands in _error.
        self._on_stream_terminated(None)


@implementer(IPushProducer)
class _Flow:
    """Passes on to a connection when its transport's buffer is full, and when it is not any more."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def pauseProducing(self) -> None:
        self._connection._flow(False)

    def resumeProducing(self) -> None:
        self._connection._flow(True)

    def stopProducing(self) -> None:
        self._connection._flow(False)


class Connection(TwistedProtocolConnection):
    """One AMQP connection.

    Args:
        parameters: pika's parameters: credentials, virtual host, heartbeat, frame_max, channel_max,
            client properties. Host, port and TLS belong to the transport.
        clock: The source of time; None: the global reactor.
        handshake_timeout: Seconds from the TCP connection to ``connection.open-ok``.
        max_body: Bodies received over this size, in bytes, are read but not kept.

    Attributes:
        reason: How the connection ended; None while it has not.
        blocked: The broker's reason while it has blocked this connection (``connection.blocked``), else None.
        writable: False while the transport's buffer is full.
        on_writable: Called with the new value of ``writable``.
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
        self._impl = _Adapter(self, parameters, clock)
        self._clock: Clock = clock
        self._channel_max = self._impl.params.channel_max  # before it is negotiated
        self.reason: CloseReason | None = None
        self.blocked: str | None = None
        self.writable = True
        self.frame_max = frames.UNTUNED_FRAME_MAX
        self._max_body = max_body
        self._handshake_timeout = handshake_timeout
        self._timers: dict[str, Any] = {}
        self._opened = False
        #: When bytes came last, and how many times frames were written: for the heartbeat.
        self.received_at = 0.0
        self.writes = 0
        self._heartbeat: Heartbeat | None = None
        self._stray_frames = StrayFrames(clock)
        self._waiters: list[Deferred[Any]] = []
        self._secrets = Secrets(self._clock, handshake_timeout)
        self.on_writable: Callable[[bool], None] = lambda _: None
        self.on_blocked: Callable[[str | None], None] = lambda _: None
        self._impl.add_on_connection_blocked_callback(
            lambda _, frame: self._block(from_wire(frame.method.reason or "no reason"))
        )
        self._impl.add_on_connection_unblocked_callback(lambda _, frame: self._block(None))

    @property
    def opened(self) -> bool:
        """Whether the handshake was completed."""
        return self._opened

    @property
    def alive(self) -> bool:
        """Whether the connection is open and not closing."""
        return self._opened and self.reason is None

    # Channels

    def open_channel(self) -> Deferred[Channel]:
        """Open a channel of ours.

        Returns:
            A Deferred that fires with the open channel, or fails with ChannelEnded.
        """
        number = self._free_number()
        if not self.alive:
            return _failed(ChannelEnded(self.reason or CloseReason(Scope.TRANSPORT, 0, "not connected")))
        if number is None:
            return _failed(ChannelEnded(self._no_channel()))
        channel = Channel(number, self, max_body=self._max_body)
        self._impl.reader.sinks[number] = channel
        opened: Deferred[Channel] = channel.open().addCallback(lambda _: channel)
        return opened

    def _free_number(self) -> int | None:
        # From the top: pika counts the channels of channel() from the bottom.
        limit = self._impl.params.channel_max or 65535
        sinks, theirs = self._impl.reader.sinks, self._impl._channels
        return next((n for n in range(limit, 0, -1) if n not in sinks and n not in theirs), None)

    def _no_channel(self) -> CloseReason:
        limit = self._impl.params.channel_max
        owner = "amqp_url says so" if limit == self._channel_max else "the broker says so"
        text = f"all channels of the connection are in use: channel_max is {limit}, {owner}"
        # One that is being closed is free in a moment.
        passing = any(getattr(sink, "closing", False) for sink in self._impl.reader.sinks.values())
        return CloseReason(Scope.CHANNEL, 504, text, None if passing else NoFreeChannels(reason=text))

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
            return _failed(ConnectionException(reason=str(self.reason or "not connected")))
        self.send(frames.method(0, spec.Connection.UpdateSecret(secret, reason)))
        return self._secrets.add()

    def send(self, data: bytes) -> None:
        """Write frames; see :class:`~fedora_messaging.twisted._connection.channel.Wire`."""
        transport: Any = self._impl._transport
        if transport is not None:
            self.writes += 1
            transport.write(data)

    def release(self, number: int) -> None:
        """See :class:`~fedora_messaging.twisted._connection.channel.Wire`."""
        self._impl.reader.sinks.pop(number, None)
        self._impl.used_channels.add(number)

    # The transport

    def makeConnection(self, transport: Any) -> None:
        """Twisted's; see :class:`twisted.internet.interfaces.IProtocol`."""
        no_delay = getattr(transport, "setTcpNoDelay", None)
        if no_delay is not None:
            no_delay(True)  # 24 ms of latency less; pika's other adapters do it too
        self._timers["handshake"] = self._clock.callLater(self._handshake_timeout, self._handshake_timed_out)
        with pika_log.ours():
            super().makeConnection(transport)

    def dataReceived(self, data: bytes) -> None:
        """Twisted's; see :class:`twisted.internet.interfaces.IProtocol`."""
        self.received_at = self._clock.seconds()
        if not self._opened:
            foreign = foreign_protocol(data)
            if foreign is not None:
                self.abort(foreign, ConnectionException(reason=foreign))
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
        for timer in self._timers.values():
            if timer.active():
                timer.cancel()
        self._timers.clear()
        if self._heartbeat is not None:
            self._heartbeat.stop()
        self._stray_frames.close()
        if self.reason is None:
            # pika ends a connection by itself when blocked_connection_timeout is over, and notes that.
            self.reason = transport_reason(self._impl._error or reason.value, opened=self._opened)
        self.writable = False
        try:
            with pika_log.ours():
                super().connectionLost(reason)
        finally:
            for channel in list(self._impl.reader.sinks.values()):
                channel.end(self.reason)
            self._secrets.ended(self.reason)
            self.ended(self.reason)

    def ended(self, reason: CloseReason) -> None:
        """The connection is over; for subclasses."""

    # Ending it

    def close(self, reply_code: int = 200, reply_text: str = "Normal shutdown") -> Deferred[Any]:
        """Close the connection in order, and abort it when the broker does not answer within 5 s.

        Returns:
            A Deferred that fires when the connection is gone. It never fails.
        """
        done: Deferred[Any] = Deferred()
        if self._impl._transport is None:
            done.callback(self.reason)
            return done
        self._waiters.append(done)
        if self.reason is None:
            self.reason = CloseReason(Scope.TRANSPORT, 0, "closed by this client", opened=self._opened)
            # From a connection that it has blocked the broker reads nothing, connection.close included.
            if self._opened and self.blocked is None and not self._impl.is_closing:
                with pika_log.ours():
                    self._impl.close(reply_code, reply_text)
                self._timers["close"] = self._clock.callLater(CLOSE_TIMEOUT, self._abort_transport)
            else:
                self._disconnect()
        return done

    def abort(self, text: str, cause: Exception | None = None) -> None:
        """Drop the connection now; ``text`` says why."""
        if self.reason is None:
            self.reason = CloseReason(Scope.TRANSPORT, 0, text, cause, opened=self._opened)
        self._abort_transport()

    def _disconnect(self) -> None:
        """End the transport in order, and by force shortly after.

        A silent peer never answers TLS's close_notify.
        """
        transport: Any = self._impl._transport
        if transport is None:
            return
        if "linger" not in self._timers:
            self._timers["linger"] = self._clock.callLater(LINGER, self._abort_transport)
        if self._opened:
            transport.unregisterProducer()  # with a producer TLS would wait for it
        transport.loseConnection()

    def _abort_transport(self) -> None:
        transport: Any = self._impl._transport
        if transport is not None:
            abort = getattr(transport, "abortConnection", None) or transport.loseConnection
            abort()

    def _closed_by_broker(self, code: int, text: str) -> None:
        if self.reason is None or self.reason.scope is Scope.TRANSPORT:
            self.reason = CloseReason(Scope.CONNECTION, code, text, opened=self._opened)
        self.send(frames.method(0, spec.Connection.CloseOk()))

    # The handshake

    def _handshake_timed_out(self) -> None:
        self.abort(f"the broker did not complete the AMQP handshake within {self._handshake_timeout:g} s")

    def _on_connection_ready(self, connection: Any) -> None:
        self._opened = True
        self._timers.pop("handshake").cancel()
        parameters: Any = self._impl.params
        self.frame_max = parameters.frame_max
        self._impl.reader.frame_max = parameters.frame_max
        self._impl.reader.header_max = max(frames.LEAST_HEADER_MAX, self._max_body)
        if self.transport is not None:
            self.transport.registerProducer(_Flow(self), True)
        if parameters.heartbeat:
            self.received_at = self._clock.seconds()
            self._heartbeat = Heartbeat(self._clock, float(parameters.heartbeat), self)
        super()._on_connection_ready(connection)

    def _on_connection_failed(self, connection: Any, error: Exception | None = None) -> None:
        if self.reason is None:
            self.reason = transport_reason(error or ConnectionError("the connection was lost"), opened=False)
        waiting, self.ready = self.ready, None
        if waiting:
            waiting.errback(self.reason.error())
        self._fire_waiters()

    def _on_connection_closed(self, connection: Any, error: Exception) -> None:
        super()._on_connection_closed(connection, error)
        self._fire_waiters()

    @property
    def swallowing(self) -> bytes:
        """See :class:`~fedora_messaging.twisted._connection.heartbeat.Peer`."""
        reader: frames.FrameReader = self._impl.reader
        return reader.swallowing

    # Back-pressure

    def _flow(self, writable: bool) -> None:
        self.writable = writable
        self.on_writable(writable)

    def _block(self, reason: str | None) -> None:
        self.blocked = reason
        self.on_blocked(reason)

    def _fire_waiters(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.callback(self.reason)


def _failed(error: Exception) -> Deferred[Any]:
    failed: Deferred[Any] = Deferred()
    failed.errback(error)
    return failed
