# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Joins the frames of a message that arrives: its method, its content header, and its body in pieces.

A state machine without I/O, one for each channel: a method that carries content is followed by one content
header, and that by as many body frames as its size needs (AMQP 0-9-1 specification, section 4.2.6).
"""

from __future__ import annotations

from collections.abc import Callable

from pika import spec

from ..exceptions import from_wire
from .frames import CorruptFrame

__all__ = ["ContentReader"]


class ContentReader:
    """Joins the frames of one channel's messages, and gives each whole message to who wants it.

    The methods are called by the :class:`~fedora_messaging._amqp.frames.FrameReader`, in the order of the
    frames. Each raises :class:`~fedora_messaging._amqp.frames.CorruptFrame` for a frame that cannot follow
    the one before.

    Args:
        max_body: Bodies over this size, in bytes, are read but not kept.

    Attributes:
        on_delivery: Called with (tag, redelivered, exchange, routing key, property bytes, body); the body is
            None when it was over ``max_body``.
        on_returned: Called with (reply code, text fit to be shown, exchange, routing key, property bytes).
    """

    def __init__(self, *, max_body: int) -> None:
        self.on_delivery: Callable[[int, bool, bytes, bytes, bytes, bytes | None], None] = _ignore
        self.on_returned: Callable[[int, str, bytes, bytes, bytes], None] = _ignore
        self._max_body = max_body
        # The method whose content is awaited; both None: none is.
        self._deliver: tuple[int, bool, bytes, bytes] | None = None
        self._return: spec.Basic.Return | None = None
        self._last_delivery = 0
        self._properties = b""
        #: How many bytes of the body are missing; 0 as well before the content header.
        self._missing = 0
        self._oversize = False
        # One buffer: a list would take 50 bytes more for each piece, however small the peer cuts them.
        self._parts = bytearray()

    def deliver(self, tag: int, redelivered: bool, exchange: bytes, routing_key: bytes) -> None:
        """Take ``basic.deliver``; its delivery tag must be the next one."""
        self._expect_method()
        if tag != self._last_delivery + 1:
            # RabbitMQ counts them. Any other tag is another delivery's, which would be acknowledged unseen.
            raise CorruptFrame(f"delivery {tag} came after delivery {self._last_delivery}")
        self._last_delivery = tag
        self._deliver = tag, redelivered, exchange, routing_key

    def returned(self, method: spec.Basic.Return) -> None:
        """Take ``basic.return``."""
        self._expect_method()
        self._return = method

    def header(self, size: int, properties: bytes) -> None:
        """Take the content header: the size of the body in bytes, and the raw property bytes."""
        if (self._deliver is None and self._return is None) or self._missing:
            raise CorruptFrame("a content header that belongs to no message")
        self._properties = properties
        self._missing = size
        self._oversize = size > self._max_body
        if not size:
            self._complete(b"")

    def body(self, fragment: bytes) -> None:
        """Take a piece of the body."""
        missing = self._missing - len(fragment)
        if missing < 0 or not self._missing:
            raise CorruptFrame("a content body is longer than its header says")
        self._missing = missing
        if self._oversize:
            if not missing:
                self._complete(None)
        elif missing:
            self._parts += fragment
        elif self._parts:
            self._parts += fragment
            self._complete(bytes(self._parts))
        else:
            self._complete(fragment)

    def close(self) -> None:
        """Forget what is incomplete, and call nobody any more."""
        self._deliver = self._return = None
        self._missing = 0
        self._parts = bytearray()
        self.on_delivery = self.on_returned = _ignore

    def _expect_method(self) -> None:
        if self._deliver is not None or self._return is not None:
            raise CorruptFrame("a method came before the content of the one before it")

    def _complete(self, body: bytes | None) -> None:
        deliver, returned, self._deliver, self._return = self._deliver, self._return, None, None
        if self._parts:
            self._parts = bytearray()
        if deliver is not None:
            tag, redelivered, exchange, routing_key = deliver
            self.on_delivery(tag, redelivered, exchange, routing_key, self._properties, body)
        elif returned is not None:
            self.on_returned(
                returned.reply_code,
                from_wire(returned.reply_text),
                _bytes(returned.exchange),
                _bytes(returned.routing_key),
                self._properties,
            )


def _bytes(value: str | bytes) -> bytes:
    """A short string as bytes: pika decodes those that are UTF-8, and leaves the others as they are."""
    return value.encode() if isinstance(value, str) else value


def _ignore(*_: object) -> None:
    """Do nothing: what is called for each event until somebody wants it."""
