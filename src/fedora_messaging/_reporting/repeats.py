# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Limits log lines that a peer can cause as often as it likes, to one a second."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable

__all__ = ["Repeats"]

#: How many facts are remembered; bounded, since they may contain data of a peer.
_MOST = 100


class Repeats:
    """Decides whether a fact may be logged now, and counts the times when it may not.

    Args:
        seconds: The source of time.
        interval: How long a fact rests after it was logged, in seconds.
    """

    def __init__(self, seconds: Callable[[], float] = time.monotonic, interval: float = 1.0) -> None:
        self._seconds = seconds
        self._interval = interval
        self._facts: dict[Hashable, tuple[float, int]] = {}

    def due(self, fact: Hashable) -> str | None:
        """Return a suffix for the line: how often it was left out before, or ""; None: do not log it."""
        now = self._seconds()
        since, left_out = self._facts.get(fact, (now - self._interval, 0))
        if 0 <= now - since < self._interval:
            self._facts[fact] = since, left_out + 1
            return None
        if len(self._facts) >= _MOST:
            self._facts.clear()
        self._facts[fact] = now, 0
        return f" ({left_out} more of the same were left out)" if left_out else ""
