# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A client and a broker in an application's reactor, whose wall clock is set forward and back."""

from collections.abc import Callable, Iterable
from typing import Any

from fedora_messaging._steady import SteadyClock
from fedora_messaging.broker import Broker
from fedora_messaging.twisted.service import FedoraMessagingService

from .world import MemoryReactor, World

HOUR, DAY = 3600.0, 86400.0
#: How late a call may be: the watch's patience, and the step in which time passes here.
LATE = 0.5


class Watch:
    """What the thread of a steady clock does, on the time of a test."""

    def __init__(self, wake: Callable[[], Any]) -> None:
        self._wake = wake
        self.deadline: float | None = None

    def until(self, deadline: float) -> None:
        self.deadline = deadline

    def look(self, now: float) -> None:
        if self.deadline is not None and now >= self.deadline + 0.25:
            self.deadline = None
            self._wake()


class JumpingReactor(MemoryReactor):
    """A reactor that follows a wall clock, as Twisted's do."""

    def __init__(self) -> None:
        super().__init__({})
        self._shift = 0.0
        self._watches: list[Watch] = []
        self.steady = SteadyClock(self, self.elapsed, self._watch)
        self.broker = Broker(clock=self.steady)

    def _watch(self, wake: Callable[[], Any]) -> Watch:
        self._watches.append(Watch(wake))
        return self._watches[-1]

    def elapsed(self) -> float:
        """The time that has really passed."""
        return self.seconds() - self._shift

    def jump(self, seconds: float) -> None:
        """The wall clock is set."""
        self.rightNow += seconds
        self._shift += seconds

    def advance(self, amount: float) -> None:
        super().advance(amount)
        for watch in self._watches:
            watch.look(self.elapsed())


class JumpingWorld(World):
    """A world on such a reactor, with the clock that the package makes of it."""

    reactor: JumpingReactor

    def __init__(self) -> None:
        self.reactor = JumpingReactor()
        self.broker = self.reactor.broker

    def service(self, on_message: Any = None, **keys: Any) -> FedoraMessagingService:
        observer = keys.pop("observer", None)
        return FedoraMessagingService(
            on_message, config=self.config(**keys), clock=self.reactor.steady, observer=observer
        )

    def how_long(
        self, reached: Callable[[], bool], jumps: Iterable[tuple[float, float]] = (), limit: float = 600
    ) -> float:
        """The time until something holds.

        Args:
            reached: What is to hold.
            jumps: By how many seconds the wall clock is set, after how many more seconds.
            limit: How long it may take.
        """
        began = self.reactor.elapsed()
        coming = iter([*jumps, (float("inf"), 0.0)])
        left, jump = next(coming)
        while not reached():
            assert self.reactor.elapsed() - began < limit, f"not within {limit:g} s"
            while left <= 0:
                self.reactor.jump(jump)
                left, jump = next(coming)
            self.settle(0.25)
            left -= 0.25
            for connector in self.reactor.connectors:
                if connector.pump is not None and connector.pump.held and connector.pump.client.aborted:
                    connector.pump.cut()  # aborting asks nobody, on a dead line too
        return self.reactor.elapsed() - began
