# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Bounds on the connections of the HTTP server for probes and people.

Whoever holds connections open must not keep others out: a platform whose probes are not answered restarts a
healthy process.

Invariant: a connection is there for at most :data:`PATIENCE` seconds without an answer, however slowly its
request arrives, and at most :data:`MOST` connections are there at a time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.internet.error import ConnectionAborted
from twisted.internet.interfaces import IAddress, ITransport
from twisted.internet.protocol import Factory, connectionDone
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure

from .._core.clock import Clock

__all__ = ["MOST", "PATIENCE", "LimitedConnections"]

#: How many connections there may be. One more cuts the one that has been idle longest.
MOST = 32
#: How long a request, and the pause before the next one on its connection, may take, in seconds.
PATIENCE = 10.0


class _Connection(ProtocolWrapper):
    """One connection: dropped when it has had no answer for too long."""

    factory: LimitedConnections
    _timer: Any = None

    def makeConnection(self, transport: ITransport) -> None:
        """Twisted's; see :class:`twisted.internet.interfaces.IProtocol`."""
        super().makeConnection(transport)  # type: ignore[no-untyped-call]
        self._wait()
        self.factory.made(self)

    def write(self, data: bytes) -> None:
        """Twisted's; see :class:`twisted.internet.interfaces.ITransport`. An answer is progress."""
        self._wait()
        super().write(data)  # type: ignore[no-untyped-call]

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """Twisted's; see :class:`twisted.internet.interfaces.ITransport`."""
        self.write(b"".join(data))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Twisted's; see :class:`twisted.internet.interfaces.IProtocol`."""
        if self._timer.active():
            self._timer.cancel()
        self.factory.lost(self)
        super().connectionLost(reason)  # type: ignore[no-untyped-call]

    def cut(self) -> None:
        """Drop the connection, and free its descriptor, before this returns.

        ``abortConnection`` would do it in the reactor's next iteration. But many connections may be accepted
        in one iteration, and there must be a descriptor for each.
        """
        transport: Any = self.transport
        transport.connectionLost(Failure(ConnectionAborted()))

    def _wait(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = self.factory.clock.callLater(PATIENCE, self.cut)
        self.factory.progressed(self)


class LimitedConnections(WrappingFactory):
    """A factory whose connections are bounded in number and patience.

    Args:
        wrapped: The factory of the server's protocols.
        clock: The source of time.
    """

    protocol = _Connection
    noisy = False

    def __init__(self, wrapped: Factory[Any], clock: Clock) -> None:
        super().__init__(wrapped)  # type: ignore[no-untyped-call]
        self.clock = clock
        self._open: dict[_Connection, None] = {}  # the one that has been idle longest first

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """Twisted's; see :class:`twisted.internet.interfaces.IProtocolFactory`."""
        return super().buildProtocol(addr)

    def made(self, connection: _Connection) -> None:
        """A connection was made: if there are too many now, the one that has been idle longest is cut."""
        if len(self._open) > MOST:
            next(iter(self._open)).cut()

    def progressed(self, connection: _Connection) -> None:
        """A connection was made or got an answer."""
        self._open.pop(connection, None)
        self._open[connection] = None

    def lost(self, connection: _Connection) -> None:
        """A connection is gone."""
        self._open.pop(connection, None)
