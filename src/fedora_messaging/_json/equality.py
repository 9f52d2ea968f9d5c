# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Equality of values in linear time: JSON Schema's, and Python's.

JSON Schema (Core, section 4.2.2): numbers are equal when they are mathematically, whatever their type in
Python; true is not 1; objects are equal whatever the order of their keys.
"""

from __future__ import annotations

from typing import Any

from .bounds import is_plain

__all__ = ["are_same", "are_unique"]


def are_unique(items: list[Any]) -> bool:
    """Whether no two items are equal, by JSON Schema's equality.

    The items are compared by a canonical text. Not by tuples or numbers: values of those with equal hashes
    can be made on purpose, and a set of them takes quadratic time.

    Args:
        items: Values that were decoded from JSON, or are of bounded size
            (:mod:`fedora_messaging._json.bounds`).

    Raises:
        TypeError: An item contains a type that JSON does not have.
    """
    return len({_canonical(item) for item in items}) == len(items)


def _canonical(value: Any) -> str:
    kind = type(value)
    if kind is str:
        return repr(value)
    if value is None or kind is bool:
        return str(value)
    if kind is int:
        # Python converts large integers to decimal slowly, and refuses very large ones.
        return str(value) if -(2**63) < value < 2**64 else hex(value)
    if kind is float:
        return _canonical(int(value)) if value.is_integer() else repr(value)
    if kind is list:
        return f"[{','.join(map(_canonical, value))}]"
    if kind is dict:
        return f"{{{','.join(sorted(f'{key!r}:{_canonical(item)}' for key, item in value.items()))}}}"
    raise TypeError(kind.__name__)


def are_same(one: Any, other: Any) -> bool:
    """Whether two values are equal as by Python's ``==``, also where that would not terminate.

    Values that contain themselves are equal if no difference is found. Containers are compared by their
    elements, ignoring ``__eq__`` of subclasses.

    Args:
        one: A value.
        other: Another value.
    """
    if one is other:
        return True
    if is_plain(one) and is_plain(other):
        return bool(one == other)
    # Pairs that have to be equal, and containers assumed to be equal so far, as a union-find forest: two
    # containers in one set need not be compared again, so that there are no more pairs than containers.
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
                if pair in compared:  # one long string may occur a million times
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
