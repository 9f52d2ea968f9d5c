# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""One attempt of a consumer to open its channel, declare its topology and subscribe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from pika import spec
from twisted.internet.defer import Deferred

from ..._core.clock import Clock
from ..._core.lifecycle import CloseReason, Scope
from ..._core.retry_topology import RetryObjects
from ..._core.topology import Exchange, Subscription
from ..._reporting.log import SafeLog
from ..._reporting.loggers import CONSUMER
from ...exceptions import BadDeclaration
from .._clock import wait
from .._connection.channel import Channel, ChannelEnded
from .._connection.declare import Refused, consume, declare, declare_retry, find
from .deliveries import Deliveries

__all__ = ["Attempt", "NotSubscribed", "Subscribed", "redeclare"]

_log = SafeLog(CONSUMER)


class Subscribed(NamedTuple):
    """A consumer's channel, on which it is consuming."""

    channel: Channel
    queue: str
    tag: str
    deliveries: Deliveries
    #: What was done for it, in words: where the queue comes from, and what it was bound to.
    preparation: str = ""

    async def unsubscribe(self, clock: Clock, limit: float) -> None:
        """Cancel the AMQP consumer and return what was prefetched, in ``limit`` seconds at most."""
        if self.channel.ended is not None:
            self.deliveries.give_back()
            return
        # Cancelled first: what is requeued before that comes back to this very consumer.
        cancelled = self.channel.call(spec.Basic.Cancel(consumer_tag=self.tag), spec.Basic.CancelOk)
        self.deliveries.give_back()
        await wait(clock, cancelled, limit)


class NotSubscribed(Exception):
    """An attempt failed. Never leaves this package.

    Args:
        reason: Why.
        declared: The type and the description of what was refused, if that was it.
        timed_out: Whether it took too long.
        error: The documented error, if another attempt would fail as well.
    """

    def __init__(
        self,
        reason: CloseReason,
        declared: tuple[str, str] | None = None,
        *,
        timed_out: bool = False,
        error: BadDeclaration | None = None,
    ) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.declared = declared
        self.timed_out = timed_out
        self.error = error


class Attempt:
    """One attempt to consume.

    Args:
        open_channel: Opens a channel on the present connection.
        subscription: The queue and its bindings.
        exchanges: The exchanges to declare first.
        retry: What the failure policy needs on the broker.
        passive: Exchanges and queue must exist already.
        lost: The name of a queue whose consumer the broker cancelled: only looked for, not declared.
            None: declared.
        prefetch: The prefetch count.
        timeout: How long all of it may take, in seconds.
        deliveries: Makes what takes the deliveries of a channel, given the queue's name.
        clock: The source of time.
    """

    def __init__(
        self,
        open_channel: Callable[[], Deferred[Channel]],
        subscription: Subscription,
        *,
        exchanges: tuple[Exchange, ...],
        retry: RetryObjects,
        passive: bool,
        lost: str | None,
        prefetch: int,
        timeout: float,
        deliveries: Callable[[Channel, str], Deliveries],
        clock: Clock,
    ) -> None:
        self._open_channel = open_channel
        self._subscription = subscription
        self._exchanges = exchanges
        self._retry = retry
        self._passive = passive
        self._lost = lost
        self._prefetch = prefetch
        self._timeout = timeout
        self._make_deliveries = deliveries
        self._clock = clock
        self._channel: Channel | None = None
        self._deliveries: Deliveries | None = None
        self._over = False

    def run(self) -> Deferred[Subscribed]:
        """Start the attempt.

        Returns:
            A Deferred that fires when the consumer is consuming, or fails with NotSubscribed. It does
            neither after :meth:`give_up`.
        """
        result: Deferred[Subscribed] = Deferred()
        timer = self._clock.callLater(self._timeout, self._fail, result, None, self._timeout_error())

        def done(outcome: Any) -> None:
            if timer.active():
                timer.cancel()
            if isinstance(outcome, Subscribed):
                if not self._over:
                    self._over = True
                    result.callback(outcome)
            else:
                self._fail(result, timer, outcome.value)

        Deferred.fromCoroutine(self._subscribe()).addBoth(done)
        return result

    def give_up(self) -> None:
        """Abandon the attempt: its result is not wanted any more."""
        self._over = True
        if self._deliveries is not None:
            self._deliveries.lost()
        if self._channel is not None:
            self._channel.close()

    async def _subscribe(self) -> Subscribed:
        if self._lost is not None:
            channel, name = await find(self._open, self._lost)
            preparation = ""
        else:
            channel, name, missing = await declare(
                self._open, self._subscription, self._exchanges, passive=self._passive
            )
            preparation = self._subscription.preparation(missing=missing)
            if missing and self._retry.exchanges:
                _log.warning(
                    "The queue %r goes an hour after its last consumer, and what waits to be tried again "
                    "is lost then. Configure it as a durable queue.",
                    name,
                )
        # Also for a queue that was only looked for: another one of its name has none of its bindings, and
        # what waits for it elsewhere would have no way back.
        await declare_retry(channel, self._retry, passive=self._passive)
        deliveries = self._deliveries = self._make_deliveries(channel, name)
        channel.content.on_delivery = deliveries.arrived
        tag = await consume(channel, name, prefetch=self._prefetch)
        return Subscribed(channel, name, tag, deliveries, preparation)

    def _open(self) -> Deferred[Channel]:
        if self._over:
            failed: Deferred[Channel] = Deferred()
            failed.errback(ChannelEnded(CloseReason(Scope.CHANNEL, 0, "given up")))
            return failed
        return self._open_channel().addCallback(self._opened)

    def _opened(self, channel: Channel) -> Channel:
        self._channel = channel
        if self._over:
            channel.close()
        return channel

    def _timeout_error(self) -> NotSubscribed:
        reason = CloseReason(Scope.CHANNEL, 0, f"declaring took longer than {self._timeout:g} s")
        return NotSubscribed(reason, timed_out=True)

    def _fail(self, result: Deferred[Subscribed], _: Any, error: Exception) -> None:
        if self._over:
            return
        self.give_up()
        if isinstance(error, Refused):
            error = NotSubscribed(error.reason, error.declared)
        elif isinstance(error, ChannelEnded):
            error = NotSubscribed(error.reason)
        elif isinstance(error, ValueError):  # an argument that AMQP cannot carry
            final = BadDeclaration("topology", self._subscription.queue.name, str(error))
            error = NotSubscribed(CloseReason(Scope.CHANNEL, 0, str(error)), error=final)
        result.errback(error)


async def redeclare(
    open_channel: Callable[[], Deferred[Channel]] | None, retry: RetryObjects, *, passive: bool
) -> None:
    """Declare again what a failure policy needs on the broker, on a channel for that alone.

    Args:
        open_channel: Opens a channel; None: there is no connection.
        retry: The exchanges and queues.
        passive: They must exist already.

    Raises:
        Refused: The broker refused something.
        ChannelEnded: There is no connection, or no channel left.
    """
    if open_channel is None:
        raise ChannelEnded(CloseReason(Scope.CHANNEL, 0, "there is no connection"))
    channel = await open_channel()
    await declare_retry(channel, retry, passive=passive)
    channel.close()
