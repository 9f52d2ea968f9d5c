# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Compiles JSON schemas to Python functions that accept valid values fast.

The part of JSON Schema that messages use is compiled to a function, which takes 2 µs for a body of 1 KB where
jsonschema takes 240 µs. A schema with any other keyword in it, or with an error in it, is not compiled, and
jsonschema validates instead. Each keyword has exactly jsonschema's meaning, so that the result is also right
under ``not`` and ``oneOf``; tests compare both on JSON Schema's own test suite, on generated schemas and on
values of all kinds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from ._codegen import Checks
from ._keywords import Keywords, Unsupported, is_annotation, require
from ._source import MOST_NESTED, SourceBlock
from .bounds import BUDGET, is_plain, within
from .equality import are_unique

__all__ = ["CompiledValidators", "compile_schema"]

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

# Python allows twenty nested blocks.
_MOST_INLINE = 6
# A referenced schema of at most so many lines is written in place instead of called: a fifth faster.
_FEW_LINES = 40
# Code that is written in place can multiply: a schema with more lines is left to jsonschema.
_MOST_LINES = 5_000


class CompiledValidators(NamedTuple):
    """Two functions that return whether a value is valid. False means that jsonschema has to decide."""

    #: For values that were decoded from JSON.
    decoded: Callable[[Any], bool]
    #: For any value. True also means that it contains only types that decoding JSON gives, except for keys of
    #: a subclass of str and integers of any size; and that it is of moderate size when it is encoded, however
    #: often it contains the same object.
    proven: Callable[[Any], bool]


def compile_schema(schema: Any) -> CompiledValidators | None:
    """Compile a schema.

    Args:
        schema: The schema, which must not be changed afterwards.

    Returns:
        Its validators; None if the schema is not supported and jsonschema has to validate each time.
    """
    if type(schema) is not dict or not is_plain(schema):
        return None
    named = schema.get("$schema", "")
    draft = _DEFAULT if "$schema" not in schema else _DRAFTS.get(str(named).removesuffix("#"))
    if draft is None:
        return None
    try:
        decoded, proven = _Compiler(schema, draft, False), _Compiler(schema, draft, True)
    except (Unsupported, RecursionError, MemoryError, SyntaxError):  # too large for Python's compiler
        return None
    return CompiledValidators(decoded.function, proven.function)


class _Compiler:
    """Writes the source of a function for a schema.

    Args:
        schema: The schema.
        draft: Of JSON Schema.
        proving: Whether the function examines all of the value, or only what the schema describes. A proving
            function also takes a budget and returns what is left of it, or False if the value is refused:
            each element of an array, and of what the schema does not describe, costs one.
    """

    def __init__(self, schema: dict[str, Any], draft: int, proving: bool) -> None:
        self._schema = schema
        self._draft = draft
        self._names: dict[str, Any] = {"plain": within, "unique": are_unique}
        self._source: list[str] = []
        self._references: dict[tuple[str, bool], str] = {}
        self._lines: dict[str, int] = {}  # the number of lines of each function
        self._open: list[str] = []  # the references that are being written
        self._nested = 0
        self._variables = 0
        root = dict(schema)
        root.pop("$schema", None)
        name = root.pop("id" if draft == 4 else "$id", None)
        require(name is None or (isinstance(name, str) and _ID.fullmatch(name) is not None))
        made = self.function_for(root, proving)
        if proving:
            made = self._with_budget(made, called="$ref" in root)
        # The source contains only reprs of constants, and names that are generated here.
        exec(compile("\n".join(self._source), "<JSON schema>", "exec"), self._names)
        self.function: Callable[[Any], bool] = self._names[made]

    def _with_budget(self, function: str, *, called: bool) -> str:
        """Return a function that begins with the full budget and returns a bool; a new one if need be."""
        if not called:  # one call less with each message
            self._source[self._source.index(f"def {function}(v, b):")] = f"def {function}(v, b={BUDGET}):"
            self._source[-1] = " return True"
            return function
        name = self.constant(None)
        self._source += [f"def {name}(v):", f" return {function}(v, {BUDGET}) is not False"]
        return name

    def constant(self, value: Any) -> str:
        """Return a new name, bound to a value."""
        name = f"c{len(self._names)}"
        self._names[name] = value
        return name

    def variable(self) -> str:
        """Return a new name for a variable."""
        self._variables += 1
        return f"x{self._variables}"

    def define(self, key: str, definitions: dict[str, Any]) -> None:
        """Check definitions: an invalid one makes the schema invalid."""
        for name, schema in definitions.items():
            reference = f"#/{key}/{name}"
            if definitions is self._schema.get(key) and _REFERENCE.fullmatch(reference):
                self._function_of_reference({"$ref": reference}, False)
            else:
                self.function_for(schema, False)

    def function_for(self, schema: Any, proving: bool) -> str:
        """Write a function for a schema, and return its name."""
        if type(schema) is dict and "$ref" in schema:
            return self._function_of_reference(schema, proving)
        require(len(self._source) < _MOST_LINES)
        name = self.constant(None)
        # A referenced schema may be referenced in a loop.
        block = SourceBlock(1, repeated=bool(self._nested or self._open))
        self._nested += 1
        require(self._nested <= MOST_NESTED)
        self.check(schema, "v", block, proving)
        self._nested -= 1
        head, end = (f"def {name}(v, b):", " return b") if proving else (f"def {name}(v):", " return True")
        self._source += [head, *block.lines, end]
        self._lines[name] = len(block.lines)
        return name

    def check(self, schema: Any, value: str, block: SourceBlock, proving: bool) -> None:
        """Write statements that return False unless the value of an expression is valid."""
        if type(schema) is bool:
            require(self._draft != 4)
            if not schema:
                block.add("return False")
            elif proving:
                block.prove_free(value)
            return
        require(type(schema) is dict)
        if "$ref" in schema:
            referred = self._function_of_reference(schema, proving)
            schema = self._target(schema["$ref"])
            if self._lines[referred] > _FEW_LINES or type(schema) is bool or "$ref" in schema:
                block.call(referred, value, proving)
                return
        if block.level > _MOST_INLINE:
            block.call(self.function_for(schema, proving), value, proving)
            return
        self._nested += 1
        require(self._nested <= MOST_NESTED)
        Checks(self, Keywords(schema, self._draft)).check(value, block, proving)
        self._nested -= 1

    def _function_of_reference(self, schema: dict[str, Any], proving: bool) -> str:
        """Return the function of a referenced schema."""
        name = schema["$ref"]
        target = self._target(name)
        # Beside a reference, other keywords apply in some drafts only.
        others = {key: each for key, each in schema.items() if key != "$ref"}
        require(all(is_annotation(key, each) for key, each in others.items()))
        # A recursive schema recurses as deep as the value, up to Python's recursion limit.
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
