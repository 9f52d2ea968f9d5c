# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The keywords of one JSON schema as lines of Python; see :mod:`fedora_messaging._json._compiler`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

from ._keywords import TYPES, Keywords
from .bounds import LONG

__all__ = ["Body", "Checks", "Compiler"]


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
    """Lines of a function's source.

    Args:
        compiler: What writes the function around them.
        level: How many blocks they are in.
        lines: What is there already.
        repeated: Whether they may run many times for one value: in a loop, or in a function called in one.
    """

    def __init__(
        self, compiler: Compiler, level: int, lines: list[str] | None = None, *, repeated: bool = False
    ) -> None:
        self.level = level
        self.repeated = repeated
        self.lines: list[str] = [] if lines is None else lines
        self._compiler = compiler

    def add(self, line: str) -> None:
        """One more line."""
        self.lines.append(" " * self.level + line)

    def refuse(self, condition: str) -> None:
        """The value is refused when this holds."""
        self.add(f"if {condition}: return False")

    def call(self, function: str, value: str, proving: bool) -> None:
        """The value is refused when a function refuses it."""
        if proving:
            self.prove(function, value)
        else:
            self.refuse(f"not {function}({value})")

    def prove(self, function: str, value: str) -> None:
        """The value is refused when a function refuses it that takes the budget and returns the rest."""
        self.add(f"b = {function}({value}, b)")
        self.refuse("not b")

    def spend(self, amount: str) -> None:
        """The value is refused when this is more than is left of the budget."""
        self.add(f"b -= {amount}")
        self.refuse("b < 1")

    def measure(self, text: str) -> None:
        """A string where there may be many costs something if it is long."""
        if self.repeated:
            self.under(f"if len({text}) > {LONG}:").spend(f"len({text}) >> 3")

    def inner(self) -> Body:
        """A block that is put below a line later."""
        return Body(self._compiler, self.level + 1, repeated=self.repeated)

    def under(self, line: str) -> Body:
        """A block below a line that ends with a colon."""
        self.add(line)
        repeated = self.repeated or line.startswith("for ")
        return Body(self._compiler, self.level + 1, self.lines, repeated=repeated)


class Checks:
    """Writes the checks that the keywords of one schema ask for."""

    def __init__(self, compiler: Compiler, keywords: Keywords) -> None:
        self._compiler = compiler
        self._keywords = keywords
        self._schema = keywords.schema
        self._unseen = list(keywords.schemas)
        for key in keywords.definitions:
            compiler.define(key, self._schema[key])

    def check(self, value: str, body: Body, proving: bool) -> None:
        """Write what is to be checked."""
        if proving and self._keywords.combined:
            body.prove("plain", value)
            proving = False
        self._check_type(value, body, proving)
        for key in self._keywords.combined:
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
            body.refuse(f"sum(({', '.join(calls)},)) != 1")
        else:
            body.refuse(calls[0])

    def _check_type(self, value: str, body: Body, proving: bool) -> None:
        said_of = {test.kind for test, _ in self._tests(value, proving) if self._keywords.says_of(test.kind)}
        if not said_of and self._keywords.types == TYPES:
            if proving:
                body.prove("plain", value)
            return
        tests = list(self._tests(value, proving))
        if len(tests) == 1:
            test, write = tests[0]
            body.refuse(test.negative)
            write(body)
            return
        if not proving and self._keywords.types == TYPES:  # no matter which type
            tests = [(test, write) for test, write in tests if test.kind in said_of]
        word = "if"
        for test, write in tests:
            inner = body.under(f"{word} {test.positive}:")
            before = len(inner.lines)
            write(inner)
            if len(inner.lines) == before:
                inner.add("pass")
            word = "elif"
        if proving or self._keywords.types != TYPES:
            body.under("else:").add("return False")

    def _tests(self, value: str, proving: bool) -> Iterable[tuple[_Test, Callable[[Body], None]]]:
        types = self._keywords.types
        if "string" in types:
            yield _is("string", value, "str"), lambda body: self._string(value, body, proving)
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
        if "number" in self._keywords.types:
            # Not a number minus itself is not zero, and neither is infinity.
            of_floats = f" and {value} - {value} == 0.0" if proving else ""
        elif self._keywords.draft == 4:
            return _is("number", value, "int")
        else:  # 1.0 is an integer from draft 6 on
            of_floats = f" and {value}.is_integer()"
        positive = f"(type({value}) is int or (type({value}) is float{of_floats}))"
        return _Test("number", positive, f"not {positive}")

    def _one_of(self, value: str, body: Body, kinds: tuple[type, ...]) -> None:
        if self._keywords.allowed is not None:
            allowed = frozenset(each for each in self._keywords.allowed if type(each) in kinds)
            body.refuse(f"{value} not in {self._compiler.constant(allowed)}")

    def _string(self, value: str, body: Body, proving: bool) -> None:
        if proving:
            body.measure(value)
        self._one_of(value, body, (str,))
        for test in self._keywords.sizes["string"]:
            body.refuse(test.format(value))
        if "pattern" in self._schema:
            search = self._compiler.constant(re.compile(self._schema["pattern"]).search)
            body.refuse(f"{search}({value}) is None")

    def _number(self, value: str, body: Body) -> None:
        self._one_of(value, body, (int,))  # 1.0 equals 1, which is what jsonschema thinks, too
        for test in self._keywords.ranges:
            body.refuse(test.format(value))

    def _see(self, *keys: str) -> None:
        """The schemas of these keywords are written."""
        self._unseen = [key for key in self._unseen if key not in keys]

    def _array(self, value: str, body: Body, proving: bool) -> None:
        if self._keywords.allowed is not None:
            body.add("return False")
            return
        self._see("items")
        for test in self._keywords.sizes["array"]:
            body.refuse(test.format(value))
        items = self._schema.get("items", _ANYTHING)
        if items != _ANYTHING:
            item = self._compiler.variable()
            inner = body.inner()
            inner.repeated = True
            self._compiler.check(items, item, inner, proving)
            if proving:
                body.spend(f"len({value})")
            if inner.lines:
                body.under(f"for {item} in {value}:").lines.extend(inner.lines)
        elif proving:
            body.prove("plain", value)
        if self._schema.get("uniqueItems"):
            of_texts = type(items) is dict and items.get("type") == "string"
            body.refuse(f"len(set({value})) != len({value})" if of_texts else f"not unique({value})")

    def _object(self, value: str, body: Body, proving: bool) -> None:
        if self._keywords.allowed is not None:
            body.add("return False")
            return
        self._see("properties", "additionalProperties")
        for test in self._keywords.sizes["object"]:
            body.refuse(test.format(value))
        properties = self._schema.get("properties", {})
        required = self._schema.get("required", [])
        if required:
            body.refuse(" or ".join(f"{name!r} not in {value}" for name in required))
        others = self._schema.get("additionalProperties", True)
        if proving and not properties and others in (True, _ANYTHING):
            body.prove("plain", value)
            return
        # To see whether there are others, those that are named are counted down: most are there.
        counting = proving or others is not True
        count = self._compiler.variable()
        if counting:
            body.add(f"{count} = {len(properties)}")
        for name, schema in properties.items():
            here = body if name in required else body.inner()
            checks = Body(self._compiler, here.level, repeated=body.repeated)
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
        if proving:
            body.spend(f"len({value})")
        key, item = self._compiler.variable(), self._compiler.variable()
        loop = body.under(f"for {key}, {item} in {value}.items():").under(f"if {key} not in {known}:")
        loop.refuse(f"type({key}) is not str")
        if proving:
            loop.measure(key)
        self._compiler.check(_ANYTHING if others is True else others, item, loop, proving)


class _Test(NamedTuple):
    """Whether a value is of a type."""

    kind: str
    positive: str
    negative: str


def _is(kind: str, value: str, name: str) -> _Test:
    return _Test(kind, f"type({value}) is {name}", f"type({value}) is not {name}")


_ANYTHING: dict[str, Any] = {}
