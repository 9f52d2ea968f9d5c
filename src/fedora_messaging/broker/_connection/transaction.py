# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What waits on one channel for the commit of a transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .._model.consumers import Delivery, Unsettled
from .._model.message import Message, Target

#: Acknowledges deliveries, or returns them to their queues.
Settle = Callable[[list[Delivery]], None]


class Publish(NamedTuple):
    """A message that is checked and routed.

    Attributes:
        targets: where it goes.
        mandatory: whether it returns when that is nowhere.
        properties: its properties as they return.
    """

    message: Message
    targets: list[Target]
    mandatory: bool
    properties: bytes


class Settlement(NamedTuple):
    """An acknowledgement that waits for the commit: its deliveries by tag, and how they are settled."""

    deliveries: dict[int, Delivery]
    settle: Settle


class Transaction:
    """What a channel has done since its last commit or rollback.

    Attributes:
        publishes: its publishes.
        settlements: its acknowledgements.
    """

    def __init__(self) -> None:
        self.publishes: list[Publish] = []
        self.settlements: list[Settlement] = []

    def take(self) -> tuple[list[Publish], list[Settlement]]:
        """Take everything that waits, for a commit."""
        publishes, self.publishes = self.publishes, []
        settlements, self.settlements = self.settlements, []
        return publishes, settlements

    def roll_back(self, unsettled: Unsettled) -> None:
        """Forget the publishes, and make the deliveries unacknowledged again."""
        self.publishes.clear()
        for deliveries, _ in self.settlements:
            unsettled.give_back(deliveries)
        self.settlements.clear()
