# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The values of all metrics at one moment; those of several processes add up to one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from .table import METRICS, Metric

__all__ = ["NOTHING", "Distribution", "Series", "Snapshot", "combined"]

_BY_NAME = {metric.name: metric for metric in METRICS}


class Distribution(NamedTuple):
    """The observations of a histogram.

    Attributes:
        counts: How many observations are in each bucket. The last bucket is the infinite one. The counts are
            not cumulative.
        sum: The sum of all observations.
    """

    counts: tuple[int, ...]
    sum: float

    def __add__(self, other: object) -> Distribution:
        """Add the observations of both; their buckets are the same."""
        if not isinstance(other, Distribution):
            return NotImplemented
        counts = tuple(mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True))
        return Distribution(counts, self.sum + other.sum)


#: The values of one metric, by the values of its labels.
Series = Mapping[tuple[str, ...], "float | Distribution"]


@dataclass(frozen=True)
class Snapshot:
    """The values of metrics at one moment.

    Args:
        series: The values by the metric's name. The labels of gauges of several processes, and those of
            histograms by schema, have one value more than the table names.
        extra: The name of that further label, by the metric's name.
    """

    series: Mapping[str, Series]
    extra: Mapping[str, str]

    def labels(self, metric: Metric) -> tuple[str, ...]:
        """The names of a metric's labels in this snapshot."""
        further = self.extra.get(metric.name)
        return metric.labels if further is None else (*metric.labels, further)

    def value(self, metric: Metric, *labels: str) -> Any:
        """The value of one metric. It is 0 if nothing was counted for these labels."""
        return self.series.get(metric.name, {}).get(labels, 0)

    @property
    def counted(self) -> Snapshot:
        """Only the counters and histograms. They remain valid after a process has ended."""
        kept = {name: values for name, values in self.series.items() if _BY_NAME[name].kind != "gauge"}
        return Snapshot(kept, {name: label for name, label in self.extra.items() if name in kept})

    def as_data(self) -> dict[str, Any]:
        """Return it as dictionaries, lists, strings and numbers, for JSON."""
        return {
            "series": {
                name: [
                    [list(labels), {"counts": list(value.counts), "sum": value.sum}]
                    if isinstance(value, Distribution)
                    else [list(labels), value]
                    for labels, value in series.items()
                ]
                for name, series in self.series.items()
            },
            "extra": dict(self.extra),
        }

    @staticmethod
    def from_data(data: Mapping[str, Any]) -> Snapshot:
        """Return the snapshot from the result of :meth:`as_data`."""
        return Snapshot(
            {
                name: {
                    tuple(labels): Distribution(tuple(value["counts"]), value["sum"])
                    if isinstance(value, Mapping)
                    else value
                    for labels, value in series
                }
                for name, series in data["series"].items()
            },
            dict(data["extra"]),
        )


#: The snapshot of a process that has counted nothing.
NOTHING = Snapshot({}, {})


def combined(snapshots: Mapping[str, Snapshot]) -> Snapshot:
    """Combine the snapshots of several processes.

    Counters and histograms are added up. Gauges get a further label, ``worker``.

    Args:
        snapshots: The snapshots, by the name of each process.
    """
    series: dict[str, dict[tuple[str, ...], Any]] = {}
    extra: dict[str, str] = {}
    for worker, snapshot in snapshots.items():
        extra.update(snapshot.extra)
        for name, values in snapshot.series.items():
            total = series.setdefault(name, {})
            gauge = _BY_NAME[name].kind == "gauge"
            for labels, value in values.items():
                if gauge:
                    apart = (*labels, worker)
                    total[apart] = value
                else:
                    total[labels] = (total[labels] + value) if labels in total else value
            if gauge:
                extra[name] = "worker"
    return Snapshot(series, extra)
