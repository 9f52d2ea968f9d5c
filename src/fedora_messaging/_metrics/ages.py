# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""How old messages were when they arrived."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from .._core.observer import Run

__all__ = ["Ages"]

#: For how many seconds the difference of the clocks is not looked up again.
_COMPARED_FOR = 1.0


class Ages:
    """Compares when messages arrived with the header ``sent-at``.

    Args:
        seconds: The clock by which they arrive.
        wall: The wall clock, in seconds since 1970.
    """

    def __init__(self, seconds: Callable[[], float], wall: Callable[[], float]) -> None:
        self._seconds = seconds
        self._wall = wall
        #: The header that was parsed last, and its time.
        self._sent_at: tuple[str, float | None] = ("", None)
        #: How far the wall clock is ahead, and when that was looked up.
        self._ahead, self._compared = 0.0, float("-inf")

    def of(self, runs: Iterable[Run]) -> list[float]:
        """Return the ages, in seconds, of those messages whose header says when they were sent."""
        now = self._seconds()
        if not 0 <= now - self._compared < _COMPARED_FOR:
            self._compared, self._ahead = now, self._wall() - now
        ahead = self._ahead
        known, sent = self._sent_at
        ages = []
        for delivery, headers, _, _ in runs:
            sent_at = headers.get("sent-at") if type(headers) is dict else None
            if type(sent_at) is not str:  # a callback may have put anything there
                continue
            if sent_at != known:  # it has whole seconds: most messages say the same as the one before
                known, sent = self._sent_at = sent_at, _parsed(sent_at)
            if sent is not None:
                ages.append(delivery.arrived + ahead - sent)
        # A message that was sent after it has arrived: one of the clocks is wrong.
        return ages if not ages or min(ages) >= 0 else [max(age, 0.0) for age in ages]


def _parsed(sent_at: str) -> float | None:
    try:
        return datetime.fromisoformat(sent_at).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
