# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The keywords of one JSON schema, understood; see :mod:`fedora_messaging._json._compiler`.

A keyword that is not known here, or is not as its metaschema wants it, is :class:`Unknown`. The meaning of
each is that of JSON Schema: Validation, section 6, and Core, section 10, in draft 2020-12 and its like in the
drafts before.
"""

from __future__ import annotations

import math
import re
from typing import Any

__all__ = ["TYPES", "Keywords", "Unknown", "is_annotation", "require"]

TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")
_COMBINE = ("allOf", "anyOf", "oneOf", "not")
_FLAGS = frozenset(["deprecated", "readOnly", "writeOnly"])
_TEXTS = frozenset(["$comment", "description", "format", "title"])
# What says how much there may be, and for which type.
_SIZES = {
    "minItems": ("array", "len({}) < {}"),
    "maxItems": ("array", "len({}) > {}"),
    "minLength": ("string", "len({}) < {}"),
    "maxLength": ("string", "len({}) > {}"),
    "minProperties": ("object", "len({}) < {}"),
    "maxProperties": ("object", "len({}) > {}"),
}
_RANGES = {
    "minimum": "{} < {}",
    "maximum": "{} > {}",
    "exclusiveMinimum": "{} <= {}",
    "exclusiveMaximum": "{} >= {}",
}


class Unknown(Exception):
    """The schema holds something that is not compiled."""


def require(condition: bool) -> None:
    """Raise Unknown unless a condition holds."""
    if not condition:
        raise Unknown


class Keywords:
    """The keywords of one schema, checked for being well-formed and sorted by what they are about.

    Args:
        schema: The schema.
        draft: Of JSON Schema.

    Attributes:
        schema, draft: As given.
        types: The types that are allowed, all of them where nothing is said.
        sizes, ranges: Conditions that refuse a value, by its type, with a place for its name.
        combined: Which of allOf, anyOf, oneOf and not there are.
        allowed: The values that are allowed; None: all.
        definitions: Which of definitions and $defs there are.
        schemas: The keywords that hold schemas for what is in arrays and objects.

    Raises:
        Unknown: There is something else in it, or something wrong with it.
    """

    def __init__(self, schema: dict[str, Any], draft: int) -> None:
        self.schema = schema
        self.types: tuple[str, ...] = TYPES
        self.sizes: dict[str, list[str]] = {"array": [], "string": [], "object": []}
        self.ranges: list[str] = []
        self.combined: list[str] = []
        self.allowed: list[Any] | None = None
        self.definitions: list[str] = []
        self.schemas: list[str] = []
        self.draft = draft
        for key, value in schema.items():
            self._take(key, value)

    def _take(self, key: str, value: Any) -> None:
        if key == "type":
            self.types = _types(value)
        elif key in _SIZES:
            require(type(value) is int and value >= 0)
            kind, test = _SIZES[key]
            self.sizes[kind].append(test.replace("{}", "{0}", 1).replace("{}", repr(value)))
        elif key in _RANGES:
            require(_is_number(value) and not (self.draft == 4 and key.startswith("exclusive")))
            self.ranges.append(_RANGES[key].replace("{}", "{0}", 1).replace("{}", repr(value)))
        elif key == "enum":
            require(type(value) is list and bool(value))
            self._allow(value)
        elif key == "const":
            require(self.draft != 4)
            self._allow([value])
        elif key == "pattern":
            require(type(value) is str and _is_regex(value))
        elif key == "required":
            require(_is_texts(value) and (bool(value) or self.draft != 4))
        elif key in ("properties", "definitions", "$defs"):
            require(type(value) is dict)
            (self.schemas if key == "properties" else self.definitions).append(key)
        elif key == "uniqueItems":
            require(type(value) is bool)
        elif key in ("items", "additionalProperties"):
            require(type(value) is dict or (type(value) is bool and (self.draft != 4 or key != "items")))
            self.schemas.append(key)
        elif key in _COMBINE:
            require(key == "not" or (type(value) is list and bool(value)))
            self.combined.append(key)
        else:
            require(is_annotation(key, value))

    def _allow(self, values: list[Any]) -> None:
        require(self.allowed is None)
        require(all(value is None or type(value) in (str, bool, int) for value in values))
        require(len({(type(value) is bool, value) for value in values}) == len(values))
        self.allowed = values

    def says_of(self, kind: str) -> bool:
        """Whether there is anything to check in values of a type."""
        if self.allowed is not None:
            return True
        if kind == "number":
            return bool(self.ranges)
        if kind in ("boolean", "null"):
            return False
        return bool(self.sizes[kind]) or any(
            key in self.schema
            for key in {
                "object": ("properties", "required", "additionalProperties"),
                "array": ("items", "uniqueItems"),
                "string": ("pattern",),
            }[kind]
        )


def _types(value: Any) -> tuple[str, ...]:
    types = [value] if type(value) is str else value
    require(_is_texts(types) and bool(types) and all(name in TYPES for name in types))
    return tuple(types)


def _is_texts(value: Any) -> bool:
    return type(value) is list and all(type(each) is str for each in value) and len(set(value)) == len(value)


def _is_number(value: Any) -> bool:
    return type(value) is int or (type(value) is float and math.isfinite(value))


def _is_regex(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return False
    return True


def is_annotation(key: str, value: Any) -> bool:
    """Whether a keyword says nothing about values, and is as it should be."""
    if key in _FLAGS:
        return type(value) is bool
    if key in _TEXTS:
        return type(value) is str
    return key in ("default", "example") or (key == "examples" and type(value) is list)
