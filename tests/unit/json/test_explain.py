# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Validation takes a time that grows with the message and not faster, and the words stay jsonschema's."""

import json
import re
from itertools import combinations, product
from typing import Any

import jsonschema
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fedora_messaging._json import _compiler
from fedora_messaging._json import schema as _validation
from fedora_messaging._json._explain import Explanation
from fedora_messaging._json.equality import are_unique

numbers = st.sampled_from(
    [0, -0.0, 1, 1.0, -1, -2, 1.5, 2**53, 2**53 + 1, float(2**53), 10**22, 1e22, 1e300, int(1e300)]
)
values = st.recursive(
    st.one_of(
        numbers, st.none(), st.booleans(), st.sampled_from(["", "1", "true", "a", "é", "[1]", "',", "\ud800"])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["a", "b", "a':1"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def equal(one: Any, other: Any) -> bool:
    """Whether two values are equal for JSON Schema."""
    return bool(jsonschema.Draft202012Validator({"const": one}).is_valid(other))


@given(st.lists(values, max_size=6))
@example([[1], [True], [1]])
@example([{"a": 1}, {"a": 1.0}])
@example([True, 1, "1"])
def test_uniqueness(items: list[Any]) -> None:
    """Items are unique when no two are equal by JSON Schema's equality, compiled or not."""
    expected = not any(equal(one, other) for one, other in combinations(items, 2))
    schema = {"uniqueItems": True}
    validators = _compiler.compile_schema(schema)

    assert are_unique(items) == expected
    assert validators is not None
    assert validators.decoded(items) == validators.proven(items) == expected
    if expected:
        Explanation(schema).check(items)
    else:
        with pytest.raises(jsonschema.ValidationError) as caught:
            Explanation(schema).check(items)
        assert caught.value.message == f"{items!r} has non-unique elements"
        assert (caught.value.validator, caught.value.validator_value) == ("uniqueItems", True)


many = {
    "objects": [{"name": f"n{number}", "size": number} for number in range(20_000)],
    "mixed": [
        *range(10_000),
        *({"n": number} for number in range(10_000)),
        *(str(number) for number in range(10_000)),
    ],
    "hashes that collide": [[-1 - (number >> bit & 1) for bit in range(14)] for number in range(2**14)],
    "integers that collide": [number * (2**61 - 1) for number in range(20_000)],
}


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("name", many)
def test_many_unique_items(name: str, compiled: bool) -> None:
    """Tens of thousands of items are compared at once, and the two that are equal are found."""
    schema: dict[str, Any] = {"uniqueItems": True} if compiled else {"uniqueItems": True, "contains": {}}
    items = many[name]

    _validation.check(schema, items)
    with pytest.raises(jsonschema.ValidationError, match="non-unique"):
        _validation.check(schema, [*items, items[7]])


def test_uniqueness_of_what_json_has_not() -> None:
    """What is not JSON is compared as jsonschema does."""
    for items in ([(1,), (1,)], [b"a", b"b"], [{1}, {1}]):
        assert Explanation({"uniqueItems": True})._validator.is_valid(
            items
        ) == jsonschema.Draft202012Validator({"uniqueItems": True}).is_valid(items)


@pytest.mark.parametrize(
    "schema",
    [
        {"items": {"type": "object", "required": ["a"]}},
        {"items": {"$ref": "#/$defs/x"}, "$defs": {"x": {"multipleOf": 2, "type": "object"}}},
        {"anyOf": [{"items": {"type": "string"}}, {"items": {"type": "object"}}]},
        {"oneOf": [{"items": {"type": "string"}}, {"items": {"type": "object"}}]},
        {
            "type": "array",
            "items": [{}],
            "additionalItems": {"type": "string"},
            "$schema": "http://json-schema.org/draft-07/schema#",
        },
    ],
)
def test_many_wrong_items(schema: Any) -> None:
    """Of a hundred thousand wrong items the first are looked at; the one jsonschema would name is named."""
    with pytest.raises(jsonschema.ValidationError) as caught:
        _validation.check(schema, list(range(1, 100_000)))
    with pytest.raises(jsonschema.ValidationError) as expected:
        jsonschema.validate(list(range(1, 90)), schema)

    assert caught.value.validator == expected.value.validator
    assert len(caught.value.path) == len(expected.value.path)


@pytest.mark.parametrize(
    "schema",
    [
        {"additionalProperties": {"type": "string"}},
        {"patternProperties": {"": {"type": "string"}}},
        {"propertyNames": {"maxLength": 1}},
        {"additionalProperties": False},
        {"unevaluatedProperties": False, "properties": {"k1": {}}},
        {"unevaluatedProperties": {"type": "string"}},
        {"dependentRequired": {"k1": ["x", "y"]}},
        {"minProperties": 10**6},
    ],
)
def test_many_wrong_properties(schema: Any) -> None:
    """Tens of thousands of wrong properties are refused at once."""
    with pytest.raises(jsonschema.ValidationError):
        _validation.check(schema, {f"k{number}": number for number in range(50_000)})


def test_many_evaluated() -> None:
    """Tens of thousands of properties and items that are evaluated are looked up at once."""
    _validation.check(
        {"patternProperties": {"^k": {}}, "unevaluatedProperties": False},
        {f"k{number}": 1 for number in range(50_000)},
    )
    _validation.check({"anyOf": [{"items": {}}], "unevaluatedItems": False}, list(range(50_000)))


DRAFTS = ["https://json-schema.org/draft/2019-09/schema", "https://json-schema.org/draft/2020-12/schema"]
subschemas = st.sampled_from(
    [
        {"properties": {"a": {"type": "integer"}}},
        {"patternProperties": {"^b": {}}},
        {"required": ["c"], "properties": {"c": {}}},
        {"contains": {"type": "string"}},
        {"items": {"type": "integer"}},
        {"additionalProperties": {"type": "string"}},
        True,
    ]
)


def _comparable(said: str) -> list[str]:
    """The words of what is said, without their order: releases of jsonschema list properties in several."""
    return sorted(re.findall(r"\w+", said))


@given(
    st.fixed_dictionaries(
        {"$schema": st.sampled_from(DRAFTS)},
        optional={
            "unevaluatedProperties": st.sampled_from([False, True, {"type": "string"}]),
            "unevaluatedItems": st.sampled_from([False, True, {"type": "string"}]),
            "anyOf": st.lists(subschemas, min_size=1, max_size=2),
            "allOf": st.lists(subschemas, min_size=1, max_size=2),
            "if": subschemas,
            "then": subschemas,
        },
    ),
    st.one_of(
        st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), st.sampled_from([1, "x", None]), max_size=4),
        st.lists(st.sampled_from([1, "x", None]), max_size=4),
    ),
)
def test_unevaluated(schema: Any, value: Any) -> None:
    """What is not evaluated is refused in jsonschema's words."""

    def verdict(check: Any) -> str:
        try:
            check()
        except jsonschema.ValidationError as error:
            return str(error)
        return "valid"

    said = verdict(lambda: Explanation(schema).check(value))

    try:
        expected = verdict(lambda: jsonschema.validate(value, schema))
    except TypeError:  # jsonschema 4.18 sorts unevaluated items, of which some types have no order
        assert "valid" != said
    else:
        assert _comparable(expected) == _comparable(said)


def test_references_that_multiply() -> None:
    """Alternatives that refer to each other are not followed without end, whatever is nested in them."""
    schema = {
        "type": "object",
        "properties": {"child": {"anyOf": [{"$ref": "#"}, {"$ref": "#"}, {"title": "x", "$ref": "#"}]}},
    }
    value: Any = 1
    for _ in range(60):
        value = {"child": value}

    with pytest.raises(jsonschema.ValidationError, match="too many combinations"):
        _validation.check(schema, value)


def test_long_recursive_values() -> None:
    """A recursive schema takes long lists of shallow trees."""
    schema = {
        "$schema": DRAFTS[1],
        "properties": {"n": {"type": "integer"}, "c": {"items": {"$ref": "#"}, "uniqueItems": True}},
    }
    trees = [{"n": number, "c": [{"n": 1}, {"n": 2}]} for number in range(2000)]

    _validation.check(schema, {"c": trees})
    with pytest.raises(jsonschema.ValidationError, match="non-unique"):
        _validation.check(schema, {"c": [*trees, {"c": [{"n": 1}, {"n": 1.0}]}]})


def test_schema_that_refers_to_itself_alone() -> None:
    """A reference that leads to itself is refused, not followed until the stack ends."""
    with pytest.raises(jsonschema.ValidationError):
        _validation.check({"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}, {})


@pytest.mark.parametrize("keyword", ["const", "enum"])
def test_large_constants(keyword: str) -> None:
    """Large values are compared with constants in one look."""
    large = {"a": [{"n": number} for number in range(20_000)]}
    schema = {keyword: large if keyword == "const" else [large, 1]}

    _validation.check(schema, json.loads(json.dumps(large)))
    with pytest.raises(jsonschema.ValidationError):
        _validation.check(schema, {"a": large["a"][1:]})


def test_the_error_holds_the_schema_as_it_was_given() -> None:
    """The error of a schema that names its draft holds that schema."""
    for draft, value in product(DRAFTS, [1, "a"]):
        schema = {"$schema": draft, "type": "object"}
        with pytest.raises(jsonschema.ValidationError) as caught:
            _validation.check(schema, value)
        assert caught.value.schema == schema
