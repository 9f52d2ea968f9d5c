# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The client properties of ``connection.start-ok`` as a table of AMQP 0-9-1 (section 4.2.5.5), or what is
wrong with them. The types are those that RabbitMQ takes (https://www.rabbitmq.com/docs/amqp-0-9-1-errata)."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

__all__ = ["MOST", "check_client_properties", "encode_client_properties"]

#: No frame may be larger before ``frame_max`` is negotiated (section 4.2.3): 4,096 bytes. What is left
#: when the login and the properties that pika adds have had their part, in bytes.
MOST = 3_072

_DEEPEST = 20


def encode_client_properties(properties: Mapping[str, Any]) -> bytes:
    """Encode client properties.

    Raises:
        ValueError: One cannot be sent; the text starts with its key, as in ``build.tags[2]: ...``.
    """
    return _table(properties, "", 0)


def check_client_properties(properties: Mapping[str, Any]) -> None:
    """See that client properties can be sent, and are not too many.

    Raises:
        ValueError: As :func:`encode_client_properties`, or all together are too large.
    """
    table = encode_client_properties(properties)
    if len(table) > MOST:
        size, key = max((len(_pair(key, value, "", 0)), key) for key, value in properties.items())
        raise ValueError(
            f"{key}: has {size} bytes; all client properties together may have {MOST}, and have {len(table)}"
        )


def _table(table: Mapping[Any, Any], path: str, depth: int) -> bytes:
    encoded = b"".join(_pair(key, value, path, depth) for key, value in table.items())
    return struct.pack(">I", len(encoded)) + encoded


def _pair(key: Any, value: Any, path: str, depth: int) -> bytes:
    shown = f"{key[:40]}... " if isinstance(key, str) and len(key) > 40 else str(key)[:40]
    where = f"{path}.{shown}" if path else shown
    if not isinstance(key, str):
        raise ValueError(f"{where}: a key must be a string, not {type(key).__name__}")
    name = _utf8(key, where)
    if len(name) > 255:
        raise ValueError(f"{where}: the key has {len(name)} bytes, and may have 255")
    return bytes((len(name),)) + name + _value(value, where, depth)


def _value(value: Any, where: str, depth: int) -> bytes:
    if value is None:
        return b"V"
    if isinstance(value, str):
        return _long(b"S", _utf8(value, where))
    if isinstance(value, bool):
        return b"t\1" if value else b"t\0"
    if isinstance(value, int):
        return _integer(value, where)
    if isinstance(value, float):
        return struct.pack(">cd", b"d", value)
    if isinstance(value, (bytes, bytearray)):
        return _long(b"x", bytes(value))
    if isinstance(value, datetime):
        return _timestamp(value, where)
    if isinstance(value, Decimal):
        return _decimal(value, where)
    if isinstance(value, (Mapping, list, tuple)):
        if depth >= _DEEPEST:
            raise ValueError(f"{where}: is nested more than {_DEEPEST} levels deep")
        if isinstance(value, Mapping):
            return b"F" + _table(value, where, depth + 1)
        items = (_value(item, f"{where}[{index}]", depth + 1) for index, item in enumerate(value))
        return _long(b"A", b"".join(items))
    raise ValueError(
        f"{where}: AMQP cannot carry a value of the type {type(value).__name__}; give it as a string"
    )


def _long(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack(">I", len(data)) + data


def _integer(value: int, where: str) -> bytes:
    if -(2**31) <= value < 2**31:
        return struct.pack(">ci", b"I", value)
    if -(2**63) <= value < 2**63:
        return struct.pack(">cq", b"l", value)
    raise ValueError(f"{where}: an integer must be from -2**63 to 2**63 - 1; give it as a string")


def _timestamp(value: datetime, where: str) -> bytes:
    if value.tzinfo is None:
        raise ValueError(f"{where}: a date and time must have a time zone")
    seconds = value.timestamp()
    if seconds < 0 or seconds != int(seconds):
        raise ValueError(f"{where}: a date and time must be whole seconds after 1970; give it as a string")
    return struct.pack(">cQ", b"T", int(seconds))


def _decimal(value: Decimal, where: str) -> bytes:
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and -255 <= exponent <= 0:
        digits = int(value.scaleb(-exponent))
        if -(2**31) <= digits < 2**31 and Decimal(digits).scaleb(exponent) == value:
            return struct.pack(">cBi", b"D", -exponent, digits)
    raise ValueError(f"{where}: AMQP's decimals have at most 9 digits and no exponent; give it as a string")


def _utf8(text: str, where: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{_shown(where)}: is not valid Unicode") from None


def _shown(text: str) -> str:
    """Text without the lone surrogates that no terminal can show."""
    return text.encode("utf-8", "backslashreplace").decode()
