# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The outcomes of one consumer's callbacks: decided on, counted and logged."""

from __future__ import annotations

from ..._amqp import messages
from ..._core.delivery import Attempts, Delivery, InvalidMessage, Policy, Settlement
from ..._core.delivery import decide as settlement_of
from ..._reporting.log import SafeLog
from ..._reporting.text import name_of, shown
from ...exceptions import CallbackRaised, Drop, HaltConsumer, Nack, excerpt
from ..stats import ConsumerStatistics

__all__ = ["Outcomes", "log_failures"]

_log = SafeLog(__name__)


class Outcomes:
    """Decides what the outcomes of callbacks mean for their deliveries, and counts them.

    Args:
        policy: How refused messages are delayed.
        stats: Where they are counted.
    """

    def __init__(self, policy: Policy, stats: ConsumerStatistics) -> None:
        self._policy = policy
        self._stats = stats
        self._attempts = Attempts()

    def decide(
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
            if outcome is not None and issubclass(type(outcome), Nack):
                key, counted = messages.refusal_key(delivery)
                delivery = delivery._replace(attempts=self._attempts.refused(key, counted))
            settlement = settlement_of(outcome, delivery, self._policy)
            setattr(stats, settlement.counts, getattr(stats, settlement.counts) + 1)
            settled.append((delivery, settlement))
            if settlement.ends is not None:
                ends = settlement
        return settled, ends


def log_failures(batch: list[tuple[Delivery, Exception | None]], callback: object) -> None:
    """Log invalid messages and failed callbacks, each in one record, with the traceback.

    To be called when all of it has been settled. It never raises.

    Args:
        batch: As for :meth:`Outcomes.decide`.
        callback: The callback, for its name.
    """
    for delivery, outcome in batch:
        if outcome is None:
            continue
        kind = type(outcome)
        if issubclass(kind, InvalidMessage):
            error = outcome.error  # type: ignore[attr-defined]
            _log.warning("Rejected an invalid message: %s", messages.describe(delivery, error))
        elif not issubclass(kind, (Nack, Drop, HaltConsumer)):
            raised = outcome.__cause__ if issubclass(kind, CallbackRaised) else outcome
            message_id, topic = messages.known_of(delivery)
            _log.error(
                "The callback %s failed with message %s, topic %s, of the queue %s, which goes back: %s",
                excerpt(getattr(callback, "__qualname__", None) or name_of(callback), 100),
                message_id,
                topic,
                excerpt(delivery.queue, 100),
                excerpt(shown(raised, 1000)),
                error=raised,
            )
