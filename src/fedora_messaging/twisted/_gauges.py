# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The gauges of a service, read from it when they are asked for."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from typing import Protocol

from .._config.model import RESERVED
from .._metrics.recorder import queue_label
from .._metrics.snapshot import Series
from .._metrics.table import (
    BUILD_INFO,
    CONNECTED,
    CONNECTION_BLOCKED,
    CONSUMER_STATE,
    PUBLISH_IN_FLIGHT,
    PUBLISH_PENDING,
    STATES,
    UNACKNOWLEDGED,
    WAITING,
)
from .consumer import Consumer
from .factory import FedoraMessagingFactory

__all__ = ["gauges"]

_VERSION = RESERVED["version"].rpartition("-")[2]


class Measured(Protocol):
    """What is read of a service."""

    @property
    def factory(self) -> FedoraMessagingFactory:
        """The factory of the consuming connection."""

    @property
    def publisher(self) -> FedoraMessagingFactory:
        """The factory of the publishing connection."""

    @property
    def consumers(self) -> tuple[Consumer, ...]:
        """The consumers that have not ended."""


def gauges(measured: Measured) -> Mapping[str, Series]:
    """Return the gauges of a service, by their names; in the reactor's thread."""
    connections = {each.purpose: each.connection for each in (measured.factory, measured.publisher)}
    brokers = [each.broker for each in connections.values() if each is not None and each.broker]
    consumers = measured.consumers
    return {
        PUBLISH_PENDING.name: {(): measured.publisher.pending},
        PUBLISH_IN_FLIGHT.name: {(): measured.publisher.in_flight},
        UNACKNOWLEDGED.name: _summed((each.queue, each.unacknowledged) for each in consumers),
        WAITING.name: _summed((each.queue, each.waiting) for each in consumers),
        CONSUMER_STATE.name: _states(consumers),
        CONNECTED.name: {
            (purpose,): int(each is not None and each.alive) for purpose, each in connections.items()
        },
        CONNECTION_BLOCKED.name: {
            (purpose,): int(each is not None and each.blocked is not None)
            for purpose, each in connections.items()
        },
        BUILD_INFO.name: {(_VERSION, platform.python_version(), brokers[0] if brokers else ""): 1},
    }


def _summed(values: Iterable[tuple[str, int]]) -> Series:
    series: dict[tuple[str, ...], int] = {}
    for queue, value in values:
        labels = (queue_label(queue),)
        series[labels] = series.get(labels, 0) + value
    return series


def _states(consumers: Iterable[Consumer]) -> Series:
    """1 for each state that a consumer of the queue is in: there may be several consumers of one queue."""
    series: dict[tuple[str, ...], int] = {}
    for consumer in consumers:
        queue = queue_label(consumer.queue)
        for state in STATES:
            series.setdefault((queue, state), 0)
        series[queue, consumer.state] = 1
    return series
