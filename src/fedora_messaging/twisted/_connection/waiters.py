# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Deferreds that wait for the same event."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from twisted.internet.defer import Deferred

__all__ = ["Waiters", "after", "first_of"]

_T = TypeVar("_T")


class Waiters(Generic[_T]):
    """The Deferreds of all who wait for an event; true while there are any."""

    def __init__(self) -> None:
        self._waiting: list[Deferred[_T]] = []

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self) -> Deferred[_T]:
        """Return a Deferred that fires with the next event. Cancelling it only stops waiting."""
        waiter: Deferred[_T] = Deferred(self._forget)
        self._waiting.append(waiter)
        return waiter

    def fire(self, result: _T) -> None:
        """The event has happened; who waits from now on waits for the next one."""
        for waiter in self._detach():
            waiter.callback(result)

    def fail(self, error: Exception) -> None:
        """The event will not happen."""
        for waiter in self._detach():
            waiter.errback(error)

    def _detach(self) -> list[Deferred[_T]]:
        waiting, self._waiting = self._waiting, []
        return waiting

    def _forget(self, waiter: Deferred[Any]) -> None:
        if waiter in self._waiting:
            self._waiting.remove(waiter)


def first_of(first: Deferred[_T], second: Deferred[_T]) -> Deferred[_T]:
    """Return a Deferred that fires as the one of two that fires first, and cancels the other."""
    done: Deferred[_T] = Deferred()

    def fired(result: Any, other: Deferred[_T]) -> None:
        if not done.called:
            done.callback(result)
            other.cancel()

    first.addBoth(fired, second)
    second.addBoth(fired, first)
    return done


def after(other: Deferred[Any]) -> Deferred[None]:
    """Return a Deferred that fires with None when another has fired, with whatever that is."""
    done: Deferred[None] = Deferred()

    def fired(result: Any) -> Any:
        done.callback(None)
        return result

    other.addBoth(fired)
    return done
