# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Parses the keywords of one JSON schema; see :mod:`fedora_messaging._json._compiler`.

A keyword that is not known here, or whose value its metaschema forbids, raises :class:`Unsupported`. The
meaning of each is that of JSON Schema: Validation, section 6, and Core, section 10, in draft 2020-12, and the
corresponding sections of earlier drafts.
"""

from __future__ import annotations

import math
import re
from typing import Any

__all__ = ["TYPES", "Keywords", "Unsupported", "is_annotation", "require"]

TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")
_COMBINE = ("allOf", "anyOf", "oneOf", "not")
_FLAGS = frozenset(["deprecated", "readOnly", "writeOnly"])
_TEXTS = frozenset(["$comment", "description", "format", "title"])
# Keywords that limit a size, and the type they apply to.
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


class Unsupported(Exception):
    """The schema contains something that is not compiled."""


def require(condition: bool) -> None:
    """Raise :class:`Unsupported` unless a condition holds."""
    if not condition:
        raise Unsupported


class Keywords:
    """The keywords of one schema, checked, and grouped by the values they apply to.

    Args:
        schema: The schema.
        draft: Of JSON Schema.

    Attributes:
        schema, draft: As given.
        types: The allowed types; all types without the keyword ``type``.
        sizes, ranges: Conditions under which a value is refused, by its type, as format strings for its name.
        combined: Those of allOf, anyOf, oneOf and not that the schema has.
        allowed: The allowed values; None: all.
        definitions: Those of definitions and $defs that the schema has.
        schemas: The keywords with schemas for the elements of arrays and objects.

    Raises:
        Unsupported: The schema has another keyword, or a keyword with an invalid value.
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

    def constrains(self, kind: str) -> bool:
        """Whether the schema has any check for values of a type."""
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
    """Whether a keyword is an annotation, which validates nothing, with a value of the right type."""
    if key in _FLAGS:
        return type(value) is bool
    if key in _TEXTS:
        return type(value) is str
    return key in ("default", "example") or (key == "examples" and type(value) is list)
