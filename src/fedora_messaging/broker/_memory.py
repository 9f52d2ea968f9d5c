# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Two protocols joined transport to transport: no sockets, and bytes are moved on demand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IConsumer, IPushProducer, ITCPTransport
from twisted.python.failure import Failure
from zope.interface import implementer

from ._clock import Clock

#: Bytes that wait to be moved before a producer is asked to pause, as for a socket.
HIGH_WATER = 65536


@implementer(ITCPTransport, IConsumer, IPushProducer)
class MemoryTransport:
    """One end of a connection in memory.

    Attributes:
        connected: whether it can be written to.
        disconnecting: whether it is about to end, once all is written.
    """

    def __init__(self, protocol: Any, host: IPv4Address, peer: IPv4Address) -> None:
        self.protocol = protocol
        self.connected = True
        self.disconnecting = False
        self.paused = False
        self.producer: Any = None
        self._streaming = False
        self._producer_paused = False
        self._host = host
        self._peer = peer
        self._written: list[bytes] = []
        self._size = 0
        self._write_closed = False
        self._aborted = False

    # ITransport

    def write(self, data: bytes) -> None:
        """Write bytes; they wait for the pump."""
        if not isinstance(data, bytes | bytearray | memoryview):
            raise TypeError(f"data must be bytes, not {type(data).__name__}")
        if self.connected and not self._write_closed and not self._aborted and data:
            self._written.append(bytes(data))
            self._size += len(data)
            if self._streaming and not self._producer_paused and self._size > HIGH_WATER:
                self._producer_paused = True
                self.producer.pauseProducing()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """Write several pieces of bytes."""
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        """End the connection once everything is written and no producer is left."""
        self.disconnecting = True

    def loseWriteConnection(self) -> None:
        """Ignore further writes."""
        self._write_closed = True

    def abortConnection(self) -> None:
        """End the connection, and drop what was not moved yet."""
        self._aborted = self.disconnecting = True
        self._written.clear()
        self._size = 0

    def getHost(self) -> IPv4Address:
        """Return this end's address."""
        return self._host

    def getPeer(self) -> IPv4Address:
        """Return the other end's address."""
        return self._peer

    def getTcpNoDelay(self) -> bool:
        """Return True: nothing is delayed."""
        return True

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Ignore the option."""

    def getTcpKeepAlive(self) -> bool:
        """Return False: there is no TCP."""
        return False

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """Ignore the option."""

    # IConsumer

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Register a producer."""
        if self.producer is not None:
            raise RuntimeError("there is a producer already")
        if not self.connected:
            producer.stopProducing()
            return
        self.producer, self._streaming, self._producer_paused = producer, streaming, False
        if not streaming:
            producer.resumeProducing()

    def unregisterProducer(self) -> None:
        """Unregister the producer."""
        self.producer, self._streaming = None, False

    # IPushProducer: what the protocol wants to receive

    def pauseProducing(self) -> None:
        """Stop passing bytes to the protocol."""
        self.paused = True

    def resumeProducing(self) -> None:
        """Pass bytes to the protocol again."""
        self.paused = False

    def stopProducing(self) -> None:
        """End the connection."""
        self.loseConnection()

    # The pump's side

    @property
    def finished(self) -> bool:
        """Whether the connection is to end, and can."""
        if not self.connected:
            return False
        return self._aborted or (self.disconnecting and not self._written and self.producer is None)

    @property
    def aborted(self) -> bool:
        """Whether the connection was aborted."""
        return self._aborted

    def take(self) -> bytes:
        """Take the bytes that were written, and resume a producer that waited for that."""
        data = b"".join(self._written)
        self._written.clear()
        self._size = 0
        if self.producer is not None and not self.disconnecting:
            if not self._streaming:
                self.producer.resumeProducing()
            elif self._producer_paused:
                self._producer_paused = False
                self.producer.resumeProducing()
        return data

    def end(self, reason: BaseException) -> None:
        """End the connection."""
        if self.connected:
            self.connected = False
            self.disconnecting = True
            producer, self.producer = self.producer, None
            if producer is not None:
                producer.stopProducing()
            self.protocol.connectionLost(Failure(reason))


class Pump:
    """Moves bytes between two ends when you ask for it, in order.

    Attributes:
        client: the transport of the client, with its ``protocol``.
        server: the same for the broker.
        chunk: the maximum number of bytes passed on in one piece, for testing data that arrives in parts.
            None means all at once.
        held: if true, nothing is passed on, as if the connection were dead. What is written meanwhile is
            kept.
    """

    def __init__(self, client: MemoryTransport, server: MemoryTransport, clock: Clock) -> None:
        self.client = client
        self.server = server
        self.chunk: int | None = None
        self.held = False
        self._clock = clock
        self._waiting: dict[MemoryTransport, bytes] = {client: b"", server: b""}

    @property
    def connected(self) -> bool:
        """Whether both ends are connected."""
        return self.client.connected and self.server.connected

    def pump(self) -> bool:
        """Move what both ends have written so far.

        Returns:
            Whether anything was moved or ended.
        """
        if self.held:
            return False
        moved = self._move(self.client, self.server)
        moved = self._move(self.server, self.client) or moved
        return self._finish() or moved

    def flush(self, limit: int = 10_000) -> None:
        """Move bytes until neither end writes any more.

        Raises:
            RuntimeError: The ends do not stop writing.
        """
        for _ in range(limit):
            if not self.pump():
                return
        raise RuntimeError("the two ends do not stop writing")

    def advance(self, seconds: float, step: float = 0.5) -> None:
        """Advance the broker's clock in steps, and move bytes after each."""
        advance = self._clock.advance  # type: ignore[attr-defined]
        self.flush()
        while seconds > 0:
            advance(min(step, seconds))
            seconds -= step
            self.flush()

    def cut(self) -> None:
        """Cut the connection. The bytes that were not passed on are lost."""
        for transport in (self.client, self.server):
            self._waiting[transport] = b""
            transport.end(ConnectionLost())

    def _move(self, source: MemoryTransport, target: MemoryTransport) -> bool:
        data = self._waiting[target] + source.take()
        if not data:
            return False
        if not target.connected:
            self._waiting[target] = b""
            return False
        if target.paused:
            self._waiting[target] = data
            return False
        size = self.chunk or len(data)
        for start in range(0, len(data), size):
            if self._stopped(target, data[start:]):
                return True
            target.protocol.dataReceived(data[start : start + size])
        self._waiting[target] = b""
        return True

    def _stopped(self, target: MemoryTransport, rest: bytes) -> bool:
        """Keep or drop the rest of the bytes, if the receiver takes no more."""
        if target.connected and not target.paused:
            return False
        self._waiting[target] = rest if target.connected else b""
        return True

    def _finish(self) -> bool:
        for end, other in ((self.client, self.server), (self.server, self.client)):
            if end.finished and (end.aborted or not self._waiting[other]):
                if end.aborted:
                    self._waiting[other] = b""
                end.end(ConnectionAborted() if end.aborted else ConnectionDone())
                other.end(ConnectionLost() if end.aborted else ConnectionDone())
                return True
        return False


def connect(client: Any, server: Any, clock: Clock) -> Pump:
    """Join two protocols; nothing is moved before the first ``flush``."""
    here, there = IPv4Address("TCP", "127.0.0.1", 50000), IPv4Address("TCP", "127.0.0.1", 5672)
    server_end = MemoryTransport(server, there, here)
    client_end = MemoryTransport(client, here, there)
    server.makeConnection(server_end)
    client.makeConnection(client_end)
    return Pump(client_end, server_end, clock)
