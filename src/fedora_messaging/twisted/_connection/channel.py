# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""One AMQP channel: calls and replies, confirms, and its end.

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
from ..._amqp.content import ContentReader
from ..._core.lifecycle import CloseReason, Scope

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

    def flush(self) -> None:
        """Write what was sent at once, where that is possible."""

    def release(self, number: int) -> None:
        """The channel is closed: its number may be used again."""


class Channel:
    """A channel of a connection.

    Args:
        number: The channel's number on its connection.
        wire: The connection.
        max_body: Bodies over this size, in bytes, are read but not kept.

    Attributes:
        content: Joins the frames of deliveries and returned messages; its attributes say who gets them.
        on_confirmation: Called with (tag, multiple, positive).
        on_cancelled: Called when the broker cancels the consumer.
        on_closed: Called once with the :class:`~fedora_messaging._core.lifecycle.CloseReason`, unless
            :meth:`close` asked for it.
    """

    def __init__(self, number: int, wire: Wire, *, max_body: int) -> None:
        self.number = number
        self.ended: CloseReason | None = None
        self._wire = wire
        self._calls: deque[tuple[type[Method], Deferred[Any]]] = deque()
        self._closing: Deferred[None] | None = None
        self.content = ContentReader(max_body=max_body)
        # What the frame reader calls for the three frames of each delivery, without a call in between.
        self.on_deliver, self.on_header, self.on_body = (
            self.content.deliver,
            self.content.header,
            self.content.body,
        )
        self.on_confirmation: Callable[[int, bool, bool], None] = _ignore
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

    def flush(self) -> None:
        """Write what was sent at once: nothing else is to be sent with it."""
        self._wire.flush()

    def settle(self, frames: bytes) -> None:
        """Send frames of acknowledgements, unless the channel has ended."""
        if self.ended is None and self._closing is None:
            self._wire.send(frames)

    # Events, called by the reader

    def on_confirm(self, tag: int, multiple: bool, positive: bool) -> None:
        """See :class:`fedora_messaging._amqp.frames.Sink`."""
        self.on_confirmation(tag, multiple, positive)

    def on_method(self, received: Method) -> None:
        """See :class:`fedora_messaging._amqp.frames.Sink`."""
        if isinstance(received, spec.Basic.Return):
            self.content.returned(received)
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
        self.content.close()
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
        # No cycles outlive the channel.
        self.on_confirmation = self.on_cancelled = self.on_closed = _ignore


def _ignore(*_: object) -> None:
    """Do nothing: the initial handler of every event."""
