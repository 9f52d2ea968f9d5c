# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Whose turn it is: the consumers of one queue, by priority and then one after the other."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .consumers import Consumer


class Turns:
    """The consumers of one queue.

    A consumer that can take no more steps aside until `wake`, and then goes to the end of the line.

    Args:
        single_active: only the first of them gets messages, until it goes.
    """

    def __init__(self, single_active: bool = False) -> None:
        self.consumers: list[Consumer] = []
        self._single_active = single_active
        self._lines: dict[int, deque[Consumer]] = {}
        self._order: list[int] = []
        self._aside: dict[Consumer, None] = {}

    def __len__(self) -> int:
        return len(self.consumers)

    @property
    def active(self) -> Consumer | None:
        """The one that gets the messages of a queue with a single active consumer."""
        return self.consumers[0] if self._single_active and self.consumers else None

    def add(self, consumer: Consumer) -> None:
        self.consumers.append(consumer)
        self._line(consumer.priority).append(consumer)

    def remove(self, consumer: Consumer) -> None:
        self.consumers.remove(consumer)
        self._aside.pop(consumer, None)
        line = self._lines[consumer.priority]
        if consumer in line:
            line.remove(consumer)

    def next(self) -> Consumer | None:
        """The consumer whose turn it is and that can take a message now."""
        if self._single_active:
            active = self.active
            return active if active is not None and active.can_take() else None
        for priority in self._order:
            line = self._lines[priority]
            while line:
                consumer = line.popleft()
                if consumer.can_take():
                    line.append(consumer)
                    return consumer
                self._aside[consumer] = None
        return None

    def wake(self) -> None:
        """Those aside that can take messages again queue up."""
        if self._aside:
            for consumer in [c for c in self._aside if c.can_take()]:
                del self._aside[consumer]
                self._line(consumer.priority).append(consumer)

    def _line(self, priority: int) -> deque[Consumer]:
        line = self._lines.get(priority)
        if line is None:
            line = self._lines[priority] = deque()
            self._order = sorted(self._lines, reverse=True)
        return line
