# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What can be observed of a running client, as calls with plain values.

Statistics are the first observer; tests use one to see what happened; metrics and traces will be
others. The wing calls an observer only when one is set.
"""

from __future__ import annotations

from typing import Protocol

from ._delivery import Delivery, Settlement

__all__ = ["NullObserver", "Observer"]


class Observer(Protocol):
    """Called in the reactor thread, in the order of the events; must return soon and not raise."""

    def connected(self) -> None:
        """A connection is open."""

    def disconnected(self, reason: str) -> None:
        """A connection is gone."""

    def published(self, exchange: str, routing_key: str) -> None:
        """The broker confirmed a message."""

    def returned(self, exchange: str, routing_key: str, reason: str) -> None:
        """The broker refused or returned a message."""

    def declared(self, queue: str, generation: int) -> None:
        """A consumer has its queue and begins to consume."""

    def delivered(self, delivery: Delivery) -> None:
        """A message came in."""

    def started(self, delivery: Delivery) -> None:
        """Its callback is about to be called; called in the callback's thread."""

    def settled(self, delivery: Delivery, settlement: Settlement) -> None:
        """It was acknowledged, requeued or rejected."""


class NullObserver:
    """An observer that sees nothing: a base for those that want a few of the calls."""

    def connected(self) -> None:
        """See :class:`Observer`."""

    def disconnected(self, reason: str) -> None:
        """See :class:`Observer`."""

    def published(self, exchange: str, routing_key: str) -> None:
        """See :class:`Observer`."""

    def returned(self, exchange: str, routing_key: str, reason: str) -> None:
        """See :class:`Observer`."""

    def declared(self, queue: str, generation: int) -> None:
        """See :class:`Observer`."""

    def delivered(self, delivery: Delivery) -> None:
        """See :class:`Observer`."""

    def started(self, delivery: Delivery) -> None:
        """See :class:`Observer`."""

    def settled(self, delivery: Delivery, settlement: Settlement) -> None:
        """See :class:`Observer`."""
