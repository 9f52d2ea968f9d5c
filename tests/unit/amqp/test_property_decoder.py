# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Header values of every AMQP type, as other clients write them, are received unchanged."""

import datetime
import struct
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fedora_messaging._amqp import properties
from fedora_messaging.exceptions import ValidationError
from wire.tables import nested_arrays, table, with_headers

U32, U64 = struct.Struct(">I").pack, struct.Struct(">Q").pack

shorts = st.text(max_size=40).filter(lambda text: len(text.encode()) < 256)


def as_array(fields: list[tuple[bytes, bytes, Any]]) -> tuple[bytes, bytes, Any]:
    """An array of fields, as a field."""
    data = b"".join(kind + data for kind, data, _ in fields)
    return b"A", struct.pack(">I", len(data)) + data, [value for _, _, value in fields]


def as_table(named: list[tuple[str, tuple[bytes, bytes, Any]]]) -> tuple[bytes, bytes, Any]:
    """A table of named fields, as a field."""
    entries = [(name.encode(), kind, data) for name, (kind, data, _) in named]
    return b"F", table(*entries), {name: value for name, (_, _, value) in named}


#: Field values as other clients write them, and what they are.
FIELDS: list[tuple[bytes, bytes, Any]] = [
    (b"t", b"\1", True),
    (b"t", b"\0", False),
    (b"b", b"\xff", -1),
    (b"B", b"\xff", 255),
    (b"U", b"\xff\xfe", -2),
    (b"s", b"\x80\0", -(2**15)),
    (b"u", b"\xff\xff", 2**16 - 1),
    (b"I", b"\x80\0\0\0", -(2**31)),
    (b"i", b"\xff\xff\xff\xff", 2**32 - 1),
    (b"l", b"\x80" + bytes(7), -(2**63)),
    (b"L", b"\x7f" + b"\xff" * 7, 2**63 - 1),
    (b"f", struct.pack(">f", 3.75), 3.75),
    (b"d", struct.pack(">d", 3.75), 3.75),
    (b"d", struct.pack(">d", -1e300), -1e300),
    (b"d", struct.pack(">d", float("inf")), float("inf")),
    (b"D", b"\2" + struct.pack(">i", -314), Decimal("-3.14")),
    (b"D", b"\0" + U32(7), Decimal(7)),
    (b"D", b"\xff" + U32(1), Decimal("1e-255")),
    (b"S", U32(6) + "Grüß".encode(), "Grüß"),
    (b"S", U32(2) + b"\xff\xfe", b"\xff\xfe"),
    (b"x", U32(3) + b"a\0b", b"a\0b"),
    (b"T", U64(1_700_000_000), datetime.datetime(2023, 11, 14, 22, 13, 20, tzinfo=datetime.timezone.utc)),
    (b"T", U64(1_700_000_000_000), 1_700_000_000_000),
    (b"V", b"", None),
    (b"A", U32(0), []),
    (b"A", U32(6) + b"V" + b"I\0\0\0\x05", [None, 5]),
    (b"F", U32(0), {}),
]


@pytest.mark.parametrize(("kind", "data", "value"), FIELDS)
def test_every_type_is_read_as_it_was_sent(kind: bytes, data: bytes, value: Any) -> None:
    """A header value of each AMQP type is the same value when it is received, alone and within others."""
    inner = table((b"v", kind, data))
    array = U32(1 + len(data)) + kind + data
    headers = properties.decode_properties(
        with_headers((b"a", kind, data), (b"b", b"F", inner), (b"c", b"A", array), (b"d", b"t", b"\1"))
    ).headers

    expected = {"a": value, "b": {"v": value}, "c": [value], "d": True}
    assert expected == headers
    assert type(value) is type(headers["a"])


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ((b"odd", b"z", b""), "the header 'odd': b'z' is not a type"),
        ((b"odd", b"S", U32(100) + b"abc"), "the header 'odd': a value is longer than what holds it"),
        ((b"odd", b"d", b"\0\0"), "the header 'odd'"),
        ((b"odd", b"A", U32(100)), "the header 'odd': a value is longer"),
        ((b"odd", b"F", table((b"in", b"z", b""))), "the header 'odd': b'z' is not a type"),
        ((b"odd", b"A", nested_arrays(300)), "the header 'odd': nested more than"),
    ],
)
def test_an_undecodable_header_is_named(entry: tuple[bytes, bytes, bytes], words: str) -> None:
    """What cannot be decoded is a ValidationError that names the header."""
    with pytest.raises(ValidationError) as refused:
        properties.decode_properties(with_headers(entry))

    assert words in str(refused.value)


@given(
    st.recursive(
        st.sampled_from([(kind, data, value) for kind, data, value in FIELDS]),
        lambda inner: st.one_of(
            st.lists(inner, max_size=4).map(as_array),
            st.lists(st.tuples(shorts, inner), max_size=4, unique_by=lambda pair: pair[0]).map(as_table),
        ),
        max_leaves=12,
    )
)
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_nested_fields_are_read_as_they_were_sent(field: tuple[bytes, bytes, Any]) -> None:
    """Tables and arrays of all types, in one another, are read unchanged."""
    kind, data, value = field

    assert {"a": value} == properties.decode_properties(with_headers((b"a", kind, data))).headers
