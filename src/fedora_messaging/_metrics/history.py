# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What changed within the last minute: messages a second, and how long callbacks and confirms took."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from .snapshot import Distribution, Snapshot
from .table import CALLBACK_DURATION, PUBLISH_DURATION, PUBLISHED, RECEIVED, SETTLED

__all__ = ["WINDOW", "History", "Rates", "duration", "quantile"]

#: How far back is looked, in seconds; and how far for the number of messages a second.
WINDOW, _BRIEF = 60.0, 5.0


class _Totals(NamedTuple):
    """What was counted of one queue, or of all that is published."""

    received: int = 0
    ok: int = 0
    failed: int = 0
    durations: tuple[int, ...] = ()

    @property
    def moved(self) -> int:
        """What came in, or else what was confirmed."""
        return self.received or self.ok


class Rates(NamedTuple):
    """What changed of one queue, or of all that is published.

    Args:
        received: Messages a second that came in; None: not known yet. Of publishing: 0.
        ok: Messages a second that were processed, or confirmed.
        failed: Messages a second that were not.
        points: Messages a second, one number for each second or so, the last one last.
        p50: The median of how long it took, in words; "" where nothing happened.
        p99: The time within which 99 % were done.
    """

    received: float | None
    ok: float | None
    failed: float | None
    points: tuple[float, ...]
    p50: str
    p99: str


class History:
    """The counters of the last minute."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, Mapping[str | None, _Totals]]] = deque()

    def add(self, seconds: float, snapshot: Snapshot) -> None:
        """Add a snapshot that was taken at a time; forget those that are older than a minute."""
        self._samples.append((seconds, _totals(snapshot)))
        while self._samples[0][0] < seconds - WINDOW:
            self._samples.popleft()

    def queues(self) -> list[str]:
        """The queues of the last snapshot."""
        return [] if not self._samples else [name for name in self._samples[-1][1] if name is not None]

    def of_queue(self, name: str) -> Rates:
        """What changed of a queue."""
        return self._rates(name, CALLBACK_DURATION.buckets)

    def of_publishing(self) -> Rates:
        """What changed of all that is published."""
        return self._rates(None, PUBLISH_DURATION.buckets)

    def _rates(self, name: str | None, bounds: Sequence[float]) -> Rates:
        nothing = _Totals()
        found = [(seconds, totals.get(name, nothing)) for seconds, totals in self._samples]
        if len(found) < 2:
            return Rates(None, None, None, (), "", "")
        newest, last = found[-1]
        since, first = next(each for each in found if each[0] >= newest - _BRIEF or each is found[-2])
        elapsed = newest - since

        def rate(now: int, before: int) -> float:
            return max(now - before, 0) / elapsed

        points = tuple(
            round(max(after.moved - before.moved, 0) / (later - earlier), 1)
            for (earlier, before), (later, after) in pairwise(found)
        )
        before = found[0][1].durations or (0,) * len(last.durations)
        counts = [max(now - then, 0) for now, then in zip(last.durations, before, strict=True)]
        return Rates(
            rate(last.received, first.received),
            rate(last.ok, first.ok),
            rate(last.failed, first.failed),
            points,
            quantile(counts, bounds, 0.5),
            quantile(counts, bounds, 0.99),
        )


def quantile(counts: Sequence[int], bounds: Sequence[float], part: float) -> str:
    """Return the time within which a part of all observations lie, in words; "" where there are none.

    Args:
        counts: How many observations are in each bucket. The last bucket is the infinite one. The counts are
            not cumulative.
        bounds: The upper bounds of the buckets, but for the infinite one.
        part: From 0 to 1.
    """
    rank = part * sum(counts)
    if not rank:
        return ""
    seen = 0
    for place, count in enumerate(counts[:-1]):
        seen += count
        if seen >= rank:
            if not place:
                return f"≤ {duration(bounds[0])}"
            low, high = bounds[place - 1], bounds[place]
            return duration(low + (high - low) * (rank - (seen - count)) / count)
    return f"> {duration(bounds[-1])}"


def duration(seconds: float) -> str:
    """Return a time in words, with two digits or so."""
    if seconds < 1:
        return f"{_digits(1000 * seconds)} ms"
    if seconds < 60:
        return f"{_digits(seconds)} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{_digits(seconds / 3600)} h"


def _digits(value: float) -> str:
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}".removesuffix(".0")


def _totals(snapshot: Snapshot) -> dict[str | None, _Totals]:
    """The counters by queue; under None those of publishing."""
    series = snapshot.series
    found: dict[str | None, _Totals] = {
        name: _Totals(received=_whole(count)) for (name, *_), count in series.get(RECEIVED.name, {}).items()
    }
    for (name, outcome), count in series.get(SETTLED.name, {}).items():
        found[name] = _counted(found.get(name, _Totals()), outcome == "acked", _whole(count))
    publishing = _Totals()
    for (_, outcome), count in series.get(PUBLISHED.name, {}).items():
        publishing = _counted(publishing, outcome == "confirmed", _whole(count))
    for (name, *_), value in series.get(CALLBACK_DURATION.name, {}).items():
        totals = found.get(name, _Totals())
        found[name] = totals._replace(durations=_added(totals.durations, value))
    for value in series.get(PUBLISH_DURATION.name, {}).values():
        publishing = publishing._replace(durations=_added(publishing.durations, value))
    return {**found, None: publishing}


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _counted(totals: _Totals, ok: bool, count: int) -> _Totals:
    return totals._replace(ok=totals.ok + count) if ok else totals._replace(failed=totals.failed + count)


def _added(durations: Iterable[int], value: object) -> tuple[int, ...]:
    if not isinstance(value, Distribution):
        return tuple(durations)
    return tuple(map(sum, zip(durations, value.counts, strict=True))) if durations else value.counts
