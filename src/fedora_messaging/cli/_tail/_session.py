# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Receives messages, and has them printed in a thread of its own, after those of the archive."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from ..._amqp.properties import decode_properties
from ..._core.delivery import Delivery
from ...exceptions import ConsumeException, ValidationError
from .._connection import Connecting
from ._filters import Wanted
from ._history import History
from ._inbox import Inbox
from ._lines import Printer
from ._sources import Source

if TYPE_CHECKING:
    from ...twisted._connection.channel import Channel
    from ...twisted.protocol import FedoraMessagingProtocol

__all__ = ["Tail"]


class Tail:
    """Prints messages until it is stopped.

    Args:
        source: Where messages come from.
        wanted: Which of the messages that arrive are printed.
        printer: Prints them.
        history: What is printed first; None: nothing.
        limit: How many; None: no limit.
        wait: Seconds without a message after which it ends; None: never.
        lossy: Whether messages are skipped when printing is too slow and they do not wait on the broker.
        started: Called when messages that come from then on will be printed.

    Attributes:
        waited_in_vain: Whether it ended because no message came.
    """

    def __init__(
        self,
        source: Source,
        wanted: Wanted,
        printer: Printer,
        *,
        history: History | None = None,
        limit: int | None,
        wait: float | None,
        lossy: bool,
        started: Callable[[], None] = lambda: None,
    ) -> None:
        self.waited_in_vain = False
        self._source = source
        self._history = history
        self._wanted = wanted
        self._printer = printer
        self._limit = limit
        self._started = started
        self._wait = wait
        self._inbox = Inbox(lossy=lossy and not source.waits)
        self._connecting = Connecting()
        self._ended: Any = None
        self._timer: Any = None
        self._paused: Any = None

    async def work(self) -> None:
        """Print until :meth:`stop`, the limit, or the end of waiting.

        Raises:
            BadDeclaration: There is no such exchange, or no such stream.
            ConsumeException: What is to be read is no stream.
            PermissionException: The broker refused something.
            ConnectionException: Broker or archive cannot be reached, or the connection was lost.
            ValidationError: The archive does not answer with messages.
            OSError: Nobody reads the output any more, for example.
        """
        from twisted.internet.defer import Deferred

        self._ended = Deferred()
        try:
            async with self._connecting.connected() as connection:
                channel = await self._opened(connection)
                if self._history is None:
                    await self._consume(channel)
                self._started()
                printing = threading.Thread(target=self._print, args=(channel,), name="tail", daemon=True)
                printing.start()
                await self._ended
        except click.Abort:
            pass  # stopped while it was connecting
        finally:
            self._inbox.close()
            self._end_to_wait()
            self._ended.addErrback(lambda _: None)  # the error of the channel is that of the call, too

    def stop(self) -> None:
        """End; in the reactor's thread."""
        self._connecting.stop()
        self._end(None)

    def _end(self, error: Exception | None) -> None:
        ended = self._ended
        if ended is None or ended.called:
            return
        if error is None:
            ended.callback(None)
        else:
            ended.errback(error)

    # In the reactor's thread

    async def _opened(self, connection: FedoraMessagingProtocol) -> Channel:
        from ...twisted._connection.channel import ChannelEnded

        try:
            channel: Channel = await connection.open_channel()
            await self._source.open(channel)
        except ChannelEnded as ended:
            raise self._source.error(ended.reason) from None
        channel.on_cancelled = lambda: self._end(None)
        channel.on_closed = lambda reason: self._end(self._source.error(reason))

        def received(
            tag: int, redelivered: bool, exchange: bytes, key: bytes, properties: bytes, body: bytes | None
        ) -> None:
            where = exchange.decode("utf-8", "replace")
            delivery = Delivery("", where, key, tag, 0, redelivered, 0.0, properties, body)
            try:
                wanted = self._is_wanted(delivery)
            except ConsumeException as error:
                self._end(error)
                return
            if not wanted:
                self._source.settle(channel, (delivery,))
            elif not self._inbox.put(delivery):
                self._pause(connection)

        channel.content.on_delivery = received
        return channel

    async def _consume(self, channel: Channel) -> None:
        from ...twisted._connection.channel import ChannelEnded

        try:
            await self._source.consume(channel)
        except ChannelEnded as ended:
            raise self._source.error(ended.reason) from None
        self._begin_to_wait()

    def _go_live(self, channel: Channel) -> None:
        """The archive has been printed."""
        from twisted.internet.defer import Deferred

        def failed(failure: Any) -> None:
            self._end(failure.value)

        if not self._ended.called:
            consuming = Deferred.fromCoroutine(self._consume(channel))
            consuming.addErrback(failed)

    def _is_wanted(self, delivery: Delivery) -> bool:
        try:
            properties = decode_properties(delivery.properties)
        except ValidationError:
            return True  # it is shown as invalid
        headers = properties.headers or {}
        self._source.check(headers)
        if self._history is not None and self._history.has(properties.message_id):
            return False
        return self._wanted.is_met(delivery.routing_key.decode("utf-8", "replace"), headers)

    def _pause(self, connection: FedoraMessagingProtocol) -> None:
        """Leave to the network and the broker what comes, until all that has come was printed."""
        transport: Any = connection.transport
        if transport is not None and self._paused is None:
            self._paused = transport
            transport.pauseProducing()

    def _resume(self) -> None:
        transport, self._paused = self._paused, None
        if transport is not None:
            transport.resumeProducing()

    def _printed(self, channel: Channel, deliveries: list[Delivery], shown: bool) -> None:
        """A batch has been printed."""
        self._source.settle(channel, deliveries)
        self._resume()
        if shown and self._wait is not None:
            self._end_to_wait()
            self._begin_to_wait()

    def _begin_to_wait(self) -> None:
        from ...twisted._clock import global_clock

        if self._wait is not None and not self._ended.called:
            self._timer = global_clock().callLater(self._wait, self._give_up)

    def _end_to_wait(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()

    def _give_up(self) -> None:
        self.waited_in_vain = True
        self._end(None)

    # In the thread that prints

    def _print(self, channel: Channel) -> None:
        from twisted.internet import reactor as global_reactor

        reactor: Any = global_reactor
        call = reactor.callFromThread
        try:
            count = self._print_history()
            if count == self._limit:
                call(self._end, None)
                return
            if self._history is not None:
                call(self._go_live, channel)
            while (taken := self._inbox.take()) is not None:
                skipped, deliveries = taken
                if skipped:
                    self._printer.skipped(skipped)
                before = count
                for delivery in deliveries:
                    count += self._printer.print(delivery)
                    if count == self._limit:
                        call(self._end, None)
                        return
                call(self._printed, channel, deliveries, count > before)
        except Exception as error:
            call(self._end, error)

    def _print_history(self) -> int:
        """Print what the archive has; returns how many messages that are."""
        count = 0
        if self._history is not None:
            for content in self._history.messages():
                if self._inbox.closed:
                    break
                count += self._printer.print_archived(content)
                if count == self._limit:
                    break
        return count
