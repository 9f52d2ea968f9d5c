# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Counts observations in buckets."""

from __future__ import annotations

from bisect import bisect_left

from .snapshot import Distribution
from .table import Metric

__all__ = ["Histogram"]


class Histogram:
    """The observations of one metric with the same labels."""

    __slots__ = ("_bounds", "_counts", "_sum")

    def __init__(self, metric: Metric) -> None:
        self._bounds = metric.buckets
        self._counts = [0] * (len(metric.buckets) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Add an observation."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def observe_all(self, values: list[float]) -> None:
        """Add observations; usually most of them are in one bucket."""
        if not values:
            return
        least, most = bisect_left(self._bounds, min(values)), bisect_left(self._bounds, max(values))
        if least == most:
            self._counts[least] += len(values)
        else:
            for value in values:
                self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += sum(values)

    def value(self) -> Distribution:
        """The observations so far."""
        return Distribution(tuple(self._counts), self._sum)
