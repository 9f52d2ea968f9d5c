# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the broker needs of a clock: any Twisted reactor, or ``twisted.internet.task.Clock``.

Reactors are used through ``fedora_messaging._steady``: times to live, expiries and heartbeats do not
follow the wall clock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class Timer(Protocol):
    """A call that will be made."""

    def cancel(self) -> None: ...

    def reset(self, delay: float, /) -> None: ...

    def getTime(self) -> float: ...

    def active(self) -> bool: ...


class Clock(Protocol):
    """Time, in seconds."""

    def seconds(self) -> float: ...

    def callLater(self, delay: float, call: Callable[..., object], /, *args: Any) -> Timer: ...
