# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A TCP proxy that fails on demand.

"up" is the direction from the client to the broker, "down" from the broker to the client.
"""

import time
from collections import deque
from typing import Any

from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from .witness import Change, Witness

DIRECTIONS = ("up", "down")


def _directions(direction: str) -> tuple[str, ...]:
    if direction == "both":
        return DIRECTIONS
    if direction not in DIRECTIONS:
        raise ValueError(f"direction is 'up', 'down' or 'both', not {direction!r}")
    return (direction,)


class _End(Protocol):
    """One socket of a link; what it receives goes out at the other."""

    transport: Any  # Twisted's interfaces lack what its TCP transports have

    def __init__(self, link: "_Link", direction: str) -> None:
        self.link = link
        self.direction = direction

    def connectionMade(self) -> None:
        self.transport.setTcpNoDelay(True)

    def dataReceived(self, data: bytes) -> None:
        self.link.received(self.direction, data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.link.ended(self)


class _Link:
    """A client's connection and the one to the broker that goes with it."""

    def __init__(self, proxy: "Proxy") -> None:
        self.proxy = proxy
        self.client = _End(self, "up")
        self.broker = _End(self, "down")
        self.lossy = False  # bytes are missing in its streams: it can't be used any more
        self.since = proxy.reactor.seconds()
        self.witness = Witness(proxy.accepted, time.monotonic, proxy.changes) if proxy.watched else None
        self._early = b""  # what the client sent before the broker was reached
        self._reached = False
        self._late: dict[str, deque[tuple[bytes, bool]]] = {name: deque() for name in DIRECTIONS}
        self._due = dict.fromkeys(DIRECTIONS, 0.0)

    def reach(self) -> None:
        endpoint = TCP4ClientEndpoint(self.proxy.reactor, "127.0.0.1", self.proxy.target)
        factory: Any = Factory.forProtocol(lambda: self.broker)
        endpoint.connect(factory).addCallbacks(self._connected, lambda _: self.close())

    def _connected(self, _: Any) -> None:
        if self.client.connected:
            self._reached = True
            self.broker.transport.write(self._early)
            self.hold(self.proxy.stalled)
        else:
            self.broker.transport.loseConnection()

    def received(self, direction: str, data: bytes) -> None:
        proxy = self.proxy
        if proxy.black or self.lossy:
            self.lossy = True
            return
        sent = data
        data, last = proxy.spoil(direction, data, self)
        if self.witness is not None:
            self.witness.passed(direction, sent, data)
        # When a delay has ended, what comes then waits for what is late: TCP keeps the order.
        late, now = self._late[direction], proxy.reactor.seconds()
        if proxy.delay_seconds or late:
            late.append((data, last))
            self._due[direction] = max(self._due[direction], now + proxy.delay_seconds)
            proxy.reactor.callLater(self._due[direction] - now, self._send_late, direction)
        else:
            self._send(direction, data, last)

    def _send_late(self, direction: str) -> None:
        self._send(direction, *self._late[direction].popleft())

    def _send(self, direction: str, data: bytes, last: bool) -> None:
        self.proxy.bytes[direction] += len(data)
        if direction == "down":
            self.client.transport.write(data)
        elif self._reached:
            self.broker.transport.write(data)
        else:
            self._early += data
        if last:
            self.close()

    def hold(self, stalled: set[str]) -> None:
        for end in self.ends():
            if end.direction in stalled:
                end.transport.pauseProducing()
            else:
                end.transport.resumeProducing()

    def ends(self) -> list[_End]:
        return [end for end in (self.client, self.broker) if end.connected]

    def ended(self, end: _End) -> None:
        if end is self.client:
            self.proxy.lasted.append(self.proxy.reactor.seconds() - self.since)
        self.proxy.links.discard(self)
        self.close()

    def close(self) -> None:
        for end in self.ends():
            end.transport.resumeProducing()  # a paused transport would not notice
            end.transport.loseConnection()

    def reset(self) -> None:
        for end in self.ends():
            end.transport.abortConnection()


class Proxy(Factory):
    """Listens on a loopback port and forwards to another; use it in the reactor's thread.

    Args:
        reactor: The reactor.
        target: The broker's port on 127.0.0.1.
        port: Where to listen.

    Attributes:
        bytes: How many bytes were forwarded, by direction.
        accepted: How many connections were accepted.
        links: The open ones.
        lasted: How long each client's connection lasted that has ended, in seconds from its acceptance.
        changes: The AMQP frames that were changed on links accepted after `watch`.
        watched: Whether such are noted.
    """

    noisy = False

    def __init__(self, reactor: Any, target: int, port: int) -> None:
        self.reactor = reactor
        self.target = target
        self.port = port
        self.bytes = dict.fromkeys(DIRECTIONS, 0)
        self.accepted = 0
        self.links: set[_Link] = set()
        self.lasted: list[float] = []
        self.changes: list[Change] = []
        self.watched = False
        self.black = False
        self.stalled: set[str] = set()
        self.delay_seconds = 0.0
        self._good = dict.fromkeys(DIRECTIONS, 0)
        self._bad = dict.fromkeys(DIRECTIONS, 0)
        # Where the first of these was inverted.
        self._hit: dict[str, _Link | None] = dict.fromkeys(DIRECTIONS)
        self._left: dict[str, int | None] = dict.fromkeys(DIRECTIONS)
        self._listening: Any = None

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        """Called by Twisted for each connection."""
        self.accepted += 1
        link = _Link(self)
        self.links.add(link)
        if not self.black:
            link.reach()
        return link.client

    def listen(self) -> None:
        """Start to accept connections."""
        if self._listening is None:
            self._listening = self.reactor.listenTCP(self.port, self, interface="127.0.0.1")

    def spoil(self, direction: str, data: bytes, link: _Link | None = None) -> tuple[bytes, bool]:
        """What goes out for these bytes of a link, and whether it is the last before a cut."""
        good = min(self._good[direction], len(data))
        self._good[direction] -= good
        count = min(self._bad[direction], len(data) - good)
        if count and self._hit[direction] in (None, link):
            self._hit[direction] = link
            self._bad[direction] -= count
            bad = bytes(byte ^ 0xFF for byte in data[good : good + count])
            data = data[:good] + bad + data[good + count :]
        left = self._left[direction]
        if left is None:
            return data, False
        last = len(data) >= left
        self._left[direction] = None if last else left - len(data)
        return data[:left], last

    def cut(self) -> None:
        """Close every connection, on both sides."""
        for link in list(self.links):
            link.close()

    def cut_after(self, count: int, direction: str) -> None:
        """Close the connection on which that many more bytes have gone by, also in the middle of a frame."""
        for name in _directions(direction):
            self._left[name] = count

    def reset(self) -> None:
        """End every connection with RST, on both sides."""
        for link in list(self.links):
            link.reset()

    def half_close(self, direction: str) -> None:
        """Send FIN in one direction; the other goes on."""
        for link in list(self.links):
            for name in _directions(direction):
                end = link.broker if name == "up" else link.client
                if end.connected:
                    end.transport.loseWriteConnection()

    def stall(self, direction: str = "both") -> None:
        """Forward nothing until `resume`; nothing is lost, and the sender's buffers fill."""
        self.stalled |= set(_directions(direction))
        for link in self.links:
            link.hold(self.stalled)

    def delay(self, seconds: float) -> None:
        """Forward everything that much later."""
        self.delay_seconds = seconds

    def watch(self) -> None:
        """Note which AMQP frames are changed, on links that are accepted from now on; not those of TLS."""
        self.watched = True

    def corrupt(self, count: int, direction: str, skip: int = 0) -> None:
        """Invert bytes in one direction: the next ones, or those that come when ``skip`` have gone by.

        They are all of one link, the one that the first of them comes by.
        """
        for name in _directions(direction):
            self._good[name], self._bad[name], self._hit[name] = skip, count, None

    def refuse(self) -> None:
        """Stop listening: who connects is refused. Open connections go on."""
        if self._listening is not None:
            self._listening.stopListening()
            self._listening = None

    def blackhole(self) -> None:
        """Accept, and forward nothing ever: what is sent in the meantime is lost."""
        self.black = True

    def resume(self) -> None:
        """End every fault. A connection that lost bytes stays silent."""
        self.black = False
        self.stalled = set()
        self.delay_seconds = 0.0
        self._good = dict.fromkeys(DIRECTIONS, 0)
        self._bad = dict.fromkeys(DIRECTIONS, 0)
        self._left = dict.fromkeys(DIRECTIONS)
        for link in self.links:
            link.hold(self.stalled)
        self.listen()

    def close(self) -> None:
        """Stop listening and end every connection."""
        self.refuse()
        self.reset()
