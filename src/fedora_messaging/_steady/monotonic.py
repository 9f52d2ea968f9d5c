# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The monotonic clock, and reactors that measure time by it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from twisted.internet.base import ReactorBase

__all__ = ["follows_wall_clock", "make_steady", "monotonic"]

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

    seconds.steady = True  # type: ignore[attr-defined]
    return seconds


def follows_wall_clock(clock: Any) -> bool:
    """Whether a clock is a reactor that has not been made monotonic."""
    return isinstance(clock, ReactorBase) and not hasattr(clock.seconds, "steady")
