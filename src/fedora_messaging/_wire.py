# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Message <-> routing key, property bytes and body. Whatever comes in, only ValidationError comes out."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, NamedTuple

from ._delivery import Delivery
from ._properties import decode_properties, encode_common, encode_properties, is_priority
from .exceptions import ValidationError, excerpt
from .message import Message, get_message, outgoing_headers

__all__ = ["Encoded", "decode", "describe", "encode", "known_of", "refusal_key"]


class Encoded(NamedTuple):
    """What is sent of a message."""

    routing_key: bytes
    properties: bytes
    body: bytes
    message_id: bytes


def encode(
    message: Message,
    *,
    topic_prefix: str = "",
    priority: int | None = None,
    headers: Iterable[tuple[str, Any]] = (),
    limit: int | None = None,
    body: bytes | None = None,
) -> Encoded:
    """Encode a message that has been checked.

    Args:
        message: The message, which is not changed.
        topic_prefix: Put before the topic, with one dot between.
        priority: The priority of messages that have none of their own.
        headers: More headers, which never become part of the message.
        limit: The largest body, in bytes.
        body: The encoded body, where it is known; None: encoded here.

    Raises:
        ValidationError: The topic is over 255 bytes with its prefix, the body is not JSON or too large,
            or a header or property is not one of AMQP's.
    """
    topic = message.topic
    if topic_prefix:
        topic = f"{topic_prefix.rstrip('.')}.{topic}"
    try:
        routing_key = topic.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValidationError(f"The topic {excerpt(topic)} is not valid Unicode: {error.reason}") from error
    if len(routing_key) > 255:
        raise ValidationError(f"The topic is {len(routing_key)} bytes long with its prefix; AMQP allows 255")
    if body is None:
        body = message._encoded_body
    if limit is not None and len(body) > limit:
        raise ValidationError(f"The body is {len(body)} bytes long; max_message_size is {limit}")
    basics = message._basics()
    if basics is not None and priority is None and not headers:
        # The usual message: no AMQP properties are made only to be taken apart again (1 µs of 3).
        message_id, own = basics
        if type(message_id) is str and is_priority(own):
            raw = encode_common(message._headers, message_id, 2, own)
            if raw is not None:
                return Encoded(routing_key, raw, body, _encoded_id(message_id))
    properties = message._properties
    sent = outgoing_headers(message)
    if headers:
        sent = {**sent, **dict(headers)}
    if priority is None or properties.priority:
        priority = properties.priority
    else:
        sent = {**sent, "priority": priority}
    raw = encode_properties(properties, sent, priority)
    return Encoded(routing_key, raw, body, _encoded_id(properties.message_id or ""))


def _encoded_id(message_id: object) -> bytes:
    try:
        return str(message_id).encode()
    except UnicodeEncodeError as error:
        raise ValidationError(f"The id {excerpt(message_id)} cannot be sent as UTF-8") from error


def decode(delivery: Delivery) -> Message:
    """The message of a delivery.

    Raises:
        ValidationError: It is not one, whatever is wrong with it.
    """
    if delivery.body is None:
        raise ValidationError("The body is larger than max_message_size")
    try:
        routing_key = delivery.routing_key.decode()
    except UnicodeDecodeError as error:
        raise ValidationError("The routing key is not UTF-8") from error
    message = get_message(
        routing_key, decode_properties(delivery.properties), delivery.body, queue=delivery.queue
    )
    message.queue = delivery.queue
    return message


def refusal_key(delivery: Delivery) -> tuple[Hashable, int]:
    """By what a refused message is known when it comes again, and how often its queue has counted it."""
    try:
        properties = decode_properties(delivery.properties)
    except ValidationError:
        return (delivery.routing_key, hash(delivery.body)), 0
    counted = (properties.headers or {}).get("x-delivery-count")
    if not isinstance(counted, int) or not 0 <= counted < 2**31:
        counted = 0
    return properties.message_id or (delivery.routing_key, hash(delivery.body)), counted


def describe(delivery: Delivery, error: Exception) -> str:
    """One line of less than 1 kB about a delivery that is no message, control characters escaped."""
    message_id, routing_key = known_of(delivery)
    size = "too many" if delivery.body is None else len(delivery.body)
    return f"id {message_id}, topic {routing_key}, {size} bytes: {excerpt(error, 300)}"


def known_of(delivery: Delivery) -> tuple[str, str]:
    """Id and topic of a delivery for a log line, whatever they are."""
    try:
        message_id = decode_properties(delivery.properties).message_id
    except ValidationError:
        message_id = None
    return excerpt(str(message_id), 60), excerpt(delivery.routing_key.decode("utf-8", "replace"), 100)
