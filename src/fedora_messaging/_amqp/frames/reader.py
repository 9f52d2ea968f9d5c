# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Splits the peer's bytes into frames, and gives each to its channel."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import pika.frame

from .layout import (
    ACK,
    CONTENT_BODY,
    CONTENT_HEADER,
    DELIVER,
    HEARTBEAT,
    HEARTBEAT_TYPE,
    METHOD,
    NACK,
    OVERHEAD,
    UNTUNED_FRAME_MAX,
)

if TYPE_CHECKING:
    from pika.amqp_object import Method

__all__ = ["CorruptFrame", "FrameReader", "ProtocolBreach", "Sink"]

_FRAME = struct.Struct(">BHI").unpack_from
_U32 = struct.Struct(">I").unpack_from
_TAG_AND_BIT = struct.Struct(">QB").unpack_from
_HEADER = struct.Struct(">HHQ").unpack_from


class CorruptFrame(Exception):
    """The peer's bytes are not AMQP 0-9-1; nothing after them can be trusted."""


class ProtocolBreach(CorruptFrame):
    """The peer sent valid frames that the protocol does not allow here; the text is complete by itself."""


class Sink(Protocol):
    """What a channel does with the frames that the reader gives it."""

    def on_confirm(self, tag: int, multiple: bool, positive: bool) -> None:
        """``basic.ack`` or ``basic.nack`` from the broker."""

    def on_deliver(self, tag: int, redelivered: bool, exchange: bytes, routing_key: bytes) -> None:
        """``basic.deliver``: a content header and a body follow."""

    def on_header(self, size: int, properties: bytes) -> None:
        """The content header: the size of the body in bytes, and the raw property bytes."""

    def on_body(self, fragment: bytes) -> None:
        """A piece of the body."""

    def on_method(self, received: Method) -> None:
        """Any other method, decoded by pika."""


class FrameReader:
    """Splits a stream of bytes into frames, and gives each to its channel.

    RabbitMQ does not hold to frame_max for the content headers it delivers (each dead-lettering adds to
    ``x-death``), so they have a limit of their own, ``header_max``. Were a larger one an error, the message
    would come again on each connection, and its queue would stand still.

    Args:
        other: Given each complete frame of a channel without a sink, for pika.
        heartbeat: Called for each heartbeat frame.
    """

    def __init__(self, other: Callable[[bytes], None], heartbeat: Callable[[], None]) -> None:
        self.sinks: dict[int, Sink] = {}
        self.frame_max = UNTUNED_FRAME_MAX
        self.header_max = UNTUNED_FRAME_MAX
        self._other = other
        self._heartbeat = heartbeat
        # The beginning of an incomplete frame, in the pieces that arrived, and the size of the whole frame.
        # They are joined once: otherwise a frame of many pieces would be copied with each of them.
        self._rest: list[bytes] = []
        self._have = 0
        self._needed = 0

    def feed(self, data: bytes) -> None:
        """Process bytes that arrived.

        Raises:
            CorruptFrame: The type, the size, the end octet or the method of a frame is invalid.
        """
        if self._rest:
            self._rest.append(data)
            self._have += len(data)
            if self._have < self._needed:
                return
            data = b"".join(self._rest)
            self._rest.clear()
        needed = OVERHEAD
        position, end = 0, len(data)
        sinks = self.sinks
        while end - position >= OVERHEAD:
            kind, channel, size = _FRAME(data, position)
            if kind not in (METHOD, CONTENT_BODY, CONTENT_HEADER, HEARTBEAT_TYPE):
                # A server that speaks another version answers with its protocol header (section 4.2.2).
                raise CorruptFrame(
                    "the peer speaks another version of the protocol"
                    if data.startswith(b"AMQP", position)
                    else f"unknown frame type {kind}"
                )
            if size > self.frame_max - OVERHEAD and (kind != CONTENT_HEADER or size > self.header_max):
                raise CorruptFrame(
                    f"a content header of {size} bytes exceeds the limit of {self.header_max}"
                    if kind == CONTENT_HEADER
                    else f"a frame of {size} bytes exceeds the negotiated frame_max {self.frame_max}"
                )
            after = position + size + OVERHEAD
            if after > end:
                needed = size + OVERHEAD
                break
            if data[after - 1] != 0xCE:
                raise CorruptFrame("a frame does not end with the frame-end octet")
            sink = sinks.get(channel)
            if kind == HEARTBEAT_TYPE:
                self._heartbeat()
            elif sink is None:
                self._other(data[position:after])
            elif kind == CONTENT_BODY:
                sink.on_body(data[position + 7 : after - 1])
            elif kind == CONTENT_HEADER:
                if size < 14:
                    raise CorruptFrame("a content header is too short")
                class_id, _, length = _HEADER(data, position + 7)
                if class_id != 60:
                    raise CorruptFrame(f"a content header of the unknown class {class_id}")
                sink.on_header(length, data[position + 19 : after - 1])
            else:
                self._method(sink, data, position, after)
            position = after
        if position < end:
            self._rest.append(data[position:])
            self._have = end - position
            self._needed = needed

    @property
    def swallowing(self) -> bytes:
        """The beginning of an incomplete frame whose last bytes so far are a heartbeat; else empty.

        A peer sends its frames whole: if this lasts, the frame's size is wrong, and the frame swallows the
        frames that follow it.
        """
        rest = b"".join(self._rest)
        self._rest[:] = [rest] if rest else []
        return rest[:7] if rest.endswith(HEARTBEAT) else b""

    def _method(self, sink: Sink, data: bytes, position: int, after: int) -> None:
        if after - position < 12:
            raise CorruptFrame("a method frame is too short")
        (method_id,) = _U32(data, position + 7)
        at = position + 11
        try:
            if method_id == DELIVER:
                at += 1 + data[at]  # the consumer tag: a channel has one consumer
                tag, redelivered = _TAG_AND_BIT(data, at)
                at += 9
                size = data[at]
                exchange = data[at + 1 : at + 1 + size]
                at += 1 + size
                routing_key = data[at + 1 : at + 1 + data[at]]
                if at + 1 + data[at] >= after:
                    raise CorruptFrame("a method frame is too short")
            elif method_id in (ACK, NACK):
                tag, bits = _TAG_AND_BIT(data, at)
            else:
                received = decode_method(data[position:after])
        except (IndexError, struct.error) as error:
            raise CorruptFrame("a method frame is too short") from error
        if method_id == DELIVER:
            sink.on_deliver(tag, bool(redelivered & 1), exchange, routing_key)
        elif method_id in (ACK, NACK):
            sink.on_confirm(tag, bool(bits & 1), method_id == ACK)
        else:
            sink.on_method(received)


def decode_method(data: bytes) -> Method:
    """Decode a complete method frame with pika's codec.

    Raises:
        CorruptFrame: There is no such method, or its arguments are invalid.
    """
    try:
        return pika.frame.decode_frame(data)[1].method  # type: ignore[union-attr, no-any-return]
    # pika raises KeyError, struct.error, IndexError, UnicodeDecodeError and its own
    except Exception as error:
        raise CorruptFrame(
            f"a method frame cannot be decoded: {type(error).__name__}: {error}"[:200]
        ) from error
