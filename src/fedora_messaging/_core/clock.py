# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The protocol of clocks: a reactor, or a ``twisted.internet.task.Clock`` in tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

__all__ = ["Clock", "Timer"]


class Timer(Protocol):
    """A scheduled call."""

    def active(self) -> bool:
        """Whether the call has neither been made nor cancelled."""

    def cancel(self) -> None:
        """Cancel the call."""


class Clock(Protocol):
    """Twisted's IReactorTime as a Protocol, because zope's interfaces have no ``self``."""

    def seconds(self) -> float:
        """Return the present time, in seconds."""

    def callLater(self, delay: float, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Schedule a call in ``delay`` seconds; returns a :class:`Timer`."""
