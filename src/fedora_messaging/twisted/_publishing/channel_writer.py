# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Writes messages to the channel in use, and matches the broker's confirms, nacks and returns with them.

This is done for each message: plain calls, no coroutines.
"""

from __future__ import annotations

from collections.abc import Callable

from pika import spec

from ..._amqp import frames
from ..._amqp.properties import decode_properties
from ..._core.clock import Clock
from ..._core.outbox import Outbox, Outgoing, UnknownConfirm, refusal
from ..._reporting.log import SafeLog
from ..._reporting.loggers import PUBLISHER
from ..._reporting.repeats import Repeats
from ...exceptions import PublishReturned, ValidationError
from .._connection.channel import Channel
from .._connection.elsewhere import Elsewhere
from .backlog import Backlog
from .confirm_watch import ConfirmWatch
from .errors import unsendable
from .idle import Idle
from .waiters import Waiters

__all__ = ["ChannelWriter"]

_log = SafeLog(PUBLISHER)


class ChannelWriter:
    """Writes the messages of an outbox to whichever channel is in use, and settles them.

    Args:
        outbox: The messages that wait or are in flight.
        waiters: Their Deferreds.
        backlog: How many may be in flight.
        idle: Told when there may be none left.
        confirms: Wait for the broker's confirm; without, a message counts as published when it was written.
        frame_max: The limit of frames, until a connection has negotiated one.
        progressed: Called at the first confirm on each channel.
        repeats: Which log lines are due.
        clock: The source of time.
        elsewhere: Where else there is a broker, should this one confirm nothing.

    Attributes:
        channel: The channel in use; None: there is none.
        writable: Whether the transport takes more.
        blocked: Why the broker has blocked the connection; None: it has not.
        frame_max: The limit of frames.
        published: How many messages the broker confirmed.
    """

    def __init__(
        self,
        outbox: Outbox,
        waiters: Waiters,
        backlog: Backlog,
        idle: Idle,
        *,
        confirms: bool,
        frame_max: int,
        progressed: Callable[[], None],
        repeats: Repeats,
        clock: Clock,
        elsewhere: Elsewhere,
    ) -> None:
        self.channel: Channel | None = None
        self.writable = True
        self.blocked: str | None = None
        self.frame_max = frame_max
        self.published = 0
        self._outbox = outbox
        self._waiters = waiters
        self._backlog = backlog
        self._idle = idle
        self._confirms = confirms
        self._progressed = progressed
        self._repeats = repeats
        self._confirmed_on_channel = False
        self._watch = ConfirmWatch(
            clock, elsewhere, lambda: outbox.in_flight, lambda: self.blocked is not None
        )

    def opened(self, channel: Channel) -> None:
        """Use this channel from now on."""
        self.channel = channel
        self._confirmed_on_channel = False
        self.pump()

    def connection_lost(self) -> None:
        """There is no channel, and what was said of the connection holds no more."""
        self.channel = None
        self.blocked = None
        self.writable = True
        self._watch.stop()

    def pump(self) -> None:
        """Write what waits, while the connection is not blocked and the transport's buffer is not full."""
        channel = self.channel
        outbox = self._outbox
        while channel is not None and self.writable and self.blocked is None:
            outgoing = outbox.head()
            if outgoing is None or self._backlog.is_full(outbox.in_flight, outbox.bytes_in_flight):
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
                self._waiters.settle(outgoing, unsendable(outgoing, self.frame_max))
                self._idle.check()
                channel = self.channel
                continue
            if channel is not self.channel:  # lost while it was written: it stays the next one
                break
            outbox.sent()
            alone = outbox.in_flight == 1
            if alone:
                self._watch.begun()
            if outbox.searching:
                # Answered in order and without an effect: confirms are on already.
                asked = channel.call(spec.Confirm.Select(), spec.Confirm.SelectOk)
                asked.addCallbacks(lambda _: outbox.answered(), lambda _: None)
            if not self._confirms:
                self.confirmed(0, True, True)
            elif alone and not outbox.waiting:  # its publisher may wait for the confirm
                channel.flush()
            channel = self.channel

    def confirmed(self, tag: int, multiple: bool, positive: bool) -> None:
        """The broker has confirmed messages on the channel, or (not ``positive``) refused them.

        Raises:
            CorruptFrame: It confirms what was not sent.
        """
        try:
            done = self._outbox.confirmed(tag, multiple)
        except UnknownConfirm as error:  # the connection is dropped, and all in flight sent again
            raise frames.CorruptFrame(str(error)) from error
        self._watch.confirmed()
        for outgoing in done:
            if positive:
                self._settle(outgoing, outgoing.returned)
            else:
                self._settle(outgoing, PublishReturned(reason="nacked"))
        if done and not self._confirmed_on_channel:
            self._confirmed_on_channel = True
            self._progressed()
        if self._outbox.waiting:
            self.pump()
        elif self._idle.waiting:
            self._idle.check()

    def returned(self, code: int, text: str, exchange: bytes, routing_key: bytes, properties: bytes) -> None:
        """The broker returns a message that no queue took; its confirm follows."""
        try:
            message_id = str(decode_properties(properties).message_id or "").encode()
        except ValidationError:
            message_id = b""
        if not self._outbox.was_returned((message_id, exchange, routing_key), refusal(code, text)):
            more = self._repeats.due("returned")
            if more is not None:
                _log.warning("The broker returned a message that is not in flight: %s %s%s", code, text, more)

    def refused(self, code: int, text: str) -> None:
        """The broker has closed the channel for an error: settle the message that it was for, if it is known.

        Args:
            code: The AMQP reply code.
            text: The broker's reply text.
        """
        for outgoing in self._outbox.channel_refused(code, text):
            self._settle(outgoing, refusal(code, text))

    def _settle(self, outgoing: Outgoing, error: Exception | None) -> None:
        if error is None:
            self.published += 1
        self._waiters.settle(outgoing, error)
