# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Equality of values in a time that grows with their size alone: JSON Schema's, and Python's.

JSON Schema (Core, section 4.2.2): numbers are equal when they are mathematically, whatever their type in
Python; true is not 1; objects are equal whatever the order of their keys.
"""

from __future__ import annotations

from typing import Any

from .bounds import is_plain

__all__ = ["are_same", "are_unique"]


def are_unique(items: list[Any]) -> bool:
    """Whether no two items are equal, by JSON Schema's equality.

    The items are compared by text that equal values have in common. Not by a tuple or a number: what is equal
    in hash but not in value can be made on purpose of those, and a set of such is compared each with each.

    Args:
        items: What was decoded from JSON, or is of bounded size (:mod:`fedora_messaging._json.bounds`).

    Raises:
        TypeError: An item holds what JSON has not.
    """
    return len({_canonical(item) for item in items}) == len(items)


def _canonical(value: Any) -> str:
    kind = type(value)
    if kind is str:
        return repr(value)
    if value is None or kind is bool:
        return str(value)
    if kind is int:
        # Python writes large integers in decimal slowly, and not at all when they are very large.
        return str(value) if -(2**63) < value < 2**64 else hex(value)
    if kind is float:
        return _canonical(int(value)) if value.is_integer() else repr(value)
    if kind is list:
        return f"[{','.join(map(_canonical, value))}]"
    if kind is dict:
        return f"{{{','.join(sorted(f'{key!r}:{_canonical(item)}' for key, item in value.items()))}}}"
    raise TypeError(kind.__name__)


def are_same(one: Any, other: Any) -> bool:
    """Whether two values are equal as Python's ``==`` has it, also where that would not come to an end.

    Values that contain themselves are equal if nothing tells them apart. Containers are compared by what they
    hold, whatever their subclass makes of equality.
    """
    if one is other:
        return True
    if is_plain(one) and is_plain(other):
        return bool(one == other)
    # Pairs that have to be equal, and what is held to be equal so far as sets of a forest: two containers
    # that are in one set need not be looked at again, so that there are no more pairs than containers.
    pairs = [(one, other)]
    forest: dict[int, int] = {}
    compared: set[tuple[int, int]] = set()
    while pairs:
        one, other = pairs.pop()
        if one is other:
            continue
        kind: Any = next((base for base in (dict, list, tuple) if isinstance(one, base)), None)
        if kind is None:
            if isinstance(one, (str, bytes, int)) and isinstance(other, (str, bytes, int)):
                pair = id(one), id(other)
                if pair in compared:  # one long string may be held a million times
                    continue
                compared.add(pair)
            if isinstance(other, (dict, list, tuple)) or not bool(one == other):
                return False
            continue
        if not isinstance(other, kind) or kind.__len__(one) != kind.__len__(other):
            return False
        first, second = _root(forest, id(one)), _root(forest, id(other))
        if first == second:
            continue
        forest[first] = second
        if kind is dict:
            for key in dict.keys(one):
                if not dict.__contains__(other, key):
                    return False
                pairs.append((dict.__getitem__(one, key), dict.__getitem__(other, key)))
        else:
            pairs += zip(kind.__iter__(one), kind.__iter__(other), strict=True)
    return True


def _root(forest: dict[int, int], number: int) -> int:
    while number in forest:
        above = forest[number]
        if above in forest:
            forest[number] = forest[above]
        number = above
    return number
