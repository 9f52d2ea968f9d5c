# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""AMQP field tables (AMQP 0-9-1, 4.2.5.5) read one level deep, and written again without loss.

Nested tables and arrays stay raw bytes until somebody asks for them, so no content is too deep to read, and
the type of each value is kept: RabbitMQ compares types too.
"""

from __future__ import annotations

import struct
from typing import NamedTuple


class Malformed(ValueError):
    """The bytes are not what AMQP says they are."""


class Field(NamedTuple):
    """One value of a field table: its AMQP type (``S``, ``I``, ``t``, ...) and its value.

    Strings, tables and arrays are bytes, in the encoding of the wire and without their length.
    """

    kind: bytes
    value: object

    @property
    def text(self) -> str:
        """The text of a string; any other value as Python writes it."""
        return text(self.value) if isinstance(self.value, bytes) else str(self.value)

    @property
    def is_integer(self) -> bool:
        """Whether the type is an integer of any width."""
        return self.kind in INTEGERS

    @property
    def family(self) -> bytes:
        """The type, or one name for all types that RabbitMQ treats as equal when it compares arguments."""
        return b"I" if self.kind in INTEGERS else b"d" if self.kind in b"df" else self.kind


Table = dict[str, Field]

_FIXED = {
    b"t": struct.Struct(">?"),
    b"b": struct.Struct(">b"),
    b"B": struct.Struct(">B"),
    b"s": struct.Struct(">h"),
    b"u": struct.Struct(">H"),
    b"I": struct.Struct(">i"),
    b"i": struct.Struct(">I"),
    b"l": struct.Struct(">q"),
    b"L": struct.Struct(">q"),
    b"f": struct.Struct(">f"),
    b"d": struct.Struct(">d"),
    b"T": struct.Struct(">Q"),
}
_LONG = frozenset((b"S", b"x", b"F", b"A"))
_SIZES = {**{kind[0]: fixed.size for kind, fixed in _FIXED.items()}, ord("V"): 0, ord("D"): 5}
_WITH_LENGTH = frozenset(b"SxFA")
_NESTING = frozenset(b"FA")
_TABLE = ord("F")
_BOOL, _UNSIGNED, _SIGNED = b"tLl"
# Types whose values are checked; for floating-point ones, the second byte from which they are not finite.
_ODD = {_BOOL: 0, _UNSIGNED: 0, ord("f"): 0x80, ord("d"): 0xF0}
INTEGERS = frozenset((b"b", b"B", b"s", b"u", b"I", b"i", b"l", b"L"))
#: What RabbitMQ calls the types in its error texts.
WORDS = {
    b"S": "longstr",
    b"I": "signedint",
    b"D": "decimal",
    b"T": "timestamp",
    b"F": "table",
    b"A": "array",
    b"b": "byte",
    b"B": "unsignedbyte",
    b"d": "double",
    b"f": "float",
    b"l": "long",
    b"L": "long",
    b"s": "short",
    b"u": "unsignedshort",
    b"i": "unsignedint",
    b"t": "bool",
    b"x": "binary",
    b"V": "void",
}
_U32 = struct.Struct(">I")


def text(raw: bytes) -> str:
    """Decode a name. Bytes that are not UTF-8 are kept by surrogates."""
    return raw.decode("utf-8", "surrogateescape")


def raw(name: str) -> bytes:
    """Encode a name that ``text`` has decoded."""
    return name.encode("utf-8", "surrogateescape")


def read_value(data: bytes, at: int) -> tuple[Field, int]:
    """Decode the value at an offset.

    Returns:
        The value and the offset behind it.

    Raises:
        Malformed: The bytes are not what AMQP says they are.
    """
    kind = data[at : at + 1]
    at += 1
    fixed = _FIXED.get(kind)
    if fixed is not None:
        if at + fixed.size > len(data):
            raise Malformed("a value is cut off")
        return Field(kind, fixed.unpack_from(data, at)[0]), at + fixed.size
    if kind in _LONG:
        if at + 4 > len(data):
            raise Malformed("a length is cut off")
        stop = at + 4 + _U32.unpack_from(data, at)[0]
        if stop > len(data):
            raise Malformed("a value is cut off")
        return Field(kind, data[at + 4 : stop]), stop
    if kind == b"V":
        return Field(kind, None), at
    if kind == b"D":
        if at + 5 > len(data):
            raise Malformed("a decimal is cut off")
        return Field(kind, data[at : at + 5]), at + 5
    raise Malformed(f"no such field type: {kind!r}")


def write_value(field: Field) -> bytes:
    """Encode one value, its type first."""
    kind, value = field
    fixed = _FIXED.get(kind)
    if fixed is not None:
        return kind + fixed.pack(value)
    if kind == b"V":
        return kind
    assert isinstance(value, bytes)
    return kind + (value if kind == b"D" else _U32.pack(len(value)) + value)


def read_entries(data: bytes) -> list[tuple[bytes, int, int]]:
    """Return the key of each entry of a table's content, and where its value starts and stops.

    Raises:
        Malformed: The bytes are not what AMQP says they are.
    """
    entries = []
    at, end = 0, len(data)
    while at < end:
        start = at + 1 + data[at]
        if start > end:
            raise Malformed("a key is cut off")
        _, stop = read_value(data, start)
        entries.append((data[at + 1 : start], start, stop))
        at = stop
    return entries


def read_table(data: bytes) -> Table:
    """Decode a table's content (without its length); the first of equal keys counts.

    Raises:
        Malformed: The bytes are not what AMQP says they are.
    """
    table: Table = {}
    at, end = 0, len(data)
    while at < end:
        start = at + 1 + data[at]
        if start > end:
            raise Malformed("a key is cut off")
        value, stop = read_value(data, start)
        table.setdefault(text(data[at + 1 : start]), value)
        at = stop
    return table


def write_table(table: Table) -> bytes:
    """Encode a table's content, without its length."""
    return b"".join(
        bytes((len(key),)) + key + write_value(value)
        for key, value in ((raw(name)[:255], value) for name, value in table.items())
    )


def read_array(data: bytes) -> list[Field]:
    """Decode an array's content (without its length).

    Raises:
        Malformed: The bytes are not what AMQP says they are.
    """
    values = []
    at = 0
    while at < len(data):
        value, at = read_value(data, at)
        values.append(value)
    return values


def check_table(data: bytes, at: int, end: int) -> bool:
    """Check a table's content at every depth.

    Returns:
        Whether ``canonical`` would not change it.

    Raises:
        Malformed: The bytes are not what AMQP says they are.
    """
    todo = [(at, end, True)]
    last, top, as_is = b"", True, True
    while todo:
        at, end, named = todo.pop()
        while at < end:
            if named:
                if top:
                    key = data[at + 1 : at + 1 + data[at]]
                    as_is = as_is and (key > last or not last)
                    last = key
                at += 1 + data[at]
            if at >= end:
                raise Malformed("a value is missing")
            kind = data[at]
            at += 1
            size = _SIZES.get(kind)
            if size is None:
                if kind not in _WITH_LENGTH:
                    raise Malformed(f"no such field type: {chr(kind)!r}")
                if at + 4 > end:
                    raise Malformed("a length is cut off")
                size = 4 + _U32.unpack_from(data, at)[0]
                if kind in _NESTING:
                    todo.append((at + 4, at + size, kind == _TABLE))
            elif kind in _ODD and at + size <= end:
                if kind == _BOOL:
                    as_is = as_is and data[at] < 2
                elif kind == _UNSIGNED:
                    as_is = False
                elif data[at] & 0x7F == 0x7F and data[at + 1] >= _ODD[kind]:
                    raise Malformed("a number that is none, or infinite")
            at += size
        if at != end:
            raise Malformed("a value is cut off")
        top = False
    return as_is


def canonical(data: bytes) -> bytes:
    """Rewrite a checked table's content as RabbitMQ 4.3 does: sorted, with the first of equal keys.

    Nested tables keep their order. At every depth ``L`` becomes ``l`` and every true boolean is 1.
    """
    patched = bytearray(data)
    todo = [(0, len(data), True)]
    while todo:
        at, end, named = todo.pop()
        while at < end:
            if named:
                at += 1 + data[at]
            kind = data[at]
            at += 1
            if kind in _WITH_LENGTH:
                size = 4 + _U32.unpack_from(data, at)[0]
                if kind in _NESTING:
                    todo.append((at + 4, at + size, kind == _TABLE))
            else:
                size = _SIZES[kind]
                if kind == _BOOL:
                    patched[at] = bool(data[at])
                elif kind == _UNSIGNED:
                    patched[at - 1] = _SIGNED
            at += size
    entries: dict[bytes, tuple[int, int]] = {}
    for key, start, stop in read_entries(data):
        entries.setdefault(key, (start - 1 - len(key), stop))
    return b"".join(patched[start:stop] for _, (start, stop) in sorted(entries.items()))


def string(value: str | bytes) -> Field:
    """Return a long string."""
    return Field(b"S", raw(value) if isinstance(value, str) else value)


def long(value: int) -> Field:
    """Return a 64-bit integer."""
    return Field(b"l", value)


def nested(value: Table) -> Field:
    """Return a nested table."""
    return Field(b"F", write_table(value))


def array(values: list[Field]) -> Field:
    """Return an array."""
    return Field(b"A", b"".join(map(write_value, values)))
