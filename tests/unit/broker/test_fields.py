# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Field tables and raw properties."""

import struct
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any

import pika
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pika import data

from fedora_messaging.broker._wire.fields import (
    Malformed,
    array,
    check_table,
    long,
    nested,
    read_array,
    read_table,
    string,
    write_table,
)
from fedora_messaging.broker._wire.properties import Properties


def _encoded(table: dict[str, Any]) -> bytes:
    pieces: list[bytes] = []
    data.encode_table(pieces, table)
    return b"".join(pieces)[4:]


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(max_size=10)
    | st.binary(max_size=10)
    | st.integers(0, 2**32).map(lambda seconds: datetime.fromtimestamp(seconds, timezone.utc)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_TABLES = st.dictionaries(st.text(max_size=20), _VALUES, max_size=5)


@given(_TABLES)
def test_a_table_is_written_as_it_was_read(table: dict[str, Any]) -> None:
    """Reading a table and writing it again gives the same bytes."""
    encoded = _encoded(table)
    check_table(encoded, 0, len(encoded))

    assert encoded == write_table(read_table(encoded))


@given(st.binary(max_size=60))
def test_no_bytes_are_too_strange(content: bytes) -> None:
    """Any bytes are a table, or Malformed."""
    for read in (read_table, read_array, lambda raw: check_table(raw, 0, len(raw)), Properties):
        with suppress(Malformed):
            read(content)


def test_depth_is_no_matter() -> None:
    """A table with arrays 1,000 deep is looked through."""
    value = b"V"
    for _ in range(1000):
        value = b"A" + struct.pack(">I", len(value)) + value
    content = b"\x01n" + value
    check_table(content, 0, len(content))

    assert b"A" == read_table(content)["n"].kind


def test_the_first_of_equal_keys_counts() -> None:
    """A key that is there twice has its first value."""
    assert 1 == read_table(b"\x01aI\0\0\0\x01\x01aI\0\0\0\x02")["a"].value


def test_nested_values_are_written() -> None:
    """Tables and arrays can be put together."""
    content = write_table({"x-death": array([nested({"count": long(2), "queue": string("é")})])})
    read = data.decode_table(struct.pack(">I", len(content)) + content, 0)[0]

    assert {"x-death": [{"count": 2, "queue": "é"}]} == read


_ALL = pika.BasicProperties(
    content_type="a/b",
    content_encoding="utf-8",
    headers={"a": 1, "b": "x"},
    delivery_mode=2,
    priority=3,
    correlation_id="c",
    reply_to="r",
    expiration="100",
    message_id="m",
    timestamp=5,
    type="t",
    user_id="guest",
    app_id="app",
    cluster_id="cl",
)


def _raw(properties: pika.BasicProperties) -> bytes:
    return b"".join(properties.encode())


def _decoded(raw: bytes) -> dict[str, Any]:
    properties = pika.BasicProperties()
    properties.decode(raw)
    return {key: value for key, value in vars(properties).items() if value is not None}


def test_what_the_broker_reads() -> None:
    """The properties that matter to a broker are found among all others."""
    properties = Properties(_raw(_ALL))

    assert (3, b"100", "guest", "m") == (
        properties.priority,
        properties.expiration,
        properties.user_id,
        properties.message_id,
    )


def test_absent_properties_are_none() -> None:
    """What is not there is None."""
    properties = Properties(b"\0\0")

    assert [None] * 4 == [
        properties.priority,
        properties.expiration,
        properties.user_id,
        properties.message_id,
    ]
    assert {} == properties.headers


def test_headers_are_set_and_taken_away() -> None:
    """Changed headers stand first; all other properties stay as they are."""
    raw = Properties(_raw(_ALL)).with_headers({"new": long(7), "a": None})

    assert {**_decoded(_raw(_ALL)), "headers": {"new": 7, "b": "x"}} == _decoded(raw)


def test_headers_are_added_where_there_are_none() -> None:
    """A message without headers gets some, and loses its expiration when told so."""
    raw = Properties(_raw(pika.BasicProperties(expiration="5", app_id="a"))).with_headers(
        {"new": string("x")}, expiration=False
    )

    assert {"headers": {"new": "x"}, "app_id": "a"} == _decoded(raw)


@pytest.mark.parametrize(
    "raw",
    [b"", b"\0", b"\0\x01", b"\x80\x00", b"\x80\x00\x05abc", b"\x20\x00\0\0\0\x09a", b"\x08\x00", b"\0\0z"],
)
def test_cut_off_properties(raw: bytes) -> None:
    """Properties that end too early, or too late, are Malformed."""
    with pytest.raises(Malformed):
        Properties(raw)
