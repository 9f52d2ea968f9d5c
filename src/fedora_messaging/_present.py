# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Values that came over AMQP, made fit for JSON and for people's eyes."""

from __future__ import annotations

import datetime
import math
from typing import Any

__all__ = ["presentable"]

# Deeper than any body that gets in; header tables can be deeper.
_DEEPEST = 220


def presentable(value: Any, depth: int = 0) -> Any:
    """The same value for JSON, which has no times, bytes, decimals or infinities; never raises.

    Times become ISO 8601 strings, bytes their decoding with replacements; what has no better form becomes its
    ``repr``.
    """
    kind = type(value)
    if value is None or kind is str or kind is int or kind is bool:
        return value
    if isinstance(value, (dict, list, tuple)) and depth >= _DEEPEST:
        return "..."
    if isinstance(value, dict):
        return {_key(key): presentable(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [presentable(item, depth + 1) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, (str, int)):
        return value
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return value.decode("utf-8", "replace")
    try:
        return repr(value)
    except Exception:
        return f"<{kind.__name__}>"


def _key(key: Any) -> str:
    shown = presentable(key, _DEEPEST)
    return shown if isinstance(shown, str) else str(shown)
