# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Messages from deliveries, and what log lines say of those that are none."""

from __future__ import annotations

from collections.abc import Hashable

from .._core.delivery import Delivery
from .._message.headers import SCHEMA
from .._message.validation import received_message
from ..exceptions import ValidationError, excerpt
from ..message import Message
from .properties import decode_properties

__all__ = ["decode", "describe", "known_of", "refusal_key", "schema_of"]


def decode(delivery: Delivery) -> Message:
    """Decode the message of a delivery.

    Raises:
        ValidationError: It is not a valid message.
    """
    if delivery.body is None:
        raise ValidationError("The body is larger than max_message_size")
    try:
        routing_key = delivery.routing_key.decode()
    except UnicodeDecodeError as error:
        raise ValidationError("The routing key is not UTF-8") from error
    properties = decode_properties(delivery.properties)
    message = received_message(routing_key, properties, delivery.body, delivery.queue)
    message.queue = delivery.queue
    return message


def refusal_key(delivery: Delivery) -> tuple[Hashable, int, int]:
    """Return what identifies a message again, and its queue's counts: of failures, and of deliveries."""
    try:
        properties = decode_properties(delivery.properties)
    except ValidationError:
        return (delivery.routing_key, hash(delivery.body)), 0, 0
    headers = properties.headers or {}
    # RabbitMQ writes them when it delivers again; before that they are what a publisher wrote.
    failed, acquired = (
        each if type(each) is int and 0 <= each < 2**31 and delivery.redelivered else 0
        for each in (headers.get("x-delivery-count"), headers.get("x-acquired-count"))
    )
    return properties.message_id or (delivery.routing_key, hash(delivery.body)), failed, acquired


def describe(delivery: Delivery, error: Exception) -> str:
    """Describe an invalid delivery in one line of less than 1 kB, with control characters escaped."""
    message_id, routing_key = known_of(delivery)
    size = "too many" if delivery.body is None else len(delivery.body)
    return f"id {message_id}, topic {routing_key}, {size} bytes: {excerpt(error, 300)}"


def schema_of(delivery: Delivery) -> str | None:
    """Return the schema that a delivery names, for a log line; None: it names none."""
    try:
        schema = (decode_properties(delivery.properties).headers or {}).get(SCHEMA)
    except ValidationError:
        return None
    return excerpt(schema, 100) if isinstance(schema, str) else None


def known_of(delivery: Delivery) -> tuple[str, str]:
    """Return id and topic of a delivery for a log line, whatever they are."""
    try:
        message_id = decode_properties(delivery.properties).message_id
    except ValidationError:
        message_id = None
    return excerpt(str(message_id), 60), excerpt(delivery.routing_key.decode("utf-8", "replace"), 100)
