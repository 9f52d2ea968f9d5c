# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""JSON is the same with and without orjson: equal values, equal errors."""

import dataclasses
import datetime
import decimal
import enum
import json
import uuid
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fedora_messaging._json import codec

try:
    import orjson
except ImportError:
    FAST: dict[str, Any] = {}
else:
    FAST = {"dumps": orjson.dumps, "loads": orjson.loads}

with_orjson = pytest.mark.skipif(not FAST, reason="orjson is not installed: there is nothing to compare")


class Colour(enum.Enum):
    RED = "red"


class Number(enum.IntEnum):
    ONE = 1


class Text(str):
    __slots__ = ()


@dataclasses.dataclass
class Point:
    x: int = 1


def nested(levels: int) -> Any:
    """A list in a list in a list ..."""
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    return value


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(st.characters(exclude_categories=()), max_size=8),
)
odd = st.sampled_from(
    [
        Colour.RED,
        Number.ONE,
        Text("t"),
        Point(),
        uuid.UUID(int=1),
        datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc),
        datetime.date(2026, 1, 1),
        decimal.Decimal("1.5"),
        b"bytes",
        (1, 2),
        {3},
        object(),
    ]
)
keys = st.one_of(st.text(max_size=5), st.integers(), st.none(), st.booleans(), st.just(b"x"), st.floats())


def trees(leaves: st.SearchStrategy[Any], names: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Values made of lists and dictionaries."""
    return st.recursive(
        leaves,
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=4)),
        max_leaves=12,
    )


def outcome(function: Any, *args: Any, **kwargs: Any) -> Any:
    """What a call returns, or the class and text of its ValueError; nothing else may be raised."""
    try:
        return function(*args, **kwargs)
    except ValueError as error:
        return ValueError, str(error)


def same(one: Any, other: Any) -> bool:
    """Equality to the type: 1 is not 1.0 and not True."""
    return repr(one) == repr(other)


@with_orjson
@given(trees(st.one_of(scalars, odd), keys))
def test_encoding_differential(value: Any) -> None:
    """Both writers refuse the same values in the same words; what they write reads back as the same value."""
    plain = outcome(codec.encode, value, fast=None)
    fast = outcome(codec.encode, value, fast=FAST["dumps"])

    if isinstance(plain, bytes):
        assert isinstance(fast, bytes)
        assert same(json.loads(plain), json.loads(fast))
    else:
        assert fast == plain


@with_orjson
@given(
    st.one_of(
        st.binary(max_size=60),
        st.text(max_size=40).map(str.encode),
        trees(scalars, st.text(max_size=5)).map(lambda value: json.dumps(value).encode()),
        st.from_regex(rb"\A[\[{]*-?[0-9]{1,30}(\.[0-9]+)?([eE][+-]?[0-9]{1,4})?[\]}]*\Z"),
    )
)
@example(b'"\\ud800"')
@example(b'{"a": 1, "a": 2}')
@example(b"9223372036854775808")
@example(b"18446744073709551616")
@example(b"-9223372036854775809")
@example(b"1e400")
@example(b"-1e0400")
@example(b"1" + b"0" * 400 + b".0")
@example(b"1" + b"0" * 210 + b"e99")
@example(b"-0")
@example(b"NaN")
@example(b"[Infinity]")
@example(b"\xef\xbb\xbf{}")
@example(b'"\xed\xa0\x80"')
@example(b'"\x01"')
@example(b"")
@example(b"{}x")
@example(b"[" * 200 + b"]" * 200)
@example(b"[" * 201 + b"]" * 201)
@example(b"[" * 100_000)
def test_decoding_differential(data: bytes) -> None:
    """Both readers give equal values of equal types, and refuse the same data in the same words."""
    plain = outcome(codec.decode, data, fast=None)
    fast = outcome(codec.decode, data, fast=FAST["loads"])

    assert same(plain, fast)


@given(trees(scalars, st.text(max_size=5)).map(lambda value: json.dumps(value).encode()))
def test_plain_is_plain(data: bytes) -> None:
    """What was decoded is plain."""
    try:
        value = codec.decode(data)
    except ValueError:
        return

    assert codec.is_plain(value)


@given(trees(st.one_of(scalars, odd), keys))
def test_plain_can_be_encoded(value: Any) -> None:
    """What is plain can be encoded, or holds lone surrogates."""
    written = outcome(codec.encode, value, fast=None)

    assert isinstance(written, bytes) or not codec.is_plain(value) or "surrogate" in written[1]


@pytest.mark.parametrize("levels", [1, 2, 168, 200])
def test_plain_to_a_depth(levels: int) -> None:
    """Plainness is looked for so many levels down, and what is deeper is not plain."""
    assert codec.is_plain(nested(levels), levels)
    assert not codec.is_plain(nested(levels + 1), levels)


@given(trees(st.one_of(st.none(), st.booleans(), st.integers(), st.text()), st.text()))
def test_round_trip(value: Any) -> None:
    """What was encoded decodes to the same value."""
    assert same(value, codec.decode(codec.encode(value)))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"a": {"b c": [1, float("nan")]}}, "$.a['b c'][1] is nan"),
        ({"a": float("inf")}, "$.a is inf"),
        ({"update": {"date": datetime.datetime(2026, 1, 1)}}, "$.update.date is a datetime"),  # noqa: DTZ001
        ([uuid.UUID(int=1)], "$[0] is a UUID"),
        ([Colour.RED], "$[0] is a Colour"),
        ([Point()], "$[0] is a Point"),
        ([b""], "$[0] is a bytes"),
        ([{1, 2}], "$[0] is a set"),
        ({"a": "\ud800"}, "$.a holds a lone surrogate"),
        ({"\ud800": 1}, "the key of $ holds a lone surrogate"),
        ({(1, 2): 1}, "$ has the key (1, 2), a tuple"),
    ],
)
def test_what_cannot_be_encoded(value: Any, words: str) -> None:
    """The error names the place and the reason."""
    with pytest.raises(ValueError) as caught:
        codec.encode(value)

    assert words in str(caught.value)


def test_what_json_writes_in_its_own_way() -> None:
    """Tuples, keys that are numbers, and subclasses are written as the standard library does."""
    value = {1: (1, 2), None: Number.ONE, False: Text("x")}

    assert codec.encode(value) == b'{"1":[1,2],"null":1,"false":"x"}'
    assert codec.encode({"big": 2**80}) == b'{"big":1208925819614629174706176}'


def test_compact_utf8() -> None:
    """No blanks, and no escapes where UTF-8 will do."""
    assert codec.encode({"é": [1, 2.5, None, True]}) == '{"é":[1,2.5,null,true]}'.encode()


@pytest.mark.parametrize(
    "make", [nested, lambda levels: {"a": nested(levels - 1)}, lambda levels: (nested(levels - 1),)]
)
def test_depth_of_what_is_encoded(make: Any) -> None:
    """200 levels can be encoded, 201 cannot."""
    assert codec.decode(codec.encode(make(200))) is not None
    with pytest.raises(ValueError, match="200 levels"):
        codec.encode(make(201))


def test_value_in_itself() -> None:
    """A value that contains itself is refused, and the error says where it does."""
    value: list[Any] = []
    value.append(value)
    with pytest.raises(ValueError, match=r"^Circular reference: \$\[0\] is \$ again$"):
        codec.encode(value)


@pytest.mark.parametrize("filler", [b"", b'"[[[",', b'"\\"[",', b'"\\\\",', b"[],", b"{},", b'{"{":"}"},'])
def test_depth_of_what_is_decoded(filler: bytes) -> None:
    """200 levels can be decoded, 201 cannot, brackets in strings not counted."""
    filler *= 50

    assert codec.decode(b"[" * 198 + b"[" + filler + b"1]" + b"]" * 198) is not None
    with pytest.raises(ValueError, match="200 levels"):
        codec.decode(b"[" * 200 + b"[" + filler + b"1]" + b"]" * 200)


@pytest.mark.parametrize(
    "data", [b"", b"x", b"{", b"\xff", b"NaN", b"-Infinity", b"1e999", b'{"a":1,}', "é".encode("latin-1")]
)
def test_what_cannot_be_decoded(data: bytes) -> None:
    """Everything that is not JSON of finite numbers in UTF-8 is a ValueError."""
    with pytest.raises(ValueError):
        codec.decode(data)


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**30])
def test_long_integers_stay_exact(number: int) -> None:
    """Integers of more than 64 bits do not become floats."""
    assert codec.decode(str(number).encode()) == number
    assert isinstance(codec.decode(str(number).encode()), int)
