# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The source of time of this package: the reactor, used so that its time does not jump."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from .._core.clock import Clock
from .._steady import steady

__all__ = ["Grace", "global_clock", "source_of_time", "wait"]


def source_of_time(given: Any) -> Any:
    """What to measure with, for the ``clock`` of a constructor; None: the global reactor.

    See :mod:`fedora_messaging._steady`.
    """
    return global_clock() if given is None else steady(given)


def global_clock() -> Any:
    """The global reactor, which importing it here installs; its time does not jump."""
    from twisted.internet import reactor

    return steady(reactor)


class Grace:
    """A time for several steps together.

    Args:
        clock: The source of time.
        seconds: How long; None: without limit.
    """

    def __init__(self, clock: Clock, seconds: float | None) -> None:
        self._clock = clock
        self._until = None if seconds is None else clock.seconds() + seconds

    @property
    def left(self) -> float | None:
        """How many seconds are left; None: without limit."""
        return None if self._until is None else max(self._until - self._clock.seconds(), 0.0)

    def at_most(self, limit: float) -> float:
        """How long one step may take that has a limit of its own, in seconds."""
        left = self.left
        return limit if left is None else min(limit, left)


async def wait(clock: Clock, waited: Deferred[Any], limit: float | None) -> bool:
    """Wait for a Deferred, whatever it fires with, for ``limit`` seconds at most (None: without limit).

    Returns:
        False when that was not enough; the Deferred is left alone, and what it fires with later is dropped.
    """
    done: Deferred[bool] = Deferred()
    timer = None if limit is None else clock.callLater(limit, done.callback, False)

    def fired(_: Any) -> None:
        if timer is None:
            done.callback(True)
        elif timer.active():
            timer.cancel()
            done.callback(True)

    waited.addBoth(fired)
    return await done
