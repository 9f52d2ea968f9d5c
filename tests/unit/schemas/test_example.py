# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Examples of what JSON schemas accept."""

import re
from typing import Any

import jsonschema
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fedora_messaging._schemas.example import NoExample, example
from fedora_messaging._schemas.patterns import UnknownPattern, strings
from fedora_messaging.message import Message

_DRAFT_4 = "http://json-schema.org/draft-04/schema#"
_DRAFT_7 = "http://json-schema.org/draft-07/schema#"
_TREE = {"type": "object", "properties": {"left": {"$ref": "#/definitions/tree"}, "n": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("schema", "made"),
    [
        ({"type": "string"}, "text"),
        ({"const": {"a": 1}}, {"a": 1}),
        ({"enum": [None, 2]}, 2),
        ({"type": ["null", "boolean"]}, True),
        ({"default": "x", "type": "string"}, "x"),
        ({"examples": [1, "y"], "type": "string"}, "y"),
        ({"type": "string", "maxLength": 2}, "tt"),
        ({"type": "string", "minLength": 6}, "textte"),
        ({"type": "string", "format": "date-time"}, "2026-11-01T09:02:55+00:00"),
        ({"type": "string", "format": "date-time", "pattern": "Z$"}, "2026-11-01T09:02:55Z"),
        ({"type": "integer", "multipleOf": 7, "minimum": 100}, 105),
        ({"type": "integer", "maximum": -3}, -3),
        ({"type": "number", "minimum": 0.1, "maximum": 0.2}, 0.1),
        ({"type": "number", "multipleOf": 0.25, "exclusiveMinimum": 0, "maximum": 0.5}, 0.25),
        ({"$schema": _DRAFT_4, "type": "integer", "minimum": 1, "exclusiveMinimum": True}, 2),
        ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, 1.5),
        ({"allOf": [{"minimum": 3}, {"type": "number"}, {"maximum": 3}]}, 3),
        ({"not": {"type": "string"}}, {}),
        ({"type": "object", "properties": {"a": {"type": "integer"}}}, {"a": 1}),
        ({"type": "object", "required": ["a"]}, {"a": "a"}),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, {"name": 1}),
        ({"type": "object", "minProperties": 2, "maxProperties": 2}, {"name": "name", "name2": "name2"}),
        ({"type": "object", "properties": {"a": {}, "b": {}}, "maxProperties": 1}, {"a": "a"}),
        ({"properties": {"a": {"const": 1}}, "dependencies": {"a": ["b"]}}, {"a": 1, "b": "b"}),
        (
            {"properties": {"a": {"const": 1}}, "dependentSchemas": {"a": {"required": ["b"]}}},
            {"a": 1, "b": "b"},
        ),
        (
            {
                "type": "object",
                "properties": {"a": {"const": 1}},
                "if": {"required": ["a"]},
                "then": {"required": ["c"]},
            },
            {"a": 1, "c": "c"},
        ),
        ({"type": "object", "properties": {"a": False, "b": {"const": 1}}}, {"b": 1}),
        ({"type": "array", "items": {"type": "boolean"}}, [True]),
        ({"type": "array", "maxItems": 0}, []),
        ({"type": "array", "items": {"enum": [1, 2, 3]}, "uniqueItems": True, "minItems": 3}, [1, 2, 3]),
        ({"prefixItems": [{"const": 1}, {"const": 2}], "items": False}, [1, 2]),
        (
            {"$schema": _DRAFT_7, "items": [{"const": 1}], "additionalItems": {"const": 5}, "minItems": 2},
            [1, 5],
        ),
        ({"type": "array", "items": {"type": "integer"}, "contains": {"const": 3}}, [3]),
        ({"definitions": {"tree": _TREE}, "$ref": "#/definitions/tree"}, {"n": 1}),
        (
            {
                "$schema": _DRAFT_7,
                "definitions": {"a": {"const": 5}},
                "$ref": "#/definitions/a",
                "title": "A",
            },
            5,
        ),
    ],
)
def test_examples(schema: dict[str, Any], made: Any) -> None:
    """Likely values come first, as many properties as possible are there, and each draft is heeded."""
    assert made == example(schema)
    assert jsonschema.validators.validator_for(schema)(schema).is_valid(made)


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (False, "nothing is accepted"),
        (
            {"type": "string", "pattern": r"^(a|b)\1$"},
            r"the pattern ^(a|b)\1$ is not understood: it has the escape \1",
        ),
        (
            {"properties": {"a": {"$ref": "other.json"}}, "required": ["a"], "type": "object"},
            "the reference other.json leads nowhere, or out of the schema",
        ),
        ({"allOf": [{"type": "string"}, {"type": "null"}]}, "it would have to be null, and string"),
        ({"allOf": [{"enum": [1]}, {"enum": [2]}]}, "none of its values is accepted by all that is asked"),
        ({"type": "object", "properties": {"n": {"$ref": "#"}}, "required": ["n"]}, "without an end"),
        (
            {"type": "array", "items": {"enum": [1]}, "uniqueItems": True, "minItems": 2},
            "[]: no more items are found",
        ),
        ({"type": "integer", "minimum": 2, "maximum": 1}, "1 is less than the minimum of 2"),
        ({"type": "string", "pattern": "["}, "a pattern is no regular expression of Python"),
    ],
)
def test_where_there_is_none(schema: Any, said: str) -> None:
    """It is an error that names the reason and the way out, and never a value that is not valid."""
    with pytest.raises(NoExample, match=re.escape(said)) as caught:
        example(schema)

    assert 'Put one into the schema there, as "examples" or "default"' in str(caught.value)


def test_what_the_schema_shows_is_the_way_out() -> None:
    """A pattern that is not understood is no obstacle where the schema has an example."""
    assert "aa" == example({"type": "string", "pattern": r"^(a|b)\1$", "examples": ["ab", "aa"]})


def test_the_place_is_named() -> None:
    """The reason is that of the innermost place."""
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "array", "items": {"pattern": r"^(a)\1", "type": "string"}, "minItems": 1}
        },
        "required": ["a"],
    }
    with pytest.raises(NoExample, match=r"made: a\[\]: the pattern"):
        example(schema)


def test_a_kind() -> None:
    """The body of a message is an object, also where its schema does not say so."""
    assert {} == example({"additionalProperties": {}}, "object")
    assert {} == example(Message.body_schema, "object")


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[a-f0-9]{40}$",
        r"^(?:bugfix|security)-\d+$",
        r"^[^\s/]+/[^\s/]+$",
        r"^\w+@\w+\.(org|com)$",
        r"^a{2,3}b?c*d+?$",
        r"^FEDORA-(EPEL-)?\d{4}-[0-9a-f]{10}$",
        r"^[\w.-]+$",
        r"^[]a]$",
        r"^\u00e9\x41\t$",
        r"^(?P<year>\d{4})\b",
        r"^(?=.*a)a.*$",
        r"^{x}$",
        r"^.{,2}$",
        r"^[A-Z]",
        "",
    ],
)
def test_patterns(pattern: str) -> None:
    """Strings match what is usual in schemas, and are the same ones each time."""
    found = list(strings(pattern))

    assert any(re.search(pattern, each) for each in found)
    assert found == list(strings(pattern))


@pytest.mark.parametrize(
    "pattern", [r"(?i)a", r"\p{L}", "(a", "a)", "a{99999999}", r"\xzz", "[^\\x00-\\xff]"]
)
def test_patterns_that_are_not_understood(pattern: str) -> None:
    """They are an error, and no string."""
    with pytest.raises(UnknownPattern):
        next(strings(pattern))


_NAMES = st.sampled_from(["a", "b"])
_PLAIN: Any = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["array", "boolean", "integer", "null", "number", "object", "string"]),
        "enum": st.lists(st.sampled_from([None, True, 0, 1.5, "a", "abc"]), min_size=1, max_size=3),
        "minimum": st.integers(-3, 3),
        "exclusiveMaximum": st.integers(-3, 3),
        "multipleOf": st.sampled_from([2, 0.5]),
        "minLength": st.integers(0, 4),
        "maxLength": st.integers(0, 4),
        "pattern": st.sampled_from(["a", "^b+$", "^[0-9]{2}$"]),
        "minItems": st.integers(0, 3),
        "maxItems": st.integers(0, 3),
        "uniqueItems": st.booleans(),
        "required": st.lists(_NAMES, max_size=2, unique=True),
        "minProperties": st.integers(0, 3),
        "maxProperties": st.integers(0, 3),
    },
)
_SCHEMAS: Any = st.recursive(
    _PLAIN | st.booleans() | st.just({"$ref": "#"}),
    lambda inner: st.builds(
        lambda plain, more: {**plain, **more},
        _PLAIN,
        st.fixed_dictionaries(
            {},
            optional={
                "properties": st.dictionaries(_NAMES, inner, max_size=2),
                "additionalProperties": inner,
                "patternProperties": st.dictionaries(st.just("^a"), inner, max_size=1),
                "propertyNames": st.just({"maxLength": 3}),
                "items": inner,
                "prefixItems": st.lists(inner, min_size=1, max_size=2),
                "contains": inner,
                "dependentRequired": st.just({"a": ["b"]}),
                "anyOf": st.lists(inner, min_size=1, max_size=2),
                "oneOf": st.lists(inner, min_size=1, max_size=2),
                "allOf": st.lists(inner, min_size=1, max_size=2),
                "not": inner,
                "if": inner,
                "then": inner,
                "else": inner,
            },
        ),
    ),
    max_leaves=5,
)


def test_a_schema_that_refers_to_itself_twice_on_each_level() -> None:
    """It is not nested so deep that checking the value, which takes twice as long a level, does not end."""
    schema = {"contains": {"$ref": "#"}, "items": {"$ref": "#"}}

    assert jsonschema.Draft202012Validator(schema).is_valid(example(schema))


@settings(max_examples=50, deadline=None)
@given(_SCHEMAS)
def test_never_a_value_that_is_not_valid(schema: Any) -> None:
    """Whatever the schema is, what is made is valid by it, by jsonschema's own judgement."""
    try:
        made = example(schema)
    except NoExample:
        assume(False)
    assert jsonschema.Draft202012Validator(schema).is_valid(made)
