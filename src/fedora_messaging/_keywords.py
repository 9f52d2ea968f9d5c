# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The keywords of one JSON schema as lines of Python; see :mod:`fedora_messaging._accept`.

A keyword that is not known here, or is not as its metaschema wants it, is :class:`Unknown`. The meaning of
each is that of JSON Schema: Validation, section 6, and Core, section 10, in draft 2020-12 and its like in the
drafts before.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

__all__ = ["Body", "Compiler", "Keywords", "Unknown", "is_annotation", "require"]

_TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")
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
    if not condition:
        raise Unknown


class Compiler(Protocol):
    """What writes the function around these lines."""

    def constant(self, value: Any) -> str:
        """A name for a value; nothing else gets it."""

    def variable(self) -> str:
        """A name for a variable; nothing else gets it."""

    def define(self, key: str, definitions: dict[str, Any]) -> None:
        """See that definitions are good: a broken one makes the schema a broken one."""

    def function_for(self, schema: Any, proving: bool) -> str:
        """Write a function for a schema; returns its name."""

    def check(self, schema: Any, value: str, body: Body, proving: bool) -> None:
        """Write statements that return False unless the value of an expression is valid."""


class Body:
    """Lines of a function's source."""

    def __init__(self, compiler: Compiler, level: int, lines: list[str] | None = None) -> None:
        self.level = level
        self.lines: list[str] = [] if lines is None else lines
        self._compiler = compiler

    def add(self, line: str) -> None:
        """One more line."""
        self.lines.append(" " * self.level + line)

    def refuse(self, condition: str) -> None:
        """The value is refused when this holds."""
        self.add(f"if {condition}: return False")

    def under(self, line: str) -> Body:
        """A block below a line that ends with a colon."""
        self.add(line)
        return Body(self._compiler, self.level + 1, self.lines)


class Keywords:
    """The keywords of one schema, checked for being well-formed and sorted by what they are about."""

    def __init__(self, compiler: Compiler, draft: int, schema: dict[str, Any]) -> None:
        self._compiler = compiler
        self._draft = draft
        self._schema = schema
        self._types: tuple[str, ...] = _TYPES
        self._sizes: dict[str, list[str]] = {"array": [], "string": [], "object": []}
        self._ranges: list[str] = []
        self._combined: list[str] = []
        self._allowed: list[Any] | None = None
        self._unseen = [key for key in ("properties", "items", "additionalProperties") if key in schema]
        for key, value in schema.items():
            self._take(key, value)
        if schema.get("uniqueItems"):
            # What counts as equal is a matter of taste for anything but strings.
            items = schema.get("items")
            require(type(items) is dict and items.get("type") == "string")

    def _take(self, key: str, value: Any) -> None:
        if key == "type":
            self._types = _types(value)
        elif key in _SIZES:
            require(type(value) is int and value >= 0)
            kind, test = _SIZES[key]
            self._sizes[kind].append(test.replace("{}", "{0}", 1).replace("{}", repr(value)))
        elif key in _RANGES:
            require(_is_number(value) and not (self._draft == 4 and key.startswith("exclusive")))
            self._ranges.append(_RANGES[key].replace("{}", "{0}", 1).replace("{}", repr(value)))
        elif key == "enum":
            require(type(value) is list and bool(value))
            self._allow(value)
        elif key == "const":
            require(self._draft != 4)
            self._allow([value])
        elif key == "pattern":
            require(type(value) is str and _is_regex(value))
        elif key == "required":
            require(_is_texts(value) and (bool(value) or self._draft != 4))
        elif key in ("properties", "definitions", "$defs"):
            require(type(value) is dict)
            if key != "properties":
                self._compiler.define(key, value)
        elif key == "uniqueItems":
            require(type(value) is bool)
        elif key in ("items", "additionalProperties"):
            require(type(value) is dict or (type(value) is bool and (self._draft != 4 or key != "items")))
        elif key in _COMBINE:
            require(key == "not" or (type(value) is list and bool(value)))
            self._combined.append(key)
        else:
            require(is_annotation(key, value))

    def _allow(self, values: list[Any]) -> None:
        require(self._allowed is None)
        require(all(value is None or type(value) in (str, bool, int) for value in values))
        require(len({(type(value) is bool, value) for value in values}) == len(values))
        self._allowed = values

    def check(self, value: str, body: Body, proving: bool) -> None:
        """Write what is to be checked."""
        if proving and self._combined:
            body.refuse(f"not plain({value})")
            proving = False
        self._check_type(value, body, proving)
        for key in self._combined:
            self._combine(key, value, body)
        for key in self._unseen:  # a broken schema where none is asked for makes this a broken one
            found = self._schema[key]
            for each in found.values() if key == "properties" else [found]:
                if key != "additionalProperties" or type(each) is dict:
                    self._compiler.function_for(each, False)

    def _combine(self, key: str, value: str, body: Body) -> None:
        schemas = [self._schema[key]] if key == "not" else self._schema[key]
        calls = [f"{self._compiler.function_for(each, False)}({value})" for each in schemas]
        if key == "allOf":
            body.refuse(" or ".join(f"not {call}" for call in calls))
        elif key == "anyOf":
            body.refuse(f"not ({' or '.join(calls)})")
        elif key == "oneOf":
            body.refuse(f"{' + '.join(calls)} != 1")
        else:
            body.refuse(calls[0])

    def _check_type(self, value: str, body: Body, proving: bool) -> None:
        said_of = {test.kind for test, _ in self._tests(value, proving) if self._says_of(test.kind)}
        if not said_of and self._types == _TYPES:
            if proving:
                body.refuse(f"not plain({value})")
            return
        tests = list(self._tests(value, proving))
        if len(tests) == 1:
            test, write = tests[0]
            body.refuse(test.negative)
            write(body)
            return
        if not proving and self._types == _TYPES:  # no matter which type
            tests = [(test, write) for test, write in tests if test.kind in said_of]
        word = "if"
        for test, write in tests:
            inner = body.under(f"{word} {test.positive}:")
            before = len(inner.lines)
            write(inner)
            if len(inner.lines) == before:
                inner.add("pass")
            word = "elif"
        if proving or self._types != _TYPES:
            body.under("else:").add("return False")

    def _says_of(self, kind: str) -> bool:
        """Whether there is anything to check in values of a type."""
        if self._allowed is not None:
            return True
        if kind == "number":
            return bool(self._ranges)
        if kind in ("boolean", "null"):
            return False
        return bool(self._sizes[kind]) or any(
            key in self._schema
            for key in {
                "object": ("properties", "required", "additionalProperties"),
                "array": ("items", "uniqueItems"),
                "string": ("pattern",),
            }[kind]
        )

    def _tests(self, value: str, proving: bool) -> Iterable[tuple[_Test, Callable[[Body], None]]]:
        types = self._types
        if "string" in types:
            yield _is("string", value, "str"), lambda body: self._string(value, body)
        if "object" in types:
            yield _is("object", value, "dict"), lambda body: self._object(value, body, proving)
        if "array" in types:
            yield _is("array", value, "list"), lambda body: self._array(value, body, proving)
        if "integer" in types or "number" in types:
            yield self._number_test(value, proving), lambda body: self._number(value, body)
        if "boolean" in types:
            yield _is("boolean", value, "bool"), lambda body: self._one_of(value, body, (bool,))
        if "null" in types:
            null = _Test("null", f"{value} is None", f"{value} is not None")
            yield null, lambda body: self._one_of(value, body, (type(None),))

    def _number_test(self, value: str, proving: bool) -> _Test:
        if "number" in self._types:
            # Not a number minus itself is not zero, and neither is infinity.
            of_floats = f" and {value} - {value} == 0.0" if proving else ""
        elif self._draft == 4:
            return _is("number", value, "int")
        else:  # 1.0 is an integer from draft 6 on
            of_floats = f" and {value}.is_integer()"
        positive = f"(type({value}) is int or (type({value}) is float{of_floats}))"
        return _Test("number", positive, f"not {positive}")

    def _one_of(self, value: str, body: Body, kinds: tuple[type, ...]) -> None:
        if self._allowed is not None:
            allowed = frozenset(each for each in self._allowed if type(each) in kinds)
            body.refuse(f"{value} not in {self._compiler.constant(allowed)}")

    def _string(self, value: str, body: Body) -> None:
        self._one_of(value, body, (str,))
        for test in self._sizes["string"]:
            body.refuse(test.format(value))
        if "pattern" in self._schema:
            search = self._compiler.constant(re.compile(self._schema["pattern"]).search)
            body.refuse(f"{search}({value}) is None")

    def _number(self, value: str, body: Body) -> None:
        self._one_of(value, body, (int,))  # 1.0 equals 1, which is what jsonschema thinks, too
        for test in self._ranges:
            body.refuse(test.format(value))

    def _see(self, *keys: str) -> None:
        """The schemas of these keywords are written."""
        self._unseen = [key for key in self._unseen if key not in keys]

    def _array(self, value: str, body: Body, proving: bool) -> None:
        if self._allowed is not None:
            body.add("return False")
            return
        self._see("items")
        for test in self._sizes["array"]:
            body.refuse(test.format(value))
        items = self._schema.get("items", _ANYTHING)
        if items != _ANYTHING:
            item = self._compiler.variable()
            inner = Body(self._compiler, body.level + 1)
            self._compiler.check(items, item, inner, proving)
            if inner.lines:
                body.under(f"for {item} in {value}:").lines.extend(inner.lines)
        elif proving:
            body.refuse(f"not plain({value})")
        if self._schema.get("uniqueItems"):
            body.refuse(f"len(set({value})) != len({value})")

    def _object(self, value: str, body: Body, proving: bool) -> None:
        if self._allowed is not None:
            body.add("return False")
            return
        self._see("properties", "additionalProperties")
        for test in self._sizes["object"]:
            body.refuse(test.format(value))
        properties = self._schema.get("properties", {})
        required = self._schema.get("required", [])
        if required:
            body.refuse(" or ".join(f"{name!r} not in {value}" for name in required))
        others = self._schema.get("additionalProperties", True)
        if proving and not properties and others in (True, _ANYTHING):
            body.refuse(f"not plain({value})")
            return
        # To see whether there are others, those that are named are counted down: most are there.
        counting = proving or others is not True
        count = self._compiler.variable()
        if counting:
            body.add(f"{count} = {len(properties)}")
        for name, schema in properties.items():
            here = body if name in required else Body(self._compiler, body.level + 1)
            checks = Body(self._compiler, here.level)
            item = self._compiler.variable()
            self._compiler.check(schema, item, checks, proving)
            if checks.lines:
                here.add(f"{item} = {value}[{name!r}]")
                here.lines.extend(checks.lines)
            if here is not body and here.lines:
                body.under(f"if {name!r} in {value}:").lines.extend(here.lines)
                if counting:
                    body.add(f"else: {count} -= 1")
            elif here is not body and counting:
                body.add(f"if {name!r} not in {value}: {count} -= 1")
        if counting:
            self._others(value, properties, others, body.under(f"if len({value}) != {count}:"), proving)

    def _others(self, value: str, properties: Any, others: Any, body: Body, proving: bool) -> None:
        """Properties that are not named."""
        if others is False:
            body.add("return False")
            return
        known = self._compiler.constant(frozenset(properties))
        key, item = self._compiler.variable(), self._compiler.variable()
        loop = body.under(f"for {key}, {item} in {value}.items():").under(f"if {key} not in {known}:")
        loop.refuse(f"type({key}) is not str")
        self._compiler.check(_ANYTHING if others is True else others, item, loop, proving)


class _Test(NamedTuple):
    """Whether a value is of a type."""

    kind: str
    positive: str
    negative: str


def _is(kind: str, value: str, name: str) -> _Test:
    return _Test(kind, f"type({value}) is {name}", f"type({value}) is not {name}")


_ANYTHING: dict[str, Any] = {}


def _types(value: Any) -> tuple[str, ...]:
    types = [value] if type(value) is str else value
    require(_is_texts(types) and bool(types) and all(name in _TYPES for name in types))
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
