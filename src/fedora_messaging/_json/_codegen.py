# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Writes the Python code for the keywords of one JSON schema; see :mod:`fedora_messaging._json._compiler`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

from ._keywords import TYPES, Keywords
from ._source import SourceBlock

__all__ = ["Checks", "Compiler"]


class Compiler(Protocol):
    """Writes the functions that contain the code."""

    def constant(self, value: Any) -> str:
        """Return a new name, bound to a value."""

    def variable(self) -> str:
        """Return a new name for a variable."""

    def define(self, key: str, definitions: dict[str, Any]) -> None:
        """Check definitions: an invalid one makes the schema invalid."""

    def function_for(self, schema: Any, proving: bool) -> str:
        """Write a function for a schema, and return its name."""

    def check(self, schema: Any, value: str, block: SourceBlock, proving: bool) -> None:
        """Write statements that return False unless the value of an expression is valid."""


class Checks:
    """Writes the checks for the keywords of one schema."""

    def __init__(self, compiler: Compiler, keywords: Keywords) -> None:
        self._compiler = compiler
        self._keywords = keywords
        self._schema = keywords.schema
        self._unwritten = list(keywords.schemas)
        for key in keywords.definitions:
            compiler.define(key, self._schema[key])

    def check(self, value: str, block: SourceBlock, proving: bool) -> None:
        """Write the checks of a value."""
        if proving and self._keywords.combined:
            block.prove_free(value)
            proving = False
        self._check_type(value, block, proving)
        for key in self._keywords.combined:
            self._combine(key, value, block)
        for key in self._unwritten:  # an invalid schema makes this one invalid, also where it is not applied
            found = self._schema[key]
            for each in found.values() if key == "properties" else [found]:
                if key != "additionalProperties" or type(each) is dict:
                    self._compiler.function_for(each, False)

    def _combine(self, key: str, value: str, block: SourceBlock) -> None:
        schemas = [self._schema[key]] if key == "not" else self._schema[key]
        calls = [f"{self._compiler.function_for(each, False)}({value})" for each in schemas]
        if key == "allOf":
            block.refuse(" or ".join(f"not {call}" for call in calls))
        elif key == "anyOf":
            block.refuse(f"not ({' or '.join(calls)})")
        elif key == "oneOf":
            block.refuse(f"sum(({', '.join(calls)},)) != 1")
        else:
            block.refuse(calls[0])

    def _check_type(self, value: str, block: SourceBlock, proving: bool) -> None:
        kinds = {test.kind for test, _ in self._tests(value, proving)}
        constrained = {kind for kind in kinds if self._keywords.constrains(kind)}
        if not constrained and self._keywords.types == TYPES:
            if proving:
                block.prove_free(value)
            return
        tests = list(self._tests(value, proving))
        if len(tests) == 1:
            test, write = tests[0]
            block.refuse(test.negative)
            write(block)
            return
        if not proving and self._keywords.types == TYPES:  # values of other types are valid
            tests = [(test, write) for test, write in tests if test.kind in constrained]
        word = "if"
        for test, write in tests:
            inner = block.under(f"{word} {test.positive}:")
            before = len(inner.lines)
            write(inner)
            if len(inner.lines) == before:
                inner.add("pass")
            word = "elif"
        if proving or self._keywords.types != TYPES:
            block.under("else:").add("return False")

    def _tests(self, value: str, proving: bool) -> Iterable[tuple[_Test, Callable[[SourceBlock], None]]]:
        types = self._keywords.types
        if "string" in types:
            yield _is("string", value, "str"), lambda block: self._string(value, block, proving)
        if "object" in types:
            yield _is("object", value, "dict"), lambda block: self._object(value, block, proving)
        if "array" in types:
            yield _is("array", value, "list"), lambda block: self._array(value, block, proving)
        if "integer" in types or "number" in types:
            yield self._number_test(value, proving), lambda block: self._number(value, block)
        if "boolean" in types:
            yield _is("boolean", value, "bool"), lambda block: self._one_of(value, block, (bool,))
        if "null" in types:
            null = _Test("null", f"{value} is None", f"{value} is not None")
            yield null, lambda block: self._one_of(value, block, (type(None),))

    def _number_test(self, value: str, proving: bool) -> _Test:
        if "number" in self._keywords.types:
            # For NaN and infinity, the difference is NaN.
            of_floats = f" and {value} - {value} == 0.0" if proving else ""
        elif self._keywords.draft == 4:
            return _is("number", value, "int")
        else:  # 1.0 is an integer from draft 6 on
            of_floats = f" and {value}.is_integer()"
        positive = f"(type({value}) is int or (type({value}) is float{of_floats}))"
        return _Test("number", positive, f"not {positive}")

    def _one_of(self, value: str, block: SourceBlock, kinds: tuple[type, ...]) -> None:
        if self._keywords.allowed is not None:
            allowed = frozenset(each for each in self._keywords.allowed if type(each) in kinds)
            block.refuse(f"{value} not in {self._compiler.constant(allowed)}")

    def _string(self, value: str, block: SourceBlock, proving: bool) -> None:
        if proving:
            block.measure(value)
        self._one_of(value, block, (str,))
        for test in self._keywords.sizes["string"]:
            block.refuse(test.format(value))
        if "pattern" in self._schema:
            search = self._compiler.constant(re.compile(self._schema["pattern"]).search)
            block.refuse(f"{search}({value}) is None")

    def _number(self, value: str, block: SourceBlock) -> None:
        self._one_of(value, block, (int,))  # 1.0 equals 1, in jsonschema too
        for test in self._keywords.ranges:
            block.refuse(test.format(value))

    def _mark_written(self, *keys: str) -> None:
        """Note that the schemas of these keywords have been written."""
        self._unwritten = [key for key in self._unwritten if key not in keys]

    def _array(self, value: str, block: SourceBlock, proving: bool) -> None:
        if self._keywords.allowed is not None:
            block.add("return False")
            return
        self._mark_written("items")
        for test in self._keywords.sizes["array"]:
            block.refuse(test.format(value))
        items = self._schema.get("items", _ANYTHING)
        if items != _ANYTHING:
            item = self._compiler.variable()
            inner = block.inner()
            inner.repeated = True
            self._compiler.check(items, item, inner, proving)
            if proving:
                block.spend(f"len({value})")
            if inner.lines:
                block.under(f"for {item} in {value}:").lines.extend(inner.lines)
        elif proving:
            block.prove_free(value)
        if self._schema.get("uniqueItems"):
            of_texts = type(items) is dict and items.get("type") == "string"
            block.refuse(f"len(set({value})) != len({value})" if of_texts else f"not unique({value})")

    def _object(self, value: str, block: SourceBlock, proving: bool) -> None:
        if self._keywords.allowed is not None:
            block.add("return False")
            return
        self._mark_written("properties", "additionalProperties")
        for test in self._keywords.sizes["object"]:
            block.refuse(test.format(value))
        properties = self._schema.get("properties", {})
        required = self._schema.get("required", [])
        if required:
            block.refuse(" or ".join(f"{name!r} not in {value}" for name in required))
        others = self._schema.get("additionalProperties", True)
        if proving and not properties and others in (True, _ANYTHING):
            block.prove_free(value)
            return
        # Additional properties show in the count: it begins with all named ones, and those missing are
        # subtracted.
        counting = proving or others is not True
        count = self._compiler.variable()
        if counting:
            block.add(f"{count} = {len(properties)}")
        for name, schema in properties.items():
            here = block if name in required else block.inner()
            checks = SourceBlock(here.level, repeated=block.repeated)
            item = self._compiler.variable()
            self._compiler.check(schema, item, checks, proving)
            if checks.lines:
                here.add(f"{item} = {value}[{name!r}]")
                here.lines.extend(checks.lines)
            if here is not block and here.lines:
                block.under(f"if {name!r} in {value}:").lines.extend(here.lines)
                if counting:
                    block.add(f"else: {count} -= 1")
            elif here is not block and counting:
                block.add(f"if {name!r} not in {value}: {count} -= 1")
        if counting:
            self._others(value, properties, others, block.under(f"if len({value}) != {count}:"), proving)

    def _others(self, value: str, properties: Any, others: Any, block: SourceBlock, proving: bool) -> None:
        """Write the checks of properties that are not named."""
        if others is False:
            block.add("return False")
            return
        known = self._compiler.constant(frozenset(properties))
        if proving:
            block.spend(f"len({value})")
        key, item = self._compiler.variable(), self._compiler.variable()
        loop = block.under(f"for {key}, {item} in {value}.items():").under(f"if {key} not in {known}:")
        loop.refuse(f"type({key}) is not str")
        if proving:
            loop.measure(key)
        self._compiler.check(_ANYTHING if others is True else others, item, loop, proving)


class _Test(NamedTuple):
    """Conditions for whether a value is of a type."""

    kind: str
    positive: str
    negative: str


def _is(kind: str, value: str, name: str) -> _Test:
    return _Test(kind, f"type({value}) is {name}", f"type({value}) is not {name}")


_ANYTHING: dict[str, Any] = {}
