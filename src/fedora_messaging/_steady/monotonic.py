# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The monotonic clock, and reactors that measure time by it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.internet.base import ReactorBase

__all__ = ["follows_wall_clock", "make_steady", "monotonic", "stopwatch"]

# Not time.monotonic, where it can be avoided: libraries that freeze time in tests replace that, even for code
# that is imported meanwhile, and network I/O does not stand still.
# Without a Python frame of its own: it is read several times for each message.
_CLOCK = getattr(time, "CLOCK_MONOTONIC", None)

#: Returns seconds on a clock that cannot be set.
monotonic: Callable[[], float] = time.monotonic if _CLOCK is None else partial(time.clock_gettime, _CLOCK)


def make_steady(reactor: Any) -> None:
    """Make a reactor measure time by the monotonic clock; only for reactors that this package starts.

    Its time continues from its present value, so that calls that are already scheduled keep their time. A
    reactor that runs already was started by the application, and a clock that is not a ``ReactorBase`` (a
    ``task.Clock``) has a time of its own: both are left alone.
    """
    if not follows_wall_clock(reactor) or reactor.running:
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

    seconds.measure = monotonic  # type: ignore[attr-defined]
    return seconds


def follows_wall_clock(clock: Any) -> bool:
    """Whether a clock is a reactor that has not been made monotonic."""
    return isinstance(clock, ReactorBase) and not hasattr(clock.seconds, "measure")


def stopwatch(clock: Any) -> Callable[[], float]:
    """Return what to measure a clock's intervals with, at the least cost; its values are not the clock's."""
    seconds: Callable[[], float] = clock.seconds
    return getattr(seconds, "measure", seconds)
