# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Checks messages and encodes them as routing key, property bytes and body; raises only ValidationError."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from functools import lru_cache
from numbers import Real
from threading import TIMEOUT_MAX
from typing import Any, NamedTuple

from .._core.spans import PublishSpan, PublishTracer
from .._message.headers import SHORT
from .._reporting.log import SafeLog
from .._reporting.loggers import PUBLISHER
from ..exceptions import ValidationError, excerpt
from ..message import Message, check_outgoing, outgoing_headers
from .frames import UNTUNED_FRAME_MAX, header_frame_size
from .properties import decode_properties, encode_common, encode_properties, is_priority
from .property_encoder import encode_field

__all__ = [
    "Encoded",
    "PublishSettings",
    "check_timeout",
    "encode",
    "encoded_exchange",
    "header_too_large",
    "prepare",
]

_log = SafeLog(PUBLISHER)


class PublishSettings(NamedTuple):
    """The settings for publishing, checked."""

    exchange: bytes = b"amq.topic"  #: where messages go that are published without an exchange
    topic_prefix: str = ""  #: put before topics, with one dot between
    priority: int | None = None  #: of messages that have none of their own
    max_message_size: int = 64 * 1024 * 1024  #: the largest body, in bytes
    frame_max: int = UNTUNED_FRAME_MAX  #: the largest frame, in bytes, as far as it is known
    tracer: PublishTracer | None = None  #: makes a span for each message; None: tracing is off


class Encoded(NamedTuple):
    """An encoded message, checked."""

    exchange: bytes
    routing_key: bytes
    properties: bytes
    body: bytes
    message_id: bytes
    span: PublishSpan | None = None  #: ended when the message was published, or was not


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
    if settings.tracer is None or not isinstance(message, Message):
        return _prepare(message, where, settings)
    try:
        routing_key = _routing_key(message.topic, settings.topic_prefix)
    except Exception:
        return _prepare(message, where, settings)  # which says what is wrong with it
    span, headers = settings.tracer.begin(where, routing_key, message)
    try:
        return _prepare(message, where, settings, headers)._replace(span=span)
    except BaseException as error:
        if span is not None:
            span.ended(error)
        raise


def _prepare(
    message: Message, exchange: bytes, settings: PublishSettings, headers: Mapping[str, str] | None = None
) -> Encoded:
    """Check and encode a message, with headers that are left out where they do not fit beside its own."""
    body = check_outgoing(message, settings.max_message_size)
    encoded = encode(
        message,
        exchange=exchange,
        topic_prefix=settings.topic_prefix,
        priority=settings.priority,
        headers=headers or (),
        limit=settings.max_message_size,
        body=body,
    )
    if header_frame_size(encoded.properties) > settings.frame_max:
        if headers:
            return _prepare(message, exchange, settings)
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
    headers: Mapping[str, Any] | Iterable[tuple[str, Any]] = (),
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
    if basics is not None and priority is None:
        # The usual message: encoding it without a BasicProperties object saves 1 µs of 3.
        message_id, own = basics
        if type(message_id) is str and is_priority(own):
            encoded_id = _encoded_id(message_id)
            table = {**message._headers, **dict(headers)} if headers else message._headers
            raw = encode_common(table, encoded_id, 2, own)
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
