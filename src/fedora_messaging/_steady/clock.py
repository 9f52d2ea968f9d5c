# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A reactor's clock that does not jump when the wall clock is set."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

from twisted.logger import Logger
from zope.interface import directlyProvides, providedBy

from .monotonic import follows_wall_clock, monotonic
from .timer import Timer
from .watch import Watch

__all__ = ["SteadyClock", "steady"]

_log = Logger()

#: The least that the reactor is asked to wait while a call is not due: less may be lost in the rounding of
#: its own time, and it would make the call at once, again and again.
_LEAST = 1e-4


def steady(clock: Any) -> Any:
    """Return the clock to measure intervals with, for a reactor or clock.

    Returns:
        For a reactor that follows the wall clock its one :class:`SteadyClock`, which has all of the reactor's
        methods; anything else unchanged.
    """
    if not follows_wall_clock(clock):
        return clock
    # Stored on the reactor, so that both have the same lifetime.
    kept: SteadyClock | None = clock.__dict__.get("_fedora_messaging_clock")
    if kept is None:
        kept = clock.__dict__["_fedora_messaging_clock"] = SteadyClock(clock)
    return kept


class SteadyClock:
    """An application's reactor, with ``seconds`` and ``callLater`` on the monotonic clock.

    It holds all calls in a heap, and schedules one call on the reactor, for the earliest. A reactor whose
    clock was set forward makes that call too early; then another one is scheduled for the rest of the time. A
    reactor whose clock was set back would make it too late, without noticing: a thread that waits for the
    same moment wakes it.

    Args:
        reactor: The reactor.
        now: The monotonic clock.
        watch: Makes the object with the thread, given the function to call; tests pass another one.

    All interfaces and other attributes are the reactor's.
    """

    def __init__(
        self,
        reactor: Any,
        now: Callable[[], float] = monotonic,
        watch: Callable[[Callable[[], Any]], Any] = Watch,
    ) -> None:
        directlyProvides(self, *providedBy(reactor))
        self._reactor = reactor
        self.seconds = now
        self._timers: list[Timer] = []
        self._inactive = 0
        self._armed: Any = None
        self._armed_for = self._watched = float("inf")
        self._firing = False
        self._watch = watch(lambda: reactor.callFromThread(self._deadline_passed))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def callLater(self, delay: float, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Timer:
        """See :meth:`twisted.internet.interfaces.IReactorTime.callLater`."""
        timer = Timer(self, self.seconds() + delay, call, args, kwargs)
        heapq.heappush(self._timers, timer)
        if timer.due < self._armed_for and not self._firing:
            self._arm()
        return timer

    def getDelayedCalls(self) -> list[Timer]:
        """See :meth:`twisted.internet.interfaces.IReactorTime.getDelayedCalls`; those of this clock."""
        return [timer for timer in self._timers if timer.active()]

    def timer_cancelled(self) -> None:
        """See :class:`.timer.TimerClock`."""
        self._inactive += 1
        nothing_left = self._inactive >= len(self._timers)
        if nothing_left or (self._inactive > 50 and self._inactive > len(self._timers) // 2):
            self._timers = [timer for timer in self._timers if timer.active()]
            heapq.heapify(self._timers)
            self._inactive = 0
        # Without calls of this clock the reactor has none for it, either: trial refuses what is left over.
        if nothing_left and not self._firing:
            self._arm()

    def timer_moved(self, timer: Timer) -> None:
        """See :class:`.timer.TimerClock`."""
        timer.due = timer.getTime()
        heapq.heapify(self._timers)
        if not self._firing:
            self._arm()

    def _arm(self) -> None:
        """Schedule the earliest call, on the reactor and on the watch."""
        first = self._first()
        if self._armed is not None and self._armed.active():
            self._armed.cancel()
        self._armed, self._armed_for = None, float("inf")
        if first is None:
            return
        self._armed_for = first
        left = first - self.seconds()
        self._armed = self._reactor.callLater(max(left, _LEAST) if left > 0 else 0.0, self._fire)
        if first < self._watched:
            self._watched = first
            self._watch.until(first)

    def _first(self) -> float | None:
        while self._timers:
            timer = self._timers[0]
            if timer.active():
                if timer.getTime() <= timer.due:
                    return timer.due
                timer.due = timer.getTime()
                heapq.heapreplace(self._timers, timer)
            else:
                heapq.heappop(self._timers)
                self._inactive = max(self._inactive - 1, 0)
        return None

    def _deadline_passed(self) -> None:
        """Make the calls that are due, after the watch has seen a deadline pass."""
        self._watched = float("inf")
        self._fire()

    def _fire(self) -> None:
        """Make the calls whose time has come, but not those that they schedule."""
        now = self.seconds()
        due: list[Timer] = []
        while (first := self._first()) is not None and first <= now:
            due.append(heapq.heappop(self._timers))
        self._firing = True
        try:
            for timer in due:
                # An earlier call may have cancelled or postponed it.
                if timer.active() and timer.getTime() <= now:
                    try:
                        timer.run()
                    except Exception:
                        _log.failure("A timed call failed.")
        finally:
            for timer in due:
                if timer.active():
                    timer.due = timer.getTime()
                    heapq.heappush(self._timers, timer)
            self._firing = False
            self._arm()
