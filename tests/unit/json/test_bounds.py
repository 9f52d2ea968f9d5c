# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Values that contain themselves, or grow when they are written, are refused, shown and compared at once."""

import json
from collections import OrderedDict
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedora_messaging import exceptions, message
from fedora_messaging._amqp import messages
from fedora_messaging._json import codec
from fedora_messaging._json.bounds import BUDGET, MAX_DEPTH, is_plain, within
from fedora_messaging._json.equality import are_same
from fedora_messaging._json.measure import settled, written_size
from fedora_messaging._message.jsonable import presentable, representation
from fedora_messaging._message.message import Message, registry
from fedora_messaging._message.serialization import dumps, loads


class Endless(dict[str, Any]):
    def items(self) -> Any:
        number = 0
        while True:
            number += 1
            yield str(number), number


class EndlessList(list[Any]):
    def __iter__(self) -> Iterator[Any]:
        while True:
            yield 1


class Growing(list[Any]):
    def __iter__(self) -> Iterator[Any]:
        at = 0
        while at < list.__len__(self):
            self.append(1)
            yield self[at]
            at += 1


def family() -> dict[str, Any]:
    """A tree whose three children know their parent."""
    root: dict[str, Any] = {"children": []}
    root["children"] += [{"name": number, "parent": root} for number in range(3)]
    return root


def doubled(levels: int, make: Callable[[Any], Any] = lambda part: [part, part]) -> dict[str, Any]:
    """A value of a few containers that has 2 to the power of so many levels parts when it is written."""
    value: Any = [1]
    for _ in range(levels):
        value = make(value)
    return {"a": value}


def itself() -> dict[str, Any]:
    """A dictionary that contains itself."""
    value: dict[str, Any] = {}
    value["a"] = value
    return value


def deep(levels: int) -> dict[str, Any]:
    """So many dictionaries in each other."""
    value: dict[str, Any] = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


SHAPES: dict[str, tuple[Callable[[], dict[str, Any]], str]] = {
    "parents": (family, r"Circular reference: \$\.children\[0\]\.parent is \$ again"),
    "itself": (itself, r"Circular reference: \$\.a is \$ again"),
    "lists": (lambda: doubled(60), "more than"),
    "tuples": (lambda: doubled(60, lambda part: (part, part)), "more than"),
    "objects": (lambda: doubled(60, lambda part: {"l": part, "r": part}), "more than"),
    "one string": (lambda: {"a": ["a" * 10**6] * 10**5}, "more than"),
    "one long string": (lambda: {"a": ["a" * 10**8] * 100}, "more than"),
    "one key": (lambda: {"a": [{"k" * 10**6: 1}] * 10**4}, "more than"),
    "one integer": (lambda: {"a": [10**4000] * 10**5 * 2}, "more than"),
    "rows of one row": (lambda: {"a": [[[1] * 1000] * 1000] * 1000}, "more than"),
    "endless object": (lambda: {"a": Endless(a=1)}, r"\$\.a gives more items than it holds \(1\)"),
    "endless empty object": (lambda: {"a": Endless()}, "more items than it holds"),
    "endless list": (lambda: {"a": EndlessList([1])}, r"\$\.a is a EndlessList, which iterates"),
    "growing list": (lambda: {"a": Growing([1])}, "a way of its own"),
    "long integer": (lambda: {"a": 10**5000}, r"\$\.a is an integer of more than 4300 digits"),
    "deep": (lambda: deep(100_000), "nested more than 200 levels deep"),
    "a level too deep": (lambda: deep(201), "nested more than 200 levels deep"),
}
BODY_SCHEMAS: dict[str, Any] = {
    "free": {"type": "object"},
    "lists of lists": {
        "additionalProperties": {
            "type": "array",
            "items": {"type": ["array", "string"], "items": {"type": "array"}},
        }
    },
    "referring": {
        "additionalProperties": {"$ref": "#/$defs/x"},
        "$defs": {
            "x": {"items": {"$ref": "#/$defs/y"}, "additionalProperties": {"$ref": "#/$defs/y"}},
            "y": {"items": {"$ref": "#/$defs/z"}, "additionalProperties": {"$ref": "#/$defs/z"}},
            "z": {"items": {"type": ["array", "string", "integer"]}},
        },
    },
    "recursive": {"items": {"$ref": "#"}, "additionalProperties": {"$ref": "#"}},
    "alternatives": {
        "additionalProperties": {"anyOf": [{"uniqueItems": True}, {"type": ["object", "array"]}]}
    },
    "not compiled": {"patternProperties": {"": {"multipleOf": 3}}},
}


@pytest.fixture(params=BODY_SCHEMAS)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> type[Message]:
    """A message class with one of the schemas."""

    class Kind(Message):
        body_schema = BODY_SCHEMAS[request.param]

    monkeypatch.setitem(registry.names, Kind, "kind.v1")
    return Kind


@pytest.mark.parametrize("shape", SHAPES)
def test_bodies_without_end(shape: str, kind: type[Message]) -> None:
    """Publishing, validating and writing down refuse such a body; showing and comparing it come to an end."""
    make, words = SHAPES[shape]
    sent = kind(make(), topic="a")

    with pytest.raises(exceptions.ValidationError, match=words):
        message.check_outgoing(sent)
    with pytest.raises(exceptions.ValidationError):
        dumps(sent)
    if shape != "long integer":  # which can be looked at, but not written
        with pytest.raises(jsonschema.ValidationError):
            sent.validate()
    assert len(str(sent)) < 10_000_000
    assert len(repr(sent)) < 10_000_000
    assert sent == kind(make(), topic="a")
    assert sent != kind({}, topic="a")


@pytest.mark.parametrize("shape", SHAPES)
def test_headers_without_end(shape: str) -> None:
    """Such headers are refused when they are sent, and can be shown and compared."""
    make, _ = SHAPES[shape]
    sent = Message({}, {"x": make()}, topic="a")

    with pytest.raises(exceptions.ValidationError):
        messages.encode(sent, body=message.check_outgoing(sent))
    if shape != "long integer":  # which is shown as one
        with pytest.raises(exceptions.ValidationError):
            dumps(sent)
    assert "x" in str(sent)
    assert sent == Message({}, {"x": make()}, topic="a")


def test_header_of_shared_tuples() -> None:
    """A tuple of shared tuples is refused before anything asks for its hash."""
    sent = Message({}, {"x": doubled(60, lambda part: (part, part))["a"]}, topic="a")

    with pytest.raises(exceptions.ValidationError, match="more than"):
        messages.encode(sent)


@pytest.mark.parametrize("shape", SHAPES)
def test_both_writers_say_the_same(shape: str) -> None:
    """With orjson and without, the same words refuse a value."""
    said = set()
    ways: list[dict[str, Any]] = [{}, {"fast": None}]
    for options in ways:
        with pytest.raises(ValueError) as caught:
            codec.encode(SHAPES[shape][0](), **options)
        said.add(str(caught.value).partition("(")[0])

    assert len(said) == 1


def test_accessors_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accessors that give endless names, or values without end, end; what is no name is left out."""

    class Odd(Message):
        @property
        def usernames(self) -> Any:
            while True:
                yield "jdoe"

        @property
        def groups(self) -> Any:
            return [family(), doubled(60)["a"], "g" * 10**6, "staff"]

    monkeypatch.setitem(registry.names, Odd, "odd.v1")
    names = [
        name
        for name in Odd()._headers
        if name.startswith(("fedora_messaging_user", "fedora_messaging_group"))
    ]

    assert names == ["fedora_messaging_user_jdoe", "fedora_messaging_group_staff"]


def test_limit_of_the_body() -> None:
    """What is certain to exceed the limit is refused before it is written; what may not is written."""
    body = {"a": ["x" * 900] * 1_000_000}

    with pytest.raises(exceptions.ValidationError, match="more than 65536 bytes; max_message_size is 65536"):
        message.check_outgoing(Message(body), 65_536)
    assert len(message.check_outgoing(Message({"a": ["x" * 900] * 70}), 65_536)) > 60_000


def test_shared_parts_are_sent() -> None:
    """What is shared but small is written as often as it occurs."""
    part = {"b": [1, 2]}

    assert codec.encode({"a": [part, part], "c": part}) == b'{"a":[{"b":[1,2]},{"b":[1,2]}],"c":{"b":[1,2]}}'
    assert len(codec.encode(doubled(17))) > 2**17


def test_subclasses_are_written_as_what_they_hold() -> None:
    """Subclasses of containers are copied, so that their code does not run while they are written."""
    assert codec.encode(OrderedDict(a=[OrderedDict(b=(1,))])) == b'{"a":[{"b":[1]}]}'


def test_keys_that_become_the_same() -> None:
    """Two keys that JSON would write alike are refused."""
    with pytest.raises(ValueError, match=r"\$\.a has two keys that are both written as '1'"):
        codec.encode({"a": {1: "a", "1": "b"}})


# Graphs: some containers, whose parts are scalars or any of the containers.
parts = st.one_of(st.integers(0, 5), st.sampled_from(["a", None, True, 1.5, 10**30]))
graphs = st.integers(1, 6).flatmap(
    lambda count: st.lists(
        st.tuples(
            st.booleans(), st.lists(st.tuples(st.booleans(), st.integers(0, count - 1), parts), max_size=4)
        ),
        min_size=count,
        max_size=count,
    )
)


def built(graph: list[tuple[bool, list[tuple[bool, int, Any]]]]) -> Any:
    """The first container of a graph; fresh ones each time."""
    made: list[Any] = [[] if is_list else {} for is_list, _ in graph]
    for (is_list, members), container in zip(graph, made, strict=True):
        for at, (is_link, target, part) in enumerate(members):
            value = made[target] if is_link else part
            if is_list:
                container.append(value)
            else:
                container[f"k{at}"] = value
    return made[0]


@given(graphs)
def test_graphs(graph: Any) -> None:
    """A graph is written as the standard library does, or refused where that finds a circle; it is shown."""
    value = built(graph)
    try:
        expected = json.loads(json.dumps(value))
    except ValueError:
        for function in (codec.encode, settled, written_size):
            with pytest.raises(ValueError, match="Circular reference: "):
                function(value)
        assert "circular reference" in json.dumps(presentable(value))
    else:
        assert json.loads(codec.encode(value)) == json.loads(codec.encode(value, fast=None)) == expected
        assert written_size(value) <= len(codec.encode(value))
        assert presentable(value) == expected
        assert representation(value) == repr(value)


@given(graphs, graphs)
def test_equality_of_graphs(one: Any, other: Any) -> None:
    """Equality is Python's where that ends; of values with circles a fresh copy is equal."""
    first, second = built(one), built(other)

    assert are_same(first, built(one))
    assert are_same(first, second) == are_same(second, first)
    try:
        expected = first == second
    except RecursionError:
        return
    assert are_same(first, second) == expected


def test_equality_of_odd_values() -> None:
    """Lists are not tuples, and what is no container compares itself."""
    odd = [
        [1],
        (1,),
        {"a": (1,)},
        {"a": [1]},
        {1},
        1,
        True,
        1.5,
        "a",
        b"a",
        None,
        [float("inf")],
        OrderedDict(a=(1,)),
    ]

    for one, other in product(odd, odd):
        assert are_same(one, other) == (one == other)


@pytest.mark.parametrize("levels", [199, 200])
def test_deep_bodies_can_be_written_down(levels: int) -> None:
    """What can be sent can be written down and read again."""
    (read,) = loads(dumps(Message(deep(levels), topic="a")))

    assert read.body == deep(levels)


@pytest.mark.parametrize(
    ("value", "cost"),
    [
        (1, 0),
        ("a", 0),
        ([], 0),
        ({"a": 1, "b": None}, 2),
        ([[1, 2], {"a": [3]}], 6),
        ("x" * 8_000, 1_000),
        ([0] * 100 + ["x" * 8_000], 1_101),
    ],
)
def test_what_is_charged_to_a_budget(value: Any, cost: int) -> None:
    """Each element costs one, each character of a long string an eighth; what costs too much is refused."""
    assert 5_000 - cost == within(value, 5_000)
    assert is_plain(value)
    assert not cost or 0 == within(value, cost)


@pytest.mark.parametrize(
    "value", [(1,), [float("nan")], {"a": float("inf")}, {1: 2}, {"a": b"b"}, OrderedDict(a=1), [{1}]]
)
def test_what_is_not_plain(value: Any) -> None:
    """Types that decoding JSON does not give, numbers that are not finite and keys that are no strings."""
    assert not is_plain(value)
    assert 0 == within(value, BUDGET)


@pytest.mark.parametrize(("levels", "plain"), [(MAX_DEPTH, True), (MAX_DEPTH + 1, False)])
def test_how_deep_a_plain_value_is(levels: int, plain: bool) -> None:
    """A plain value has no more than so many levels."""
    assert plain == is_plain(deep(levels))
