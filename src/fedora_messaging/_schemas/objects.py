# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Makes objects that fulfil the constraints of a schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, islice
from typing import Any, Protocol

from .cases import Cases
from .constraints import Constraints, Impossible, all_of
from .patterns import UnknownPattern, strings

__all__ = ["Objects"]

#: How many objects are made of the same names, with other values.
_TURNS = 8


class _Values(Protocol):
    """Yields values that a part of the schema accepts."""

    def __call__(
        self, schema: Any, path: str, inside: frozenset[int], depth: int, *, optional: bool = False
    ) -> Iterator[Any]: ...


class Objects:
    """Makes objects.

    Args:
        cases: Follows references and combinations.
        values: Makes the values of properties.
        sparse: Whether objects with few properties come first.
    """

    def __init__(self, cases: Cases, values: _Values, sparse: bool) -> None:
        self._cases = cases
        self._sparse = sparse
        self._values = values

    def values(
        self, case: Constraints, path: str, inside: frozenset[int], depth: int
    ) -> Iterator[dict[str, Any]]:
        """Yield objects: with all names that are known, and with those alone that are required.

        Args:
            case: What is asked of the object.
            path: Where it is.
            inside: The identities of the schemas that it is inside of.
            depth: How many.
        """
        for all_names in (False, True) if self._sparse else (True, False):
            names = self._names(case, all_names=all_names)
            dependent = next(((name, schema) for name, schema in case.then if name in names), None)
            if dependent is None:
                yield from self._of(case, names, path, inside, depth)
                continue
            name, schema = dependent
            less = replace(
                case,
                then=tuple(each for each in case.then if each != dependent),
                required=tuple(dict.fromkeys((*case.required, name))),
            )
            try:
                for more in self._cases.of(schema, less):
                    yield from self.values(more, path, inside, depth)
            except Impossible:
                continue

    def _names(self, case: Constraints, *, all_names: bool) -> list[str]:
        found = list(case.required)
        if all_names:
            found += [name for name in case.properties if name not in found and _is_open(case, name)]
        for name in found:  # which grows
            for needing, needed in case.needs:
                if needing == name:
                    found += [each for each in needed if each not in found]
        least, most = case.sizes
        if len(found) > most:
            found = found[: max(int(most), len(case.required))]
        wanted = max(
            least, len(found) + (all_names and not case.properties and _is_map(case) and most > len(found))
        )
        for name in islice(self._more_names(case), 200):
            if len(found) >= wanted:
                break
            if name not in found and _is_open(case, name):
                found.append(name)
        return found

    def _more_names(self, case: Constraints) -> Iterator[str]:
        """Yield names that may be accepted."""
        yield from case.properties
        for pattern, _ in case.matching:
            try:
                yield from strings(pattern)
            except UnknownPattern:
                continue
        if case.names:
            of_strings = {"allOf": [*case.names], "type": "string"}
            yield from islice(self._values(of_strings, "", frozenset(), 0), 20)
        yield "name"
        yield from (f"name{number}" for number in count(2))

    def _of(
        self, case: Constraints, names: list[str], path: str, inside: frozenset[int], depth: int
    ) -> Iterator[dict[str, Any]]:
        drawn: dict[str, list[Any]] = {}
        for name in names:
            optional = name not in case.required
            inner = f"{path}.{name}" if path else name
            schema = _schema_of(case, name)
            if schema is False:
                continue
            found = list(islice(self._values(schema, inner, inside, depth + 1, optional=optional), 1))
            if found:
                drawn[name] = found
            elif not optional:
                return
        yield {name: each[0] for name, each in drawn.items()}
        if not drawn:
            return
        # Other values, for arrays whose items have to differ: of the first property that has any.
        for name in drawn:
            inner = f"{path}.{name}" if path else name
            others = self._values(_schema_of(case, name), inner, inside, depth + 1)
            for other in islice(others, 1, _TURNS):
                yield {key: other if key == name else each[0] for key, each in drawn.items()}


def _schema_of(case: Constraints, name: str) -> Any:
    """Return the schema of the value of a property."""
    parts = [
        *case.properties.get(name, ()),
        *(each for pattern, each in case.matching if re.search(pattern, name)),
    ]
    return all_of(tuple(parts or case.rest))


def _is_open(case: Constraints, name: str) -> bool:
    """Whether a name is none that a schema refuses."""
    return all(
        name in names or any(re.search(pattern, name) for pattern in patterns)
        for names, patterns in case.closed
    )


def _is_map(case: Constraints) -> bool:
    """Whether the schema describes values whose names it leaves open."""
    return bool(case.matching) or any(isinstance(each, dict) and each for each in case.rest)
