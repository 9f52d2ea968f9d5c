# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Whatever came over AMQP can be shown."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fedora_messaging._message.jsonable import presentable

anything = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(),
        st.binary(),
        st.datetimes(),
        st.dates(),
        st.decimals(),
        st.uuids(),
    ),
    lambda inner: st.one_of(
        st.lists(inner),
        st.tuples(inner),
        st.dictionaries(st.one_of(st.text(), st.binary(), st.integers()), inner),
    ),
)


@given(anything)
def test_always_json(value: Any) -> None:
    """The result can always be written as strict JSON with sorted keys."""
    assert json.dumps(presentable(value), sort_keys=True, allow_nan=False)


@given(st.recursive(st.one_of(st.none(), st.integers(), st.text()), lambda inner: st.lists(inner)))
def test_json_stays(value: Any) -> None:
    """What JSON can hold stays what it is."""
    assert presentable(value) == value


def test_deep() -> None:
    """Tables nested deeper than anything sensible are cut."""
    deep: Any = {}
    for _ in range(5000):
        deep = {"a": [deep]}

    assert "..." in json.dumps(presentable(deep))


def test_objects_that_cannot_be_shown() -> None:
    """An object whose repr raises is shown by its class."""

    class Hostile:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    assert presentable([Hostile()]) == ["<Hostile>"]
