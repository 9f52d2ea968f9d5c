# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Messages that a consumer publishes again, to wait or to be looked into.

Invariant: body, routing key, properties and headers leave as they came, byte by byte, except for what belongs
to one delivery: the headers that brokers add, and those of this module. Two properties go: ``expiration``,
since it would end the message while it waits, and ``user_id``, which a broker accepts of that user alone.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from .._core.delivery import REQUEUE, Delivery
from .._message.headers import ATTEMPTS, FAILURE, is_from_broker, is_from_policy
from ..exceptions import ValidationError
from .messages import Encoded
from .properties import decode_properties
from .property_encoder import encode_field

__all__ = ["TRACEBACK", "attempts_before", "forwarded"]

#: The longest of the headers that say why.
TRACEBACK = f"{FAILURE}traceback"

_U16 = struct.Struct(">H")
_U32 = struct.Struct(">I")
_MOST = 2**31 - 1

#: The properties in the order in which they come: the bits that announce them, and their sizes; None: a short
#: string.
_HEADERS, _EXPIRATION, _USER_ID = 1 << 13, 1 << 8, 1 << 4
_SIZES: dict[int, int | None] = {
    1 << 15: None,  # content_type
    1 << 14: None,  # content_encoding
    _HEADERS: None,
    1 << 12: 1,  # delivery_mode
    1 << 11: 1,  # priority
    1 << 10: None,  # correlation_id
    1 << 9: None,  # reply_to
    _EXPIRATION: None,
    1 << 7: None,  # message_id
    1 << 6: 8,  # timestamp
    1 << 5: None,  # type
    _USER_ID: None,
    1 << 3: None,  # app_id
    1 << 2: None,  # cluster_id
}
#: The sizes of values in a table, by their types; -1: four bytes that hold the size come first.
_VALUE_SIZES = {
    **dict.fromkeys(b"tbB", 1),
    **dict.fromkeys(b"Usu", 2),
    **dict.fromkeys(b"Ifi", 4),
    **dict.fromkeys(b"LldT", 8),
    **dict.fromkeys(b"SxAF", -1),
    **dict.fromkeys(b"D", 5),
    **dict.fromkeys(b"V", 0),
}


def forwarded(delivery: Delivery, exchange: str, headers: Mapping[str, Any]) -> Encoded:
    """Encode a delivery that is to be published to another exchange.

    Args:
        delivery: The delivery, with its body.
        exchange: The exchange's name.
        headers: The headers to add.

    Raises:
        ValidationError: Its properties cannot be read.
    """
    if delivery.body is None:
        raise ValidationError("The body is larger than max_message_size and was not kept")
    properties = _with_headers(delivery.properties, headers)
    try:
        message_id = str(decode_properties(properties).message_id or "").encode()
    except ValidationError:
        message_id = b""
    return Encoded(exchange.encode(), delivery.routing_key, properties, delivery.body, message_id)


def attempts_before(delivery: Delivery) -> int:
    """Return how many attempts a message has had that comes back from a delay queue; 0 for any other.

    The header counts only where the message came through the exchange that nothing else is published to:
    anybody may set it on a message of their own.
    """
    if delivery.exchange != f"{delivery.queue}.{REQUEUE}":
        return 0
    try:
        attempts = (decode_properties(delivery.properties).headers or {}).get(ATTEMPTS)
    except ValidationError:
        return 0
    return attempts if type(attempts) is int and 0 <= attempts <= _MOST else 0


def _with_headers(raw: bytes, headers: Mapping[str, Any]) -> bytes:
    try:
        return _rebuilt(raw, b"".join(encode_field(name, value) for name, value in headers.items()))
    except (IndexError, struct.error) as error:
        raise ValidationError("The properties cannot be read: they are cut short") from error


def _rebuilt(raw: bytes, added: bytes) -> bytes:
    (flags,) = _U16.unpack_from(raw)
    if flags & 1:
        raise ValidationError("The properties cannot be read: AMQP 0-9-1 does not define their flags")
    parts, at = [b""], 2
    for flag, size in _SIZES.items():
        if flag == _HEADERS:
            table = b""
            if flags & flag:
                end = at + 4 + _U32.unpack_from(raw, at)[0]
                table, at = _kept(raw, at + 4, end), end
            parts += [_U32.pack(len(table) + len(added)), table, added]
        elif flags & flag:
            end = at + (1 + raw[at] if size is None else size)
            if flag not in (_EXPIRATION, _USER_ID):
                parts.append(raw[at:end])
            at = end
    if at != len(raw):
        raise ValidationError("The properties cannot be read: they do not end where they should")
    parts[0] = _U16.pack((flags | _HEADERS) & ~(_EXPIRATION | _USER_ID))
    return b"".join(parts)


def _kept(raw: bytes, at: int, end: int) -> bytes:
    """Return the fields of a table that are neither a broker's nor this module's, as they are."""
    kept = []
    while at < end:
        start = at
        name = raw[at + 1 : at + 1 + raw[at]].decode("utf-8", "replace")
        at += 1 + raw[at]
        size = _VALUE_SIZES.get(raw[at])
        if size is None:
            raise ValidationError(f"The header {name!r:.80} has a value of a type that AMQP does not define")
        at += 1 + (4 + _U32.unpack_from(raw, at + 1)[0] if size < 0 else size)
        if at > end:
            raise ValidationError(f"The header {name!r:.80} is cut short")
        if not is_from_broker(name) and not is_from_policy(name):
            kept.append(raw[start:at])
    return b"".join(kept)
