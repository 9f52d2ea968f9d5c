# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The transport of a connection: whether its buffer is full, and how it is ended."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from twisted.internet.abstract import FileDescriptor
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from ..._core.clock import Clock

__all__ = ["Link"]

#: How long a peer may take to end a connection that we end, in seconds.
LINGER = 0.5


@implementer(IPushProducer)
class Link:
    """A transport, until it is lost.

    Args:
        clock: The source of time.
        on_writable: Called with False when the transport's buffer is full, and with True when it is not.

    Attributes:
        transport: The transport; None before it is connected, and when it is lost.
    """

    def __init__(self, clock: Clock, on_writable: Callable[[bool], None]) -> None:
        self.transport: Any = None
        self._clock = clock
        self._on_writable = on_writable
        self._watched = False
        self._timer: Any = None
        #: When the transport is aborted, by the clock.
        self._abort_at = math.inf

    def connected(self, transport: Any) -> None:
        """The transport is connected."""
        self.transport = transport
        no_delay = getattr(transport, "setTcpNoDelay", None)
        if no_delay is not None:
            no_delay(True)  # 24 ms of latency less; pika's other adapters do it too

    def watch(self) -> None:
        """Have the transport say when its buffer is full, and when it is not any more."""
        self._watched = True
        self.transport.registerProducer(self, True)

    def flush(self) -> None:
        """Hand what was written to the kernel now, not in the reactor's next round.

        That saves a round with its poll: a tenth of the processor time of a publish that is waited for. What
        fails here Twisted notices in its next round. TLS writes when it likes.
        """
        transport = self.transport
        if isinstance(transport, FileDescriptor) and transport.connected and not transport.disconnecting:
            transport.doWrite()

    def lose(self) -> None:
        """End the transport in order, and by force shortly after.

        A silent peer never answers TLS's close_notify.
        """
        transport = self.transport
        if transport is None:
            return
        self.abort_after(LINGER)
        if self._watched:
            self._watched = False
            transport.unregisterProducer()  # with a producer TLS would wait for it
        transport.loseConnection()

    def abort(self) -> None:
        """End the transport now."""
        transport = self.transport
        if transport is not None:
            abort = getattr(transport, "abortConnection", None) or transport.loseConnection
            abort()

    def abort_after(self, seconds: float) -> None:
        """End the transport when it is not lost within this time, or within a shorter one set before."""
        at = self._clock.seconds() + seconds
        if at < self._abort_at:
            self._cancel()
            self._abort_at = at
            self._timer = self._clock.callLater(seconds, self.abort)

    def lost(self) -> None:
        """The transport is lost."""
        self._cancel()
        self.transport = None

    def pauseProducing(self) -> None:
        """Twisted's: the transport's buffer is full."""
        self._on_writable(False)

    def resumeProducing(self) -> None:
        """Twisted's: its buffer takes data again."""
        self._on_writable(True)

    def stopProducing(self) -> None:
        """Twisted's: nothing can be written any more."""
        self._on_writable(False)

    def _cancel(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()
