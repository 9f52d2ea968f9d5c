# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Writes a snapshot as text: Prometheus' format 0.0.4, and OpenMetrics 1.0.

See https://prometheus.io/docs/instrumenting/exposition_formats/ and
https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md.
"""

from __future__ import annotations

from collections.abc import Iterator

from .snapshot import Distribution, Snapshot
from .table import METRICS, Metric

__all__ = ["CONTENT_TYPES", "text", "wants_openmetrics"]

#: The media types: of Prometheus' own format, and of OpenMetrics.
CONTENT_TYPES = {
    False: "text/plain; version=0.0.4; charset=utf-8",
    True: "application/openmetrics-text; version=1.0.0; charset=utf-8",
}

_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


def wants_openmetrics(accept: str) -> bool:
    """Whether an HTTP header Accept prefers OpenMetrics to plain text."""
    weights = {"application/openmetrics-text": 0.0, "text/plain": 0.0}
    for each in accept.lower().split(","):
        media, *parameters = (part.strip() for part in each.split(";"))
        quality = next((part[2:] for part in parameters if part.startswith("q=")), "1")
        if media in weights:
            try:
                weights[media] = max(weights[media], float(quality))
            except ValueError:
                continue
    return 0 < weights["application/openmetrics-text"] >= weights["text/plain"]


def text(snapshot: Snapshot, *, openmetrics: bool = False) -> str:
    """Write a snapshot.

    Args:
        snapshot: The values.
        openmetrics: Whether to write OpenMetrics 1.0 instead of Prometheus' text format 0.0.4.
    """
    lines: list[str] = []
    for metric in METRICS:
        lines += _family(metric, snapshot, openmetrics)
    if openmetrics:
        lines.append("# EOF")
    return "".join(f"{line}\n" for line in lines)


def _family(metric: Metric, snapshot: Snapshot, openmetrics: bool) -> Iterator[str]:
    series = snapshot.series.get(metric.name)
    if series is None:
        return
    family = metric.name.removesuffix("_total") if openmetrics else metric.name
    yield f"# HELP {family} {metric.help}"
    yield f"# TYPE {family} {metric.kind}"
    if openmetrics and metric.unit:
        yield f"# UNIT {family} {metric.unit}"
    names = snapshot.labels(metric)
    for values in sorted(series):
        labels = [f'{name}="{value.translate(_ESCAPES)}"' for name, value in zip(names, values, strict=True)]
        value = series[values]
        if isinstance(value, Distribution):
            yield from _histogram(metric, labels, value)
        else:
            yield f"{metric.name}{_braced(labels)} {_number(value)}"


def _histogram(metric: Metric, labels: list[str], value: Distribution) -> Iterator[str]:
    count = 0
    for bound, each in zip((*map(_number, metric.buckets), "+Inf"), value.counts, strict=True):
        count += each
        bucket = [*labels, f'le="{bound}"']
        yield f"{metric.name}_bucket{_braced(bucket)} {count}"
    yield f"{metric.name}_sum{_braced(labels)} {_number(value.sum)}"
    yield f"{metric.name}_count{_braced(labels)} {count}"


def _braced(labels: list[str]) -> str:
    return f"{{{','.join(labels)}}}" if labels else ""


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else repr(float(value))
