# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Accepting fast and explaining slowly come to the same verdict as jsonschema alone."""

import decimal
import enum
import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedora_messaging._json import _compiler, codec
from fedora_messaging._json import schema as _validation

DRAFTS = [
    "http://json-schema.org/draft-04/schema#",
    "http://json-schema.org/draft-06/schema#",
    "http://json-schema.org/draft-07/schema",
    "https://json-schema.org/draft/2019-09/schema",
    "https://json-schema.org/draft/2020-12/schema",
]


def verdict(schema: Any, instance: Any) -> str:
    """What this package says."""
    try:
        _validation.check(schema, instance)
    except (jsonschema.ValidationError, jsonschema.SchemaError) as error:
        return f"{type(error).__name__}{error.message}"
    return "valid"


def authority(schema: Any, instance: Any) -> str:
    """What jsonschema says."""
    try:
        jsonschema.validate(instance, schema)
    except (jsonschema.ValidationError, jsonschema.SchemaError) as error:
        return f"{type(error).__name__}{error.message}"
    return "valid"


names = st.sampled_from(["a", "b", "c", "$ref", "id", "é"])
numbers = st.sampled_from([0, 1, -1, 2, 3, 1.0, 0.5, 19.99, 2**53, 2**53 + 1, float(2**53), 2**63])
leaves = st.one_of(
    st.none(), st.booleans(), numbers, st.sampled_from(["", "a", "ab", "a\n", "é", "\u0661", "12", "A-1"])
)
instances = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3), st.tuples(inner)
    ),
    max_leaves=6,
)
types = st.sampled_from(["array", "boolean", "integer", "null", "number", "object", "string"])
counts = st.integers(0, 3)


def keywords(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Schemas of one to four keywords, of the dialect and others."""
    several = st.lists(inner, min_size=1, max_size=2)
    named = st.dictionaries(names, inner, max_size=3)
    optional = {
        "type": st.one_of(types, st.lists(types, min_size=1, max_size=2, unique=True)),
        "properties": named,
        "patternProperties": st.dictionaries(st.sampled_from(["^a$", "b", "\\d"]), inner, max_size=2),
        "additionalProperties": st.one_of(st.booleans(), inner),
        "required": st.lists(names, min_size=1, max_size=2, unique=True),
        "items": st.one_of(inner, several),
        "additionalItems": inner,
        "enum": st.lists(leaves, min_size=1, max_size=3),
        "const": leaves,
        "minimum": numbers,
        "maximum": numbers,
        "multipleOf": st.sampled_from([1, 2, 0.1, 0.01]),
        "minLength": counts,
        "maxLength": counts,
        "minItems": counts,
        "maxItems": counts,
        "minProperties": counts,
        "maxProperties": counts,
        "exclusiveMinimum": st.one_of(numbers, st.booleans()),
        "exclusiveMaximum": numbers,
        "readOnly": st.one_of(st.booleans(), st.just("x")),
        "default": leaves,
        "uniqueItems": st.booleans(),
        "pattern": st.sampled_from(["^a$", "^[a-z]+$", "\\d", "^\\d+$", "\\S", "[^\\d]", "a|b", "^.$", "("]),
        "allOf": several,
        "anyOf": several,
        "oneOf": several,
        "not": inner,
        "format": st.sampled_from(["date-time", "email", "uri"]),
        "contains": inner,
        "propertyNames": inner,
        "dependencies": st.dictionaries(names, inner, max_size=1),
        "title": st.just("x"),
        "$ref": st.sampled_from(
            [*(f"#/definitions/{name}" for name in ("one", "two", "three", "none")), "#"]
        ),
    }
    pick = st.lists(st.sampled_from(sorted(optional)), min_size=1, max_size=4, unique=True)
    return pick.flatmap(lambda keys: st.fixed_dictionaries({key: optional[key] for key in keys}))


schemas = st.builds(
    lambda draft, schema, definitions: {
        **({} if draft is None else {"$schema": draft}),
        **schema,
        "definitions": definitions,
    },
    st.sampled_from([*DRAFTS, None]),
    st.recursive(st.builds(dict), keywords, max_leaves=5),
    st.fixed_dictionaries(
        {name: st.recursive(st.builds(dict), keywords, max_leaves=2) for name in ("one", "two", "three")}
    ),
)


class Text(str):
    __slots__ = ()


class Number(enum.IntEnum):
    ONE = 1


class Table(dict[str, Any]):
    pass


odd = st.sampled_from(
    [
        Text("a"),
        Number.ONE,
        Table(a=1),
        (1, 2),
        b"a",
        {1: 2},
        {Text("a"): 1},
        {Number.ONE: 1},
        float("nan"),
        float("inf"),
        decimal.Decimal(1),
        2**80,
        {"a"},
        object(),
    ]
)


@settings(max_examples=500)
@given(schemas, st.lists(instances, min_size=1, max_size=6))
def test_compiled_schemas_say_what_jsonschema_says(schema: Any, values: list[Any]) -> None:
    """A schema that is compiled is a good one, and on values from JSON its verdict is jsonschema's."""
    validators = _compiler.compile_schema(schema)
    if validators is None:
        return
    cls = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    cls.check_schema(schema)
    validator = cls(schema)

    for value in values:
        if codec.is_plain(value):
            valid = validator.is_valid(value)
            assert (validators.decoded(value), validators.proven(value)) == (valid, valid)


@settings(max_examples=500)
@given(
    schemas,
    st.recursive(
        st.one_of(leaves, odd),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
        max_leaves=6,
    ),
)
def test_proofs_are_proofs(schema: Any, value: Any) -> None:
    """What is proven holds nothing that JSON does not, but for keys of a subclass of str, and is valid."""
    validators = _compiler.compile_schema(schema)
    if validators is None:
        return
    try:
        proven = validators.proven(value)
    except TypeError:  # some values cannot be compared, and jsonschema is asked
        return

    if proven:
        read = json.loads(json.dumps(value, allow_nan=False))
        assert read == value
        assert _validator(schema).is_valid(value)
        assert codec.is_plain(_with_real_keys(value))


def _validator(schema: Any) -> Any:
    return jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)(schema)


def _with_real_keys(value: Any) -> Any:
    """The same value, with keys of subclasses of str replaced."""
    if type(value) is dict:
        return {str(key): _with_real_keys(item) for key, item in value.items() if isinstance(key, str)}
    return [_with_real_keys(item) for item in value] if type(value) is list else value


@pytest.mark.parametrize("draft", DRAFTS)
@pytest.mark.parametrize(
    "schema",
    [
        {
            "type": "object",
            "properties": {"a": {"type": "string", "pattern": "^F-[0-9]+$"}},
            "required": ["a"],
        },
        {"oneOf": [{"type": "null"}, {"$ref": "#/definitions/x"}], "definitions": {"x": {"enum": ["a", 1]}}},
        {"type": "array", "items": {"type": "string"}, "uniqueItems": True, "minItems": 1},
        {"anyOf": [{"minimum": 3}, {"not": {"type": "number"}}], "additionalProperties": False},
        {"not": {"pattern": "[^\\d]"}, "minimum": 2**60, "title": "a", "format": "email", "default": [1]},
    ],
)
def test_common_schemas_are_compiled(draft: str, schema: Any) -> None:
    """Schemas as people write them are compiled."""
    assert _compiler.compile_schema({"$schema": draft, **schema}) is not None


def _chain(length: int, link: Callable[[Any], Any]) -> Any:
    definitions: dict[str, Any] = {"d0": {"type": "integer"}}
    for n in range(1, length + 1):
        definitions[f"d{n}"] = link({"$ref": f"#/definitions/d{n - 1}"})
    return {"items": {"$ref": f"#/definitions/d{length}"}, "definitions": definitions}


@pytest.mark.parametrize(
    "make",
    [
        lambda many: {"oneOf": [{"enum": [number]} for number in range(1000 if many else 50)]},
        lambda many: _chain(15 if many else 4, lambda ref: {"allOf": [ref] * 3}),
        lambda many: _chain(15 if many else 3, lambda ref: {"allOf": [{"anyOf": [ref] * 2}] * 2}),
        lambda many: _chain(15 if many else 3, lambda ref: {"allOf": [{"properties": {"p": ref}}] * 3}),
    ],
)
def test_large_schemas(make: Callable[[bool], Any]) -> None:
    """However much there is to write, a schema is soon compiled, or left to jsonschema."""
    _compiler.compile_schema(make(True))
    schema = make(False)
    validators = _compiler.compile_schema(schema)
    validator = _validator(schema)

    assert validators is not None
    for value in (7, 5_000, "a", [1], ["a"], [{"p": {"p": {"p": "a"}}}], [{"p": {"p": {"p": 1}}}]):
        assert validators.proven(value) == validator.is_valid(value)


@pytest.mark.parametrize("levels", [10, 14, 40])
def test_depth_of_schemas_and_values(levels: int) -> None:
    """However deep a schema goes, what is accepted is nested 200 levels at the most."""
    schema: Any = {}
    for _ in range(levels):
        schema = {"properties": {"a": schema}, "required": ["a"]}

    def value(depth: int) -> Any:
        made: Any = {}
        for _ in range(depth - 1):
            made = {"a": made}
        return made

    validators = _compiler.compile_schema(schema)

    assert (validators is None) == (levels == 40)
    if validators is not None:
        assert validators.proven(value(150))
        assert not validators.proven(value(201))


@pytest.mark.parametrize(
    "schema",
    [
        {"multipleOf": 0.1},
        {"patternProperties": {"^a$": {}}},
        {"pattern": "\\p{L}"},
        {"pattern": "("},
        {"enum": [1, 1]},
        {"enum": [[1]]},
        {"enum": [1.5]},
        {"const": {"a": 1}},
        {"$ref": "https://example.com/schema"},
        {"$ref": "#/definitions/a", "definitions": {"a": {"items": {"$ref": "#/definitions/a"}}}},
        {"properties": {"a": {"$ref": "#"}}},
        {"contentEncoding": "base64"},
        {"unevaluatedProperties": False},
        {"required": ("a",)},
        {"enum": [1], "properties": {"a": {"type": "objekt"}}},
        {"type": "string", "items": {"title": 5}, "$schema": DRAFTS[0]},
        {"type": "string", "properties": {"a": True}, "$schema": DRAFTS[0]},
        {"definitions": {"a": {"required": "b"}}},
        {"$schema": "http://json-schema.org/draft-03/schema#"},
        {"$schema": "https://example.com/own"},
        {"$schema": 5},
        {"somethingNew": 1},
        True,
        None,
        "x",
    ],
)
def test_doubtful_schemas_are_slow(schema: Any) -> None:
    """What is not known to be understood, or is broken, jsonschema decides alone."""
    assert _compiler.compile_schema(schema) is None


@pytest.mark.parametrize(
    ("schema", "instance"),
    [
        ({"multipleOf": 0.01}, 19.99),
        ({"multipleOf": 0.1}, 0.3),
        ({"type": "array"}, (1, 2)),
        ({"type": "array"}, [1, 2]),
        ({"type": "string"}, "\ud800"),
        ({"type": "object"}, {1: 2}),
        ({"type": "integer"}, 2**80),
        ({"type": "integer"}, 1.0),
        ({"type": "integer", "$schema": DRAFTS[0]}, 1.0),
        ({"enum": [1]}, True),
        ({"const": 0}, False),
        ({"const": 0, "$schema": DRAFTS[0]}, 1),
        ({"pattern": "^a$"}, "a\n"),
        ({"format": "email"}, "no address"),
        ({"required": []}, {}),
        ({"required": [], "$schema": DRAFTS[0]}, {}),
        ({"required": ("a",)}, {"a": 1}),
        ({"type": "objekt"}, {}),
        ({"properties": {"a": {"type": "string"}}}, {"a": 1}),
        (True, 5),
        (False, 5),
    ],
)
def test_same_verdict_as_jsonschema(schema: Any, instance: Any) -> None:
    """The verdict and the words are jsonschema's."""
    assert verdict(schema, instance) == authority(schema, instance)


@pytest.mark.parametrize("schema", [None, "x", 5, ["a"]])
def test_no_schema_at_all(schema: Any) -> None:
    """What is no schema is a broken one."""
    with pytest.raises(jsonschema.SchemaError, match="must be a dictionary"):
        _validation.check(schema, {})


def test_no_network() -> None:
    """A reference to elsewhere makes the schema a broken one: nothing is fetched."""
    with pytest.raises(jsonschema.SchemaError, match="cannot be used"):
        _validation.check({"$ref": "http://127.0.0.1:9/schema"}, {})


def test_new_equal_schemas() -> None:
    """A schema that is made anew every time is judged like one that stays; 1 and True are not mixed up."""
    for _ in range(3000):
        _validation.check({"const": 1}, 1)
    with pytest.raises(jsonschema.ValidationError):
        _validation.check({"const": True}, 1)


def test_same_schema_for_two_owners() -> None:
    """Owners do not get in each other's way."""
    schema = {"type": "string"}
    _validation.check(schema, "a", int)
    with pytest.raises(jsonschema.ValidationError):
        _validation.check(schema, 1, float)
