# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The broker's end of a connection, as a Twisted protocol."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from pika import spec
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import Protocol
from zope.interface import implementer

from ._assembly import Frames
from ._channels import Channels
from ._codec import decode_method, encode_method
from ._errors import AMQPError, Disconnect, refused
from ._fields import Table
from ._handshake import STEPS, start
from ._heartbeat import Heartbeat

if TYPE_CHECKING:
    from twisted.python.failure import Failure

    from ._channel import Channel
    from ._clock import Timer
    from ._server import Broker
    from ._vhost import VirtualHost

_log = logging.getLogger(__name__)
_HEARTBEAT = b"\x08\x00\x00\x00\x00\x00\x00\xce"
#: Seconds a client has to answer `connection.close`.
CLOSING_TIMEOUT = 30
#: Seconds for the last words to a peer whose frames cannot be told apart any more.
GRACE = 3
#: Seconds a client has for the whole handshake.
HANDSHAKE_TIMEOUT = 10


@implementer(IPushProducer)
class Connection(Protocol):
    """One client.

    Attributes:
        state: header, starting, tuning, opening, running, closing or closed.
        user: who logged in.
        channels: its channels.
        choked: whether the client reads more slowly than messages come.
        confirming: the channels that have confirms to send.
    """

    transport: Any
    vhost: VirtualHost

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.state = "header"
        self.user = ""
        self.client_properties: Table = {}
        self.capabilities: frozenset[str] = frozenset()
        self.channels = Channels(self)
        self.confirming: dict[Channel, None] = {}
        self.channel_max = 0
        self.frame_max = broker.emulation.frame_min
        self.choked = False
        self.blocked = False
        self.silent = False
        self._frames = Frames(self._frame, self.frame_max)
        self._header = b""
        self._outgoing: list[bytes] = []
        self._heartbeat: Heartbeat | None = None
        self._timer: Timer | None = None

    def __repr__(self) -> str:
        return f"Connection({self.peer}, {self.state})"

    @property
    def peer(self) -> str:
        address = self.transport.getPeer() if self.transport is not None else None
        return f"{getattr(address, 'host', 'memory')}:{getattr(address, 'port', 0)}"

    @property
    def certificate_names(self) -> list[str] | None:
        """What the peer's certificate calls it: its distinguished name and common name. None without TLS."""
        get = getattr(self.transport, "getPeerCertificate", None)
        certificate = get() if get is not None else None
        if certificate is None:
            return None
        subject = certificate.to_cryptography().subject
        parts = [part.strip() for part in subject.rfc4514_string().split(",")]
        return [",".join(parts), *(part[3:] for part in parts if part.startswith("CN="))]

    def can(self, capability: str) -> bool:
        """Whether the client has announced a capability."""
        return capability in self.capabilities

    def check(self, action: str, kind: str, name: str) -> None:
        """Raises: AMQPError, 403, unless the user may do this to that."""
        user = self.broker.users.get(self.user)
        if user is not None and user.permissions is None:
            return
        if user is None or not user.may(action, self.vhost.name, name):
            where = f"{kind} '{name or 'amq.default'}' in vhost '{self.vhost.name}'"
            raise refused(f"{action} access to {where} refused for user '{self.user}'")

    # Twisted's side

    def connectionMade(self) -> None:
        nodelay = getattr(self.transport, "setTcpNoDelay", None)
        if nodelay is not None:
            nodelay(True)
        self.transport.registerProducer(self, True)
        self._timer = self.broker.clock.callLater(HANDSHAKE_TIMEOUT, self.abort)
        self.broker.connected(self)

    def dataReceived(self, data: bytes) -> None:
        if self.silent:
            return
        if self._heartbeat is not None:
            self._heartbeat.received = True
        try:
            if self.state == "header":
                data = self._protocol_header(data)
            self._frames.feed(data)
        except AMQPError as error:
            self.close(error)
        except Disconnect as reason:
            _log.info("%s: disconnected: %s", self.peer, reason)
            self._end()
        except Exception:
            _log.exception("%s: the broker failed", self.peer)
            self.close(AMQPError(spec.INTERNAL_ERROR, "the broker failed"))
        finally:
            self.broker.flush()

    def connectionLost(self, reason: Failure | None = None) -> None:
        self.state = "closed"
        self._frames.stopped = True
        if self._heartbeat is not None:
            self._heartbeat.stop()
        self._cancel_timer()
        self._outgoing.clear()
        self._drop()
        self.broker.disconnected(self)
        self.broker.flush()

    def pauseProducing(self) -> None:
        self.choked = True

    def resumeProducing(self) -> None:
        self.choked = False
        for channel in self.channels:
            channel.wake_queues()
        self.broker.flush()

    def stopProducing(self) -> None:
        self.choked = True

    # What is sent

    def send(self, *pieces: bytes) -> None:
        """Sends bytes, with all else that comes up before the next `flush`."""
        if not self._outgoing:
            self.broker.dirty[self] = None
        self._outgoing.extend(pieces)

    def reply(self, method: Any) -> None:
        """Sends a method on channel 0."""
        self.send(encode_method(0, method))

    def touched(self) -> None:
        """There is something to flush."""
        self.broker.dirty[self] = None

    def flush(self) -> None:
        """Writes what has gathered."""
        if self.confirming:
            for channel in self.confirming:
                channel.flush_confirms()
            self.confirming.clear()
        if self._outgoing and not self.silent:
            if self._heartbeat is not None:
                self._heartbeat.sent = True
            pieces, self._outgoing = self._outgoing, []
            if self.transport is not None:
                self.transport.writeSequence(pieces)

    # How it ends

    def close(self, error: AMQPError) -> None:
        """The broker closes the connection, and says why."""
        if self.state in ("closing", "closed"):
            return
        _log.info("%s: closed: %s", self.peer, error.text)
        if self.state in ("header", "starting", "tuning", "opening") and not (
            error.hard and error.code in (spec.ACCESS_REFUSED, spec.NOT_ALLOWED)
        ):
            self._end()
            return
        self.state = "closing"
        self._drop()
        self.reply(
            spec.Connection.Close(error.code, error.text[:255], error.method >> 16, error.method & 0xFFFF)
        )
        self._cancel_timer()
        self._frames.stopped = error.code == spec.FRAME_ERROR
        wait = GRACE if self._frames.stopped else CLOSING_TIMEOUT
        self._timer = self.broker.clock.callLater(wait, self.abort)
        self.broker.flush()

    def abort(self) -> None:
        """The connection ends now, without a word."""
        if self.transport is not None and self.state != "closed":
            self._frames.stopped = True
            self.silent = True
            self.transport.abortConnection()

    # Alarms

    def block(self, reason: str) -> None:
        """The client publishes during an alarm: from the content header on, nothing more is read from it."""
        self.blocked = True
        self._frames.stopped = True
        if self._heartbeat is not None:
            self._heartbeat.paused = True
        if self.can("connection.blocked"):
            self.reply(spec.Connection.Blocked(reason))
        if self.transport is not None:
            self.transport.pauseProducing()

    def unblock(self) -> None:
        if not self.blocked:
            return
        self.blocked = False
        self._frames.stopped = False
        if self._heartbeat is not None:
            self._heartbeat.paused = False
        if self.can("connection.blocked"):
            self.reply(spec.Connection.Unblocked())
        if self.transport is not None:
            self.transport.resumeProducing()
        self.dataReceived(b"")

    def silence(self, silent: bool) -> None:
        """The peer is neither read nor answered, or is again."""
        self.silent = self._frames.stopped = silent
        self.touched()
        if silent or self.blocked:
            self.transport.pauseProducing()
        else:
            self.transport.resumeProducing()
            self.dataReceived(b"")

    # The handshake's results

    def tuned(self, channel_max: int, frame_max: int, heartbeat: int) -> None:
        self.channel_max = channel_max
        self.frame_max = self._frames.limit = frame_max
        if heartbeat:
            self._heartbeat = Heartbeat(self.broker.clock, heartbeat, self._beat, self._fell_silent)

    def opened(self, vhost: VirtualHost) -> None:
        self.vhost = vhost
        self._cancel_timer()
        _log.info("%s: user %s, vhost %s", self.peer, self.user, vhost.name)

    # What is received

    def _protocol_header(self, data: bytes) -> bytes:
        emulation = self.broker.emulation
        data = self._header + data
        if len(data) < 8 and any(header.startswith(data) for header in emulation.protocols):
            self._header = data
            return b""
        if data[:8] not in emulation.protocols:
            self.send(emulation.protocol_reply)
            raise Disconnect(f"not AMQP 0-9-1: {data[:8]!r}")
        self.state = "starting"
        start(self)
        return data[8:]

    def _frame(self, kind: int, number: int, payload: bytes) -> None:
        if kind == spec.FRAME_HEARTBEAT:
            if number:
                raise AMQPError(spec.UNEXPECTED_FRAME, f"type 8, channel {number}")
            if payload:
                raise AMQPError(spec.FRAME_ERROR, "a heartbeat with content")
        elif self.state == "closing":
            if kind == spec.FRAME_METHOD and number == 0:
                self._last_words(payload)
        elif number == 0:
            self._connection_frame(kind, payload)
        elif self.state != "running":
            raise Disconnect(f"a frame on channel {number} while {self.state}")
        else:
            self.channels.frame(number, kind, payload)

    def _connection_frame(self, kind: int, payload: bytes) -> None:
        if kind != spec.FRAME_METHOD:
            raise AMQPError(spec.UNEXPECTED_FRAME, f"type {kind}, channel 0")
        method = decode_method(payload)
        try:
            if isinstance(method, spec.Connection.Close):
                self._drop()
                self.reply(spec.Connection.CloseOk())
                self._leave()
            elif self.state in STEPS and isinstance(method, STEPS[self.state][0]):
                _, step, following = STEPS[self.state]
                step(self, method)
                self.state = following
            else:
                raise AMQPError(spec.CHANNEL_ERROR, f"unexpected method in connection state {self.state}")
        except AMQPError as error:
            error.method = method.INDEX
            raise

    def _last_words(self, payload: bytes) -> None:
        method = decode_method(payload)
        if isinstance(method, spec.Connection.Close):
            self.reply(spec.Connection.CloseOk())
        if isinstance(method, spec.Connection.Close | spec.Connection.CloseOk):
            self._end()

    # Inside

    def _leave(self) -> None:
        """It is the client that ends a connection it has closed; the broker does if it never does."""
        self.state = "closing"
        self._cancel_timer()
        self._timer = self.broker.clock.callLater(CLOSING_TIMEOUT, self.abort)

    def _drop(self) -> None:
        self.channels.drop()
        if hasattr(self, "vhost"):
            self.vhost.owner_gone(self)

    def _end(self) -> None:
        """Nothing more is said: what was is sent, then the connection ends."""
        self.flush()
        self._frames.stopped = True
        if self.transport is not None:
            self.transport.unregisterProducer()
            self.transport.loseConnection()

    def _beat(self) -> None:
        if not self.silent:
            self.transport.write(_HEARTBEAT)

    def _fell_silent(self) -> None:
        _log.info("%s: missed heartbeats", self.peer)
        self.abort()

    def _cancel_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
