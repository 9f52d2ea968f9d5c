# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What becomes of consumers and publishers when a JSON schema (drafts 4 to 2020-12) changes.

The question is whether all that one schema accepts is accepted by another. It is answered keyword by keyword:
each constraint of the wider schema must be implied by the same keyword of the narrower one. That is
sufficient and not necessary, and nothing that is not understood counts as compatible.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["Change", "changes"]

#: Keywords that accept and refuse nothing; "format" is not checked either.
_ANNOTATIONS = frozenset(
    {
        "$schema",
        "$id",
        "id",
        "$comment",
        "title",
        "description",
        "default",
        "examples",
        "format",
        "definitions",
        "$defs",
        "deprecated",
    }
    | {"readOnly", "writeOnly", "contentEncoding", "contentMediaType"}
)
#: Keywords whose value is a limit: what a stricter value is.
_LEAST = ("minLength", "minItems", "minProperties")
_MOST = ("maxLength", "maxItems", "maxProperties")
_LOWER, _UPPER = ("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")
_OBJECT = frozenset({"properties", "additionalProperties", "patternProperties"})
_UNDERSTOOD = frozenset(
    {"type", "enum", "const", "required", "items", "uniqueItems", "pattern", "multipleOf"}
)
_SIMPLE = _UNDERSTOOD | {*_LEAST, *_MOST, *_LOWER, *_UPPER} | _OBJECT
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
#: Keywords of newer drafts whose meaning depends on others beside them, or on where they are used.
_DEPENDENT = frozenset(
    {"prefixItems", "minContains", "maxContains", "unevaluatedItems", "unevaluatedProperties"}
    | {"$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor"}
)
#: Keywords whose schemas may name more properties.
_COMBINATIONS = frozenset(
    {"allOf", "anyOf", "oneOf", "if", "then", "else", "dependencies", "dependentSchemas"}
)
_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")


@dataclass(frozen=True, slots=True)
class Change:
    """A difference between two schemas.

    Attributes:
        path: Where it is, as ``a.b[]``; "" for the whole.
        text: What is different, in words.
        breaks: ``"consumers"``, ``"publishers"``, or "" where that cannot be told.
    """

    path: str
    text: str
    breaks: str


def changes(old: Any, new: Any) -> list[Change]:
    """Compare two versions of a schema.

    Consumers upgrade last: one that still has the old version must accept what is valid by the new one.
    Publishers that still make messages of the old version must not be refused by the new one, where they are
    taken not to send properties that the old version does not name.

    Args:
        old: The old schema.
        new: The new schema.

    Returns:
        The differences that break something, or may; none: the new version is compatible.
    """
    found: dict[tuple[str, str], Change] = {}
    if _is_same(old, new):
        return []
    if isinstance(old, dict) and isinstance(new, dict) and old.get("$schema") != new.get("$schema"):
        change = Change("", "$schema: another draft, whose keywords may mean something else", "")
        found["", "$schema"] = change
    for breaks, narrow, wide in (("consumers", new, old), ("publishers", old, new)):
        comparison = _Comparison(narrow, wide, closed=breaks == "publishers")
        for path, text, known in comparison.gaps("", narrow, wide):
            change = Change(path, text, breaks if known else "")
            found.setdefault((path, text if known else text.split(":")[0]), change)
    return list(found.values())


class _Comparison:
    """Looks for constraints of one schema that another one does not imply.

    Args:
        narrow: The schema that is to imply.
        wide: The schema whose constraints are to be implied.
        closed: Whether properties that the narrow schema does not name are taken to be absent.
    """

    def __init__(self, narrow: Any, wide: Any, *, closed: bool) -> None:
        self._narrow = narrow
        self._wide = wide
        self._closed = closed
        self._seen: set[tuple[str, str]] = set()

    def gaps(self, path: str, narrow: Any, wide: Any) -> Iterator[tuple[str, str, bool]]:
        """Yield path and description of each, and whether it is certain to be understood."""
        refs = (_reference(narrow), _reference(wide))
        if any(refs):
            if refs in self._seen:
                return  # it is compared already, further out
            self._seen.add(refs)
            if any(
                ref and each.keys() - _ANNOTATIONS - {"$ref"}
                for ref, each in zip(refs, (narrow, wide), strict=True)
            ):
                yield path, "$ref: has keywords beside it, which later drafts apply", False
            narrow, wide = _resolved(narrow, self._narrow), _resolved(wide, self._wide)
            if narrow is None or wide is None:
                yield path, f"$ref: cannot be resolved ({refs[0] or refs[1]})", False
                return
        if narrow is False or wide is True or wide == {}:
            return
        narrow = {} if narrow is True else narrow
        if wide is False:
            yield path, "nothing is accepted any more, or was before", True
            return
        if not (isinstance(narrow, dict) and isinstance(wide, dict)):
            yield path, "no schema", False
            return
        if path and any(isinstance(each.get(key), str) for each in (narrow, wide) for key in ("$id", "id")):
            yield path, "$id: changes what references mean", False
        if not _is_same(narrow, wide) or _has_reference(wide):
            for keyword in sorted((narrow.keys() | wide.keys()) & _DEPENDENT):
                yield path, f"{keyword}: is not compared where something else differs", False
        yield from self._of_keywords(path, narrow, wide)
        yield from self._of_objects(path, narrow, wide)
        if "items" in wide:
            yield from self._of_items(path, narrow, wide)

    def _of_keywords(
        self, path: str, narrow: dict[str, Any], wide: dict[str, Any]
    ) -> Iterator[tuple[str, str, bool]]:
        for keyword in sorted(wide.keys() - _SIMPLE - _ANNOTATIONS):
            if keyword not in narrow or not _is_same(narrow[keyword], wide[keyword]):
                yield path, f"{keyword}: differs", False
            elif _has_reference(wide[keyword]):
                yield path, f"{keyword}: has a $ref, which is not followed there", False
        types = _types(wide)
        if not _types(narrow) <= types:
            more = ", ".join(sorted(_types(narrow) - types))
            yield path, f"type: {more} is not accepted by both", True
        yield from self._of_values(path, narrow, wide)
        missing = sorted(set(_names(wide)) - set(_names(narrow)))
        for name in missing:
            yield path, f"required: {name} is required by one only", True
        for keyword in _LEAST:
            if keyword in wide and not narrow.get(keyword, 0) >= wide[keyword]:
                yield path, f"{keyword}: differs", True
        for keyword in _MOST:
            if keyword in wide and not narrow.get(keyword, float("inf")) <= wide[keyword]:
                yield path, f"{keyword}: differs", True
        if not _lower(narrow) >= _lower(wide):
            yield path, "minimum: differs", True
        if not _upper(narrow) <= _upper(wide):
            yield path, "maximum: differs", True
        if wide.get("uniqueItems") is True and narrow.get("uniqueItems") is not True:
            yield path, "uniqueItems: differs", True
        for keyword in ("pattern", "multipleOf"):
            if keyword in wide and narrow.get(keyword) != wide[keyword]:
                yield path, f"{keyword}: differs", keyword not in narrow

    def _of_values(
        self, path: str, narrow: dict[str, Any], wide: dict[str, Any]
    ) -> Iterator[tuple[str, str, bool]]:
        for keyword in ("enum", "const"):
            if keyword not in wide:
                continue
            accepted = wide["enum"] if keyword == "enum" else [wide["const"]]
            given = [narrow["const"]] if "const" in narrow else narrow.get("enum")
            if given is None:
                yield path, f"{keyword}: given by one only", True
                continue
            more = [each for each in given if not any(_is_same(each, other) for other in accepted)]
            if more:
                yield path, f"{keyword}: {more[0]!r} is not accepted by both", True

    def _of_objects(
        self, path: str, narrow: dict[str, Any], wide: dict[str, Any]
    ) -> Iterator[tuple[str, str, bool]]:
        if "patternProperties" in narrow or "patternProperties" in wide:
            if any(not _is_same(narrow.get(each), wide.get(each)) for each in _OBJECT):
                yield path, "patternProperties: what else describes properties differs", False
            elif any(_has_reference(wide.get(each)) for each in _OBJECT):
                yield path, "patternProperties: has a $ref, which is not followed there", False
            return
        narrow_named, wide_named = narrow.get("properties", {}), wide.get("properties", {})
        narrow_rest, wide_rest = (each.get("additionalProperties", True) for each in (narrow, wide))
        for name in {**wide_named, **narrow_named}:
            if name not in narrow_named and self._closed:
                if narrow.keys() & _COMBINATIONS and wide_named[name] not in (True, {}):
                    yield path, f"{name}: a combination may name it, too", False
                continue
            yield from self.gaps(
                f"{path}.{name}" if path else name,
                narrow_named.get(name, narrow_rest),
                wide_named.get(name, wide_rest),
            )
        if not self._closed:
            yield from self.gaps(f"{path}.*" if path else "*", narrow_rest, wide_rest)

    def _of_items(
        self, path: str, narrow: dict[str, Any], wide: dict[str, Any]
    ) -> Iterator[tuple[str, str, bool]]:
        mine, theirs = narrow.get("items", True), wide["items"]
        if isinstance(mine, list) or isinstance(theirs, list):
            if not _is_same(mine, theirs) or _has_reference(theirs):
                yield path, "items: a list of schemas differs", False
            return
        yield from self.gaps(f"{path}[]", mine, theirs)


def _reference(schema: Any) -> str:
    found = schema.get("$ref", "") if isinstance(schema, dict) else ""
    return found if isinstance(found, str) else "?"


def _resolved(schema: Any, root: Any, depth: int = 20) -> Any:
    """What a local reference leads to; None: that cannot be told. Beside one, keywords have no meaning."""
    reference = _reference(schema)
    if not reference:
        return schema
    if not depth or not (reference == "#" or reference.startswith("#/")):
        return None
    found = root
    for part in reference[1:].split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(found, dict) or name not in found:
            return None
        found = found[name]
    return _resolved(found, root, depth - 1)


def _has_reference(value: Any) -> bool:
    if isinstance(value, dict):
        return any(each in value for each in _REFERENCES) or any(map(_has_reference, value.values()))
    return isinstance(value, list) and any(map(_has_reference, value))


def _types(schema: dict[str, Any]) -> set[str]:
    """The types that are accepted; all integers are numbers."""
    given = schema.get("type", _TYPES)
    found = {given} if isinstance(given, str) else set(given)
    return found | {"integer"} if "number" in found else found


def _names(schema: dict[str, Any]) -> list[str]:
    found = schema.get("required", [])
    return found if isinstance(found, list) else []


def _lower(schema: dict[str, Any]) -> tuple[float, bool]:
    """The lower bound, and whether it is itself refused; draft 4 says that by a second keyword."""
    return max(_bounds(schema, _LOWER), default=(float("-inf"), False))


def _upper(schema: dict[str, Any]) -> tuple[float, bool]:
    found = [(value, not refused) for value, refused in _bounds(schema, _UPPER)]
    return min(found, default=(float("inf"), True))


def _bounds(schema: dict[str, Any], keywords: tuple[str, str]) -> list[tuple[float, bool]]:
    bound, exclusive = schema.get(keywords[0]), schema.get(keywords[1])
    found = [] if bound is None else [(bound, exclusive is True)]
    if exclusive is not None and not isinstance(exclusive, bool):
        found.append((exclusive, True))
    return found


def _is_same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal: 1 and 1.0 are, 1 and true are not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    return bool(one == other)
