# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The order in which a queue's consumers get messages: by priority, and within one priority in rotation."""

from __future__ import annotations

from collections import deque
from typing import Protocol

from .message import Entry


class Subscriber(Protocol):
    """What a queue needs of a consumer."""

    @property
    def priority(self) -> int:
        """The consumer's priority (``x-priority``)."""

    @property
    def channel_limit(self) -> int | None:
        """The prefetch limit of the consumer's whole channel, or None."""

    def can_take(self) -> bool:
        """Whether the consumer's prefetch limits and its connection allow another delivery."""

    def deliver(self, entry: Entry) -> None:
        """Deliver one message."""

    def notify_cancelled(self) -> None:
        """Tell the client that the broker has cancelled the consumer."""


class ConsumerRotation:
    """The consumers of one queue.

    A consumer that cannot take another message is left out until ``wake``, and then joins the end of the
    rotation.

    Args:
        single_active: whether only the first consumer gets messages, until it is cancelled.

    Attributes:
        consumers: all consumers, in the order of their subscription.
        cut_off: whether none gets messages, or is counted, for the time being.
    """

    def __init__(self, single_active: bool = False) -> None:
        self.consumers: list[Subscriber] = []
        self.cut_off = False
        self._exclusive: Subscriber | None = None
        self._single_active = single_active
        self._rotations: dict[int, deque[Subscriber]] = {}
        self._priorities: list[int] = []
        self._saturated: dict[Subscriber, None] = {}

    def __len__(self) -> int:
        return len(self.consumers)

    def admits(self, *, exclusive: bool) -> bool:
        """Whether another consumer can be added, which may want to be the only one."""
        if self._exclusive is not None:
            return False
        return not exclusive or not (self.consumers or self._single_active)

    def add(self, consumer: Subscriber, *, exclusive: bool) -> None:
        """Add a consumer at the end of its priority's rotation."""
        if exclusive:
            self._exclusive = consumer
        self.consumers.append(consumer)
        self._rotation(consumer.priority).append(consumer)

    def remove(self, consumer: Subscriber) -> None:
        """Remove a consumer."""
        if self._exclusive is consumer:
            self._exclusive = None
        self.consumers.remove(consumer)
        self._saturated.pop(consumer, None)
        rotation = self._rotations[consumer.priority]
        if consumer in rotation:
            rotation.remove(consumer)

    def next(self) -> Subscriber | None:
        """Return the consumer that gets the next message, or None when none can take one."""
        if self.cut_off:
            return None
        if self._single_active:
            active = self.consumers[0] if self.consumers else None
            return active if active is not None and active.can_take() else None
        for priority in self._priorities:
            rotation = self._rotations[priority]
            while rotation:
                consumer = rotation.popleft()
                if consumer.can_take():
                    rotation.append(consumer)
                    return consumer
                self._saturated[consumer] = None
        return None

    def wake(self) -> None:
        """Take consumers that can take messages again back into the rotation."""
        if self._saturated:
            for consumer in [each for each in self._saturated if each.can_take()]:
                del self._saturated[consumer]
                self._rotation(consumer.priority).append(consumer)

    def _rotation(self, priority: int) -> deque[Subscriber]:
        rotation = self._rotations.get(priority)
        if rotation is None:
            rotation = self._rotations[priority] = deque()
            self._priorities = sorted(self._rotations, reverse=True)
        return rotation
