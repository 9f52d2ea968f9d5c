# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Makes an example of what a JSON schema (draft 4 to 2020-12) accepts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .._json.equality import are_same
from .._json.schema import check
from ..exceptions import excerpt
from .cases import Cases
from .constraints import Constraints, Impossible, all_of
from .objects import Objects
from .patterns import UnknownPattern
from .scalars import numbers, texts

__all__ = ["NoExample", "example", "examples"]

#: How many values are looked for before it is given up.
_STEPS = 6_000
#: How many candidates of one case are tried.
_CANDIDATES = 400
_DEPTH = 30
#: So deep a schema may be repeated inside itself: checking a value can take twice as long with each level.
_REPEATED_DEPTH = 8
_LONGEST_PATH = 100


class NoExample(ValueError):
    """No example could be made; the text names the place and the way out."""


def example(schema: Any, kind: str | None = None, *, sparse: bool = False) -> Any:
    """Make a value that a schema accepts: the same one each time, with all properties where that is possible.

    What the schema shows itself, by "examples" or "default", is taken where it is valid. A format is kept to,
    unless a pattern or a length asks for something else: formats refuse nothing here.

    Args:
        schema: The schema, which is valid by its draft.
        kind: The type that the value has to have, as "object"; None: any.
        sparse: With as few properties as possible instead.

    Raises:
        NoExample: None was found. There may be one.
        jsonschema.SchemaError: The schema cannot be used.
    """
    from jsonschema import ValidationError

    refusal = ""
    for value in examples(schema, kind, sparse=sparse):
        try:
            check(schema, value)  # by what decides when a message is published
        except ValidationError as error:
            refusal = refusal or error.message
        else:
            return value
    raise NoExample(_text(excerpt(refusal, 200)))


def examples(schema: Any, kind: str | None = None, *, sparse: bool = False) -> Iterator[Any]:
    """Yield values that a schema accepts, some of them several times.

    Args:
        schema: As for :func:`example`.
        kind: As for :func:`example`.
        sparse: As for :func:`example`.

    Raises:
        NoExample: None was found.
    """
    from referencing.exceptions import Unresolvable

    maker = _Maker(schema, sparse)
    found = False
    try:
        for value in maker.values(schema, onto=Constraints(types=(kind,) if kind else None)):
            found = True
            yield value
    except _TooManySteps:
        maker.failed("", "there are too many combinations")
    except RecursionError:
        maker.failed("", "the schema is nested too deep")
    except Unresolvable as error:
        maker.failed("", f"the reference {error.ref} leads nowhere, or out of the schema")
    except re.error as error:
        maker.failed("", f"a pattern is no regular expression of Python: {error}")
    if not found:
        raise NoExample(_text(maker.reason))


def _text(reason: str) -> str:
    return f'No example could be made: {reason}. Put one into the schema there, as "examples" or "default"'


class _TooManySteps(Exception):
    """It is given up."""


class _Maker:
    """Makes values for the places of one schema.

    Args:
        root: The schema.
        sparse: Whether properties that may be left out are.
    """

    def __init__(self, root: Any, sparse: bool) -> None:
        from jsonschema import Draft202012Validator
        from jsonschema.validators import validator_for
        from jsonschema_specifications import REGISTRY

        draft = validator_for(root, default=Draft202012Validator)
        self._validator = draft(root, registry=REGISTRY)
        self._cases = Cases(root, draft)
        self._objects = Objects(self._cases, self.values, sparse)
        self._steps = _STEPS
        self._reason: tuple[int, str] = (-1, "")

    @property
    def reason(self) -> str:
        """Why the innermost place has no value, with its path."""
        return self._reason[1]

    def failed(self, path: str, text: str, depth: int = 0) -> None:
        """Note a reason, unless one further inside is known."""
        if depth > self._reason[0]:
            where = excerpt(path, _LONGEST_PATH)
            self._reason = (depth, f"{where}: {excerpt(text, 200)}" if path else excerpt(text, 200))

    def values(
        self,
        schema: Any,
        path: str = "",
        inside: frozenset[int] = frozenset(),
        depth: int = 0,
        *,
        optional: bool = False,
        onto: Constraints | None = None,
    ) -> Iterator[Any]:
        """Yield values that a part of the schema accepts.

        Args:
            schema: The part.
            path: Where it is.
            inside: The identities of the schemas that it is inside of.
            depth: How many.
            optional: Whether the value may be left out: then a schema is not repeated inside itself.
            onto: What is asked of the value besides.
        """
        self._steps -= 1
        if self._steps < 0:
            raise _TooManySteps
        if depth > _DEPTH:
            self.failed(path, "it contains itself without an end", depth)
            return
        validator = self._validator.evolve(schema=schema)
        refusal = ""
        for case in self._ordered(schema, onto, path, inside, depth, optional):
            try:
                for count, value in enumerate(self._of_case(case, path, inside | case.references, depth)):
                    if count >= _CANDIDATES:
                        break
                    error = next(validator.iter_errors(value), None)
                    if error is None:
                        yield value
                    else:
                        refusal = refusal or error.message
            except (Impossible, UnknownPattern) as error:
                refusal = str(error)
        if refusal:
            self.failed(path, refusal, depth)

    def _ordered(
        self,
        schema: Any,
        onto: Constraints | None,
        path: str,
        inside: frozenset[int],
        depth: int,
        optional: bool,
    ) -> Iterator[Constraints]:
        """Yield the cases of a schema, those that repeat a schema inside itself last."""
        repeating = []
        try:
            for case in self._cases.of(schema, onto):
                self._steps -= 1
                if self._steps < 0:
                    raise _TooManySteps
                if case.references & inside:
                    repeating.append(case)
                else:
                    yield case
        except Impossible as error:
            self.failed(path, str(error), depth)
        if repeating and depth > _REPEATED_DEPTH:
            self.failed(path, "it contains itself without an end", depth)
        elif not optional:
            yield from repeating

    def _of_case(self, case: Constraints, path: str, inside: frozenset[int], depth: int) -> Iterator[Any]:
        if case.values is not None:
            yield from sorted(case.values, key=lambda value: value is None)
            return
        yield from case.proposed
        for kind in case.kinds:
            if kind == "object":
                yield from self._objects.values(case, path, inside, depth)
            elif kind == "array":
                yield from self._arrays(case, path, inside, depth)
            elif kind == "string":
                name = re.split(r"[.\[]", path.removesuffix("[]"))[-1]
                yield from texts(name, case.format, case.patterns, *case.lengths)
            elif kind == "boolean":
                yield from (True, False)
            elif kind == "null":
                yield None
            else:
                yield from numbers(case.low, case.high, case.steps, whole=kind == "integer")

    def _arrays(
        self, case: Constraints, path: str, inside: frozenset[int], depth: int
    ) -> Iterator[list[Any]]:
        least, most = case.counts
        usual = max(least, len(case.first), len(case.contained), 1)
        for count in dict.fromkeys((min(usual, most), least)):
            for turn in range(4):
                made = self._array(case, f"{path}[]", inside, depth, int(count), turn, least)
                if made is not None:
                    yield made

    def _array(
        self,
        case: Constraints,
        path: str,
        inside: frozenset[int],
        depth: int,
        count: int,
        turn: int,
        least: int,
    ) -> list[Any] | None:
        """Make one array; None if an item cannot be made."""
        made: list[Any] = []
        for at in range(count):
            parts = case.first[at] if at < len(case.first) else case.others
            wanted = case.contained[at : at + 1] if at >= len(case.first) or len(case.contained) > at else ()
            items = self.values(
                all_of((*parts, *wanted)), path, inside, depth + 1, optional=at >= least and not wanted
            )
            item: list[Any] = []
            skipped = 0
            for value in items:
                if case.unique and any(are_same(value, other) for other in made):
                    continue
                item = [value]
                if skipped >= (0 if made else turn):
                    break
                skipped += 1
            if not item:
                self.failed(path, "no more items are found that are accepted and differ", depth + 1)
                return None
            made += item
        return made
