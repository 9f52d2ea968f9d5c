# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Time, as this package needs it: a reactor, or a ``twisted.internet.task.Clock`` in tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.defer import Deferred

from ._steady import steady

__all__ = ["Clock", "Timer", "global_clock", "source_of_time", "wait"]


class Timer(Protocol):
    """A call that is going to happen."""

    def active(self) -> bool:
        """Whether it has neither happened nor been cancelled."""

    def cancel(self) -> None:
        """Let it not happen."""


class Clock(Protocol):
    """Twisted's IReactorTime. A protocol of our own, because zope's interfaces have no ``self``."""

    def seconds(self) -> float:
        """Now, in seconds."""

    def callLater(self, delay: float, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Call something after ``delay`` seconds; returns a :class:`Timer`."""


def source_of_time(given: Any) -> Any:
    """What to measure with, for the ``clock`` of a constructor; None: the global reactor.

    See :mod:`fedora_messaging.twisted._steady`.
    """
    return global_clock() if given is None else steady(given)


def global_clock() -> Any:
    """The global reactor, which importing it here installs; its time does not jump."""
    from twisted.internet import reactor

    return steady(reactor)


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
