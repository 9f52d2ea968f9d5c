# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Counters, as values."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["ConsumerStatistics", "FactoryStatistics"]

_OF_POLICIES = frozenset({"retried", "quarantined"})


@dataclass
class ConsumerStatistics:
    """What happened to the messages of one consumer, or to those of several together.

    Attributes:
        received: Deliveries, including redeliveries.
        processed: Acknowledged.
        dropped: Rejected because the callback raised Drop.
        rejected: Put back because the callback raised Nack, or rejected because they were not valid.
        failed: Put back because the callback raised anything else.
        retried: Waiting on the broker for the next attempt, or run again in place.
        quarantined: Moved to the queue's quarantine.
    """

    received: int = 0
    processed: int = 0
    dropped: int = 0
    rejected: int = 0
    failed: int = 0
    retried: int = 0
    quarantined: int = 0

    def as_dict(self) -> dict[str, int]:
        """The counters by name. Counters that only a failure policy uses are left out if they are 0."""
        counters = asdict(self)
        return {name: count for name, count in counters.items() if count or name not in _OF_POLICIES}

    def __add__(self, other: ConsumerStatistics) -> ConsumerStatistics:
        mine, theirs = asdict(self), asdict(other)
        return ConsumerStatistics(**{name: mine[name] + theirs[name] for name in mine})


@dataclass
class FactoryStatistics:
    """What a factory has published and consumed.

    Attributes:
        published: Messages that the broker confirmed.
        consumed: The statistics of all consumers, including those that have ended.
    """

    published: int = 0
    consumed: ConsumerStatistics = field(default_factory=ConsumerStatistics)

    def as_dict(self) -> dict[str, Any]:
        """The counters by name."""
        return {"published": self.published, "consumed": self.consumed.as_dict()}
