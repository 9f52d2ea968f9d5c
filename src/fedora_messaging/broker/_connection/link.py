# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The line to one client: what is written to it and when, and when nothing is read from it."""

from __future__ import annotations

from typing import Any, Protocol

from pika import spec
from twisted.internet import protocol
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from .._clock import Timer
from .._wire.assembly import Frames
from .._wire.codec import encode_method
from .heartbeat import Heartbeat
from .ports import Broker

_HEARTBEAT = b"\x08\x00\x00\x00\x00\x00\x00\xce"


class ConfirmingChannel(Protocol):
    """A channel with confirms to send."""

    def flush_confirms(self) -> None:
        """Send the confirms that are due."""


@implementer(IPushProducer)
class Link(protocol.Protocol):
    """A Twisted protocol that gathers what it sends.

    Attributes:
        state: header, starting, tuning, opening, running, closing or closed.
        capabilities: what the client has announced.
        choked: whether the client reads more slowly than messages come.
        blocked: whether it is not read from, because of an alarm.
        silent: whether nothing is written to it, nor read.
        confirming: the channels that have confirms to send.
    """

    transport: Any

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.state = "header"
        self.capabilities: frozenset[str] = frozenset()
        self.confirming: dict[ConfirmingChannel, None] = {}
        self.choked = False
        self.blocked = False
        self.silent = False
        self._frames = Frames(self._frame, broker.emulation.frame_min)
        self._outgoing: list[bytes] = []
        self._heartbeat: Heartbeat | None = None
        self._timer: Timer | None = None

    def _frame(self, kind: int, number: int, payload: bytes) -> None:
        """Handle a frame."""
        raise NotImplementedError

    def _wake(self) -> None:
        """Deliver more, because the client reads again."""
        raise NotImplementedError

    @property
    def peer(self) -> str:
        """The address of the client."""
        address = self.transport.getPeer() if self.transport is not None else None
        return f"{getattr(address, 'host', 'memory')}:{getattr(address, 'port', 0)}"

    @property
    def certificate_names(self) -> list[str] | None:
        """The distinguished name and the common names of the peer's certificate. None without TLS."""
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

    # A producer of what is delivered

    def pauseProducing(self) -> None:
        """Stop deliveries: the client reads more slowly than messages come."""
        self.choked = True

    def resumeProducing(self) -> None:
        """Resume deliveries."""
        self.choked = False
        self._wake()
        self.broker.flush()

    def stopProducing(self) -> None:
        """Stop deliveries for good."""
        self.choked = True

    # What is sent

    def send(self, *pieces: bytes) -> None:
        """Send bytes with the next ``flush``."""
        if not self._outgoing:
            self.broker.unflushed[self] = None
        self._outgoing.extend(pieces)

    def reply(self, method: Any) -> None:
        """Send a method on channel 0."""
        self.send(encode_method(0, method))

    def touched(self) -> None:
        """Request a flush."""
        self.broker.unflushed[self] = None

    def flush(self) -> None:
        """Write the bytes that have gathered."""
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

    # Alarms

    def block(self, reason: str) -> None:
        """Stop reading from a client that publishes during an alarm."""
        self.blocked = True
        self._frames.stopped = True
        if self._heartbeat is not None:
            self._heartbeat.paused = True
        if self.can("connection.blocked"):
            self.reply(spec.Connection.Blocked(reason))
        if self.transport is not None:
            self.transport.pauseProducing()

    def unblock(self) -> None:
        """Read from the client again."""
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
        """Stop reading from and writing to the client, or resume both."""
        self.silent = self._frames.stopped = silent
        self.touched()
        if silent or self.blocked:
            self.transport.pauseProducing()
        else:
            self.transport.resumeProducing()
            self.dataReceived(b"")

    # The end

    def abort(self) -> None:
        """End the connection at once, without a message."""
        if self.transport is not None and self.state != "closed":
            self._frames.stopped = True
            self.silent = True
            self.transport.abortConnection()

    def _end(self) -> None:
        """Write what has gathered, then end the connection."""
        self.flush()
        self._frames.stopped = True
        if self.transport is not None:
            self.transport.unregisterProducer()
            self.transport.loseConnection()

    def _beat(self) -> None:
        """Write a heartbeat frame."""
        if not self.silent:
            self.transport.write(_HEARTBEAT)

    def _cancel_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
