# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What is compatible between two JSON schemas: nothing valid by the new one is refused by the old one."""

from contextlib import suppress
from itertools import islice
from typing import Any

import jsonschema
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from referencing.exceptions import Unresolvable

from fedora_messaging._json.compatibility import Change, changes
from fedora_messaging._schemas.example import NoExample, examples

_OLD = {
    "type": "object",
    "properties": {"n": {"type": "integer", "minimum": 0}, "s": {"enum": ["a", "b"]}},
    "required": ["n"],
}


def changed(**keywords: Any) -> dict[str, Any]:
    return {**_OLD, **keywords}


def with_n(**keywords: Any) -> dict[str, Any]:
    return changed(properties={**_OLD["properties"], "n": keywords})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "new",
    [
        _OLD,
        changed(title="T", description="D"),
        changed(properties={**_OLD["properties"], "new": {"type": "string"}}),  # type: ignore[dict-item]
    ],
)
def test_compatible(new: dict[str, Any]) -> None:
    """Annotations may change, and optional properties may be added."""
    assert [] == changes(_OLD, new)


@pytest.mark.parametrize(
    ("new", "path", "text", "breaks"),
    [
        (changed(required=[]), "", "required: n is required by one only", "consumers"),
        (changed(required=["n", "s"]), "", "required: s is required by one only", "publishers"),
        (with_n(type="number", minimum=0), "n", "type: number is not accepted by both", "consumers"),
        (with_n(type="integer", minimum=-1), "n", "minimum: differs", "consumers"),
        (with_n(type="integer", minimum=1), "n", "minimum: differs", "publishers"),
        (with_n(type="integer", exclusiveMinimum=0), "n", "minimum: differs", "publishers"),
        (with_n(type="integer", minimum=0, maximum=9), "n", "maximum: differs", "publishers"),
        (with_n(type="integer", minimum=0, anyOf=[{}]), "n", "anyOf: differs", ""),
        (with_n(**{"$ref": "other.json"}), "n", "$ref: cannot be resolved (other.json)", ""),
        (
            changed(patternProperties={"x": {}}),
            "",
            "patternProperties: what else describes properties differs",
            "",
        ),
        (changed(additionalProperties=False), "", "", None),
    ],
)
def test_changes(new: dict[str, Any], path: str, text: str, breaks: str | None) -> None:
    """Each is named with its place, and with whom it breaks."""
    expected = [] if breaks is None else [Change(path, text, breaks)]

    assert expected == changes(_OLD, new)


def test_a_property_that_is_removed() -> None:
    """The new version may put anything there, which consumers of the old one refuse."""
    (change,) = changes(_OLD, {**_OLD, "properties": {"n": {"type": "integer", "minimum": 0}}})

    assert ("s", "consumers") == (change.path, change.breaks)


def test_values_of_an_enumeration() -> None:
    """One more breaks consumers, one less publishers."""
    more = {"enum": ["a", "b", "c"]}
    less = {"enum": ["a"]}

    assert ["consumers"] == [each.breaks for each in changes(less, more)]
    assert ["publishers"] == [each.breaks for each in changes(more, less)]


def test_local_references() -> None:
    """They are followed, also where a schema contains itself."""
    old = {
        "definitions": {"tree": {"type": "object", "properties": {"left": {"$ref": "#/definitions/tree"}}}},
        "$ref": "#/definitions/tree",
    }
    new = {
        "definitions": {"node": {"type": "object", "properties": {"left": {"$ref": "#/definitions/node"}}}},
        "$ref": "#/definitions/node",
    }
    assert [] == changes(old, new)

    new["definitions"]["node"]["type"] = "array"  # type: ignore[index]
    assert {"consumers", "publishers"} == {each.breaks for each in changes(old, new)}


def test_definitions_of_newer_drafts() -> None:
    """They are followed where references lead to them, and mean nothing by themselves."""
    line: dict[str, Any] = {"type": "object", "properties": {"n": {"type": "integer"}}}
    old = {"properties": {"line": {"$ref": "#/$defs/Line"}}, "$defs": {"Line": line}}
    more = {**line, "properties": {**line["properties"], "s": {"type": "string"}}}
    assert [] == changes(old, {**old, "$defs": {"Line": more, "Unused": {}}})

    (change,) = changes(old, {**old, "$defs": {"Line": {**line, "required": ["n"]}}})
    assert ("line", "required: n is required by one only", "publishers") == (
        change.path,
        change.text,
        change.breaks,
    )


def test_names_in_combinations() -> None:
    """What publishers of the old version send may be named there, too: it cannot be told."""
    old: dict[str, Any] = {"allOf": [{"properties": {"a": {}}}]}
    (change,) = changes(old, {**old, "properties": {"a": {"type": "string"}}})

    assert ("", "a: a combination may name it, too") == (change.breaks, change.text)


def test_another_draft() -> None:
    """Keywords may mean something else: it cannot be told."""
    drafts = [{"$schema": f"http://json-schema.org/draft-0{number}/schema#"} for number in (4, 7)]

    assert [""] == [each.breaks for each in changes(*drafts)]


# Schemas and values of a small world, in which differences are likely.

_SCALARS: Any = st.sampled_from([None, True, False, 0, 1, 2, 1.0, 1.5, -1, "", "a", "ab", "abc"])
_VALUES: Any = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)
_TYPE = st.sampled_from(["array", "boolean", "integer", "null", "number", "object", "string"])
_SIZE = st.integers(0, 3)
_LEAF: Any = st.fixed_dictionaries(
    {},
    optional={
        "type": _TYPE | st.lists(_TYPE, min_size=1, max_size=3, unique=True),
        "enum": st.lists(_SCALARS, min_size=1, max_size=4),
        "const": _SCALARS,
        "minimum": st.integers(-1, 2),
        "exclusiveMinimum": st.integers(-1, 2),
        "maximum": st.integers(-1, 2),
        "exclusiveMaximum": st.integers(-1, 2),
        "minLength": _SIZE,
        "maxLength": _SIZE,
        "minItems": _SIZE,
        "maxItems": _SIZE,
        "minProperties": _SIZE,
        "maxProperties": _SIZE,
        "uniqueItems": st.booleans(),
        "multipleOf": st.sampled_from([1, 2]),
        "pattern": st.sampled_from(["a", "^b"]),
        "required": st.lists(st.sampled_from("ab"), max_size=2, unique=True),
    },
)
_SCHEMAS: Any = st.recursive(
    st.booleans() | _LEAF,
    lambda inner: st.builds(
        lambda leaf, more: {**leaf, **more},
        _LEAF,
        st.fixed_dictionaries(
            {},
            optional={
                "properties": st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
                "additionalProperties": inner,
                "patternProperties": st.dictionaries(st.just("a"), inner, max_size=1),
                "items": inner | st.lists(inner, max_size=2),
                "additionalItems": inner,
                "anyOf": st.lists(inner, min_size=1, max_size=2),
                "not": inner,
                "dependencies": st.dictionaries(st.just("a"), inner, max_size=1),
                "propertyNames": inner,
            },
        ),
    ),
    max_leaves=4,
)


_NEWER: Any = st.recursive(
    st.booleans() | _LEAF,
    lambda inner: st.builds(
        lambda leaf, more: {**leaf, **more},
        _LEAF,
        st.fixed_dictionaries(
            {},
            optional={
                "properties": st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
                "additionalProperties": inner,
                "prefixItems": st.lists(inner, min_size=1, max_size=2),
                "items": inner,
                "contains": inner,
                "minContains": _SIZE,
                "maxContains": _SIZE,
                "unevaluatedItems": inner,
                "unevaluatedProperties": inner,
                "dependentRequired": st.dictionaries(st.just("a"), st.just(["b"]), max_size=1),
                "dependentSchemas": st.dictionaries(st.just("a"), inner, max_size=1),
                "allOf": st.lists(inner, min_size=1, max_size=2),
                "$ref": st.just("#/$defs/a"),
            },
        ),
    ),
    max_leaves=4,
)
_WITH_DEFINITIONS = st.builds(
    lambda schema, part: schema if isinstance(schema, bool) else {**schema, "$defs": {"a": part}},
    _NEWER,
    _LEAF,
)


@st.composite
def _versions(draw: Any, schemas: Any) -> tuple[Any, Any]:
    """A schema, and the same with some of its keywords changed."""
    old = draw(schemas)
    if isinstance(old, bool) or draw(st.booleans()):
        return old, draw(schemas)
    new = dict(old)
    for keyword in draw(st.lists(st.sampled_from(sorted(old)), max_size=2)) if old else []:
        new.pop(keyword, None)
    other = draw(_LEAF)
    return old, {**new, **dict(list(other.items())[:1])}


@settings(max_examples=100, deadline=None)
@given(_versions(_SCHEMAS), st.lists(_VALUES, min_size=1, max_size=20))
@example(({"enum": [1]}, {"enum": [True]}), [True])
@example(({"items": [{}], "additionalItems": False}, {"items": [{}], "additionalItems": True}), [[1, 2]])
def test_what_is_compatible_is_accepted_by_the_old_version(
    versions: tuple[Any, Any], values: list[Any]
) -> None:
    """Where consumers do not break: no value that is valid by the new version is refused by the old one."""
    assert [] == _accepted_by_the_new_one_alone(versions, values, jsonschema.Draft7Validator)


@settings(max_examples=50, deadline=None)
@given(_versions(_WITH_DEFINITIONS), st.lists(_VALUES, min_size=1, max_size=20))
@example(({"items": False}, {"items": False, "prefixItems": [True]}), [[1]])
@example(({"contains": {"const": 1}}, {"contains": {"const": 1}, "minContains": 0}), [[]])
@example(
    (
        {"properties": {"a": {}}, "unevaluatedProperties": False},
        {"properties": {"a": {}, "b": {}}, "unevaluatedProperties": False},
    ),
    [{"b": 1}],
)
def test_the_same_by_draft_2020_12(versions: tuple[Any, Any], values: list[Any]) -> None:
    """Keywords whose meaning depends on others are never taken for compatible where these differ."""
    assert [] == _accepted_by_the_new_one_alone(versions, values, jsonschema.Draft202012Validator)


def _accepted_by_the_new_one_alone(versions: tuple[Any, Any], values: list[Any], draft: Any) -> list[Any]:
    """The values that break consumers, of versions that are said to break none."""
    old, new = versions
    assume(all(each.breaks == "publishers" for each in changes(old, new)))
    with suppress(NoExample):
        # Values of its own, which are likely to be valid by the new version.
        named = {**new, "$schema": draft.META_SCHEMA["$id"]} if isinstance(new, dict) else new
        values = [*values, *islice(examples(named), 10)]
    accepts_old, accepts_new = (draft(each).is_valid for each in (old, new))
    try:
        return [value for value in values if accepts_new(value) and not accepts_old(value)]
    except Unresolvable:  # without its definitions it is no schema that could be used
        assume(False)
        raise
