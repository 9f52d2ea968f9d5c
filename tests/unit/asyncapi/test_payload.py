# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""JSON schemas in AsyncAPI documents: draft 7 where it says the same."""

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedora_messaging._asyncapi.payload import payload_of

_HERE = "#/payload"


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"$schema": "http://json-schema.org/draft-04/schema#", "id": "http://a.example/b"}, {}),
        ({"minimum": 1, "exclusiveMinimum": True}, {"exclusiveMinimum": 1}),
        ({"maximum": 1, "exclusiveMaximum": False}, {"maximum": 1}),
        ({"exclusiveMaximum": True}, {}),
        (
            {"$ref": "#/$defs/A", "$defs": {"A": {"type": "string"}}},
            {"$ref": "#/payload/schema/definitions/A", "definitions": {"A": {"type": "string"}}},
        ),
        ({"$ref": "#"}, {"$ref": "#/payload/schema"}),
        ({"$ref": "http://a.example/b"}, {"$ref": "http://a.example/b"}),
        (
            {"properties": {"a": {"$ref": "#/$defs/A", "minimum": 1}}},
            {"properties": {"a": {"minimum": 1, "allOf": [{"$ref": "#/payload/schema/definitions/A"}]}}},
        ),
        ({"$ref": "#/$defs/A", "title": "a"}, {"$ref": "#/payload/schema/definitions/A", "title": "a"}),
        (
            {"prefixItems": [{"type": "string"}], "items": False},
            {"items": [{"type": "string"}], "additionalItems": False},
        ),
        ({"dependentRequired": {"a": ["b"]}}, {"dependencies": {"a": ["b"]}}),
        ({"properties": {"id": {"type": "string"}}}, {"properties": {"id": {"type": "string"}}}),
        ({"default": {"$ref": "#/x"}}, {"default": {"$ref": "#/x"}}),
    ],
)
def test_draft_7(schema: Any, expected: Any) -> None:
    """What draft 7 has under another name is renamed, and references lead to where the schema is."""
    assert {
        "schemaFormat": "application/schema+json;version=draft-07",
        "schema": expected,
    } == payload_of(schema, _HERE)


def test_what_draft_7_cannot_say() -> None:
    """A schema with newer keywords stays as it is, under the name of its draft."""
    schema = {
        "$schema": "https://json-schema.org/draft/2019-09/schema",
        "unevaluatedProperties": False,
        "$ref": "#/$defs/A",
        "$defs": {"A": True},
    }

    assert {
        "schemaFormat": "application/schema+json;version=2019-09",
        "schema": {
            "unevaluatedProperties": False,
            "$ref": "#/payload/schema/$defs/A",
            "$defs": {"A": True},
        },
    } == payload_of(schema, _HERE)


_leaves = st.sampled_from(
    [
        {"type": "string"},
        {"type": "integer", "exclusiveMinimum": 1},
        {"$ref": "#/$defs/A"},
        {"$ref": "#/$defs/A", "maxLength": 2},
        {"enum": [1, "a"]},
    ]
)
_schemas = st.recursive(
    _leaves,
    lambda below: (
        st.fixed_dictionaries({"properties": st.dictionaries(st.sampled_from("ab"), below)})
        | st.fixed_dictionaries({"prefixItems": st.lists(below, min_size=1, max_size=2), "items": below})
        | st.fixed_dictionaries({"anyOf": st.lists(below, min_size=1, max_size=2)})
        | st.fixed_dictionaries({"dependentRequired": st.just({"a": ["b"]}), "items": below})
    ),
    max_leaves=5,
)
_values = st.recursive(
    st.sampled_from([None, 1, 2, "a", "abc"]),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from("ab"), below, max_size=2),
    max_leaves=6,
)


@given(schema=_schemas, value=_values)
def test_the_meaning_stays(schema: Any, value: Any) -> None:
    """By draft 7, the converted schema accepts what the given one does by its own."""
    schema = {**schema, "$defs": {"A": {"type": "string"}}}
    document = {"payload": payload_of(schema, _HERE)}
    converted = {"$ref": "#/payload/schema", **document}

    assert jsonschema.Draft202012Validator(schema).is_valid(value) == jsonschema.Draft7Validator(
        converted
    ).is_valid(value)
