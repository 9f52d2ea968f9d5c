# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Bounds the encoded size of a value before anything walks through the value.

A value that contains itself, or the same object many times, is small in memory, but endless or very large
when it is encoded, shown, validated or compared. Invariant: nothing in this package walks through a value of
an application unless one of the two has bounded it, or the value was decoded from JSON, where nothing
is shared.

:func:`within` is fast and has a budget. A value that exceeds it, or contains anything unusual, is left to
:mod:`fedora_messaging._json.measure`, which visits each container once, however often it occurs.
"""

from __future__ import annotations

import math
from typing import Any

__all__ = ["BUDGET", "LONG", "MAX_DEPTH", "MOST", "PLAIN", "is_plain", "within"]

#: How many arrays and objects may be nested in each other.
MAX_DEPTH = 200
#: The most bytes of a body, if nothing else is configured: RabbitMQ never accepts more.
MOST = 512 * 1024 * 1024
#: The budget of :func:`within`: one for each element, and an eighth for each character of long strings.
BUDGET = 100_000
#: Strings of more characters are long. Shorter ones cost nothing: the budget bounds how many there are.
LONG = 1_000

# The keys and strings of the first so many elements are not charged, which would cost each message 4 %. So
# few cannot become much larger than what is in memory.
_UNMEASURED = 64
#: The types of simple values that need no check.
PLAIN = frozenset([str, int, bool, type(None)])


def is_plain(value: Any, levels: int = MAX_DEPTH) -> bool:
    """Whether a value contains only types that decoding JSON gives, and is of moderate size (:data:`BUDGET`).

    That is: no other type anywhere, no subclass, no tuple; finite numbers; keys strings.

    Args:
        value: The value.
        levels: How many arrays and objects may be nested in each other.
    """
    return within(value, BUDGET, levels) > 0


def within(value: Any, budget: int, levels: int = MAX_DEPTH) -> int:
    """Return what is left of a budget after visiting a value; 0 if it is not plain or too large.

    Args:
        value: The value.
        budget: What may be spent.
        levels: How many arrays and objects may be nested in each other.
    """
    kind = type(value)
    if kind is not dict and kind is not list:
        if kind is str and len(value) > LONG:
            return max(budget - (len(value) >> 3), 0)
        return budget if kind in PLAIN or (kind is float and math.isfinite(value)) else 0
    level = [value]
    measured_from = budget - _UNMEASURED
    for _ in range(levels):
        below: list[Any] = []
        for container in level:
            # Charged by container: a level of shared ones could exceed the memory.
            budget -= len(container)
            if budget < measured_from:
                budget = _visit_measured(container, below, budget)
                if budget < 1:
                    return 0
                continue
            items = container
            if type(container) is dict:
                for key in container:
                    if type(key) is not str:
                        return 0
                items = container.values()
            for item in items:
                kind = type(item)
                if kind is str:
                    continue
                if kind is dict or kind is list:
                    below.append(item)
                elif kind is float:
                    # For NaN and infinity, the difference is NaN.
                    if item - item != 0.0:
                        return 0
                elif kind not in PLAIN:
                    return 0
        if not below:
            return budget if budget > 0 else 0
        level = below
    return 0


def _visit_measured(container: Any, below: list[Any], budget: int) -> int:
    """Return what is left of a budget after visiting one container, charging its long keys and strings.

    Args:
        container: The container, whose elements are charged already.
        below: The containers in it are appended here.
        budget: What may be spent.
    """
    if budget < 1:
        return 0
    items = container
    if type(container) is dict:
        for key in container:
            if type(key) is not str:
                return 0
            if len(key) > LONG:
                budget -= len(key) >> 3
        items = container.values()
    for item in items:
        kind = type(item)
        if kind is str:
            if len(item) > LONG:
                budget -= len(item) >> 3
        elif kind is dict or kind is list:
            below.append(item)
        elif kind is float:
            if item - item != 0.0:
                return 0
        elif kind not in PLAIN:
            return 0
    return budget
