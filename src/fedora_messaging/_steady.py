# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Clocks that do not jump.

Twisted's reactors measure time by the wall clock, which an administrator or NTP may set. The invariant of
this package: **no interval is measured by the wall clock**. Delays, deadlines and heartbeats last as long as
they say, whatever happens to the date. Two ways lead there:

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

#: How late the reactor may be with a call before its thread is asked to look, in seconds. Its own timers are
#: on time unless its clock was set back.
_GRACE = 0.25
#: The least that the reactor is asked to wait while a call is not due: less may be lost in the rounding of
#: its own time, and it would make the call at once, again and again.
_LEAST = 1e-4

# Not time.monotonic, where it can be avoided: libraries that freeze time in tests replace that, even for code
# that is imported meanwhile, and network I/O does not stand still.
_read = getattr(time, "clock_gettime", lambda _: time.monotonic())
_CLOCK = getattr(time, "CLOCK_MONOTONIC", 0)


def monotonic() -> float:
    """Seconds on a clock that nobody can set."""
    now: float = _read(_CLOCK)
    return now


def make_steady(reactor: Any) -> None:
    """Make a reactor measure time by the monotonic clock; only for reactors that this package starts.

    Its time goes on from what it is now, so that calls that are already scheduled keep their time. One that
    runs already was started by somebody else, and something that is no ``ReactorBase`` (a ``task.Clock``) has
    a time of its own: they are left alone.
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
    """The clock to measure with, for a reactor or clock that was given.

    Returns:
        For a reactor that follows the wall clock its one :class:`SteadyClock`, which has all of the reactor's
        methods; anything else as it is.
    """
    if not isinstance(clock, ReactorBase) or _is_steady(clock):
        return clock
    # Kept by the reactor itself, so that both go together.
    kept: SteadyClock | None = clock.__dict__.get("_fedora_messaging_clock")
    if kept is None:
        kept = clock.__dict__["_fedora_messaging_clock"] = SteadyClock(clock)
    return kept


class _Timer:
    """A call that is going to happen; like Twisted's DelayedCall."""

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
        #: Its place among the others; earlier than its time when that was moved to later.
        self.due = due

    def __lt__(self, other: _Timer) -> bool:
        return self.due < other.due

    def getTime(self) -> float:
        """When, on its clock."""
        return self._until

    def active(self) -> bool:
        """Whether it has neither happened nor been cancelled."""
        return not self._state

    def cancel(self) -> None:
        """Let it not happen.

        Raises:
            AlreadyCancelled: It was cancelled.
            AlreadyCalled: It has happened.
        """
        self._check()
        self._state = "cancelled"
        self._call, self._arguments, self._keywords = None, (), {}
        self._clock._cancelled()

    def reset(self, delay: float) -> None:
        """Let it happen ``delay`` seconds from now instead.

        Raises:
            AlreadyCancelled: It was cancelled.
            AlreadyCalled: It has happened.
        """
        self._move(self._clock.seconds() + delay)

    def delay(self, later: float) -> None:
        """Let it happen ``later`` seconds later than it would.

        Raises:
            AlreadyCancelled: It was cancelled.
            AlreadyCalled: It has happened.
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
        assert self._call is not None
        self._state = "called"
        call, self._call = self._call, None
        call(*self._arguments, **self._keywords)


class Watch:
    """A thread that calls ``wake`` when a deadline has passed and nobody named the next one.

    It holds no locks: a finalizer that the interpreter runs in it can hold up nothing.

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
        """Call ``wake`` after this, on :func:`monotonic`, instead of what was said before."""
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
                except RuntimeError:  # the loop underneath is closed: nothing is going to be late any more
                    return


class SteadyClock:
    """An application's reactor, with ``seconds`` and ``callLater`` on the monotonic clock.

    All calls are kept here, in the order of their time; the reactor is asked for one call, at the first. A
    reactor whose clock was set forward makes that too early, and is asked again for what is left. One whose
    clock was set back would make it too late, and nothing in the reactor could know: a thread that waits for
    the same moment has it look.

    Args:
        reactor: The reactor.
        now: The monotonic clock.
        watch: Makes the thread (in tests something else), given what it is to call.

    Everything but time is the reactor's own: its interfaces and its other attributes.
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
        self._dead = 0
        self._armed: Any = None
        self._armed_for = self._watched = float("inf")
        self._firing = False
        self._watch = watch(lambda: reactor.callFromThread(self._look))

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
        self._dead += 1
        if self._dead > 50 and self._dead > len(self._timers) // 2:
            self._timers = [timer for timer in self._timers if timer.active()]
            heapq.heapify(self._timers)
            self._dead = 0

    def _moved(self, timer: _Timer) -> None:
        timer.due = timer.getTime()
        heapq.heapify(self._timers)
        if not self._firing:
            self._arm()

    def _arm(self) -> None:
        """Ask the reactor, and the watch, for the first call."""
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
                self._dead = max(self._dead - 1, 0)
        return None

    def _look(self) -> None:
        """The watch has seen a deadline pass."""
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
                # An earlier one may have cancelled it, or put it off.
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
