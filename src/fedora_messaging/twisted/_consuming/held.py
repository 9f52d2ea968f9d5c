# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Deliveries that the worker does not have: held for a while, kept back, or published to where they wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from ..._core.clock import Clock
from ..._core.delivery import Delivery, Settlement
from ..._reporting.log import SafeLog
from ..._reporting.loggers import CONSUMER
from ..._reporting.repeats import Repeats
from ...exceptions import excerpt
from .forwarder import Forwarder

__all__ = ["Forwards", "Held", "KeptBack"]

_log = SafeLog(CONSUMER)


class Held:
    """Deliveries of one channel that are kept, unacknowledged, until their delay is over.

    Args:
        clock: The source of time.
        release: Called with each when its delay is over.
    """

    def __init__(self, clock: Clock, release: Callable[[Delivery, Settlement], None]) -> None:
        self._clock = clock
        self._release = release
        self._held: dict[int, tuple[Delivery, Settlement, Any]] = {}

    def __len__(self) -> int:
        return len(self._held)

    def hold(self, delivery: Delivery, settlement: Settlement) -> None:
        """Keep a delivery for the delay of its settlement."""
        timer = self._clock.callLater(settlement.delay, self._over, delivery.tag)
        self._held[delivery.tag] = delivery, settlement, timer

    def runs_again(self, delivery: Delivery) -> bool:
        """Whether a delivery is kept that the worker is to run once more."""
        held = self._held.get(delivery.tag)
        return held is not None and held[0].generation == delivery.generation and held[1].again

    def let_go(self) -> list[tuple[Delivery, Settlement]]:
        """Keep nothing any more; returns what was kept."""
        held = list(self._held.values())
        self._held.clear()
        for _, _, timer in held:
            timer.cancel()
        return [(delivery, settlement) for delivery, settlement, _ in held]

    def _over(self, tag: int) -> None:
        delivery, settlement, _ = self._held.pop(tag)
        self._release(delivery, settlement)


class KeptBack:
    """Deliveries of one channel that wait, unacknowledged, while the consumer is paused or rests.

    Args:
        hand_over: Called with each that is let through.

    Attributes:
        keeps: Whether what arrives is kept back.
    """

    def __init__(self, hand_over: Callable[[Delivery], None]) -> None:
        self._hand_over = hand_over
        self._kept: list[Delivery] = []
        self.keeps = False
        self._through = 0

    def __len__(self) -> int:
        return len(self._kept)

    def begin(self, deliveries: list[Delivery]) -> None:
        """Keep back these, and whatever arrives from now on."""
        self.keeps = True
        self._through = 0
        self._kept = deliveries + self._kept

    def add(self, delivery: Delivery) -> None:
        """One has arrived: keep it, or let it through."""
        if self._through:
            self._through -= 1
            self._hand_over(delivery)
        else:
            self._kept.append(delivery)

    def add_first(self, delivery: Delivery) -> None:
        """Keep one before all others."""
        self._kept.insert(0, delivery)

    def let_through(self, count: int) -> None:
        """Hand over so many of those that are kept, or of those that arrive."""
        now = self._kept[:count]
        del self._kept[:count]
        self._through += count - len(now)
        for delivery in now:
            self._hand_over(delivery)

    def end(self) -> list[Delivery]:
        """Keep nothing back any more; returns what was kept."""
        kept, self._kept = self._kept, []
        self.keeps = False
        self._through = 0
        return kept

    def take_back(self, before: float) -> list[Delivery]:
        """Take away those that arrived before a time."""
        taken = [each for each in self._kept if each.arrived < before]
        self._kept = [each for each in self._kept if each.arrived >= before]
        return taken

    @property
    def oldest(self) -> float | None:
        """When the one that is kept longest arrived; None: none is kept."""
        return min((each.arrived for each in self._kept), default=None)


class Forwards:
    """Deliveries of one channel that are being published again.

    Args:
        forwarder: Publishes them.
        done: Called with each, and with the error where the broker has not confirmed it, which is logged.
        seconds: The time: that messages cannot be published to one place is logged once a second.
    """

    def __init__(
        self,
        forwarder: Forwarder,
        done: Callable[[Delivery, Settlement, Exception | None], None],
        seconds: Callable[[], float],
    ) -> None:
        self._forwarder = forwarder
        self._done = done
        self._repeats = Repeats(seconds)
        self._forwarding: dict[int, Deferred[None]] = {}

    def start(self, delivery: Delivery, settlement: Settlement) -> None:
        """Publish a delivery to where its settlement says."""
        forwarding = self._forwarder.forward(delivery, settlement.forward, settlement.headers)
        self._forwarding[delivery.tag] = forwarding

        def over(result: Failure | None) -> None:
            if self._forwarding.pop(delivery.tag, None) is not None:
                error = result.value if isinstance(result, Failure) else None
                if error is not None:
                    self._log(delivery, settlement, error)
                self._done(delivery, settlement, error)  # type: ignore[arg-type]

        forwarding.addBoth(over)

    def _log(self, delivery: Delivery, settlement: Settlement, error: object) -> None:
        more = self._repeats.due(settlement.forward)
        if more is not None:
            _log.warning(
                "A message of the queue %r that failed could not be published to %r, and goes back: %s%s",
                delivery.queue,
                settlement.forward,
                excerpt(error),
                more,
            )

    def cancel(self) -> None:
        """Give up all of them: the channel is gone, and the broker gives the messages to somebody again."""
        forwarding = list(self._forwarding.values())
        self._forwarding.clear()
        for each in forwarding:
            each.cancel()
