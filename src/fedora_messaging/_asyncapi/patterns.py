# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Whether a queue that is bound with a routing key can get messages whose topics follow a pattern."""

from __future__ import annotations

__all__ = ["can_match"]


def can_match(key: str, topics: str, exchange_type: str = "topic") -> bool:
    """Whether some topic follows both the key of a binding and a pattern of topics.

    Args:
        key: The routing key of the binding.
        topics: The topics of messages, with ``*`` for one word and ``#`` for any number of words.
        exchange_type: The type of the exchange, which gives the key its meaning.
    """
    if exchange_type == "direct":  # the key is a topic
        return _overlap(key.split("."), topics.split("."), wild=False)
    if exchange_type == "topic":
        return _overlap(key.split("."), topics.split("."), wild=True)
    return True  # fan-out, or by headers


def _overlap(first: list[str], second: list[str], *, wild: bool) -> bool:
    # possible[j]: whether the rest of first from here on, and second[j:], have a topic in common.
    possible: list[bool] = []
    for i in range(len(first), -1, -1):
        below, possible = possible, [False] * (len(second) + 1)
        for j in range(len(second), -1, -1):
            one = first[i] if i < len(first) else None
            other = second[j] if j < len(second) else None
            if one is None and other is None:
                possible[j] = True
            elif wild and one == "#":
                possible[j] = below[j] or (other is not None and possible[j + 1])
            elif other == "#":
                possible[j] = possible[j + 1] or (one is not None and below[j])
            elif one is not None and other is not None:
                alike = one == other or other == "*" or (wild and one == "*")
                possible[j] = alike and below[j + 1]
    return possible[0]
