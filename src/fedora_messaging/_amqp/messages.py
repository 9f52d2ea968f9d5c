# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Converts messages to routing key, property bytes and body, and back; raises only ValidationError."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from copy import copy
from functools import lru_cache
from numbers import Real
from threading import TIMEOUT_MAX
from typing import Any, NamedTuple

from .._core.delivery import Delivery
from .._message.headers import SHORT
from .._message.validation import received_message
from .._reporting.log import SafeLog
from ..exceptions import ValidationError, excerpt
from ..message import Message, check_outgoing, outgoing_headers
from .frames import UNTUNED_FRAME_MAX, header_frame_size
from .properties import decode_properties, encode_common, encode_properties, is_priority
from .property_encoder import encode_field

__all__ = [
    "Encoded",
    "PublishSettings",
    "check_timeout",
    "decode",
    "describe",
    "encode",
    "encoded_exchange",
    "header_too_large",
    "known_of",
    "prepare",
    "refusal_key",
]

_log = SafeLog(__name__)


class PublishSettings(NamedTuple):
    """The settings for publishing, checked."""

    exchange: bytes = b"amq.topic"  #: where messages go that are published without an exchange
    topic_prefix: str = ""  #: put before topics, with one dot between
    priority: int | None = None  #: of messages that have none of their own
    max_message_size: int = 64 * 1024 * 1024  #: the largest body, in bytes
    frame_max: int = UNTUNED_FRAME_MAX  #: the largest frame, in bytes, as far as it is known


class Encoded(NamedTuple):
    """An encoded message, checked."""

    exchange: bytes
    routing_key: bytes
    properties: bytes
    body: bytes
    message_id: bytes


def prepare(message: Message, exchange: str | None, settings: PublishSettings) -> Encoded:
    """Check and encode a message that is to be published. Every way to publish uses this function.

    This package refuses nothing of the result later, except for a header that exceeds a ``frame_max`` that
    the broker has lowered.

    Args:
        message: The message, which is not changed.
        exchange: The exchange's name; None: that of the settings.
        settings: The settings.

    Raises:
        ValidationError: It is not a message, not valid, or too large; its body, its topic, a header or a
            property cannot be sent; or AMQP does not allow the name of the exchange.
    """
    where = settings.exchange if exchange is None else encoded_exchange(exchange)
    body = check_outgoing(message, settings.max_message_size)
    encoded = encode(
        message,
        exchange=where,
        topic_prefix=settings.topic_prefix,
        priority=settings.priority,
        limit=settings.max_message_size,
        body=body,
    )
    if header_frame_size(encoded.properties) > settings.frame_max:
        raise header_too_large(encoded.properties, settings.frame_max)
    if not message.topic:
        _warn_of_no_topic(type(message).__qualname__)
    return encoded


def encoded_exchange(name: object) -> bytes:
    """Encode the name of an exchange.

    Raises:
        ValidationError: It is not text of 255 bytes at most in UTF-8.
    """
    if not isinstance(name, str):
        raise ValidationError(
            f"The exchange must be a string, not {type(name).__name__}: {excerpt(name, 60)}"
        )
    return _encoded_exchange(name)


@lru_cache(maxsize=64)  # messages that wait share the name
def _encoded_exchange(name: str) -> bytes:
    try:
        encoded = name.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValidationError(f"The exchange {excerpt(name)} cannot be sent as UTF-8") from error
    if len(encoded) > SHORT:
        raise ValidationError(
            f"The name of the exchange has {len(encoded)} bytes; {SHORT} is the most: {excerpt(name, 60)}"
        )
    return encoded


@lru_cache(maxsize=1024)  # messages that wait share the topic
def _routing_key(topic: str, prefix: str) -> bytes:
    if prefix:
        topic = f"{prefix.rstrip('.')}.{topic}"
    try:
        encoded = topic.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValidationError(f"The topic {excerpt(topic)} is not valid Unicode: {error.reason}") from error
    if len(encoded) > SHORT:
        raise ValidationError(f"The topic is {len(encoded)} bytes long with its prefix; AMQP allows {SHORT}")
    return encoded


@lru_cache(maxsize=256)  # once a class
def _warn_of_no_topic(cls: str) -> None:
    _log.warning(
        "A %s is published without a topic: of the bindings to a topic exchange only those that match every "
        "topic (#) get it",
        cls,
    )


def header_too_large(properties: bytes, frame_max: int) -> ValidationError:
    """Return the error for a message whose content header does not fit into a frame.

    Args:
        properties: The encoded properties.
        frame_max: The largest frame, in bytes.
    """
    headers = decode_properties(properties).headers or {}
    sizes = {name: len(encode_field(name, value)) for name, value in headers.items()}
    largest = max(sizes, key=lambda name: sizes[name], default=None)
    words = "" if largest is None else f"; the largest is {excerpt(largest, 60)} with {sizes[largest]} bytes"
    return ValidationError(
        f"The header frame is {header_frame_size(properties)} bytes long; frame_max is {frame_max}. "
        f"There are {len(sizes)} headers{words}. Large or many values belong in the body"
    )


def encode(
    message: Message,
    *,
    exchange: bytes = b"amq.topic",
    topic_prefix: str = "",
    priority: int | None = None,
    headers: Iterable[tuple[str, Any]] = (),
    limit: int | None = None,
    body: bytes | None = None,
) -> Encoded:
    """Encode a message that has been checked.

    Args:
        message: The message, which is not changed.
        exchange: The exchange's name, checked.
        topic_prefix: Put before the topic, with one dot between.
        priority: The priority of messages that have none of their own.
        headers: More headers, which never become part of the message.
        limit: The largest body, in bytes.
        body: The encoded body, where it is known; None: encoded here.

    Raises:
        ValidationError: The topic is over 255 bytes with its prefix, the body is not JSON or too large,
            or a header or property is not one of AMQP's.
    """
    routing_key = _routing_key(message.topic, topic_prefix)
    if body is None:
        body = message._encoded_body
    if limit is not None and len(body) > limit:
        raise ValidationError(f"The body is {len(body)} bytes long; max_message_size is {limit}")
    basics = message._basics()
    if basics is not None and priority is None and not headers:
        # The usual message: encoding it without a BasicProperties object saves 1 µs of 3.
        message_id, own = basics
        if type(message_id) is str and is_priority(own):
            encoded_id = _encoded_id(message_id)
            raw = encode_common(message._headers, encoded_id, 2, own)
            if raw is not None:
                return Encoded(exchange, routing_key, raw, body, encoded_id)
    properties = message._properties
    sent = outgoing_headers(message)
    if headers:
        sent = {**sent, **dict(headers)}
    if priority is None or properties.priority:
        priority = properties.priority
    else:
        sent = {**sent, "priority": priority}
    if properties.content_encoding not in (None, "utf-8"):  # a received body's, which is sent as UTF-8 now
        properties = copy(properties)
        properties.content_encoding = "utf-8"
    raw = encode_properties(properties, sent, priority)
    return Encoded(exchange, routing_key, raw, body, _encoded_id(properties.message_id or ""))


def _encoded_id(message_id: object) -> bytes:
    try:
        return str(message_id).encode()
    except UnicodeEncodeError as error:
        raise ValidationError(f"The id {excerpt(message_id)} cannot be sent as UTF-8") from error


def check_timeout(timeout: object) -> float | None:
    """Check how long a caller wants to wait.

    Args:
        timeout: Seconds; None: no limit.

    Returns:
        The seconds; None: no limit, also for values that threads cannot wait for.

    Raises:
        ValueError: It is neither None nor a number of seconds, 0 at least.
    """
    if timeout is None:
        return None
    seconds: Any = timeout
    if isinstance(timeout, bool) or not isinstance(timeout, Real):
        words = f"a {type(timeout).__name__}: {excerpt(timeout, 60)}"
    elif not seconds >= 0:
        words = excerpt(timeout, 60)
    else:
        return float(seconds) if seconds < TIMEOUT_MAX else None
    raise ValueError(f"timeout must be None or a number of seconds, 0 at least, not {words}")


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


def refusal_key(delivery: Delivery) -> tuple[Hashable, int]:
    """Return a key that identifies the message when it comes again, and the count of its queue."""
    try:
        properties = decode_properties(delivery.properties)
    except ValidationError:
        return (delivery.routing_key, hash(delivery.body)), 0
    counted = (properties.headers or {}).get("x-delivery-count")
    if not isinstance(counted, int) or not 0 <= counted < 2**31:
        counted = 0
    return properties.message_id or (delivery.routing_key, hash(delivery.body)), counted


def describe(delivery: Delivery, error: Exception) -> str:
    """Describe an invalid delivery in one line of less than 1 kB, with control characters escaped."""
    message_id, routing_key = known_of(delivery)
    size = "too many" if delivery.body is None else len(delivery.body)
    return f"id {message_id}, topic {routing_key}, {size} bytes: {excerpt(error, 300)}"


def known_of(delivery: Delivery) -> tuple[str, str]:
    """Return id and topic of a delivery for a log line, whatever they are."""
    try:
        message_id = decode_properties(delivery.properties).message_id
    except ValidationError:
        message_id = None
    return excerpt(str(message_id), 60), excerpt(delivery.routing_key.decode("utf-8", "replace"), 100)
