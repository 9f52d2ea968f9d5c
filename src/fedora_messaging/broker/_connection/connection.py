# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The broker's end of a connection, as a Twisted protocol."""

from __future__ import annotations

import logging
from typing import Protocol

from pika import spec
from twisted.python.failure import Failure

from .._wire.codec import decode_method
from .._wire.errors import AMQPError, Disconnect
from . import ports
from .channels import Channels
from .handshake import STEPS, start
from .session import Session

_log = logging.getLogger("fedora_messaging.broker")
#: Seconds a client has to answer ``connection.close``.
CLOSING_TIMEOUT = 30
#: Seconds to wait for a close-ok from a client whose frames can no longer be told apart.
FRAME_ERROR_TIMEOUT = 3
#: Seconds a client has for the whole handshake.
HANDSHAKE_TIMEOUT = 10


class Broker(ports.Broker, Protocol):
    """What a connection needs of the broker."""

    def connected(self, connection: Connection) -> None:
        """Add a connection."""

    def disconnected(self, connection: Connection) -> None:
        """Remove a connection."""


class Connection(Session):
    """One client's connection.

    Attributes:
        channels: its channels.
    """

    broker: Broker

    def __init__(self, broker: Broker) -> None:
        super().__init__(broker)
        self.channels = Channels(self)
        self._header = b""

    def __repr__(self) -> str:
        return f"Connection({self.peer}, {self.state})"

    # Twisted's side

    def connectionMade(self) -> None:
        """Start the handshake's timeout."""
        nodelay = getattr(self.transport, "setTcpNoDelay", None)
        if nodelay is not None:
            nodelay(True)
        self.transport.registerProducer(self, True)
        self._timer = self.broker.clock.callLater(HANDSHAKE_TIMEOUT, self.abort)
        self.broker.connected(self)

    def dataReceived(self, data: bytes) -> None:
        """Handle bytes from the client."""
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
        """Release everything the connection holds."""
        self.state = "closed"
        self._frames.stopped = True
        if self._heartbeat is not None:
            self._heartbeat.stop()
        self._cancel_timer()
        self._outgoing.clear()
        self._drop()
        self.broker.disconnected(self)
        self.broker.flush()

    # How it ends

    def close(self, error: AMQPError) -> None:
        """Close the connection with a reason."""
        if self.state in ("closing", "closed"):
            return
        _log.info("%s: closed: %s", self.peer, error.text)
        if self.state in ("header", "starting", "tuning") and not (
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
        wait = FRAME_ERROR_TIMEOUT if self._frames.stopped else CLOSING_TIMEOUT
        self._timer = self.broker.clock.callLater(wait, self.abort)
        self.broker.flush()

    def _wake(self) -> None:
        """Deliver on all channels, because more can be sent."""
        for channel in self.channels:
            channel.wake_queues()

    # What is received

    def _protocol_header(self, data: bytes) -> bytes:
        """Take the protocol header off the first bytes, and answer it."""
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
        """Handle a frame according to the state of the connection."""
        if kind == spec.FRAME_HEARTBEAT:
            if number:
                raise AMQPError(spec.UNEXPECTED_FRAME, f"type 8, channel {number}")
            if payload:
                raise AMQPError(spec.FRAME_ERROR, "a heartbeat with content")
        elif self.state == "closing":
            if kind == spec.FRAME_METHOD and number == 0:
                self._closing_method(payload)
        elif number == 0:
            self._connection_frame(kind, payload)
        elif self.state == "opening":
            raise AMQPError(spec.UNEXPECTED_FRAME, f"type {kind}, channel {number}")
        elif self.state != "running":
            raise Disconnect(f"a frame on channel {number} while {self.state}")
        else:
            self.channels.frame(number, kind, payload)

    def _connection_frame(self, kind: int, payload: bytes) -> None:
        """Handle a frame on channel 0."""
        if kind != spec.FRAME_METHOD:
            raise AMQPError(spec.UNEXPECTED_FRAME, f"type {kind}, channel 0")
        method = decode_method(payload)
        try:
            if isinstance(method, spec.Connection.Close):
                self._drop()
                self.reply(spec.Connection.CloseOk())
                self._await_disconnect()
            elif self.state in STEPS and isinstance(method, STEPS[self.state][0]):
                _, step, following = STEPS[self.state]
                step(self, method)
                self.state = following
            elif self.state == "running" and isinstance(method, spec.Connection.UpdateSecret):
                # A user's password does not expire here, so there is nothing to check a new one against.
                self.reply(spec.Connection.UpdateSecretOk())
            else:
                raise AMQPError(spec.CHANNEL_ERROR, f"unexpected method in connection state {self.state}")
        except AMQPError as error:
            error.method = method.INDEX
            raise

    def _closing_method(self, payload: bytes) -> None:
        """Handle a method while the connection is closing, whichever side has begun.

        Each ``connection.close`` is answered, but only the client's ``connection.close-ok`` makes the broker
        disconnect: a client that has asked to close may still be reading.
        """
        try:
            method = decode_method(payload)
        except AMQPError:
            return
        if isinstance(method, spec.Connection.Close):
            self.reply(spec.Connection.CloseOk())
        elif isinstance(method, spec.Connection.CloseOk):
            self._end()

    # Inside

    def _await_disconnect(self) -> None:
        """Wait for the client to end a connection it has closed, and abort it after a timeout."""
        self.state = "closing"
        self._cancel_timer()
        self._timer = self.broker.clock.callLater(CLOSING_TIMEOUT, self.abort)

    def _drop(self) -> None:
        """Close all channels and delete the connection's exclusive queues."""
        self.channels.drop()
        if hasattr(self, "vhost"):
            self.vhost.owner_gone(self)
