# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Observers: objects that are called with plain values when something happens in a running client.

Statistics are one; tests use others. The Twisted layer calls an observer only when one is set, and only
through :func:`guarded`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, cast

from .._reporting.log import SafeLog, Tally
from .._reporting.text import shown
from .delivery import Delivery, Settlement

__all__ = ["NullObserver", "Observer", "guarded"]

_log = SafeLog(__name__)


class Observer(Protocol):
    """Called in the reactor thread, in the order of the events; must not block.

    What it raises is logged, the first time with a traceback, and has no other effect.
    """

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
        """A callback is about to be called with a message; called in the callback's thread."""

    def settled(self, delivery: Delivery, settlement: Settlement) -> None:
        """A message was acknowledged, requeued or rejected."""


class NullObserver:
    """An observer that does nothing: a base class for those that implement a few of the calls."""

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


class _Guarded:
    """An observer's calls, none of which raises."""

    def __init__(self, observer: Observer) -> None:
        self._tally = Tally()
        for name in vars(NullObserver):
            if not name.startswith("_"):
                setattr(self, name, self._guard(observer, name))

    def _guard(self, observer: Observer, name: str) -> Callable[..., None]:
        def call(*values: Any) -> None:
            try:
                getattr(observer, name)(*values)
            except BaseException as error:  # an observer must not stop the work, whatever it raises
                count = self._tally.due(name)
                if count:
                    _log.error(
                        "The observer's %s() raised %s (%d so far).",
                        name,
                        shown(error, 300),
                        count,
                        error=error,
                    )

        return call


def guarded(observer: Observer | None) -> Observer | None:
    """Wrap an observer so that what its calls raise is logged."""
    if observer is None or isinstance(observer, _Guarded):
        return observer
    return cast(Observer, _Guarded(observer))
