# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Frozen schemas: JSON files beside the module of a class, which are used instead of generating."""

from __future__ import annotations

import json
import pkgutil
import sys
from pathlib import Path
from typing import Any

from .._json import codec

__all__ = ["FOLDER", "frozen_schema", "path_of", "text_of_schema"]

#: The folder beside the module.
FOLDER = "schemas"


def frozen_schema(cls: type) -> dict[str, Any] | None:
    """Read the frozen schema of a class of messages.

    Returns:
        The schema; None if there is no file.

    Raises:
        ValueError: The file is not a JSON object.
    """
    try:
        # Also in packages that are not on a file system.
        data = pkgutil.get_data(cls.__module__, f"{FOLDER}/{_name(cls)}")
    except (ImportError, OSError, ValueError):  # no such file; a module that is no file
        return None
    if data is None:
        return None
    try:
        schema = codec.decode(data)
        if type(schema) is not dict:
            raise ValueError("not an object")
    except ValueError as error:
        raise ValueError(
            f"The frozen schema {FOLDER}/{_name(cls)} beside {cls.__module__} cannot be used: {error}; "
            "fedora-messaging schemas freeze writes it anew"
        ) from error
    return schema


def path_of(cls: type) -> Path:
    """Return the path of the frozen schema of a class, whether there is one or not.

    Raises:
        ValueError: The module of the class is no file.
    """
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    if file is None:
        raise ValueError(f"The module {cls.__module__} is no file: nothing can be written beside it")
    return Path(file).parent / FOLDER / _name(cls)


def text_of_schema(schema: dict[str, Any]) -> str:
    """Format a schema as the content of its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _name(cls: type) -> str:
    return f"{cls.__qualname__}.json"
