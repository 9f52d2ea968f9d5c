# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The schema of a message as the value of a label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._message.headers import SCHEMA
from .._message.message import registry
from .table import OTHER

__all__ = ["schema_of"]


def schema_of(headers: Mapping[str, Any]) -> str:
    """Return the schema that a message's headers name; "other" where no class is registered for it."""
    name = headers.get(SCHEMA) if type(headers) is dict else None
    kind = registry.get(name) if isinstance(name, str) else None
    schema = None if kind is None else registry.schema(kind)
    return OTHER if schema is None else schema.name
