# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the keywords of one or of several schemas ask of a value, in the words of the newest draft."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from .._json.equality import are_same

__all__ = ["Constraints", "Impossible", "all_of"]

_TYPES = ("string", "object", "array", "integer", "number", "boolean", "null")
#: Keywords that speak of values of one type alone: what a schema without "type" is most likely about.
_HINTS = {
    "object": ("properties", "required", "additionalProperties", "patternProperties", "minProperties"),
    "array": ("items", "prefixItems", "minItems", "uniqueItems", "contains"),
    "string": ("pattern", "minLength", "maxLength", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}


class Impossible(Exception):
    """No value can fulfil all of it; the text says why."""


@dataclass(frozen=True)
class Constraints:
    """What is asked of a value. Subschemas that belong to the same place are in one tuple.

    Attributes:
        types: The types that are accepted; None: nothing was said.
        likely: The types that keywords speak of.
        values: The values that are accepted; None: others, too.
        proposed: Values that the schema shows: its default and its examples.
        low: The lower bound, which may be refused itself.
        high: The upper bound, which may be refused itself.
        steps: What numbers are multiples of.
        patterns: What strings match.
        format: What strings look like.
        lengths: The fewest and the most characters.
        required: The names that objects have.
        properties: The schemas of their values, by name.
        matching: Patterns of names, with the schema of their values.
        rest: The schemas of all other values.
        closed: For each schema that accepts no others: the names and the patterns that it accepts.
        names: The schemas of names.
        sizes: The fewest and the most properties.
        needs: Names, with the names that must be there as well.
        then: Names, with the schema by which the object is valid as well.
        first: The schemas of the first items, position by position.
        others: The schemas of all other items.
        contained: The schemas by which one item is valid.
        counts: The fewest and the most items.
        unique: Whether no two items are equal.
        references: The identities of the schemas that references led to.
    """

    types: tuple[str, ...] | None = None
    likely: tuple[str, ...] = ()
    values: tuple[Any, ...] | None = None
    proposed: tuple[Any, ...] = ()
    low: float | None = None
    high: float | None = None
    steps: tuple[float, ...] = ()
    patterns: tuple[str, ...] = ()
    format: str | None = None
    lengths: tuple[int, float] = (0, float("inf"))
    required: tuple[str, ...] = ()
    properties: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    matching: tuple[tuple[str, Any], ...] = ()
    rest: tuple[Any, ...] = ()
    closed: tuple[tuple[frozenset[str], tuple[str, ...]], ...] = ()
    names: tuple[Any, ...] = ()
    sizes: tuple[int, float] = (0, float("inf"))
    needs: tuple[tuple[str, tuple[str, ...]], ...] = ()
    then: tuple[tuple[str, Any], ...] = ()
    first: tuple[tuple[Any, ...], ...] = ()
    others: tuple[Any, ...] = ()
    contained: tuple[Any, ...] = ()
    counts: tuple[int, float] = (0, float("inf"))
    unique: bool = False
    references: frozenset[int] = frozenset()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The types to try, likely ones first, null last."""
        if self.types is not None:
            return tuple(sorted(self.types, key=lambda kind: kind == "null"))
        return (*self.likely, *(each for each in _TYPES if each not in self.likely))

    def with_keywords(self, schema: dict[str, Any]) -> Constraints:
        """Add what the keywords of a schema ask, but for references and combinations.

        Raises:
            Impossible: Nothing can fulfil both.
        """
        changes: dict[str, Any] = {}
        self._add_values(schema, changes)
        self._add_scalars(schema, changes)
        self._add_objects(schema, changes)
        self._add_arrays(schema, changes)
        return replace(self, **changes)

    def _add_values(self, schema: dict[str, Any], changes: dict[str, Any]) -> None:
        given = schema.get("type")
        if given is not None:
            types = (given,) if isinstance(given, str) else tuple(given)
            changes["types"] = types if self.types is None else _common(self.types, types)
            if not changes["types"]:
                raise Impossible(
                    f"it would have to be {' or '.join(types)}, and {' or '.join(self.types or ())}"
                )
        likely = (kind for kind, keywords in _HINTS.items() if any(each in schema for each in keywords))
        changes["likely"] = tuple(dict.fromkeys((*self.likely, *likely)))
        for accepted in ([schema["const"]] if "const" in schema else None, schema.get("enum")):
            if accepted is None:
                continue
            before = changes.get("values", self.values)
            changes["values"] = tuple(
                each for each in accepted if before is None or any(are_same(each, other) for other in before)
            )
            if not changes["values"]:
                raise Impossible("none of its values is accepted by all that is asked of it")
        proposed = [*schema["examples"]] if isinstance(schema.get("examples"), list) else []
        if "default" in schema:
            proposed.append(schema["default"])
        changes["proposed"] = (*self.proposed, *proposed)

    def _add_scalars(self, schema: dict[str, Any], changes: dict[str, Any]) -> None:
        for key, name, narrower in (("low", "Minimum", max), ("high", "Maximum", min)):
            bounds = [getattr(self, key), schema.get(name.lower()), schema.get(f"exclusive{name}")]
            known = [each for each in bounds if each is not None and not isinstance(each, bool)]
            changes[key] = narrower(known) if known else None
        if "multipleOf" in schema:
            changes["steps"] = (*self.steps, schema["multipleOf"])
        if "pattern" in schema:
            changes["patterns"] = (*self.patterns, schema["pattern"])
        changes["format"] = self.format or schema.get("format")
        changes["lengths"] = _limits(self.lengths, schema, "Length")

    def _add_objects(self, schema: dict[str, Any], changes: dict[str, Any]) -> None:
        if isinstance(schema.get("required"), list):
            changes["required"] = tuple(dict.fromkeys((*self.required, *schema["required"])))
        named = schema.get("properties", {})
        if named:
            merged = {**self.properties}
            for name, each in named.items():
                merged[name] = (*merged.get(name, ()), each)
            changes["properties"] = merged
        matching = schema.get("patternProperties", {})
        changes["matching"] = (*self.matching, *matching.items())
        rest = schema.get("additionalProperties", True)
        if rest is False:
            changes["closed"] = (*self.closed, (frozenset(named), tuple(matching)))
        elif rest is not True:
            changes["rest"] = (*self.rest, rest)
        if "propertyNames" in schema:
            changes["names"] = (*self.names, schema["propertyNames"])
        changes["sizes"] = _limits(self.sizes, schema, "Properties")
        needs, then = [*self.needs], [*self.then]
        for keyword in ("dependencies", "dependentRequired", "dependentSchemas"):
            for name, each in schema.get(keyword, {}).items():
                if isinstance(each, list):
                    needs.append((name, tuple(each)))
                else:
                    then.append((name, (each,)) if isinstance(each, str) else (name, each))
        changes["needs"], changes["then"] = tuple(needs), tuple(then)

    def _add_arrays(self, schema: dict[str, Any], changes: dict[str, Any]) -> None:
        items = schema.get("items", True)
        first = items if isinstance(items, list) else schema.get("prefixItems", [])
        others = schema.get("additionalItems", True) if isinstance(items, list) else items
        if first:
            length = max(len(first), len(self.first))
            changes["first"] = tuple(
                (
                    *(self.first[at] if at < len(self.first) else self.others),
                    *(first[at : at + 1] or [others]),
                )
                for at in range(length)
            )
        elif self.first:
            changes["first"] = tuple((*each, others) for each in self.first)
        if others is not True:
            changes["others"] = (*self.others, others)
        if "contains" in schema:
            least = int(schema.get("minContains", 1))
            changes["contained"] = (*self.contained, *[schema["contains"]] * least)
        changes["counts"] = _limits(self.counts, schema, "Items")
        changes["unique"] = self.unique or schema.get("uniqueItems") is True


def all_of(schemas: tuple[Any, ...]) -> Any:
    """Return one schema that accepts what all of these accept."""
    several = [each for each in schemas if each is not True]
    if len(several) == 1:
        return several[0]
    return {"allOf": several} if several else True


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    found = [each for each in one if each in other or (each == "integer" and "number" in other)]
    if "number" in one and "integer" in other:
        found.append("integer")
    return tuple(dict.fromkeys(found))


def _limits(before: tuple[int, float], schema: dict[str, Any], name: str) -> tuple[int, float]:
    return (
        max(before[0], int(schema.get(f"min{name}", 0))),
        min(before[1], schema.get(f"max{name}", float("inf"))),
    )
