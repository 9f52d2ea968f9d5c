# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Decodes properties of any shape, with header values of every AMQP type.

Invariant: the application gets what another client sent. pika's decoder turns floats into
integers, raises on timestamps after the year 9999 and reads past the end of truncated values.

Types: AMQP 0-9-1 specification, section 4.2.1, as RabbitMQ and its clients read them
(https://www.rabbitmq.com/amqp-0-9-1-errata#section_3).
"""

from __future__ import annotations

import datetime
import decimal
import struct
from typing import Any

from pika import BasicProperties

from .._json.codec import MAX_DEPTH

__all__ = ["decode_any"]

_U16 = struct.Struct(">H").unpack_from
_U32 = struct.Struct(">I").unpack_from
_U64 = struct.Struct(">Q").unpack_from
_DECIMAL = struct.Struct(">Bi")

#: The types of a fixed size, by their octet. "U" and "s" are the same: clients disagree about the letter.
_FIXED = {
    ord(kind): struct.Struct(form)
    for kind, form in {
        "t": ">?",
        "b": ">b",
        "B": ">B",
        "U": ">h",
        "s": ">h",
        "u": ">H",
        "I": ">i",
        "i": ">I",
        "L": ">q",
        "l": ">q",
        "f": ">f",
        "d": ">d",
    }.items()
}
_LONG_STRING, _BYTES, _ARRAY, _TABLE, _TIMESTAMP, _DECIMAL_VALUE, _VOID = b"SxAFTDV"

#: The properties in the order in which they come, with the bits that announce them.
_PROPERTIES = (
    (BasicProperties.FLAG_CONTENT_TYPE, "content_type"),
    (BasicProperties.FLAG_CONTENT_ENCODING, "content_encoding"),
    (BasicProperties.FLAG_HEADERS, "headers"),
    (BasicProperties.FLAG_DELIVERY_MODE, "delivery_mode"),
    (BasicProperties.FLAG_PRIORITY, "priority"),
    (BasicProperties.FLAG_CORRELATION_ID, "correlation_id"),
    (BasicProperties.FLAG_REPLY_TO, "reply_to"),
    (BasicProperties.FLAG_EXPIRATION, "expiration"),
    (BasicProperties.FLAG_MESSAGE_ID, "message_id"),
    (BasicProperties.FLAG_TIMESTAMP, "timestamp"),
    (BasicProperties.FLAG_TYPE, "type"),
    (BasicProperties.FLAG_USER_ID, "user_id"),
    (BasicProperties.FLAG_APP_ID, "app_id"),
    (BasicProperties.FLAG_CLUSTER_ID, "cluster_id"),
)


def decode_any(raw: bytes) -> BasicProperties:
    """Decode the properties of a content header.

    Text that is not UTF-8 stays bytes. A timestamp that Python's datetime cannot represent becomes the number
    of seconds.

    Raises:
        ValueError: They cannot be decoded; the header is named, where it is one.
    """
    properties = BasicProperties()
    try:
        flags, at = _flags(raw)
        for flag, name in _PROPERTIES:
            if not flags & flag:
                continue
            value: Any
            if name == "headers":
                value, at = _table(raw, at)
            elif name in ("delivery_mode", "priority"):
                value = raw[at]
                at += 1
            elif name == "timestamp":
                (value,) = _U64(raw, at)
                at += 8
            else:
                value, at = _short_string(raw, at, len(raw))
            setattr(properties, name, value)
    except (IndexError, struct.error) as error:
        raise ValueError("they are cut short") from error
    return properties


def _flags(raw: bytes) -> tuple[int, int]:
    flags, at, shift = 0, 0, 0
    while True:
        (word,) = _U16(raw, at)
        flags |= word << shift
        at += 2
        shift += 16
        if not word & 1:  # the lowest bit says that another word follows
            return flags, at


def _text(data: bytes) -> str | bytes:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def _short_string(raw: bytes, at: int, end: int) -> tuple[str | bytes, int]:
    after = at + 1 + raw[at]
    if after > end:
        raise ValueError("a short string is cut short")
    return _text(raw[at + 1 : after]), after


def _table(raw: bytes, at: int) -> tuple[dict[Any, Any], int]:
    """Decode the headers; returns them and where they end. Not recursive, so that nesting needs no stack."""
    headers: dict[Any, Any] = {}
    last = at + 4 + _U32(raw, at)[0]
    if last > len(raw):
        raise ValueError("the headers are cut short")
    at += 4
    open_values: list[tuple[Any, int]] = [(headers, last)]
    name: str | bytes = ""
    header: str | bytes = ""
    try:
        while open_values:
            container, end = open_values[-1]
            if at == end:
                open_values.pop()
                continue
            keyed = type(container) is dict
            if keyed:
                name, at = _short_string(raw, at, end)
                if len(open_values) == 1:
                    header = name
            kind = raw[at]
            value: Any
            if kind in (_TABLE, _ARRAY):
                at += 5
                after = at + _U32(raw, at - 4)[0]
                _check_end(after, end)
                if len(open_values) >= MAX_DEPTH:
                    raise ValueError(f"nested more than {MAX_DEPTH} levels deep")
                value = {} if kind == _TABLE else []
                open_values.append((value, after))
            else:
                value, at = _scalar(raw, kind, at + 1)
                _check_end(at, end)
            if keyed:
                container[name] = value
            else:
                container.append(value)
    except (IndexError, struct.error) as error:
        raise ValueError(f"the header {header!r} is cut short") from error
    except ValueError as error:
        raise ValueError(f"the header {header!r}: {error}") from error
    return headers, last


def _check_end(at: int, end: int) -> None:
    if at > end:
        raise ValueError("a value is longer than what holds it")


def _scalar(raw: bytes, kind: int, at: int) -> tuple[Any, int]:
    fixed = _FIXED.get(kind)
    if fixed is not None:
        return fixed.unpack_from(raw, at)[0], at + fixed.size
    if kind in (_LONG_STRING, _BYTES):
        at += 4
        after = at + _U32(raw, at - 4)[0]
        data = raw[at:after]
        return (_text(data) if kind == _LONG_STRING else data), after
    if kind == _TIMESTAMP:
        (seconds,) = _U64(raw, at)
        try:
            return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc), at + 8
        except (OverflowError, ValueError, OSError):  # milliseconds, as some clients send them
            return seconds, at + 8
    if kind == _DECIMAL_VALUE:
        scale, unscaled = _DECIMAL.unpack_from(raw, at)
        digits = tuple(map(int, str(abs(unscaled))))
        return decimal.Decimal((int(unscaled < 0), digits, -scale)), at + _DECIMAL.size
    if kind == _VOID:
        return None, at
    raise ValueError(f"{bytes((kind,))!r} is not a type of AMQP")
