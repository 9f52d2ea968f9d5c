# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Writes the frames of a message to be sent, of acknowledgements, and of any other method."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pika.exceptions
import pika.frame

from .layout import ACK, CONTENT_BODY, CONTENT_HEADER, END, HEADER_OVERHEAD, METHOD, NACK, OVERHEAD, REJECT

if TYPE_CHECKING:
    from pika.amqp_object import Method

__all__ = ["HeaderTooLarge", "ack", "header_frame_size", "method", "nack", "publish", "reject"]

_PACK_FRAME = struct.Struct(">BHI").pack
_PACK_END_AND_FRAME = struct.Struct(">BBHI").pack
_PACK_HEADER = struct.Struct(">BHIHHQ").pack
_PACK_SETTLE = struct.Struct(">BHIIQBB").pack


class HeaderTooLarge(ValueError):
    """The content header of a message to be sent exceeds ``frame_max``."""


def method(channel: int, sent: Method) -> bytes:
    """Encode the frame of any method with pika's codec.

    Raises:
        ValueError: An argument cannot be encoded.
    """
    try:
        return pika.frame.Method(channel, sent).marshal()
    except (pika.exceptions.AMQPError, struct.error, AssertionError, TypeError, UnicodeError) as error:
        raise ValueError(f"{sent.NAME} cannot be encoded: {error!r}") from error


def header_frame_size(properties: bytes) -> int:
    """How many bytes the frame of a content header has."""
    return len(properties) + HEADER_OVERHEAD


def publish(
    channel: int,
    exchange: bytes,
    routing_key: bytes,
    properties: bytes,
    body: bytes,
    *,
    mandatory: bool,
    frame_max: int,
) -> bytes:
    """Encode ``basic.publish`` with its content.

    Args:
        channel: The channel's number.
        exchange: The exchange's name, 255 bytes at most.
        routing_key: The routing key, 255 bytes at most.
        properties: The encoded properties.
        body: The body, cut into frames of ``frame_max`` bytes.
        mandatory: Whether an unroutable message comes back.
        frame_max: The negotiated limit.

    Raises:
        HeaderTooLarge: The content header, which is one frame (AMQP 0-9-1, section 4.2.6.1), exceeds it.
        ValueError: A name is longer than that.
    """
    if len(properties) + HEADER_OVERHEAD > frame_max:
        raise HeaderTooLarge(f"a header frame of {header_frame_size(properties)} bytes exceeds {frame_max}")
    key = channel, exchange, routing_key, mandatory
    method_frame = _publish_methods.get(key) or _publish_method(*key)
    size = len(body)
    header = _PACK_HEADER(CONTENT_HEADER, channel, 12 + len(properties), 60, 0, size)
    limit = frame_max - OVERHEAD
    if 0 < size <= limit:
        between = _PACK_END_AND_FRAME(0xCE, CONTENT_BODY, channel, size)
        return b"".join((method_frame, header, properties, between, body, END))
    parts = [method_frame, header, properties, END]
    for at in range(0, size, limit):
        piece = body[at : at + limit]
        parts += (_PACK_FRAME(CONTENT_BODY, channel, len(piece)), piece, END)
    return b"".join(parts)


# Most publishers have few topics; bounded for those that do not.
_publish_methods: dict[tuple[int, bytes, bytes, bool], bytes] = {}
_MOST_METHODS = 1_000


def _publish_method(channel: int, exchange: bytes, routing_key: bytes, mandatory: bool) -> bytes:
    """Encode and cache the method frame of ``basic.publish``."""
    arguments = b"".join(
        (
            b"\0\x3c\0\x28\0\0",
            bytes((len(exchange),)),
            exchange,
            bytes((len(routing_key),)),
            routing_key,
            b"\1" if mandatory else b"\0",
        )
    )
    if len(_publish_methods) >= _MOST_METHODS:
        _publish_methods.clear()
    made = _PACK_FRAME(METHOD, channel, len(arguments)) + arguments + END
    _publish_methods[channel, exchange, routing_key, mandatory] = made
    return made


def ack(channel: int, tag: int, multiple: bool) -> bytes:
    """``basic.ack``."""
    return _PACK_SETTLE(METHOD, channel, 13, ACK, tag, multiple, 0xCE)


def nack(channel: int, tag: int, *, requeue: bool) -> bytes:
    """``basic.nack`` of one delivery (RabbitMQ's extension of the protocol)."""
    return _PACK_SETTLE(METHOD, channel, 13, NACK, tag, 2 if requeue else 0, 0xCE)


def reject(channel: int, tag: int, *, requeue: bool) -> bytes:
    """``basic.reject``."""
    return _PACK_SETTLE(METHOD, channel, 13, REJECT, tag, requeue, 0xCE)
