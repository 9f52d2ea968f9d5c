# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""From bytes to frames, and from the frames of a channel to whole commands with their content."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, NamedTuple

from pika import spec

from .codec import FRAME_OVERHEAD, decode_method, read_content_header
from .errors import AMQPError

_head = struct.Struct(">BHI")
_KINDS = frozenset((spec.FRAME_METHOD, spec.FRAME_HEADER, spec.FRAME_BODY, spec.FRAME_HEARTBEAT))


class Frames:
    """Cuts a stream of bytes into frames.

    Attributes:
        limit: the largest frame.
        stopped: set it, and nothing more is cut off until ``feed`` is called again.
    """

    def __init__(self, received: Callable[[int, int, bytes], None], limit: int) -> None:
        self.limit = limit
        self.stopped = False
        self._received = received
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Handle bytes, and pass on every complete frame.

        Raises:
            AMQPError: 501, the bytes are not a frame.
        """
        data = self._rest + data if self._rest else data
        self._rest = b""
        at, end = 0, len(data)
        try:
            while end - at >= 7 and not self.stopped:
                kind, channel, size = _head.unpack_from(data, at)
                if kind not in _KINDS:
                    raise _frame_error(kind, channel, data[at + 7 :], "unknown_frame")
                # RabbitMQ lets a frame be larger by its overhead.
                if size > self.limit:
                    reason = f"{{frame_too_large,{size},{self.limit - FRAME_OVERHEAD}}}"
                    raise _frame_error(kind, channel, data[at + 7 :], reason)
                stop = at + 7 + size
                if stop >= end:
                    break
                if data[stop] != spec.FRAME_END:
                    reason = f"{{invalid_frame_end_marker,{data[stop]}}}"
                    raise _frame_error(kind, channel, data[at + 7 : stop], reason)
                payload = data[at + 7 : stop]
                at = stop + 1
                self._received(kind, channel, payload)
        finally:
            if not self._rest:
                self._rest = data[at:]


def _frame_error(kind: int, channel: int, data: bytes, reason: str) -> AMQPError:
    octets = ",".join(map(str, data[:16]))
    return AMQPError(
        spec.FRAME_ERROR,
        f"type {kind}, first 16 octets = <<{octets}>>: {reason}",
    )


class Command(NamedTuple):
    """A method, and what came with it."""

    method: Any
    properties: bytes = b""
    body: bytes = b""


class Assembler:
    """Puts the frames of one channel together (AMQP 0-9-1, 4.2.6).

    Args:
        excess_ends: whether a body longer than announced is an error, or makes a command that never ends.
    """

    def __init__(self, excess_ends: bool = True) -> None:
        self._excess_ends = excess_ends
        self._method: Any = None
        self._properties: bytes | None = None
        self._missing = 0
        self._parts: list[bytes] = []

    def frame(self, kind: int, payload: bytes) -> Command | None:
        """Handle a frame.

        Returns:
            A command, once it is complete.

        Raises:
            AMQPError: 501, the frame cannot be decoded; 503, only brokers send the method; 505, the frame
                is not expected here.
            Disconnect: There is no such method, or a table in it is malformed.
        """
        if self._method is None:
            if kind != spec.FRAME_METHOD:
                raise self._unexpected("expected method frame, got non method frame instead")
            method = decode_method(payload)
            if type(method) is not spec.Basic.Publish:
                return Command(method)
            self._method = method
            return None
        if self._properties is None:
            return self._header(kind, payload)
        if kind != spec.FRAME_BODY:
            raise self._unexpected("expected content body, got non content body frame instead")
        self._parts.append(payload)
        self._missing -= len(payload)
        if self._missing < 0:
            if self._excess_ends:
                raise AMQPError(spec.FRAME_ERROR, "more content body than the content header said")
            return None
        return None if self._missing else self._complete()

    def _header(self, kind: int, payload: bytes) -> Command | None:
        if kind != spec.FRAME_HEADER:
            raise self._unexpected(
                "expected content header for class 60, got non content header frame instead"
            )
        class_id, weight, size, self._properties = read_content_header(payload)
        if class_id != spec.Basic.INDEX or weight:
            raise self._unexpected(
                f"expected content header for class 60, got one for class {class_id} instead"
            )
        self._missing = size
        return None if size else self._complete()

    def _complete(self) -> Command:
        parts = self._parts
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        command = Command(self._method, self._properties or b"", body)
        self._method, self._properties, self._parts = None, None, []
        return command

    def _unexpected(self, text: str) -> AMQPError:
        error = AMQPError(spec.UNEXPECTED_FRAME, text)
        error.method = 0 if self._method is None else self._method.INDEX
        return error
