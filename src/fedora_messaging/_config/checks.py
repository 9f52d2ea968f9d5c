# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Checks single values of a configuration. Each error names the key, the reason, and what is possible.

All raise ConfigurationException.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from ..exceptions import ConfigurationException

__all__ = [
    "TYPE_NAMES",
    "as_mapping",
    "check_keys",
    "integer",
    "mapping_at",
    "optional",
    "optional_integer",
    "seconds",
    "short_string",
    "type_error",
    "typed",
    "with_key",
]

_T = TypeVar("_T")


def check_keys(section: str, given: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    """Refuse a key that is not known, and name the known ones.

    Args:
        section: The name of the section; empty for the configuration itself.
        given: The section.
        known: Its keys.
    """
    for key in given:
        if key not in known:
            where = f"{section}.{key}" if section else str(key)
            raise ConfigurationException(f"{where}: unknown key; {_suggestion(key, known)}")


def _suggestion(key: object, known: Iterable[str]) -> str:
    """List the known keys, those first that the unknown one is most similar to."""
    names = sorted(known)
    near = get_close_matches(str(key).lower(), names, n=3, cutoff=0.7)
    all_known = f"the known ones are: {', '.join(names)}"
    return f"did you mean {' or '.join(near)}? {all_known[0].upper()}{all_known[1:]}" if near else all_known


def with_key(key: str, make: Callable[[], _T]) -> _T:
    """Return what a function makes; a ValueError becomes a ConfigurationException that names the key."""
    try:
        return make()
    except ValueError as error:
        raise ConfigurationException(f"{key}: {error}") from error


#: What a value of each type is called in errors.
TYPE_NAMES: dict[type, str] = {
    bool: "true or false",
    dict: "a section (a dictionary)",
    int: "an integer",
    str: "a string",
}


def type_error(key: str, expected: str, value: object) -> ConfigurationException:
    """Return the error for a value of the wrong type."""
    # The value itself is not shown: it may be a secret.
    return ConfigurationException(f"{key}: must be {expected}, not {type(value).__name__}")


def typed(key: str, value: Any, kind: type[_T]) -> _T:
    """Return a value of a type; a bool is no integer."""
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise type_error(key, TYPE_NAMES[kind], value)
    return value


def optional(key: str, value: Any, kind: type[_T]) -> _T | None:
    """Return a value of a type, or None."""
    return None if value is None else typed(key, value, kind)


def as_mapping(key: str, value: Any) -> Mapping[str, Any]:
    """Return a section."""
    if not isinstance(value, Mapping):
        raise type_error(key, TYPE_NAMES[dict], value)
    return value


def mapping_at(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return the section with a key of a configuration."""
    return as_mapping(key, values[key])


def short_string(key: str, value: Any) -> str:
    """Return a text that AMQP can send as a short string."""
    text = typed(key, value, str)
    try:
        if len(text.encode("utf-8")) > 255:
            raise ConfigurationException(f"{key}: must have 255 bytes at most")
    except UnicodeEncodeError:
        raise ConfigurationException(f"{key}: holds a lone surrogate, which UTF-8 cannot hold") from None
    return text


def integer(key: str, value: Any, least: int, most: int) -> int:
    """Return an integer within limits."""
    number = typed(key, value, int)
    if not least <= number <= most:
        raise ConfigurationException(f"{key}: must be from {least} to {most}, not {number}")
    return number


def optional_integer(key: str, value: Any, least: int, most: int) -> int | None:
    """Return an integer within limits, or None."""
    return None if value is None else integer(key, value, least, most)


def seconds(key: str, value: Any, least: float | None = None) -> float:
    """Return a finite number of seconds: more than 0, or not less than a limit."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise type_error(key, "a number of seconds", value)
    if not math.isfinite(value) or (value <= 0 if least is None else value < least):
        limit = "more than 0" if least is None else f"{least:g} at least"
        raise ConfigurationException(f"{key}: must be {limit}, not {value}")
    return float(value)
