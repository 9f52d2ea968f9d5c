# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A scheduled call, which can be cancelled and postponed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.error import AlreadyCalled, AlreadyCancelled

__all__ = ["Timer", "TimerClock"]


class TimerClock(Protocol):
    """The clock that makes the calls, as its timers use it."""

    def seconds(self) -> float:
        """Return the present time, in seconds."""

    def timer_cancelled(self) -> None:
        """Note that one of the timers was cancelled."""

    def timer_moved(self, timer: Timer) -> None:
        """Note that a timer is due earlier than :attr:`Timer.due` says."""


class Timer:
    """A scheduled call; like Twisted's DelayedCall."""

    __slots__ = ("_arguments", "_call", "_clock", "_keywords", "_state", "_until", "due")

    def __init__(
        self,
        clock: TimerClock,
        due: float,
        call: Callable[..., Any],
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
    ) -> None:
        self._clock = clock
        self._call: Callable[..., Any] | None = call
        self._arguments = arguments
        self._keywords = keywords
        self._until = due
        self._state = ""
        #: The key in the heap; earlier than the time of the call if that was postponed.
        self.due = due

    def __lt__(self, other: Timer) -> bool:
        return self.due < other.due

    def getTime(self) -> float:
        """Return the time of the call, on its clock."""
        return self._until

    def active(self) -> bool:
        """Whether the call has neither been made nor cancelled."""
        return not self._state

    def cancel(self) -> None:
        """Cancel the call.

        Raises:
            AlreadyCancelled: The call was cancelled.
            AlreadyCalled: The call was made.
        """
        self._check()
        self._state = "cancelled"
        self._call, self._arguments, self._keywords = None, (), {}
        self._clock.timer_cancelled()

    def reset(self, delay: float) -> None:
        """Reschedule the call to ``delay`` seconds from now.

        Raises:
            AlreadyCancelled: The call was cancelled.
            AlreadyCalled: The call was made.
        """
        self._move(self._clock.seconds() + delay)

    def delay(self, later: float) -> None:
        """Postpone the call by ``later`` seconds.

        Raises:
            AlreadyCancelled: The call was cancelled.
            AlreadyCalled: The call was made.
        """
        self._move(self._until + later)

    def _move(self, until: float) -> None:
        self._check()
        self._until = until
        if until < self.due:
            self._clock.timer_moved(self)

    def _check(self) -> None:
        if self._state == "cancelled":
            raise AlreadyCancelled
        if self._state:
            raise AlreadyCalled

    def run(self) -> None:
        """Make the call."""
        assert self._call is not None
        self._state = "called"
        call, self._call = self._call, None
        call(*self._arguments, **self._keywords)
