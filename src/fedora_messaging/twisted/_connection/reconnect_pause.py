# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The pause before the next attempt to connect, and its timer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..._core.backoff import Backoff
from ..._core.clock import Clock
from ..._core.lifecycle import CloseReason

__all__ = ["ReconnectPause"]


class ReconnectPause:
    """Schedules the next attempt to connect; there is one at most.

    A connection that is closed for an error which may be the client's has delays of its own: when the same
    frames are sent again, they may end the next connection too, although other messages are confirmed in
    between. Only a connection that has lasted longer than the cap resets those delays.

    Args:
        clock: The source of time.
        backoff: The delays between attempts; :meth:`made_progress` resets them.
    """

    def __init__(self, clock: Clock, backoff: Backoff) -> None:
        self._clock = clock
        self._backoff = backoff
        self._faults = Backoff(backoff.base, backoff.cap, backoff.uniform)
        self._connected_at = 0.0
        self._timer: Any = None

    def connected(self) -> None:
        """Note that a connection is open; by itself this is no progress."""
        self._connected_at = self._clock.seconds()

    def made_progress(self) -> None:
        """Begin again with short delays: a message was confirmed, or a consumer has consumed for a while."""
        self._backoff.reset()

    def schedule(self, reason: CloseReason, attempt: Callable[[], None]) -> float:
        """Schedule the next attempt.

        Args:
            reason: Why there is no connection.
            attempt: Called when it is time.

        Returns:
            The delay, in seconds.
        """
        delay = self._backoff.next()
        if reason.faulted:
            if self._clock.seconds() - self._connected_at > self._faults.cap:
                self._faults.reset()
            delay = max(delay, self._faults.next())
        self._timer = self._clock.callLater(delay, attempt)
        return delay

    def at_once(self, attempt: Callable[[], None]) -> None:
        """Schedule an attempt without a delay: at another broker.

        Args:
            attempt: Called from the reactor, when all has been told that there is no connection.
        """
        self._timer = self._clock.callLater(0, attempt)

    def cancel(self) -> None:
        """Do not make the attempt that is scheduled, if there is one."""
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()
