# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The outcomes of one consumer's callbacks: decided on and counted."""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable
from dataclasses import replace

from ..._amqp import received
from ..._amqp.forwarding import attempts_before
from ..._core.breaker import Breaker
from ..._core.delivery import QUARANTINE, Attempts, Delivery, Settlement
from ..._core.delivery import decide as settlement_of
from ..._core.retry import Retry
from ..._message.headers import ATTEMPTS
from ..._reporting.log import SafeLog
from ..._reporting.loggers import CONSUMER
from ..._reporting.repeats import Repeats
from ..stats import ConsumerStatistics
from .failures import failure_headers

__all__ = ["Outcomes"]

_log = SafeLog(CONSUMER)

#: A message that fails again within so many seconds was not delayed by its queue.
_AT_ONCE = 0.5


class Outcomes:
    """Decides what the outcomes of callbacks mean for their deliveries, and counts them.

    Args:
        retry: The failure policy.
        breaker: Whether the consumer rests.
        stats: Where they are counted.
        longest_hold: The most seconds that a delivery is held.
        seconds: The time.
        uniform: Draws a number from an interval, for the jitter.
    """

    def __init__(
        self,
        retry: Retry,
        breaker: Breaker,
        stats: ConsumerStatistics,
        longest_hold: float,
        seconds: Callable[[], float],
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._retry = retry
        self._breaker = breaker
        self._stats = stats
        self._longest_hold = longest_hold
        self._uniform = uniform
        self._attempts = Attempts()
        self._recent = Repeats(seconds, _AT_ONCE)
        self._warned = False

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
        for delivery, outcome in batch:
            if outcome is not None:
                delivery, settlement = self._decide_on_failure(delivery, outcome)
            else:
                settlement = settlement_of(None, delivery, self._retry)
                if len(self._attempts) and (delivery.redelivered or self._retry.wait == "in-place"):
                    self._attempts.forget(received.refusal_key(delivery)[0])
            if not settlement.forward:  # counted when it is published
                self.count(settlement)
            settled.append((delivery, settlement))
            if settlement.ends is not None:
                ends = settlement
        return settled, ends

    def count(self, settlement: Settlement) -> None:
        """Count a delivery that was settled."""
        stats = self._stats
        setattr(stats, settlement.counts, getattr(stats, settlement.counts) + 1)

    def _decide_on_failure(self, delivery: Delivery, outcome: Exception) -> tuple[Delivery, Settlement]:
        key = None
        if self._retry.covers(outcome):
            key, failed, acquired = received.refusal_key(delivery)
            if self._retry.wait == "queue":
                attempts = attempts_before(delivery) + 1
            elif self._retry.wait == "broker":
                attempts = failed + 1
            elif self._retry.wait == "in-place":  # those behind it go back and come again untried
                attempts = self._attempts.refused(key)
            else:
                attempts = self._attempts.refused(key, max(failed, acquired))
            delivery = delivery._replace(attempts=attempts)
        settlement = settlement_of(outcome, delivery, self._retry, lasting=self._breaker.lasting)
        if settlement.exhausted and key is not None:
            self._attempts.forget(key)
        if self._retry.wait == "broker" and settlement.requeue and settlement.ends is None:
            return delivery, self._not_at_once(settlement, delivery, key)
        if settlement.forward == QUARANTINE:
            return delivery, replace(settlement, headers=failure_headers(delivery, outcome))
        if settlement.forward:
            self._warn_of(settlement.delay, max(self._retry.delays))
            return delivery, replace(settlement, headers={ATTEMPTS: delivery.attempts})
        if settlement.delay:
            self._warn_of(settlement.delay, self._longest_hold)
            delay = min(self._retry.spread(settlement.delay, self._uniform), self._longest_hold)
            return delivery, replace(settlement, delay=delay)
        return delivery, settlement

    def _not_at_once(self, settlement: Settlement, delivery: Delivery, key: Hashable) -> Settlement:
        """Hold a message that the queue has not delayed, so that it is not tried in a tight loop."""
        if self._recent.due(key) is not None:
            return settlement
        if not self._warned:
            self._warned = True
            _log.warning(
                "The queue %r does not delay messages that come back. It needs RabbitMQ 4.3 and a policy "
                "with delayed-retry-type and delayed-retry-min; until then the consumer holds them.",
                delivery.queue,
            )
        delay = self._retry.delay(delivery.attempts) or self._retry.delays[-1]
        return replace(settlement, delay=min(max(delay, _AT_ONCE), self._longest_hold))

    def _warn_of(self, delay: float, longest: float) -> None:
        if delay > longest and not self._warned:
            self._warned = True
            _log.warning("A delay of %g s is too long: a message waits %g s at most.", delay, longest)
