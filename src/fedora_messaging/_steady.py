# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Monotonic clocks for Twisted.

Twisted's reactors measure time by the wall clock, which an administrator or NTP may set. Invariant of this
package: **no interval is measured by the wall clock**. Delays, deadlines and heartbeats have the right length
    when
the wall clock is set. There are two cases:

- A reactor that this package starts is made monotonic itself: :func:`make_steady`.
- A reactor that belongs to the application is left as it is, and used through a :class:`SteadyClock`.

:func:`steady` gives the right one for a reactor. Everything that takes a ``clock`` passes it through there.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from twisted.internet.base import ReactorBase
from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.logger import Logger
from zope.interface import directlyProvides, providedBy

__all__ = ["SteadyClock", "Watch", "make_steady", "monotonic", "steady"]

_log = Logger()

#: How late the reactor may be with a call before it is woken, in seconds. Its own timers are on time unless
#: its clock was set back.
_GRACE = 0.25
#: The least that the reactor is asked to wait while a call is not due: less may be lost in the rounding of
#: its own time, and it would make the call at once, again and again.
_LEAST = 1e-4

# Not time.monotonic, where it can be avoided: libraries that freeze time in tests replace that, even for code
# that is imported meanwhile, and network I/O does not stand still.
_read = getattr(time, "clock_gettime", lambda _: time.monotonic())
_CLOCK = getattr(time, "CLOCK_MONOTONIC", 0)


def monotonic() -> float:
    """Return seconds on a clock that cannot be set."""
    now: float = _read(_CLOCK)
    return now


def make_steady(reactor: Any) -> None:
    """Make a reactor measure time by the monotonic clock; only for reactors that this package starts.

    Its time continues from its present value, so that calls that are already scheduled keep their time. A
    reactor that runs already was started by the application, and a clock that is not a ``ReactorBase`` (a
    ``task.Clock``) has a time of its own: both are left alone.
    """
    if not isinstance(reactor, ReactorBase) or reactor.running or _is_steady(reactor):
        return
    seconds = _from(reactor.seconds())
    reactor.seconds = seconds
    for call in reactor.getDelayedCalls():
        call.seconds = seconds


def _from(now: float) -> Callable[[], float]:
    offset = now - monotonic()

    def seconds() -> float:
        """The wall clock as it would be, had it not been set since."""
        return monotonic() + offset

    seconds.steady = True  # type: ignore[attr-defined]
    return seconds


def _is_steady(reactor: Any) -> bool:
    return hasattr(reactor.seconds, "steady")


def steady(clock: Any) -> Any:
    """Return the clock to measure intervals with, for a reactor or clock.

    Returns:
        For a reactor that follows the wall clock its one :class:`SteadyClock`, which has all of the reactor's
        methods; anything else unchanged.
    """
    if not isinstance(clock, ReactorBase) or _is_steady(clock):
        return clock
    # Stored on the reactor, so that both have the same lifetime.
    kept: SteadyClock | None = clock.__dict__.get("_fedora_messaging_clock")
    if kept is None:
        kept = clock.__dict__["_fedora_messaging_clock"] = SteadyClock(clock)
    return kept


class _Timer:
    """A scheduled call; like Twisted's DelayedCall."""

    __slots__ = ("_arguments", "_call", "_clock", "_keywords", "_state", "_until", "due")

    def __init__(
        self,
        clock: SteadyClock,
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

    def __lt__(self, other: _Timer) -> bool:
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
        self._clock._cancelled()

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
            self._clock._moved(self)

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


class Watch:
    """A thread that calls ``wake`` when a deadline has passed without a new one being set.

    It holds no locks, so that a finalizer that the interpreter runs in it cannot block other threads.

    Args:
        wake: Called in the thread; it must not block.
        grace: How long after the deadline, in seconds.
    """

    def __init__(self, wake: Callable[[], Any], grace: float = _GRACE) -> None:
        self._wake = wake
        self._grace = grace
        self._deadlines: SimpleQueue[float] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def until(self, deadline: float) -> None:
        """Set the deadline, on the clock :func:`monotonic`; it replaces the previous one."""
        self._deadlines.put(deadline)
        if self._thread is None or not self._thread.is_alive():  # in a fork it is not
            self._thread = threading.Thread(target=self._run, name="fedora-messaging clock", daemon=True)
            with suppress(RuntimeError):  # the interpreter is ending, and starts no threads any more
                self._thread.start()

    def _run(self) -> None:
        left: float | None = None
        while True:
            try:
                left = max(self._deadlines.get(timeout=left) + self._grace - monotonic(), 0.0)
            except Empty:
                left = None
                try:
                    self._wake()
                except RuntimeError:  # the event loop is closed: there are no timers any more
                    return


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
        self._timers: list[_Timer] = []
        self._inactive = 0
        self._armed: Any = None
        self._armed_for = self._watched = float("inf")
        self._firing = False
        self._watch = watch(lambda: reactor.callFromThread(self._deadline_passed))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def callLater(self, delay: float, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> _Timer:
        """See :meth:`twisted.internet.interfaces.IReactorTime.callLater`."""
        timer = _Timer(self, self.seconds() + delay, call, args, kwargs)
        heapq.heappush(self._timers, timer)
        if timer.due < self._armed_for and not self._firing:
            self._arm()
        return timer

    def getDelayedCalls(self) -> list[_Timer]:
        """See :meth:`twisted.internet.interfaces.IReactorTime.getDelayedCalls`; those of this clock."""
        return [timer for timer in self._timers if timer.active()]

    def _cancelled(self) -> None:
        self._inactive += 1
        nothing_left = self._inactive >= len(self._timers)
        if nothing_left or (self._inactive > 50 and self._inactive > len(self._timers) // 2):
            self._timers = [timer for timer in self._timers if timer.active()]
            heapq.heapify(self._timers)
            self._inactive = 0
        # Without calls of this clock the reactor has none for it, either: trial refuses what is left over.
        if nothing_left and not self._firing:
            self._arm()

    def _moved(self, timer: _Timer) -> None:
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
        due: list[_Timer] = []
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
