# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Delays between attempts, as pure series."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Backoff", "doubling"]


def doubling(attempt: int, first: float, cap: float) -> float:
    """Return the delay before an attempt, in seconds.

    Args:
        attempt: The number of the attempt: 1, 2, ...
        first: The delay before the first attempt; it doubles with each further one.
        cap: The longest delay.
    """
    # 2**64 seconds exceed any cap; the bound keeps the power small.
    return float(min(cap, first * 2.0 ** min(max(attempt, 1) - 1, 64)))


@dataclass(slots=True)
class Backoff:
    """Full jitter: each delay is drawn evenly between 0 and a bound that doubles up to a cap.

    Clients that lost the broker at the same moment reconnect spread over time (Marc Brooker, "Exponential
    Backoff And Jitter").

    Args:
        base: The first bound, in seconds.
        cap: The largest bound, in seconds.
        uniform: Draws a float from the interval given, both ends included; tests pass their own.
    """

    base: float = 0.5
    cap: float = 8.0
    uniform: Callable[[float, float], float] = field(default=random.uniform)
    attempts: int = field(default=0, init=False)

    def next(self) -> float:
        """Return the next delay, in seconds."""
        self.attempts += 1
        return self.uniform(0.0, doubling(self.attempts, self.base, self.cap))

    def reset(self) -> None:
        """Begin again at the base, after progress was made."""
        self.attempts = 0
