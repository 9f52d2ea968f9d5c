# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""JSON schemas compiled to Python: a quick yes, which jsonschema would say as well.

The part of JSON Schema that messages are made of becomes the source of a function, which takes 2 µs for a
body of 1 KB where jsonschema takes 240. A schema with anything else in it, or with anything wrong in it, is
not compiled, and jsonschema is asked. Each keyword does here what it does there, down to the comparison, so
that the answer can be trusted under ``not`` and ``oneOf`` as well; tests compare both on JSON Schema's own
test suite, on generated schemas and on values of all kinds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from ._codegen import Body, Checks
from ._keywords import Keywords, Unknown, is_annotation, require
from .bounds import BUDGET, MAX_DEPTH, is_plain, within
from .equality import are_unique

__all__ = ["Accepters", "compiled"]

_DRAFTS = {
    "http://json-schema.org/draft-04/schema": 4,
    "http://json-schema.org/draft-06/schema": 6,
    "http://json-schema.org/draft-07/schema": 7,
    "https://json-schema.org/draft/2019-09/schema": 2019,
    "https://json-schema.org/draft/2020-12/schema": 2020,
}
_DEFAULT = 2020

_ID = re.compile(r"https?://(?!json-schema\.org)[A-Za-z0-9.-]+(/[A-Za-z0-9._/-]*)?#?")
_REFERENCE = re.compile(r"#/(definitions|\$defs)/([A-Za-z0-9._-]+)")

# Schemas nested deeper are jsonschema's, and so are values nested deeper where a schema leaves them free:
# what is proven is never nested more than MAX_DEPTH levels.
_MOST_NESTED = 32
_FREE_DEPTH = MAX_DEPTH - _MOST_NESTED
# Python allows twenty blocks in each other.
_MOST_INLINE = 6
# A function of so few lines is not called but written where it is referred to: a fifth of the time less.
_FEW_LINES = 24
# What is written where it is referred to multiplies: where it gets too much, jsonschema is asked.
_MOST_LINES = 5_000


class Accepters(NamedTuple):
    """Two functions that say whether a value is valid. False means: ask jsonschema."""

    #: For values that were decoded from JSON.
    decoded: Callable[[Any], bool]
    #: For any value: true also means that it holds only what decoding JSON gives, but for keys that are of a
    #: subclass of str and integers of any size; and that it is of moderate size when it is written, however
    #: often it holds the same part.
    proven: Callable[[Any], bool]


def compiled(schema: Any) -> Accepters | None:
    """The accepters of a schema, None if jsonschema has to be asked each time.

    Args:
        schema: The schema, which must not be changed afterwards.
    """
    if type(schema) is not dict or not is_plain(schema):
        return None
    named = schema.get("$schema", "")
    draft = _DEFAULT if "$schema" not in schema else _DRAFTS.get(str(named).removesuffix("#"))
    if draft is None:
        return None
    try:
        return Accepters(_Compiler(schema, draft, False).function, _Compiler(schema, draft, True).function)
    except (Unknown, RecursionError, MemoryError, SyntaxError):  # too much of it for Python's compiler
        return None


class _Compiler:
    """Writes the source of a function for a schema.

    Args:
        schema: The schema.
        draft: Of JSON Schema.
        proving: Whether the function looks at everything in the value, or only at what the schema is about.
            Such functions take a budget as well and return what is left of it, False if the value is refused:
            each element of an array, and of what a schema leaves free, costs one.
    """

    def __init__(self, schema: dict[str, Any], draft: int, proving: bool) -> None:
        self._schema = schema
        self._draft = draft
        self._names: dict[str, Any] = {"plain": _is_free_plain, "unique": are_unique}
        self._source: list[str] = []
        self._references: dict[tuple[str, bool], str] = {}
        self._lines: dict[str, int] = {}  # of each function
        self._open: list[str] = []  # the references that are being followed
        self._nested = 0
        self._variables = 0
        root = dict(schema)
        root.pop("$schema", None)
        name = root.pop("id" if draft == 4 else "$id", None)
        require(name is None or (isinstance(name, str) and _ID.fullmatch(name) is not None))
        made = self.function_for(root, proving)
        if proving:
            made = self._with_budget(made)
        # The source is made of the representations of constants and of names given here, nothing else.
        exec(compile("\n".join(self._source), "<JSON schema>", "exec"), self._names)
        self.function: Callable[[Any], bool] = self._names[made]

    def _with_budget(self, function: str) -> str:
        """A function that brings the budget along and answers with yes or no."""
        name = self.constant(None)
        self._source += [f"def {name}(v):", f" return {function}(v, {BUDGET}) is not False"]
        return name

    def constant(self, value: Any) -> str:
        """A name for a value; nothing else gets it."""
        name = f"c{len(self._names)}"
        self._names[name] = value
        return name

    def variable(self) -> str:
        """A name for a variable; nothing else gets it."""
        self._variables += 1
        return f"x{self._variables}"

    def define(self, key: str, definitions: dict[str, Any]) -> None:
        """See that definitions are good: a broken one makes the schema a broken one."""
        for name, schema in definitions.items():
            reference = f"#/{key}/{name}"
            if definitions is self._schema.get(key) and _REFERENCE.fullmatch(reference):
                self._referred({"$ref": reference}, False)
            else:
                self.function_for(schema, False)

    def function_for(self, schema: Any, proving: bool) -> str:
        """Write a function for a schema; returns its name."""
        if type(schema) is dict and "$ref" in schema:
            return self._referred(schema, proving)
        require(len(self._source) < _MOST_LINES)
        name = self.constant(None)
        # What is referred to may be referred to in a loop.
        body = Body(self, 1, repeated=bool(self._nested or self._open))
        self._nested += 1
        require(self._nested <= _MOST_NESTED)
        self.check(schema, "v", body, proving)
        self._nested -= 1
        head, end = (f"def {name}(v, b):", " return b") if proving else (f"def {name}(v):", " return True")
        self._source += [head, *body.lines, end]
        self._lines[name] = len(body.lines)
        return name

    def check(self, schema: Any, value: str, body: Body, proving: bool) -> None:
        """Write statements that return False unless the value of an expression is valid."""
        if type(schema) is bool:
            require(self._draft != 4)
            if not schema:
                body.add("return False")
            elif proving:
                body.prove("plain", value)
            return
        require(type(schema) is dict)
        if "$ref" in schema:
            referred = self._referred(schema, proving)
            schema = self._target(schema["$ref"])
            if self._lines[referred] > _FEW_LINES or type(schema) is bool or "$ref" in schema:
                body.call(referred, value, proving)
                return
        if body.level > _MOST_INLINE:
            body.call(self.function_for(schema, proving), value, proving)
            return
        self._nested += 1
        require(self._nested <= _MOST_NESTED)
        Checks(self, Keywords(schema, self._draft)).check(value, body, proving)
        self._nested -= 1

    def _referred(self, schema: dict[str, Any], proving: bool) -> str:
        """The function of the schema that is referred to."""
        name = schema["$ref"]
        target = self._target(name)
        # Beside a reference, other keywords count in some drafts only.
        others = {key: each for key, each in schema.items() if key != "$ref"}
        require(all(is_annotation(key, each) for key, each in others.items()))
        # One that refers to itself goes as deep as the value, and Python's recursion limit would decide.
        require(name not in self._open)
        made = self._references.get((name, proving))
        if made is None:
            self._open.append(name)
            made = self._references[name, proving] = self.function_for(target, proving)
            self._open.pop()
        return made

    def _target(self, name: Any) -> Any:
        found = _REFERENCE.fullmatch(name) if isinstance(name, str) else None
        require(found is not None)
        assert found is not None
        places = self._schema.get(found[1])
        require(type(places) is dict and found[2] in places)
        assert places is not None
        return places[found[2]]


def _is_free_plain(value: Any, budget: int) -> int:
    return max(within(value, budget, _FREE_DEPTH), 0)
