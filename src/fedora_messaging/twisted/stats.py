# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Counters, as values."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["ConsumerStatistics", "FactoryStatistics"]


@dataclass
class ConsumerStatistics:
    """What became of the messages of one consumer, or of several added up.

    Attributes:
        received: Deliveries, redelivered ones included.
        processed: Acknowledged.
        dropped: Rejected because the callback raised Drop.
        rejected: Put back because the callback raised Nack, or rejected because they were not valid.
        failed: Put back because the callback raised anything else.
    """

    received: int = 0
    processed: int = 0
    dropped: int = 0
    rejected: int = 0
    failed: int = 0

    def as_dict(self) -> dict[str, int]:
        """The counters by name."""
        return asdict(self)

    def __add__(self, other: ConsumerStatistics) -> ConsumerStatistics:
        mine, theirs = self.as_dict(), other.as_dict()
        return ConsumerStatistics(**{name: mine[name] + theirs[name] for name in mine})


@dataclass
class FactoryStatistics:
    """What a factory has published and consumed.

    Attributes:
        published: Messages that the broker confirmed.
        consumed: The statistics of all consumers, ended ones included.
    """

    published: int = 0
    consumed: ConsumerStatistics = field(default_factory=ConsumerStatistics)

    def as_dict(self) -> dict[str, Any]:
        """The counters by name."""
        return asdict(self)
