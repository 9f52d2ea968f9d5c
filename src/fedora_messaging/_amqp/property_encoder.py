# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Encodes properties of any shape, with header values of every AMQP type.

Invariant: values arrive as they were sent. A value that AMQP cannot represent is refused, and its header
    named;
nothing is rounded or converted to a type that would arrive as another value. pika's encoder does not support
floats, and does not name the header that it cannot encode.

Types: AMQP 0-9-1 specification, section 4.2.1, as RabbitMQ and its clients read them
(https://www.rabbitmq.com/amqp-0-9-1-errata#section_3).
"""

from __future__ import annotations

import calendar
import struct
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from pika import BasicProperties

from .._json.codec import MAX_DEPTH
from ..exceptions import ValidationError, excerpt

__all__ = ["encode_any", "encode_field"]

# Each part has at least one byte, so that more of them fit into no frame. The limit ends values that are
# small in memory and endless when encoded (a list that contains itself several times).
_MOST_PARTS = 131_072
_U32 = struct.Struct(">I")
_TYPES = "AMQP has None, bool, int (64 bits), float, Decimal (32 bits), str, bytes, datetime, list and dict"


class _Unsendable(ValueError):
    """AMQP cannot represent a value; the text says why."""


def encode_any(properties: BasicProperties, headers: dict[str, Any], priority: int | None) -> bytes:
    """Encode properties, with other headers and another priority in place of their own.

    Raises:
        ValidationError: Names the header or the property that cannot be sent, and says why.
    """
    flags = 0
    parts = [b""]
    for name in _NAMES:
        value = (
            headers if name == "headers" else priority if name == "priority" else getattr(properties, name)
        )
        if value is None:
            continue
        flags |= getattr(BasicProperties, f"FLAG_{name.upper()}")
        try:
            parts.append(_ENCODERS.get(name, _short)(value))
        except _Unsendable as error:
            raise ValidationError(f"The property {name} cannot be sent: {error}") from None
    parts[0] = flags.to_bytes(2, "big")
    return b"".join(parts)


#: In the order in which they are sent (AMQP 0-9-1, section 1.8).
_NAMES = (
    *(
        "content_type",
        "content_encoding",
        "headers",
        "delivery_mode",
        "priority",
        "correlation_id",
        "reply_to",
    ),
    *("expiration", "message_id", "timestamp", "type", "user_id", "app_id", "cluster_id"),
)


def _table(headers: dict[str, Any]) -> bytes:
    table = b"".join([encode_field(name, value) for name, value in headers.items()])
    return _U32.pack(len(table)) + table


def encode_field(name: Any, value: Any) -> bytes:
    """Encode one field of a table: a header's name and value.

    Raises:
        ValidationError: Names the header.
    """
    parts: list[bytes] = []
    try:
        _put_name(name, parts)
        _put_value(value, parts, 1)
        return b"".join(parts)
    except _Unsendable as error:
        raise ValidationError(f"The header {excerpt(name, 100)} cannot be sent: {error}") from None
    except RecursionError:
        raise ValidationError(f"The header {excerpt(name, 100)} is nested too deep to be sent") from None


def _short(value: Any) -> bytes:
    """Encode a short string with its length."""
    if isinstance(value, str):
        data = _utf8(value)
    elif isinstance(value, bytes):
        data = value
    else:
        raise _Unsendable(f"it must be a string, not {type(value).__name__}")
    if len(data) > 255:
        raise _Unsendable(f"it is {len(data)} bytes long; AMQP allows 255")
    return bytes((len(data),)) + data


def _utf8(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise _Unsendable("it holds a lone surrogate, which UTF-8 cannot hold") from None


def _put_name(name: Any, parts: list[bytes]) -> None:
    try:
        parts.append(_short(name))
    except _Unsendable as error:
        raise _Unsendable(f"as for the name {excerpt(name, 60)}, {error}") from None


def _put_value(value: Any, parts: list[bytes], depth: int) -> int:
    """Append the type and the value, and return how many bytes they have."""
    if len(parts) > _MOST_PARTS:
        raise _Unsendable(f"it holds more than {_MOST_PARTS:,} values, or itself")
    kind = type(value)
    put = _PUT.get(kind)
    if put is None:
        # Subclasses, as of enumerations; bool cannot have any.
        put = next((each for base, each in _PUT.items() if isinstance(value, base)), None)
    if put is not None:
        data = put(value)
        parts.append(data)
        return len(data)
    if not isinstance(value, (list, dict)):
        raise _Unsendable(f"{excerpt(value, 60)} is of the type {kind.__name__}; {_TYPES}")
    if depth >= MAX_DEPTH:
        raise _Unsendable(f"it is nested more than {MAX_DEPTH} levels deep")
    place = len(parts)
    parts.append(b"")
    size = 0
    if isinstance(value, list):
        for item in value:
            size += _put_value(item, parts, depth + 1)
    else:
        for key, item in value.items():
            _put_name(key, parts)
            size += len(parts[-1]) + _put_value(item, parts, depth + 1)
    parts[place] = (b"A" if isinstance(value, list) else b"F") + _U32.pack(size)
    return size + 5


def _integer(value: int) -> bytes:
    if -(2**31) <= value < 2**31:
        return struct.pack(">ci", b"I", value)
    if -(2**63) <= value < 2**63:
        return struct.pack(">cq", b"l", value)
    raise _Unsendable(f"{excerpt(int(value), 60)} does not fit into 64 bits with a sign")


def _float(value: float) -> bytes:
    if value - value != 0.0:  # RabbitMQ ends the connection over them
        raise _Unsendable(f"{value} is not a finite number")
    return struct.pack(">cd", b"d", value)


def _decimal(value: Decimal) -> bytes:
    if not value.is_finite():
        raise _Unsendable(f"{value} is not a finite number")
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    number = None
    if -255 <= exponent <= 10:  # more zeros do not fit anyway
        number = int("".join(map(str, digits))) * 10 ** max(exponent, 0) if len(digits) <= 10 else None
    if number is None or not -(2**31) <= (number := -number if sign else number) < 2**31:
        raise _Unsendable(f"{excerpt(value, 60)} does not fit into 32 bits and 255 decimal places")
    return struct.pack(">cBi", b"D", max(-exponent, 0), number)


def _text(value: str) -> bytes:
    data = _utf8(value)
    return b"S" + _U32.pack(len(data)) + data


def _time(value: datetime) -> bytes:
    """Encode whole seconds, the resolution of AMQP; a time without a time zone is UTC."""
    try:
        return struct.pack(">cQ", b"T", calendar.timegm(value.utctimetuple()))
    except (struct.error, OverflowError):
        raise _Unsendable(f"the time {value.isoformat()} is before 1970 or cannot be given in UTC") from None


_PUT: dict[type, Callable[[Any], bytes]] = {
    str: _text,
    bool: lambda value: b"t\1" if value else b"t\0",
    int: _integer,
    type(None): lambda _: b"V",
    float: _float,
    bytes: lambda value: b"x" + _U32.pack(len(value)) + value,
    bytearray: lambda value: b"x" + _U32.pack(len(value)) + bytes(value),
    datetime: _time,
    Decimal: _decimal,
}


def _octet(value: Any) -> bytes:
    if not isinstance(value, int) or not 0 <= value <= 255:
        raise _Unsendable(f"it must be an integer from 0 to 255, not {excerpt(value, 60)}")
    return bytes((value,))


def _seconds(value: Any) -> bytes:
    if not isinstance(value, int) or not 0 <= value < 2**64:
        raise _Unsendable(f"it must be an integer from 0 to 2**64 - 1, not {excerpt(value, 60)}")
    return struct.pack(">Q", value)


#: All other properties are short strings.
_ENCODERS: dict[str, Callable[[Any], bytes]] = {
    "headers": _table,
    "delivery_mode": _octet,
    "priority": _octet,
    "timestamp": _seconds,
}
