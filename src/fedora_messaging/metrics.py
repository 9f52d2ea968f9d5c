# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Metrics for applications with their own monitoring: a collector for prometheus_client, and plain snapshots.

Importing this module does not import prometheus_client.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ._metrics.exposition import text
from ._metrics.recorder import Metrics
from ._metrics.snapshot import Distribution, Snapshot, combined
from ._metrics.table import METRICS, Metric

if TYPE_CHECKING:
    from prometheus_client.core import Metric as Family

    from .twisted.service import FedoraMessagingService

__all__ = ["Collector", "Distribution", "Metrics", "Snapshot", "combined", "text"]


class Collector:
    """Gives the metrics of a service to a registry of prometheus_client.

    ::

        prometheus_client.REGISTRY.register(fedora_messaging.metrics.Collector())

    The service counts if its configuration has ``[monitoring]`` with a port or with ``metrics = true``.
    Otherwise, and before the process has a service, there is nothing to collect.

    Args:
        source: The service. None means the current service of :mod:`fedora_messaging.api`.
    """

    def __init__(self, source: FedoraMessagingService | None = None) -> None:
        self._source = source

    def describe(self) -> Iterable[Family]:
        """Called by prometheus_client when it registers this collector. Returns nothing."""
        return ()

    def collect(self) -> Iterable[Family]:
        """Called by prometheus_client. Returns the metrics with their current values."""
        source = self._source
        if source is None:
            from ._client.default import current

            source = current.service
        if source is None or source.metrics is None:
            return
        snapshot = source.metrics.snapshot()
        for metric in METRICS:
            if metric.name in snapshot.series:
                yield _family(metric, snapshot)


def _family(metric: Metric, snapshot: Snapshot) -> Any:
    from prometheus_client import core

    kinds: dict[str, Any] = {
        "counter": core.CounterMetricFamily,
        "gauge": core.GaugeMetricFamily,
        "histogram": core.HistogramMetricFamily,
    }
    family = kinds[metric.kind](metric.name, metric.help, labels=snapshot.labels(metric))
    for labels, value in snapshot.series[metric.name].items():
        if isinstance(value, Distribution):
            family.add_metric(labels, _cumulative(metric, value), value.sum)
        else:
            family.add_metric(labels, value)
    return family


def _cumulative(metric: Metric, value: Distribution) -> list[tuple[str, float]]:
    count, buckets = 0, []
    for bound, each in zip((*map(str, metric.buckets), "+Inf"), value.counts, strict=True):
        count += each
        buckets.append((bound, float(count)))
    return buckets
