# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the callbacks of one consumer came to: decided, counted, logged."""

from __future__ import annotations

import logging

from .. import _wire
from .._delivery import Attempts, Delivery, InvalidMessage, Policy, Settlement, decide
from ..exceptions import Nack
from .stats import ConsumerStatistics

__all__ = ["Outcomes"]

_log = logging.getLogger(__name__)


class Outcomes:
    """Judges outcomes.

    Args:
        policy: How refused messages are delayed.
        stats: Where they are counted.
    """

    def __init__(self, policy: Policy, stats: ConsumerStatistics) -> None:
        self._policy = policy
        self._stats = stats
        self._attempts = Attempts()

    def judge(
        self, batch: list[tuple[Delivery, Exception | None]]
    ) -> tuple[list[tuple[Delivery, Settlement]], Settlement | None]:
        """Decide on deliveries whose callbacks have finished.

        Args:
            batch: Each delivery with None or the exception raised, in the order in which they finished.

        Returns:
            Each delivery with its settlement, and the settlement that ends the consumer, if one does.
        """
        settled: list[tuple[Delivery, Settlement]] = []
        ends: Settlement | None = None
        stats = self._stats
        for delivery, outcome in batch:
            if outcome is not None:
                delivery = self._look_at(delivery, outcome)
            settlement = decide(outcome, delivery, self._policy)
            setattr(stats, settlement.counts, getattr(stats, settlement.counts) + 1)
            settled.append((delivery, settlement))
            if settlement.ends is not None:
                ends = settlement
        return settled, ends

    def _look_at(self, delivery: Delivery, outcome: Exception) -> Delivery:
        """Log what was wrong with a message, and count how often it was refused."""
        if isinstance(outcome, InvalidMessage):
            _log.warning("Rejected an invalid message: %s", _wire.describe(delivery, outcome.error))
        elif isinstance(outcome, Nack):
            key, counted = _wire.refusal_key(delivery)
            return delivery._replace(attempts=self._attempts.refused(key, counted))
        return delivery
