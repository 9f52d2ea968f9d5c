# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A schema without its references and combinations: the cases in which a value may be valid by it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from .constraints import Constraints, Impossible

__all__ = ["Cases"]

#: The drafts in which the keywords beside a reference have no meaning.
_ALONE = ("Draft3Validator", "Draft4Validator", "Draft6Validator", "Draft7Validator")
_Choices = tuple[tuple[tuple[Any, ...], ...], ...]


class Cases:
    """Follows the references and combinations of one schema.

    Args:
        root: The schema.
        draft: jsonschema's class for its draft.
    """

    def __init__(self, root: Any, draft: Any) -> None:
        from jsonschema_specifications import REGISTRY
        from referencing.jsonschema import specification_with

        specification = specification_with(draft.META_SCHEMA.get("$schema") or draft.META_SCHEMA["id"])
        resource = specification.create_resource(root)
        # With this registry nothing is loaded from the network.
        self._resolver = REGISTRY.resolver_with_root(resource)
        self._root = root
        self._alone = draft.__name__ in _ALONE

    def of(self, schema: Any, onto: Constraints | None = None) -> Iterator[Constraints]:
        """Yield the cases of a schema; values of a case may still be refused by it.

        Args:
            schema: It, or one of its parts.
            onto: What is asked of the value besides.

        Raises:
            Impossible: There is none. It may be raised after others.
            referencing.exceptions.Unresolvable: A reference leads nowhere, or out of the schema.
        """
        start = Constraints() if onto is None else onto
        start = replace(start, references=start.references | {id(schema)})
        return self._chosen(*self._flat(schema, start, ()))

    def _chosen(self, known: Constraints, choices: _Choices) -> Iterator[Constraints]:
        if not choices:
            yield known
            return
        reason = None
        for alternative in choices[0]:
            chosen, more = known, choices[1:]
            try:
                for schema in alternative:
                    chosen, more = self._flat(schema, chosen, more)
                yield from self._chosen(chosen, more)
            except Impossible as error:
                reason = reason or error
        if reason is not None:
            raise reason

    def _flat(self, schema: Any, known: Constraints, choices: _Choices) -> tuple[Constraints, _Choices]:
        """Add a schema to what is known; alternatives are added to the choices."""
        if schema is False:
            raise Impossible("nothing is accepted")
        if not isinstance(schema, dict):
            return known, choices
        for target in self._targets(schema):
            if id(target) not in known.references:  # else it is asked already
                known = replace(known, references=known.references | {id(target)})
                known, choices = self._flat(target, known, choices)
        if self._alone and isinstance(schema.get("$ref"), str):
            return known, choices
        known = known.with_keywords(_in_newer_words(schema))
        for part in schema.get("allOf", ()):
            known, choices = self._flat(part, known, choices)
        for several in ("anyOf", "oneOf"):
            if several in schema:
                choices = (*choices, tuple((each,) for each in schema[several]))
        if "if" in schema:
            condition = schema["if"]
            taken = (condition, schema.get("then", True))
            choices = (*choices, (taken, (schema.get("else", True),)))
        return known, choices

    def _targets(self, schema: dict[str, Any]) -> Iterator[Any]:
        for keyword in ("$ref", "$dynamicRef"):
            if isinstance(schema.get(keyword), str):
                yield self._resolver.lookup(schema[keyword]).contents
        if "$recursiveRef" in schema:
            yield self._root


def _in_newer_words(schema: dict[str, Any]) -> dict[str, Any]:
    """Draft 4 says by a second keyword that a bound itself is refused."""
    if any(isinstance(schema.get(each), bool) for each in ("exclusiveMinimum", "exclusiveMaximum")):
        return {key: each for key, each in schema.items() if not key.startswith("exclusive")}
    return schema
