# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The part of JSON Schema on which jsonschema-rs and jsonschema are known to agree.

What jsonschema-rs accepts must be valid to jsonschema as well. So a schema gets a quick validator only if it
is made of the keywords below. Under ``oneOf`` and ``not`` an answer turns round, so there the two must agree
in both directions, which leaves out ``pattern``: jsonschema-rs accepts less than Python's regular expressions
do ("$" before a last newline, digits of other scripts).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from ._json import is_plain

__all__ = ["accepter"]

_DRAFTS = {
    "http://json-schema.org/draft-04/schema": "Draft4Validator",
    "http://json-schema.org/draft-06/schema": "Draft6Validator",
    "http://json-schema.org/draft-07/schema": "Draft7Validator",
    "https://json-schema.org/draft/2019-09/schema": "Draft201909Validator",
    "https://json-schema.org/draft/2020-12/schema": "Draft202012Validator",
}
_DEFAULT = "Draft202012Validator"

_ANNOTATIONS = frozenset(
    {"$comment", "default", "deprecated", "description", "example", "examples", "format", "readOnly"}
    | {"title", "writeOnly"}
)
_COUNTS = frozenset(
    ["maxItems", "maxLength", "maxProperties", "maximum", "minItems", "minLength", "minProperties", "minimum"]
)
# Every integer up to here is a float as well.
_EXACT = 2**53

_ID = re.compile(r"https?://(?!json-schema\.org)[A-Za-z0-9.-]+(/[A-Za-z0-9._/-]*)?#?")
_REFERENCE = re.compile(r"#/(definitions|\$defs)/([A-Za-z0-9._ -]+)")

# Patterns that both read in the same way: no escapes but of single characters, of digits and of letters.
_LITERAL = r"[A-Za-z0-9 _/:@,;=&<>'\"!%~#-]|\\[./_()\[\]{}+*?|^$dw-]|\."
_CLASS = r"\[(?:[A-Za-z0-9 _/:@,;.+*()?]|[a-z]-[a-z]|[A-Z]-[A-Z]|[0-9]-[0-9]|\\[./_dw-])+-?\]"
_TIMES = r"[*+?]|\{\d{1,3}(?:,\d{0,3})?\}"
_PATTERN = re.compile(rf"(?:\^|\$|\||\((?:\?:)?|(?:\)|{_LITERAL}|{_CLASS})(?:{_TIMES})?)*")


def accepter(schema: Any) -> Callable[[Any], bool] | None:
    """A function that says whether a plain value is valid, None if there is none that can be trusted."""
    library = _library()
    if library is None or not isinstance(schema, dict) or not is_plain(schema):
        return None
    named = schema.get("$schema")
    draft = _DEFAULT if named is None else _DRAFTS.get(str(named).removesuffix("#"))
    if draft is None or not hasattr(library, draft) or not _Walk(schema, draft).is_agreed():
        return None
    try:
        accepts: Callable[[Any], bool] = getattr(library, draft)(schema, validate_formats=False).is_valid
    except Exception:  # a broken schema, for one
        return None
    return accepts


@cache
def _library() -> Any:
    try:
        import jsonschema_rs
    except ImportError:
        return None
    # Releases before 0.42 are at odds with jsonschema over whether 1.0 is an integer.
    lax = jsonschema_rs.Draft4Validator({"type": ["integer", "string"]}).is_valid(1.0)
    lax |= jsonschema_rs.Draft7Validator({"not": {"type": ["integer", "boolean"]}}).is_valid(1.0)
    return None if lax else jsonschema_rs


class _Walk:
    """One look at a schema, where nothing but known keywords may be."""

    def __init__(self, schema: dict[str, Any], draft: str) -> None:
        self._root = schema
        self._is_draft4 = draft == "Draft4Validator"
        self._id = "id" if self._is_draft4 else "$id"
        self._known: set[tuple[str, bool]] = set()

    def is_agreed(self) -> bool:
        root = dict(self._root)
        root.pop("$schema", None)
        name = root.pop(self._id, None)
        if name is not None and not (isinstance(name, str) and _ID.fullmatch(name)):
            return False
        return self._agrees(root, False, ())

    def _agrees(self, schema: Any, exactly: bool, references: tuple[str, ...]) -> bool:
        if type(schema) is bool:
            return not self._is_draft4
        if type(schema) is not dict:
            return False
        if "$ref" in schema:
            return self._refers(schema, exactly, references)
        return all(self._agrees_on(schema, key, exactly, references) for key in schema)

    def _refers(self, schema: dict[str, Any], exactly: bool, references: tuple[str, ...]) -> bool:
        name = schema["$ref"]
        if not isinstance(name, str) or not schema.keys() <= {"$ref", "definitions", "$defs", *_ANNOTATIONS}:
            return False
        found = _REFERENCE.fullmatch(name)
        # A schema that refers to itself goes as deep as the value: Python's recursion limit would decide.
        if found is None or name in references or schema is self._root:
            return False
        if (name, exactly) in self._known:
            return True
        places = self._root.get(found[1])
        if type(places) is not dict or found[2] not in places:
            return False
        agreed = self._agrees(places[found[2]], exactly, (*references, name))
        if agreed:
            self._known.add((name, exactly))
        return agreed

    def _agrees_on(
        self, schema: dict[str, Any], key: str, exactly: bool, references: tuple[str, ...]
    ) -> bool:
        value = schema[key]

        def all_agree(schemas: Iterable[Any], exactly: bool = exactly) -> bool:
            return all(self._agrees(each, exactly, references) for each in schemas)

        if key in _ANNOTATIONS or key in ("type", "required"):
            return True  # a wrong value makes the schema a broken one, which both find
        if key in _COUNTS:
            return type(value) is int and abs(value) < _EXACT
        if key == "enum":
            return type(value) is list and bool(value) and _are_distinct(value)
        if key == "const":
            return not self._is_draft4 and _are_distinct([value])
        if key == "pattern":
            return not exactly and isinstance(value, str) and _is_common_pattern(value)
        if key == "uniqueItems":
            # What counts as equal differs for anything but strings.
            items = schema.get("items")
            return value is False or (type(items) is dict and items.get("type") == "string")
        if key in ("properties", "definitions", "$defs"):
            return type(value) is dict and all_agree(value.values())
        if key == "items":
            return all_agree([value])
        if key == "additionalProperties":
            return type(value) is bool or all_agree([value])
        if key in ("allOf", "anyOf"):
            return type(value) is list and all_agree(value)
        if key == "oneOf":
            return type(value) is list and all_agree(value, True)
        return key == "not" and all_agree([value], True)


def _are_distinct(values: list[Any]) -> bool:
    scalars = [value for value in values if value is None or type(value) in (str, bool, int)]
    seen = {(type(value) is bool, value) for value in scalars}
    small = all(type(value) is not int or abs(value) < _EXACT for value in values)
    return small and len(seen) == len(values)


def _is_common_pattern(pattern: str) -> bool:
    if not _PATTERN.fullmatch(pattern):
        return False
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True
