# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Publishing with confirms, many messages in flight, across channels and connections.

Which message waits, is in flight, or is to be sent again is decided by :mod:`fedora_messaging._core.outbox`;
:mod:`.channel_writer` writes it, matches the broker's answers, and fires each message's Deferred.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred, fail

from ..._amqp import frames, messages
from ..._core.address import Address
from ..._core.clock import Clock
from ..._core.lifecycle import CloseReason, Scope
from ..._core.observer import Observer
from ..._core.outbox import Outbox, Outgoing
from ..._core.topology import Exchange
from ..._reporting.log import SafeLog, event
from ..._reporting.loggers import PUBLISHER
from ..._reporting.repeats import Repeats
from ...exceptions import ConnectionException
from .._connection.channel import Channel
from .._connection.elsewhere import Elsewhere, NowhereElse
from .backlog import Backlog
from .channel_opener import ChannelOpener
from .channel_writer import ChannelWriter
from .errors import connection_error, unsendable
from .idle import Idle
from .waiters import Waiters

__all__ = ["Publisher"]

_log = SafeLog(PUBLISHER)


class Publisher:
    """Publishes messages on whatever channel it is given.

    Args:
        clock: The source of time.
        confirms: Wait for the broker's confirm; without, a message counts as published when it was written.
        exchanges: The exchanges to declare, once a connection.
        passive_declares: They must exist already.
        observer: Notified of what becomes of messages, when given.
        wanted: Called when there is something to publish and no channel.
        progressed: Called at the first confirm on each channel.
        frame_max: The limit of frames, until a connection has negotiated one.
        max_pending: How many messages may be in flight; 0: any number.
        max_pending_bytes: How many bytes of messages may be in flight; 0: any number.
        elsewhere: Where else there is a broker, should the present one confirm nothing.
        broker: Returns the present broker, for the spans of messages.
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
        max_pending: int = 0,
        max_pending_bytes: int = 0,
        elsewhere: Elsewhere | None = None,
        broker: Callable[[], Address | None] = lambda: None,
    ) -> None:
        self._wanted = wanted
        self._broker = broker
        self._outbox = Outbox()
        self._idle = Idle(self._outbox)
        self._observer = observer
        self._waiters = Waiters(
            clock,
            self._given_up,
            lambda: self.state,
            None if observer is None else observer.publish_ended,
            broker,
        )
        self._backlog = Backlog(max_pending, max_pending_bytes)
        self._repeats = Repeats(clock.seconds)
        self._writer = ChannelWriter(
            self._outbox,
            self._waiters,
            self._backlog,
            self._idle,
            confirms=confirms,
            frame_max=frame_max,
            progressed=progressed,
            repeats=self._repeats,
            clock=clock,
            elsewhere=elsewhere or NowhereElse(),
        )
        self._opener = ChannelOpener(
            clock,
            confirms=confirms,
            exchanges=exchanges,
            passive_declares=passive_declares,
            prepare=self._prepare,
            opened=self._writer.opened,
            unavailable=self._fail_all,
        )
        self._unreachable = ""
        self._closed: ConnectionException | None = None

    # Publishing

    def publish(
        self,
        encoded: messages.Encoded,
        *,
        mandatory: bool = False,
        timeout: float | None = None,
        patient: bool = False,
    ) -> Deferred[None]:
        """Publish an encoded message.

        Args:
            encoded: The message, from :func:`fedora_messaging._amqp.messages.prepare`.
            mandatory: Whether publishing a message that no queue receives is an error.
            timeout: Seconds until it is given up, for whatever reason; None: never.
            patient: Never refuse it because too many others wait.

        Returns:
            A Deferred that fires with None when the broker has confirmed the message. Cancelling it
            gives up: the message is not sent any more if it has not been. It fails with
            PublishReturned, PublishForbidden, PublishTimeout, PublishBacklog or ConnectionException, and with
            ValidationError when its header exceeds the negotiated frame_max: it is not sent then.
        """
        if self._closed is not None:
            return self._refused(encoded, self._closed)
        writer = self._writer
        exchange, routing_key, properties, body, message_id, span = encoded
        if frames.header_frame_size(properties) > writer.frame_max:
            return self._refused(encoded, messages.header_too_large(properties, writer.frame_max))
        if not patient and self._backlog.refuses(self._waiters.count, self._waiters.size):
            return self._refused(
                encoded, self._backlog.error(self._waiters.count, self._waiters.size, self.state)
            )
        # What waits may be many: each attribute, and each object beside these two, counts.
        outgoing = Outgoing(
            exchange, routing_key, properties, body, message_id if mandatory else b"", mandatory, span=span
        )
        done = self._waiters.add(outgoing, timeout)
        if self._observer is not None:
            self._observer.publish_started(outgoing)
        self._outbox.add(outgoing)
        if writer.channel is not None:
            writer.pump()
        elif self._opener.connected:
            self._open()
        else:
            self._wanted()
        return done

    @property
    def state(self) -> str:
        """What a message that waits is waiting for, in words."""
        if self._writer.blocked is not None:
            return f"blocked by the broker: {self._writer.blocked}"
        if self._writer.channel is None:
            return f"connecting ({self._unreachable})" if self._unreachable else "connecting"
        if self._backlog.is_full(self._waiters.count, self._waiters.size):
            return f"{self._waiters.count:,} messages are waiting to be published"
        return "waiting for the confirm"

    @property
    def published(self) -> int:
        """How many messages the broker confirmed."""
        return self._writer.published

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
        less, self._writer.frame_max = frame_max < self._writer.frame_max, frame_max
        if less:
            too_large = self._outbox.remove(
                lambda outgoing: frames.header_frame_size(outgoing.properties) > frame_max
            )
            for outgoing in too_large:
                self._waiters.settle(outgoing, unsendable(outgoing, frame_max))
            self._idle.check()
        self._opener.connection_made(open_channel)
        if len(self._outbox):
            self._open()

    def disconnected(self, reason: CloseReason) -> None:
        """The connection is gone: what was in flight is sent again on the next."""
        self._opener.connection_lost()
        self._writer.connection_lost()
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
        self._writer.writable = writable
        if writable:
            self._writer.pump()

    def blocked(self, reason: str | None) -> None:
        """The broker has blocked the connection, or (None) unblocked it."""
        self._writer.blocked = reason
        if reason is None:
            self._writer.pump()
        else:
            more = self._repeats.due("blocked")
            if more is not None:
                _log.warning(
                    "The broker has blocked publishing: %s%s", reason, more, about=event("publishing_blocked")
                )

    def drain(self) -> Deferred[None]:
        """Take no more messages.

        Returns:
            A Deferred that fires when none is left. It never fails.
        """
        self._closed = ConnectionException(reason="the service was stopped")
        return self._idle.wait()

    def close(self, error: ConnectionException | None = None) -> None:
        """Give up what is left."""
        self._opener.cancel_retry()
        self._closed = self._closed or ConnectionException(reason="the service was stopped")
        self._fail_all(error or self._closed)

    def reopen(self) -> None:
        """Take messages again, after :meth:`close`."""
        self._closed = None

    # The channel

    def _prepare(self, channel: Channel) -> None:
        channel.on_closed = self._channel_closed
        channel.on_confirmation = self._writer.confirmed
        channel.content.on_returned = self._writer.returned

    def _open(self) -> None:
        if self._writer.channel is None:
            self._opener.open()

    def _channel_closed(self, reason: CloseReason) -> None:
        if self._writer.channel is None:
            return  # not in use yet: the opener tries again, after a while
        self._writer.channel = None
        if reason.scope is not Scope.CHANNEL:
            return  # disconnected() follows
        self._writer.refused(reason.code, reason.text)
        if self._opener.connected and len(self._outbox):
            self._open()
        self._idle.check()

    # Outcomes

    def _refused(self, encoded: messages.Encoded, error: Exception) -> Deferred[None]:
        if self._observer is not None:
            self._observer.publish_refused(encoded.exchange.decode(), error)
        if encoded.span is not None:
            encoded.span.ended(error, self._broker())
        return fail(error)

    def _given_up(self, outgoing: Outgoing) -> None:
        self._outbox.give_up(outgoing)
        self._idle.check()

    def _fail_all(self, error: Exception) -> None:
        for outgoing in self._outbox.take_all():
            self._waiters.settle(outgoing, error)
        self._idle.check()
