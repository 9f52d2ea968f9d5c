# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Deadlines of many things, with one timer for all: a timer for each takes half a kilobyte."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from .clock import Clock

__all__ = ["Deadlines"]

_T = TypeVar("_T")


class Deadlines(Generic[_T]):
    """Calls back for what is not over in time.

    Args:
        clock: The source of time.
        is_over: Whether a thing has no deadline any more. What has none is forgotten before it outnumbers
            the rest.
        passed: Called with each thing whose deadline has passed, and with the seconds that it was given.
    """

    def __init__(
        self, clock: Clock, is_over: Callable[[_T], bool], passed: Callable[[_T, float], None]
    ) -> None:
        self._clock = clock
        self._is_over = is_over
        self._passed = passed
        self._heap: list[tuple[float, int, float, _T]] = []
        self._count = 0
        self._open = 0  # how many are not over
        self._timer: Any = None
        self._due = 0.0

    def add(self, thing: _T, seconds: float) -> None:
        """Give a thing so many seconds from now."""
        due = self._clock.seconds() + seconds
        self._count += 1  # of two with the same deadline the first comes first
        heapq.heappush(self._heap, (due, self._count, seconds, thing))
        self._open += 1
        if self._timer is None or due < self._due:
            self._set(due)

    def over(self) -> None:
        """One that had a deadline has none any more."""
        self._open -= 1
        if not self._open:
            self._heap.clear()
            self._cancel()
        elif len(self._heap) > 2 * self._open + 32:
            self._heap = [each for each in self._heap if not self._is_over(each[3])]
            heapq.heapify(self._heap)

    def _set(self, due: float) -> None:
        self._cancel()
        self._due = due
        self._timer = self._clock.callLater(max(due - self._clock.seconds(), 0.0), self._fired)

    def _cancel(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()

    def _fired(self) -> None:
        self._timer = None
        now = self._clock.seconds()
        passed = []
        while self._heap and (self._is_over(self._heap[0][3]) or self._heap[0][0] <= now):
            each = heapq.heappop(self._heap)
            if not self._is_over(each[3]):
                passed.append(each)
        if self._heap:
            self._set(self._heap[0][0])
        for _, _, seconds, thing in passed:
            if not self._is_over(thing):  # what happens to one may settle others
                self._passed(thing, seconds)
