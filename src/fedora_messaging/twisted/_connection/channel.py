# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""One AMQP channel: calls and replies, deliveries, confirms and returns.

Replies come in the order of the calls (AMQP 0-9-1, section 2.2.2.2), so calls are pipelined: a topology
of fifty bindings costs one round trip.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pika import spec
from twisted.internet.defer import Deferred

from ..._amqp import frames as _frames
from ..._core.lifecycle import CloseReason, Scope
from ...exceptions import from_wire

if TYPE_CHECKING:
    from pika.amqp_object import Method

__all__ = ["Channel", "ChannelEnded", "Wire"]

_Reply = TypeVar("_Reply", bound="Method")


class ChannelEnded(Exception):
    """The channel ended before the call was answered. Never leaves this package.

    Args:
        reason: How it ended.
        refused: Whether the broker closed the channel while this call was the one to be answered.
    """

    def __init__(self, reason: CloseReason, *, refused: bool = False) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.refused = refused


class Wire(Protocol):
    """What a channel needs of its connection."""

    frame_max: int

    def send(self, data: bytes) -> None:
        """Write frames."""

    def release(self, number: int) -> None:
        """The channel is closed: its number may be used again."""


class Channel:
    """A channel of a connection.

    Args:
        number: The channel's number on its connection.
        wire: The connection.
        max_body: Bodies over this size, in bytes, are read but not kept.

    Attributes:
        on_delivery: Called with (tag, redelivered, exchange, routing key, property bytes, body or None).
        on_confirmation: Called with (tag, multiple, positive).
        on_returned: Called with (reply code, text fit to be shown, exchange, routing key, property bytes).
        on_cancelled: Called when the broker cancels the consumer.
        on_closed: Called once with the :class:`~fedora_messaging._core.lifecycle.CloseReason`, unless
            :meth:`close` asked for it.
    """

    def __init__(self, number: int, wire: Wire, *, max_body: int) -> None:
        self.number = number
        self.ended: CloseReason | None = None
        self._wire = wire
        self._max_body = max_body
        self._calls: deque[tuple[type[Method], Deferred[Any]]] = deque()
        self._closing: Deferred[None] | None = None
        # The content being received: what it belongs to, and how much is missing.
        self._deliver: tuple[int, bool, bytes, bytes] | None = None
        self._last_delivery = 0
        self._return: spec.Basic.Return | None = None
        self._properties = b""
        self._missing = 0
        self._oversize = False
        # One buffer: a list would take 50 bytes more for each piece, however small the peer cuts them.
        self._parts = bytearray()
        self.on_delivery: Callable[[int, bool, bytes, bytes, bytes, bytes | None], None] = _ignore
        self.on_confirmation: Callable[[int, bool, bool], None] = _ignore
        self.on_returned: Callable[[int, str, bytes, bytes, bytes], None] = _ignore
        self.on_cancelled: Callable[[], None] = _ignore
        self.on_closed: Callable[[CloseReason], None] = _ignore

    @property
    def closing(self) -> bool:
        """Whether :meth:`close` was called and the broker has not answered yet."""
        return self._closing is not None

    # Calls

    def call(self, method: Method, reply: type[_Reply]) -> Deferred[_Reply]:
        """Send a synchronous method.

        Returns:
            A Deferred that fires with the broker's reply, or fails with :class:`ChannelEnded`.
            Cancelling it only stops waiting: the reply is read and dropped.

        Raises:
            ValueError: An argument cannot be encoded.
        """
        waiting: Deferred[_Reply] = Deferred()
        if self.ended is not None or self._closing is not None:
            waiting.errback(
                ChannelEnded(self.ended or CloseReason(Scope.CHANNEL, 0, "the channel is closing"))
            )
            return waiting
        data = _frames.method(self.number, method)
        self._calls.append((reply, waiting))
        self._wire.send(data)
        return waiting

    def open(self) -> Deferred[spec.Channel.OpenOk]:
        """Open the channel."""
        return self.call(spec.Channel.Open(), spec.Channel.OpenOk)

    def close(self) -> Deferred[None]:
        """Close the channel; what it held unacknowledged goes back to its queue.

        Returns:
            A Deferred that fires when the broker has confirmed it or the connection is gone. It never fails.
        """
        done: Deferred[None] = Deferred()
        if self.ended is not None:
            done.callback(None)
        elif self._closing is not None:
            self._closing.chainDeferred(done)
        else:
            self._closing = done
            self._wire.send(_frames.method(self.number, spec.Channel.Close(200, "done", 0, 0)))
        return done

    def publish(
        self, exchange: bytes, routing_key: bytes, properties: bytes, body: bytes, *, mandatory: bool = False
    ) -> None:
        """Send a message; on a channel in confirm mode its confirm comes later.

        Raises:
            ValueError: It does not fit into frames; nothing was sent.
        """
        wire = self._wire
        wire.send(
            _frames.publish(
                self.number,
                exchange,
                routing_key,
                properties,
                body,
                mandatory=mandatory,
                frame_max=wire.frame_max,
            )
        )

    def settle(self, frames: bytes) -> None:
        """Send frames of acknowledgements, unless the channel has ended."""
        if self.ended is None and self._closing is None:
            self._wire.send(frames)

    # Events, called by the reader

    def on_deliver(self, tag: int, redelivered: bool, exchange: bytes, routing_key: bytes) -> None:
        """See :class:`fedora_messaging._amqp.frames.Sink`."""
        self._expect_content()
        if tag != self._last_delivery + 1:
            # RabbitMQ counts them. Any other tag is another delivery's, which would be acknowledged unseen.
            raise _frames.CorruptFrame(f"delivery {tag} came after delivery {self._last_delivery}")
        self._last_delivery = tag
        self._deliver = tag, redelivered, exchange, routing_key

    def on_header(self, size: int, properties: bytes) -> None:
        """See :class:`fedora_messaging._amqp.frames.Sink`."""
        if (self._deliver is None and self._return is None) or self._missing:
            raise _frames.CorruptFrame("a content header that belongs to no message")
        self._properties = properties
        self._missing = size
        self._oversize = size > self._max_body
        if not size:
            self._content(b"")

    def on_body(self, fragment: bytes) -> None:
        """See :class:`fedora_messaging._amqp.frames.Sink`."""
        missing = self._missing - len(fragment)
        if missing < 0 or not self._missing:
            raise _frames.CorruptFrame("a content body is longer than its header says")
        self._missing = missing
        if self._oversize:
            if not missing:
                self._content(None)
        elif missing:
            self._parts += fragment
        elif self._parts:
            self._parts += fragment
            self._content(bytes(self._parts))
        else:
            self._content(fragment)

    def on_confirm(self, tag: int, multiple: bool, positive: bool) -> None:
        """See :class:`fedora_messaging._amqp.frames.Sink`."""
        self.on_confirmation(tag, multiple, positive)

    def on_method(self, received: Method) -> None:
        """See :class:`fedora_messaging._amqp.frames.Sink`."""
        if isinstance(received, spec.Basic.Return):
            self._expect_content()
            self._return = received
        elif isinstance(received, spec.Channel.Close):
            self._wire.send(_frames.method(self.number, spec.Channel.CloseOk()))
            # A close that was on its way is answered by CloseOk all the same (AMQP 0-9-1, 1.5.2.5).
            if self._closing is None:
                self.end(CloseReason(Scope.CHANNEL, received.reply_code, received.reply_text))
        elif isinstance(received, spec.Channel.CloseOk):
            if self._closing is None:
                raise _frames.ProtocolBreach("the broker sent channel.close-ok, which answers no call")
            self.end(CloseReason(Scope.CHANNEL, 0, "closed"))
        elif isinstance(received, spec.Basic.Cancel):
            self.on_cancelled()
        elif isinstance(received, spec.Channel.Flow):
            self._wire.send(_frames.method(self.number, spec.Channel.FlowOk(received.active)))
        else:
            if not self._calls or not isinstance(received, self._calls[0][0]):
                if self._closing is not None:
                    return
                raise _frames.CorruptFrame(f"{received.NAME} answers no call")
            waiting = self._calls.popleft()[1]
            if not waiting.called:
                waiting.callback(received)

    def end(self, reason: CloseReason) -> None:
        """The channel is over; called for its connection's end as well."""
        if self.ended is not None:
            return
        self.ended = reason
        self._wire.release(self.number)
        self._deliver = self._return = None
        self._parts = bytearray()
        calls, self._calls = self._calls, deque()
        closing, self._closing = self._closing, None
        first = True
        for _, waiting in calls:
            if not waiting.called:
                waiting.errback(ChannelEnded(reason, refused=first))
            first = False
        if closing is not None:
            closing.callback(None)
        else:
            self.on_closed(reason)
        for name in ("on_delivery", "on_confirmation", "on_returned", "on_cancelled", "on_closed"):
            setattr(self, name, _ignore)  # no cycles outlive the channel

    def _expect_content(self) -> None:
        if self._deliver is not None or self._return is not None:
            raise _frames.CorruptFrame("a method came before the content of the one before it")

    def _content(self, body: bytes | None) -> None:
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
    """Do nothing: the initial handler of every event."""
