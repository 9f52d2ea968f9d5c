# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Converts values that came over AMQP for JSON and for display."""

from __future__ import annotations

import datetime
import math
from itertools import islice
from typing import Any

from .._json.bounds import is_plain
from .._json.measure import written_size

__all__ = ["presentable", "representation"]

# Deeper than any body that is accepted; header tables can be deeper.
_DEEPEST = 220
# The most parts of a value that are shown; long strings count by the kilobyte.
_MOST_PARTS = 200_000
# The most parts of a value that contains itself, or has more bytes than this when it is encoded.
_FEW_PARTS = 1_000
_MOST_BYTES = 16 * 1024 * 1024


def presentable(value: Any) -> Any:
    """Convert a value for JSON, which has no times, bytes, decimals or infinities; never raises, always ends.

    Times become ISO 8601 strings, bytes are decoded with replacements, and other types become their ``repr``.
    A value that contains itself is cut there; a value that is too large is cut at its end.
    """
    try:
        return _Presenter(_MOST_PARTS if _is_moderate(value) else _FEW_PARTS).present(value, 0)
    except RecursionError:  # called with little of the stack left
        return "..."


def representation(value: Any) -> str:
    """Return the ``repr`` of a value, or of its presentable form where that could fail or not end."""
    if _is_moderate(value):
        try:
            return repr(value)
        except Exception:
            return repr(presentable(value))
    return repr(presentable(value))


def _is_moderate(value: Any) -> bool:
    if is_plain(value):
        return True
    try:
        written_size(value, _MOST_BYTES)
    except ValueError:
        return False
    return True


class _Presenter:
    """Converts a value, up to a number of parts."""

    def __init__(self, parts: int) -> None:
        self._left = parts
        self._open: set[int] = set()

    def present(self, value: Any, depth: int) -> Any:
        """Convert a value that is nested at a depth."""
        kind = type(value)
        self._left -= 1
        if self._left < 0:
            return "..."
        if value is None or kind is bool:
            return value
        if isinstance(value, str):
            return self._text(str.__str__(value))
        if isinstance(value, (dict, list, tuple)):
            return self._container(value, depth)
        if isinstance(value, int):
            return value if value.bit_length() < _LONGEST_INTEGER else "<a very long integer>"
        if isinstance(value, float):
            return value if math.isfinite(value) else str(value)
        if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
            return value.isoformat()
        if isinstance(value, (bytes, bytearray)):
            return self._text(value.decode("utf-8", "replace"))
        try:
            return self._text(repr(value))
        except Exception:
            return f"<{kind.__name__}>"

    def _text(self, text: str) -> str:
        self._left -= len(text) >> 10
        return text if self._left >= 0 else f"{text[:1000]}..."

    def _container(self, value: Any, depth: int) -> Any:
        if id(value) in self._open:
            return "<circular reference>"
        if depth >= _DEEPEST:
            return "..."
        self._open.add(id(value))
        try:
            if isinstance(value, dict):
                # The items of dict itself: the methods of a subclass may not end.
                pairs = islice(dict.items(value), max(self._left, 1))
                return {self._key(key): self.present(item, depth + 1) for key, item in pairs}
            base: Any = list if isinstance(value, list) else tuple
            items = islice(base.__iter__(value), max(self._left, 1))
            return [self.present(item, depth + 1) for item in items]
        finally:
            self._open.discard(id(value))

    def _key(self, key: Any) -> str:
        shown = self.present(key, _DEEPEST)
        return shown if isinstance(shown, str) else str(shown)


# As Python writes them.
_LONGEST_INTEGER = 14_000
