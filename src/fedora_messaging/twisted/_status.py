# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What a service is at this moment, beside its metrics, for the dashboard."""

from __future__ import annotations

from typing import Protocol

from .._metrics.recorder import Metrics, queue_label
from .._metrics.status import Connection, Status
from .._metrics.status import Consumer as ConsumerStatus
from ..exceptions import from_wire
from .consumer import Consumer
from .factory import FedoraMessagingFactory

__all__ = ["status"]


class Watched(Protocol):
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

    @property
    def metrics(self) -> Metrics | None:
        """What is counted and measured, if anything is."""


def status(watched: Watched) -> Status:
    """Return what a service is; in the reactor's thread."""
    recent = None if watched.metrics is None else watched.metrics.recent
    connections = {} if recent is None else recent.connections
    return Status(
        tuple(
            _connection(factory, *connections.get(factory.purpose, (None, "")))
            for factory in (watched.factory, watched.publisher)
        ),
        tuple(_consumer(each) for each in watched.consumers),
        () if recent is None else recent.failures,
    )


def _connection(factory: FedoraMessagingFactory, since: float | None, reason: str) -> Connection:
    connection, state = factory.connection, "not connected"
    if connection is not None and connection.alive:
        blocked = connection.blocked
        state, reason = ("connected", "") if blocked is None else ("blocked", from_wire(blocked))
    elif connection is not None:
        state = "connecting"
    elif since is None:
        state = "connecting" if factory.consumers else "not used"
    return Connection(
        factory.purpose,
        state,
        "" if factory.address is None else factory.address.where,
        "" if connection is None or state == "connecting" else connection.broker,
        since,
        reason,
    )


def _consumer(consumer: Consumer) -> ConsumerStatus:
    return ConsumerStatus(
        consumer.name,
        queue_label(consumer.queue),
        consumer.state,
        consumer.resting,
        consumer.unacknowledged,
        consumer.waiting,
        consumer.held,
    )
