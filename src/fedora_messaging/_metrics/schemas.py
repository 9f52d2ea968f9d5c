# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The schema of a message as the value of a label."""

from __future__ import annotations

from typing import Any

from .._message.headers import SCHEMA
from .._message.message import BASE, Message, registry
from .table import OTHER

__all__ = ["schema_of"]


def schema_of(message: Any) -> str:
    """Return the name of a message's schema; "other" where no class is registered for it."""
    kind = type(message)
    if kind is Message:
        return BASE.name if message._headers.get(SCHEMA) == BASE.name else OTHER
    schema = registry.schema(kind)
    return OTHER if schema is None else schema.name
