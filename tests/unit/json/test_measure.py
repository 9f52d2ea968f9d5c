# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What a value has at least when it is encoded, and where in it something is that JSON cannot represent."""

from collections import OrderedDict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedora_messaging._json import codec
from fedora_messaging._json.measure import TooLarge, settled, written_size

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(), parts, max_size=4),
)


class Text(str):
    def __str__(self) -> str:
        return "code of a subclass"


@given(values)
def test_a_size_is_never_overestimated(value: Any) -> None:
    """A value is not refused for a size that its encoding does not have, and it is used as it is."""
    size = len(codec.encode(value))

    assert written_size(value) <= size
    assert value is settled(value, size)


@pytest.mark.parametrize("value", ["x" * 99, ["x" * 99], {"x" * 99: 1}, [1] * 99, {"a": {"b": ["x" * 99]}}])
def test_what_is_too_large(value: Any) -> None:
    """A container whose encoding certainly exceeds the limit is refused."""
    if isinstance(value, str):
        assert written_size(value, 99) == 101  # bounded by itself
        return
    for function in (settled, written_size):
        with pytest.raises(TooLarge, match="more than 99 bytes"):
            function(value, 99)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"a": [1, {2}]}, r"^\$\.a\[1\] is a set, which JSON cannot hold"),
        ({"a b": {"c": float("nan")}}, r"^\$\['a b'\]\.c is nan, which JSON cannot hold"),
        ({"a": {(1,): 2}}, r"^\$\.a has the key \(1,\), a tuple, which JSON cannot hold"),
        ({"a": {((1,),): 2}}, r"^\$\.a has the key \.\.\., a tuple, which JSON cannot hold"),
        ({"a": "\ud800"}, r"^\$\.a holds a lone surrogate"),
        ({"a": {"\ud800": 1}}, r"^the key of \$\.a holds a lone surrogate"),
        ({1 << 2000: {2}}, r"^\$\[\.\.\.\] is a set"),
    ],
)
def test_an_error_says_where(value: Any, words: str) -> None:
    """What JSON cannot represent is named by its path; the size is known all the same."""
    with pytest.raises(ValueError, match=words):
        settled(value)
    assert written_size(value) > 0


def test_the_middle_of_a_long_path_is_left_out() -> None:
    """Of a path with many steps the first ten and the last five are shown."""
    value: Any = {2}
    for number in reversed(range(30)):
        value = {f"k{number}": value}

    with pytest.raises(ValueError, match=r"^\$\.k0\.k1.*\.k9\.\.\.\.k25\.k26\.k27\.k28\.k29 is a set"):
        settled(value)


@pytest.mark.parametrize(
    ("value", "copied"),
    [
        (OrderedDict(a=1), {"a": 1}),
        ((1, (2,)), [1, [2]]),
        ({2: "a", None: "b", True: 1.5}, {"2": "a", "null": "b", "true": 1.5}),
        ([Text("a")], ["a"]),
    ],
)
def test_types_of_their_own_are_copied(value: Any, copied: Any) -> None:
    """A value with types that decoding JSON does not give is copied, without code of its classes."""
    made = settled(value)

    assert copied == made
    assert type(copied) is type(made)


def test_a_part_that_occurs_often_is_visited_once() -> None:
    """Shared parts count as often as they are encoded, and are copied once."""
    part = (1, 2)
    made = settled({"a": part, "b": part})

    assert [1, 2] == made["a"]
    assert made["a"] is made["b"]
