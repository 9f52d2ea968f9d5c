# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""How long a broker may show nothing before another one is tried. Sans-I/O."""

from __future__ import annotations

from .backoff import doubling

__all__ = ["Patience"]


class Patience:
    """A limit that doubles each time it was reached in vain, up to a cap.

    The broker may only be slow. Each time another is tried in its place, the next one is given longer.

    Args:
        first: The limit in the beginning, in seconds.
        cap: The longest limit, in seconds.
    """

    def __init__(self, first: float, cap: float) -> None:
        self._first = first
        self._cap = cap
        self._reached = 0

    @property
    def limit(self) -> float:
        """The present limit, in seconds."""
        return doubling(self._reached + 1, self._first, self._cap)

    def reached(self) -> None:
        """Note that the limit was reached: the next one is longer."""
        self._reached += 1

    def rewarded(self) -> None:
        """Note a sign of life: the next limit is the first one again."""
        self._reached = 0
