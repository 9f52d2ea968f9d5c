# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The configuration as it may be shown: with everything hidden that may be a secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .._reporting.passwords import redacted_value

__all__ = ["hidden"]

_SECRET = re.compile(r"pass(word|wd|phrase)?$|passw|secret|token|credential|private|api_?key", re.IGNORECASE)


def hidden(value: Any, key: object = "") -> Any:
    """Copy a value, and replace passwords in URLs, and all values whose keys name a secret, with ``***``.

    Args:
        value: The value.
        key: The key that it has in the configuration.
    """
    if (
        isinstance(key, str)
        and _SECRET.search(key)
        and not isinstance(value, bool)
        and value not in (None, "")
    ):
        return "***"
    if isinstance(value, Mapping):
        return {name: hidden(item, name) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [hidden(item, key) for item in value]
    if isinstance(value, bytes):
        return redacted_value(value.decode("utf-8", "backslashreplace")).encode()
    return redacted_value(value) if isinstance(value, str) else value
