# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""An asyncio event loop as a clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

__all__ = ["LoopClock"]


class _Timer:
    """A call that an event loop makes later; see :class:`fedora_messaging._core.clock.Timer`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, delay: float, call: Callable[[], Any]) -> None:
        self._call = call
        self._active = True
        self._handle = loop.call_later(delay, self._fire)

    def active(self) -> bool:
        return self._active

    def cancel(self) -> None:
        self._active = False
        self._handle.cancel()

    def _fire(self) -> None:
        self._active = False
        self._call()


class LoopClock:
    """The time of an event loop; see :class:`fedora_messaging._core.clock.Clock`.

    Args:
        loop: The event loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def seconds(self) -> float:
        """Return the present time, in seconds."""
        return self._loop.time()

    def callLater(self, delay: float, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> _Timer:
        """Schedule a call in ``delay`` seconds."""
        return _Timer(self._loop, delay, lambda: call(*args, **kwargs))
