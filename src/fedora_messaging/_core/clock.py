# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Time, as this package needs it: a reactor, or a ``twisted.internet.task.Clock`` in tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

__all__ = ["Clock", "Timer"]


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
