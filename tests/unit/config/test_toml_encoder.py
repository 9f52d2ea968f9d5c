# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What is written as TOML is read back exactly."""

import datetime
import sys
from typing import Any

import pytest
import toml
from hypothesis import given
from hypothesis import strategies as st

from fedora_messaging._config.toml import default_reader
from fedora_messaging._config.toml_encoder import Encoder

_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_keys = st.one_of(_text, st.sampled_from(["", "a.b", "a b", "\n", '"', "\\", "bare-key_1", "é", "a\n"]))
_times = st.one_of(
    st.datetimes(),
    st.datetimes(timezones=st.just(datetime.timezone.utc)),
    st.dates(),
    st.times(),
).map(lambda time: time.replace(fold=0) if isinstance(time, datetime.datetime | datetime.time) else time)
_leaves = st.one_of(st.booleans(), st.integers(), st.floats(allow_nan=False), _text, _times)
_values = st.recursive(
    _leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_keys, inner, max_size=3)),
    max_leaves=12,
)


def _written(value: dict[str, Any]) -> str:
    return toml.dumps(value, encoder=Encoder())


if sys.version_info >= (3, 11):

    @given(st.dictionaries(_keys, _values, max_size=4))
    def test_tomllib_reads_back_what_was_there(value: dict[str, Any]) -> None:
        """Whatever TOML can hold comes back from Python's reader unchanged, types included."""
        import tomllib

        found = tomllib.loads(_written(value))

        assert found == value
        assert repr(found) == repr(_in_order(value, found))


def _in_order(value: Any, like: Any) -> Any:
    """The same value, its keys in the order of another: tables follow plain values."""
    if isinstance(value, dict):
        return {key: _in_order(value[key], like[key]) for key in like}
    if isinstance(value, list):
        return [_in_order(item, other) for item, other in zip(value, like, strict=True)]
    return value


@pytest.mark.parametrize(
    "value",
    [
        {"path": "C:\\new\\x41\\u0041"},
        {"pattern": '"quoted" \\d+ \x7f\x00\ttab'},
        {"bindings": [{"exchange": "e", "routing_keys": ["a.#"], "arguments": {"x-match": "all"}}]},
        {"queues": {"a.b": {"arguments": {"x-expires": 1}}, "": {"durable": False}}},
        {"consumers": {"one": {"bindings": [{"queue": "q"}], "qos": {"prefetch_count": 1}}}},
        {"log_config": {"root": {"handlers": []}, "handlers": {}}},
        {"consumer_config": {"nested": [{"a": [{"b": 1}]}]}},
    ],
)
def test_what_configurations_hold(value: dict[str, Any]) -> None:
    """Paths, patterns, tables in arrays and names with dots survive, with the reader of this Python."""
    assert default_reader()(_written(value)) == value


def test_none_is_left_out() -> None:
    """TOML has no null: such keys are left out, at any depth."""
    assert _written({"a": None, "b": {"c": None, "d": 1}}) == "[b]\nd = 1\n"


def test_what_toml_cannot_hold() -> None:
    """Other types and lone surrogates are refused rather than changed."""
    with pytest.raises(TypeError, match="cannot hold a bytes"):
        _written({"a": b"x"})
    with pytest.raises(ValueError, match="lone surrogate"):
        _written({"a": "\ud800"})
