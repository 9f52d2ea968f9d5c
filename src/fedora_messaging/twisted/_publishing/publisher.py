# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Publishing with confirms, many messages in flight, across channels and connections.

Which message waits, is in flight, or is to be sent again is decided by :mod:`fedora_messaging._core.outbox`;
here it is written, and each message's Deferred fired.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pika import spec
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from ..._amqp import frames, messages
from ..._amqp.properties import decode_properties
from ..._core.clock import Clock
from ..._core.lifecycle import CloseReason, Scope
from ..._core.observer import Observer
from ..._core.outbox import Outbox, Outgoing, UnknownConfirm, refusal, timeout_words
from ..._core.topology import Exchange
from ..._reporting.log import SafeLog
from ..._reporting.repeats import Repeats
from ...exceptions import (
    ConnectionException,
    NoFreeChannels,
    PublishReturned,
    PublishTimeout,
    ValidationError,
)
from .._connection.channel import Channel, ChannelEnded
from .._connection.declare import Refused, declare_exchanges
from .deadlines import Deadlines

__all__ = ["Publisher", "connection_error"]

_log = SafeLog(__name__)


class _Publishing(Deferred[None]):
    """The Deferred of a message on its way."""

    __slots__ = ("outgoing", "timed")
    #: The message, until there is an outcome.
    outgoing: Outgoing | None
    #: Whether it has a deadline.
    timed: bool

    def is_over(self) -> bool:
        """Whether there is an outcome."""
        return self.outgoing is None

    def settle(self, error: Exception | None) -> None:
        """Fire the Deferred."""
        self.callback(None if error is None else Failure(error))


class Publisher:
    """Publishes messages on whatever channel it is given.

    Args:
        clock: The source of time.
        confirms: Wait for the broker's confirm; without, a message counts as published when it was written.
        exchanges: The exchanges to declare, once a connection.
        passive_declares: They must exist already.
        observer: Notified of confirms and returns, when given.
        wanted: Called when there is something to publish and no channel.
        progressed: Called at the first confirm on each channel.
        frame_max: The limit of frames, until a connection has negotiated one.

    Attributes:
        published: How many messages the broker confirmed.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        confirms: bool = True,
        exchanges: tuple[Exchange, ...] = (),
        passive_declares: bool = False,
        observer: Observer | None = None,
        wanted: Callable[[], None] = lambda: None,
        progressed: Callable[[], None] = lambda: None,
        frame_max: int = frames.UNTUNED_FRAME_MAX,
    ) -> None:
        self.published = 0
        self.confirms = confirms
        self._clock = clock
        self._exchanges = exchanges
        self._passive = passive_declares
        self._observer = observer
        self._wanted = wanted
        self._progressed = progressed
        self._outbox = Outbox()
        self._open_channel: Callable[[], Deferred[Channel]] | None = None
        self._channel: Channel | None = None
        self._opening = False
        self._declared = False
        self._confirmed_on_channel = False
        self._writable = True
        self._blocked: str | None = None
        self._unreachable = ""
        self._closed: ConnectionException | None = None
        self._retry: Any = None
        self._idle: list[Deferred[None]] = []
        self._frame_max = frame_max
        self._deadlines: Deadlines[_Publishing] = Deadlines(clock, _Publishing.is_over, self._timed_out)
        self._repeats = Repeats(clock.seconds)

    # Publishing

    def publish(
        self, encoded: messages.Encoded, *, mandatory: bool = False, timeout: float | None = None
    ) -> Deferred[None]:
        """Publish an encoded message.

        Args:
            encoded: The message, from :func:`fedora_messaging._amqp.messages.prepare`.
            mandatory: Whether a message that no queue takes is an error.
            timeout: Seconds until it is given up, for whatever reason; None: never.

        Returns:
            A Deferred that fires with None when the broker has confirmed the message. Cancelling it
            gives up: the message is not sent any more if it has not been. It fails with
            PublishReturned, PublishForbidden, PublishTimeout or ConnectionException, and with
            ValidationError when its header exceeds the negotiated frame_max: it is not sent then.
        """
        if self._closed is not None:
            return _failed(self._closed)
        exchange, routing_key, properties, body, message_id = encoded
        if frames.header_frame_size(properties) > self._frame_max:
            return _failed(messages.header_too_large(properties, self._frame_max))
        # What waits may be many: each attribute, and each object beside these two, counts.
        outgoing = Outgoing(
            exchange, routing_key, properties, body, message_id if mandatory else b"", mandatory
        )
        done = outgoing.waiter = _Publishing(self._cancelled)
        done.outgoing = outgoing
        done.timed = timeout is not None
        if timeout is not None:
            self._deadlines.add(done, timeout)
        self._outbox.add(outgoing)
        if self._channel is not None:
            self._pump()
        elif self._open_channel is not None:
            self._open()
        else:
            self._wanted()
        return done

    @property
    def state(self) -> str:
        """What a message that waits is waiting for, in words."""
        if self._blocked is not None:
            return f"blocked by the broker: {self._blocked}"
        if self._channel is None:
            return f"connecting ({self._unreachable})" if self._unreachable else "connecting"
        return "waiting for the confirm"

    @property
    def pending(self) -> int:
        """How many messages wait or are in flight."""
        return len(self._outbox)

    @property
    def in_flight(self) -> int:
        """How many messages were written and are not confirmed."""
        return self._outbox.in_flight

    # What the connection calls

    def connected(self, open_channel: Callable[[], Deferred[Channel]], frame_max: int) -> None:
        """There is a connection; ``open_channel`` opens a channel on it, once there is a message.

        Messages that wait and whose header exceeds its ``frame_max`` fail: the broker would close each
        connection that they are sent on.
        """
        less, self._frame_max = frame_max < self._frame_max, frame_max
        if less:
            too_large = self._outbox.remove(
                lambda outgoing: frames.header_frame_size(outgoing.properties) > frame_max
            )
            for outgoing in too_large:
                self._fail(outgoing, _unsendable(outgoing, frame_max))
            self._check_idle()
        self._open_channel = open_channel
        self._opening = False
        self._declared = False
        if len(self._outbox):
            self._open()

    def disconnected(self, reason: CloseReason) -> None:
        """The connection is gone: what was in flight is sent again on the next."""
        self._forget_retry()
        self._open_channel = None
        self._channel = None
        self._blocked = None
        self._writable = True
        self._unreachable = str(reason)
        if reason.faulted:
            self._outbox.connection_refused()
        else:
            self._outbox.channel_lost()

    def unreachable(self, reason: CloseReason) -> None:
        """A connection could not be made. A refusal fails what waits; everything else is waited out."""
        self._unreachable = f"{reason}; at {reason.peer}" if reason.peer else str(reason)
        if reason.refused_login or reason.refused_tls:
            self._fail_all(connection_error(reason))

    def writable(self, writable: bool) -> None:
        """Whether the transport takes more."""
        self._writable = writable
        if writable:
            self._pump()

    def blocked(self, reason: str | None) -> None:
        """The broker has blocked the connection, or (None) unblocked it."""
        self._blocked = reason
        if reason is None:
            self._pump()
        else:
            more = self._repeats.due("blocked")
            if more is not None:
                _log.warning("The broker has blocked publishing: %s%s", reason, more)

    def drain(self) -> Deferred[None]:
        """Take no more messages.

        Returns:
            A Deferred that fires when none is left. It never fails.
        """
        self._closed = ConnectionException(reason="the service was stopped")
        idle: Deferred[None] = Deferred()
        self._idle.append(idle)
        self._check_idle()
        return idle

    def close(self, error: ConnectionException | None = None) -> None:
        """Give up what is left."""
        self._forget_retry()
        self._closed = self._closed or ConnectionException(reason="the service was stopped")
        self._fail_all(error or self._closed)

    def reopen(self) -> None:
        """Take messages again, after :meth:`close`."""
        self._closed = None

    # The channel

    async def _make_channel(self) -> None:
        open_channel = self._open_channel
        if open_channel is None:
            return
        if not self._declared:
            self._declared = True
            await self._declare(open_channel)
        channel = await open_channel()
        channel.on_closed = self._channel_closed
        channel.on_confirmation = self._confirmed
        channel.on_returned = self._returned
        if self.confirms:
            # Nothing is published before select-ok: it would never be confirmed.
            await channel.call(spec.Confirm.Select(), spec.Confirm.SelectOk)
        if self._open_channel is not open_channel:
            return
        self._channel = channel
        self._opening = False
        self._confirmed_on_channel = False
        self._pump()

    async def _declare(self, open_channel: Callable[[], Deferred[Channel]]) -> None:
        """Declare exchanges; one that is refused is left to the messages that are for it."""
        # Those with this prefix are the broker's own (AMQP 0-9-1, 3.1.3).
        own = [exchange for exchange in self._exchanges if not exchange.name.startswith("amq.")]
        if not own:
            return
        channel = await open_channel()
        try:
            await declare_exchanges(channel, own, passive=self._passive)
        except (Refused, ValueError) as error:
            _log.warning("An exchange was not declared: %s", error)
        channel.close()

    def _open(self) -> None:
        if not self._opening and self._channel is None:
            self._opening = True
            Deferred.fromCoroutine(self._make_channel()).addErrback(self._not_opened)

    def _not_opened(self, failure: Any) -> None:
        self._opening = False
        failure.trap(ChannelEnded)
        reason = failure.value.reason
        if isinstance(reason.cause, NoFreeChannels):
            self._fail_all(reason.cause)
        elif reason.scope is Scope.CHANNEL and self._open_channel is not None:
            _log.warning("The broker refused a channel for publishing: %s", reason)
            self._retry = self._clock.callLater(1.0, self._open)

    def _forget_retry(self) -> None:
        retry, self._retry = self._retry, None
        if retry is not None and retry.active():
            retry.cancel()

    def _channel_closed(self, reason: CloseReason) -> None:
        if self._channel is None:
            return  # not in use yet: _not_opened() tries again, after a while
        self._channel = None
        if reason.scope is not Scope.CHANNEL:
            return  # disconnected() follows
        refused = self._outbox.channel_refused(reason.code, reason.text)
        for outgoing in refused:
            self._settle(outgoing, refusal(reason.code, reason.text))
        if self._open_channel is not None and len(self._outbox):
            self._open()
        self._check_idle()

    def _pump(self) -> None:
        """Write what waits, while the connection is not blocked and the transport's buffer is not full."""
        channel = self._channel
        outbox = self._outbox
        while channel is not None and self._writable and self._blocked is None:
            outgoing = outbox.head()
            if outgoing is None:
                break
            try:
                channel.publish(
                    outgoing.exchange,
                    outgoing.routing_key,
                    outgoing.properties,
                    outgoing.body,
                    mandatory=outgoing.mandatory,
                )
            except ValueError:  # nothing was written
                outbox.unsendable()
                self._fail(outgoing, _unsendable(outgoing, self._frame_max))
                self._check_idle()
                channel = self._channel
                continue
            if channel is not self._channel:  # lost while it was written: it stays the next one
                break
            outbox.sent()
            if outbox.searching:
                # Answered in order and without an effect: confirms are on already.
                asked = channel.call(spec.Confirm.Select(), spec.Confirm.SelectOk)
                asked.addCallbacks(lambda _: outbox.answered(), lambda _: None)
            if not self.confirms:
                self._confirmed(0, True, True)
            channel = self._channel

    def _confirmed(self, tag: int, multiple: bool, positive: bool) -> None:
        try:
            done = self._outbox.confirmed(tag, multiple)
        except UnknownConfirm as error:  # the connection is dropped, and all in flight sent again
            raise frames.CorruptFrame(str(error)) from error
        for outgoing in done:
            if positive:
                self._settle(outgoing, outgoing.returned)
            else:
                self._settle(outgoing, PublishReturned(reason="nacked"))
        if done and not self._confirmed_on_channel:
            self._confirmed_on_channel = True
            self._progressed()
        if self._outbox.waiting:
            self._pump()
        elif self._idle:
            self._check_idle()

    def _returned(self, code: int, text: str, exchange: bytes, routing_key: bytes, properties: bytes) -> None:
        try:
            message_id = str(decode_properties(properties).message_id or "").encode()
        except ValidationError:
            message_id = b""
        if not self._outbox.was_returned((message_id, exchange, routing_key), refusal(code, text)):
            more = self._repeats.due("returned")
            if more is not None:
                _log.warning("The broker returned a message that is not in flight: %s %s%s", code, text, more)

    # Outcomes

    def _settle(self, outgoing: Outgoing, error: Exception | None) -> None:
        done = self._detached(outgoing)
        if error is None:
            self.published += 1
        if done is not None:
            done.settle(error)
        if self._observer is not None:
            exchange, key = outgoing.exchange.decode(), outgoing.routing_key.decode()
            if error is None:
                self._observer.published(exchange, key)
            else:
                self._observer.returned(exchange, key, str(error))

    def _cancelled(self, done: Deferred[None]) -> None:
        assert isinstance(done, _Publishing)
        outgoing = done.outgoing
        if outgoing is not None:
            self._detached(outgoing)
            self._outbox.give_up(outgoing)
            self._check_idle()

    def _timed_out(self, done: _Publishing, timeout: float) -> None:
        outgoing = done.outgoing
        assert outgoing is not None
        self._detached(outgoing)
        self._outbox.give_up(outgoing)
        done.settle(PublishTimeout(reason=timeout_words(timeout, self.state)))
        self._check_idle()

    def _fail_all(self, error: Exception) -> None:
        for outgoing in self._outbox.take_all():
            self._fail(outgoing, error)
        self._check_idle()

    def _fail(self, outgoing: Outgoing, error: Exception) -> None:
        """Fail a message that was neither confirmed nor refused."""
        done = self._detached(outgoing)
        if done is not None:
            done.settle(error)

    def _detached(self, outgoing: Outgoing) -> _Publishing | None:
        """The message's Deferred, detached so that it fires once; None when it was detached before."""
        done: _Publishing | None = outgoing.waiter
        if done is not None:
            outgoing.waiter = done.outgoing = None
            if done.timed:
                self._deadlines.over()
        return done

    def _check_idle(self) -> None:
        if not self._idle or any(outgoing.waiter is not None for outgoing in self._outbox):
            return
        idle, self._idle = self._idle, []
        for each in idle:
            each.callback(None)


def connection_error(reason: CloseReason) -> ConnectionException:
    """What a publish fails with when there is no connection, for this reason."""
    error = reason.error()
    if isinstance(error, ConnectionException):
        return error
    wrapped = ConnectionException(reason=str(error))
    wrapped.__cause__ = error
    return wrapped


def _unsendable(outgoing: Outgoing, frame_max: int) -> ValidationError:
    """The documented error for a message that there are no frames for."""
    try:
        if frames.header_frame_size(outgoing.properties) > frame_max:
            return messages.header_too_large(outgoing.properties, frame_max)
    except ValidationError as error:  # properties that were not encoded here
        return error
    return ValidationError("The message cannot be sent: its exchange or topic has more than 255 bytes")


def _failed(error: Exception) -> Deferred[Any]:
    failed: Deferred[Any] = Deferred()
    failed.errback(error)
    return failed
