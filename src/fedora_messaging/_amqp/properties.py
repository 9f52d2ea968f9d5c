# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The property bytes of content headers (AMQP 0-9-1, section 4.2.6.1); raises only ValidationError.

Properties of the shape that this package writes are encoded and decoded by offset, all others by
:mod:`fedora_messaging._amqp.property_encoder` and :mod:`fedora_messaging._amqp.property_decoder`; property
tests show that both agree, with pika's codec too where that supports the value.
"""

from __future__ import annotations

import struct
from typing import Any

from pika import BasicProperties

from .._json.measure import written_size
from .._message.headers import is_from_broker
from ..exceptions import ValidationError, excerpt
from .property_decoder import decode_any
from .property_encoder import encode_any

__all__ = ["decode_properties", "encode_common", "encode_properties", "is_priority"]

_U16 = struct.Struct(">H").pack
_U32 = struct.Struct(">I")
_I32 = struct.Struct(">i")
_INT = struct.Struct(">ci").pack
_STRING = struct.Struct(">cI").pack

_COMMON = (
    BasicProperties.FLAG_CONTENT_TYPE
    | BasicProperties.FLAG_CONTENT_ENCODING
    | BasicProperties.FLAG_HEADERS
    | BasicProperties.FLAG_DELIVERY_MODE
    | BasicProperties.FLAG_MESSAGE_ID
)
_START = b"\x10application/json\x05utf-8"
_PLAIN = _U16(_COMMON) + _START
_WITH_PRIORITY = _U16(_COMMON | BasicProperties.FLAG_PRIORITY) + _START
_RARE = ("correlation_id", "reply_to", "expiration", "timestamp", "type", "user_id", "app_id", "cluster_id")

#: Encoded header names, and decoded header tables; bounded, because they carry user and package names.
_names: dict[str, bytes] = {}
_decoded_tables: dict[bytes, dict[str, Any]] = {}
_CACHED = 1_000
# No frame can be larger.
_MOST_HEADERS = 64 * 1024 * 1024


def encode_properties(properties: BasicProperties, headers: dict[str, Any], priority: int | None) -> bytes:
    """Encode properties, with other headers and another priority in place of their own.

    Raises:
        ValidationError: AMQP 0-9-1 cannot represent a value; names the header or the property.
    """
    delivery_mode = properties.delivery_mode
    if (
        properties.content_type == "application/json"
        and properties.content_encoding == "utf-8"
        and type(properties.message_id) is str
        and is_priority(priority)
        and type(delivery_mode) is int
        and 0 < delivery_mode < 3
        and not any(getattr(properties, name) is not None for name in _RARE)
    ):
        encoded_id = properties.message_id.encode("utf-8", "surrogatepass")
        raw = encode_common(headers, encoded_id, delivery_mode, priority)
        if raw is not None:
            return raw
    left = _MOST_HEADERS
    for name, value in headers.items():
        try:
            left -= written_size(value, left)
        except ValueError as error:
            raise ValidationError(f"The header {excerpt(name, 100)} cannot be sent: {error}") from error
    return encode_any(properties, headers, priority)


def is_priority(priority: int | None) -> bool:
    """Whether a value is a valid priority, or None."""
    return priority is None or (type(priority) is int and 0 <= priority <= 255)


def encode_common(
    headers: dict[str, Any], encoded_id: bytes, delivery_mode: int, priority: int | None
) -> bytes | None:
    """Encode properties of the shape that this package writes; None when a header or the id is not of it."""
    table = _encode_table(headers)
    if table is None or len(encoded_id) > 255:
        return None
    numbers = bytes((delivery_mode,)) if priority is None else bytes((delivery_mode, priority))
    start = _PLAIN if priority is None else _WITH_PRIORITY
    return b"".join((start, table, numbers, bytes((len(encoded_id),)), encoded_id))


def _encode_table(headers: dict[str, Any]) -> bytes | None:
    """Encode a table of strings, 32-bit integers and booleans; None when it holds anything else."""
    fields: list[bytes] = []
    for name, value in headers.items():
        key = _names.get(name) or _encode_name(name)
        if key is None:
            return None
        kind = type(value)
        if kind is str:
            try:
                data = value.encode()
            except UnicodeEncodeError:
                return None
            fields.append(key + _STRING(b"S", len(data)) + data)
        elif kind is bool:
            fields.append(key + (b"t\1" if value else b"t\0"))
        elif kind is int and -0x80000000 <= value <= 0x7FFFFFFF:
            fields.append(key + _INT(b"I", value))
        else:
            return None
    table = b"".join(fields)
    return _U32.pack(len(table)) + table


def _encode_name(name: Any) -> bytes | None:
    if type(name) is not str or is_from_broker(name):  # not to be sent again
        return None
    try:
        data = name.encode()
    except UnicodeEncodeError:
        return None
    if len(data) > 255:
        return None
    if len(_names) >= _CACHED:
        _names.clear()
    key = _names[name] = bytes((len(data),)) + data
    return key


def decode_properties(raw: bytes) -> BasicProperties:
    """Decode the properties of a content header.

    Raises:
        ValidationError: They cannot be decoded, or a text among them is not UTF-8.
    """
    if raw.startswith((_PLAIN, _WITH_PRIORITY)):
        properties = _decode_common(raw)
        if properties is not None:
            return properties
    try:
        properties = decode_any(raw)
    except ValueError as error:
        raise ValidationError(f"The properties cannot be decoded: {excerpt(error)}") from error
    for name in ("content_type", "content_encoding", "message_id"):
        if isinstance(getattr(properties, name), bytes):
            raise ValidationError(f"The property {name} is not UTF-8")
    if any(isinstance(name, bytes) for name in properties.headers or ()):
        raise ValidationError("A header's name is not UTF-8")
    return properties


def _decode_common(raw: bytes) -> BasicProperties | None:
    """Decode properties of the shape that this package writes; None for any other."""
    at = len(_PLAIN)
    try:
        end = at + 4 + _U32.unpack_from(raw, at)[0]
        headers = _decode_table(raw[at:end])
        if headers is None:
            return None
        at = end
        delivery_mode = raw[at]
        at += 1
        priority = None
        if raw.startswith(_WITH_PRIORITY):
            priority = raw[at]
            at += 1
        length = raw[at]
        message_id = raw[at + 1 : at + 1 + length]
        if len(message_id) != length or len(raw) != at + 1 + length:
            return None
        return BasicProperties(
            content_type="application/json",
            content_encoding="utf-8",
            headers=headers,
            delivery_mode=delivery_mode,
            priority=priority,
            message_id=message_id.decode(),
        )
    except (IndexError, UnicodeDecodeError, struct.error):
        return None


def _decode_table(table: bytes) -> dict[str, Any] | None:
    """Decode a table of strings, 32-bit integers and booleans; None when it holds anything else.

    Cached, since the next message usually has the same headers.
    """
    cached = _decoded_tables.get(table)
    if cached is not None:
        return cached.copy()
    headers: dict[str, Any] = {}
    at, end = 4, len(table)
    while at < end:
        length = table[at]
        name = table[at + 1 : at + 1 + length].decode()
        at += 1 + length
        kind = table[at]
        at += 1
        if kind == 0x53:  # S, a long string
            (length,) = _U32.unpack_from(table, at)
            at += 4
            if at + length > end:
                return None
            headers[name] = table[at : at + length].decode()
            at += length
        elif kind == 0x49:  # I, a 32-bit integer
            (headers[name],) = _I32.unpack_from(table, at)
            at += 4
        elif kind == 0x74:  # t, a boolean
            headers[name] = table[at] != 0
            at += 1
        else:
            return None
    if at != end:
        return None
    if end < 1_000:
        if len(_decoded_tables) >= _CACHED:
            _decoded_tables.clear()
        _decoded_tables[table] = headers.copy()
    return headers
