# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Measures the encoded size of any value, and refuses what JSON cannot represent.

Each container is visited once, however often it occurs, so that a value which is small in memory and very
large or endless when it is encoded costs little. For most values the quicker check of
:mod:`fedora_messaging._json.bounds` is enough.
"""

from __future__ import annotations

import math
from itertools import islice
from typing import Any, NamedTuple

from .bounds import MAX_DEPTH, MOST, PLAIN

__all__ = ["TooLarge", "settled", "written_size"]

# Python's default limit for writing integers, 4,300 digits, which readers in Python have, too.
_TOO_LONG = 10**4_300


class TooLarge(ValueError):
    """A value has more bytes when it is encoded than are allowed."""


def settled(value: Any, most: int = MOST) -> Any:
    """Return a value as the standard library's encoder would encode it, of a bounded size.

    Args:
        value: The value.
        most: How many bytes it may have when encoded; it is refused if it certainly has more.

    Returns:
        The value itself if it holds only what decoding JSON gives; else a copy that does, so that no code
        of subclasses runs while it is written.

    Raises:
        ValueError: It contains itself, is nested too deep or is too large, or JSON cannot represent it.
    """
    return _Walk(most, strict=True).through(value).written


def written_size(value: Any, most: int = MOST) -> int:
    """Return the least number of bytes that a value has when it is encoded, of whatever types it is.

    Args:
        value: The value.
        most: How many bytes it may have.

    Raises:
        ValueError: It contains itself, is nested too deep or is too large.
    """
    return _Walk(most, strict=False).through(value).size


class _Seen(NamedTuple):
    """A container that has been visited.

    Attributes:
        size: The bytes that it has at least when it is encoded.
        height: How many containers are nested in each other, itself included.
        written: The value to encode in its place.
        itself: The container, kept alive so that its id is not used again.
    """

    size: int
    height: int
    written: Any
    itself: Any


def _size_of_small(value: Any) -> int:
    """The size of a simple value that needs no check, with the comma after it; 0 for other values."""
    if type(value) is str:
        return len(value) + 3 if value.isascii() else 0
    return 2 if value is None or -(2**31) < value < 2**31 else 0


class _Walk:
    """Visits each container of a value once, and adds up the sizes."""

    def __init__(self, most: int, *, strict: bool) -> None:
        self._most = most
        self._strict = strict
        self._visited: dict[int, _Seen] = {}
        self._open: dict[int, int] = {}  # the containers around the present one, and the level of each
        self._path: list[Any] = []

    def through(self, value: Any) -> _Seen:
        """Visit a value."""
        try:
            return self._value(value)
        except RecursionError as error:
            raise ValueError("nested too deep for the stack it is called on") from error
        except RuntimeError as error:
            raise ValueError(f"changed by another thread: {error}") from error

    def _value(self, value: Any) -> _Seen:
        kind = type(value)
        if kind is str:
            size = len(value) + 2
            if self._strict and not value.isascii():
                self._check_text(value)
        elif value is None or kind is bool:
            size = 4
        elif kind is int:
            size = 1 + max(value.bit_length() - 1, 0) * 3 // 10  # the fewest digits that many bits make
            if size > 1_000 and not -_TOO_LONG < value < _TOO_LONG:
                raise ValueError(f"{self._where()} is an integer of more than 4300 digits")
        elif kind is float:
            size = 3
            if self._strict and not math.isfinite(value):
                raise ValueError(f"{self._where()} is {value}, which JSON cannot hold")
        elif isinstance(value, (dict, list, tuple)):
            return self._container(value)
        elif isinstance(value, (str, int, float)):
            base = str if isinstance(value, str) else int if isinstance(value, int) else float
            # As the standard library does, ignoring methods of the subclass.
            return self._value(_EXACT[base](value))
        elif self._strict:
            raise ValueError(f"{self._where()} is a {kind.__name__}, which JSON cannot hold")
        else:
            size = 1
        return _Seen(size, 0, value, value)

    def _container(self, value: Any) -> _Seen:
        level = len(self._open)
        seen = self._visited.get(id(value))
        if seen is not None:
            if level + seen.height > MAX_DEPTH:
                raise ValueError(f"nested more than {MAX_DEPTH} levels deep")
            return seen
        around = self._open.get(id(value))
        if around is not None:
            raise ValueError(f"Circular reference: {self._where()} is {self._where(around)} again")
        if level >= MAX_DEPTH:
            raise ValueError(f"nested more than {MAX_DEPTH} levels deep")
        self._open[id(value)] = level
        seen = self._object(value) if isinstance(value, dict) else self._array(value)
        del self._open[id(value)]
        if seen.size > self._most:
            raise TooLarge(f"more than {self._most} bytes long when it is written")
        self._visited[id(value)] = seen
        return seen

    def _array(self, value: Any) -> _Seen:
        kind = type(value)
        if kind.__iter__ not in (list.__iter__, tuple.__iter__):
            raise ValueError(f"{self._where()} is a {kind.__name__}, which iterates in a way of its own")
        same = kind is list
        size, height = 1, 0
        written: list[Any] = []
        self._path.append(0)
        for at, item in enumerate(value):
            if size > self._most:
                raise TooLarge(f"more than {self._most} bytes long when it is written")
            if type(item) in PLAIN and (small := _size_of_small(item)):
                size += small
                written.append(item)
                continue
            self._path[-1] = at
            seen = self._value(item)
            size += seen.size + 1
            height = max(height, seen.height)
            written.append(seen.written)
            same = same and seen.written is item
        self._path.pop()
        return _Seen(size, height + 1, value if same else written, value)

    def _object(self, value: Any) -> _Seen:
        same = exact = type(value) is dict
        pairs = value.items() if exact else self._items_of_subclass(value)
        size, height = 1, 0
        written: dict[str, Any] = {}
        self._path.append(None)
        for key, item in pairs:
            self._path[-1] = key
            name = key if type(key) is str else self._name(key)
            if self._strict and not name.isascii():
                self._check_text(name, key=True)
            if name in written and self._strict:
                raise ValueError(f"{self._where(-1)} has two keys that are both written as {name!r:.80}")
            size += len(name) + 3
            if size > self._most:
                raise TooLarge(f"more than {self._most} bytes long when it is written")
            if type(item) in PLAIN and (small := _size_of_small(item)):
                size += small
                written[name] = item
                same = same and name is key
                continue
            seen = self._value(item)
            size += seen.size + 1
            height = max(height, seen.height)
            written[name] = seen.written
            same = same and name is key and seen.written is item
        self._path.pop()
        return _Seen(size, height + 1, value if same else written, value)

    def _items_of_subclass(self, value: Any) -> list[tuple[Any, Any]]:
        """Return the items of a subclass of dict, which must not give more than it contains."""
        length = dict.__len__(value)
        found = list(islice(value.items(), length + 1))
        if len(found) > length:
            raise ValueError(f"{self._where()} gives more items than it holds ({length})")
        return found

    def _name(self, key: Any) -> str:
        """Return the key as the standard library encodes it."""
        if isinstance(key, str):
            return str.__str__(key)
        if key is None or isinstance(key, bool):
            return {None: "null", True: "true", False: "false"}[key]
        if isinstance(key, (int, float)):
            self._value(key)
            return int.__repr__(key) if isinstance(key, int) else float.__repr__(key)
        if not self._strict:
            return ""
        raise ValueError(
            f"{self._where(-1)} has the key {_shown(key)}, a {type(key).__name__}, which JSON cannot hold"
        )

    def _check_text(self, text: str, *, key: bool = False) -> None:
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            where = f"the key of {self._where(-1)}" if key else self._where()
            raise ValueError(f"{where} holds a lone surrogate, which UTF-8 cannot hold") from None

    def _where(self, levels: int | None = None) -> str:
        """Show the path of the present value, or of a container on that path."""
        path = self._path[:levels]
        shown = "".join(map(_step, path if len(path) <= 20 else path[:10]))
        return f"${shown}" if len(path) <= 20 else f"${shown}...{''.join(map(_step, path[-5:]))}"


_EXACT: dict[Any, Any] = {str: str.__str__, int: int.__int__, float: float.__float__}


def _step(key: Any) -> str:
    if type(key) is int:
        return f"[{key}]" if key.bit_length() < 1_000 else "[...]"
    if isinstance(key, str) and len(key) <= 80 and key.isidentifier():
        return f".{key}"
    return f"[{_shown(key)}]"


def _shown(key: Any) -> str:
    if isinstance(key, str):
        key = str.__str__(key)[:80]
    elif isinstance(key, (tuple, frozenset)) and any(isinstance(each, (tuple, frozenset)) for each in key):
        return "..."
    try:
        return repr(key)[:80]
    except Exception:
        return "..."
