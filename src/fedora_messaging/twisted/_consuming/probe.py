# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Asks whether a queue still knows a consumer to which nothing is delivered.

A node that is cut off from its cluster keeps its connections. Consumers of quorum queues receive nothing
there, as those of an empty queue do; but the node counts no consumer when it is asked for the queue.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pika import spec
from twisted.internet.defer import CancelledError, Deferred

from ..._core.clock import Clock
from ..._core.patience import Patience
from .._connection.channel import Channel, ChannelEnded
from .._connection.elsewhere import Elsewhere

__all__ = ["Probe"]

#: Seconds without a delivery after which the queue is asked for, at first and at most.
_FIRST, _MOST = 8.0, 60.0

#: Seconds that an answer may take, and until the question is repeated.
_ANSWER = 5.0

#: How many answers without a consumer it takes: while a queue gets another leader there may be one.
_ANSWERS = 2


class Probe:
    """The probe of one consumer, across its subscriptions, if there are other brokers.

    Args:
        clock: The source of time.
        elsewhere: The other brokers.
    """

    def __init__(self, clock: Clock, elsewhere: Elsewhere) -> None:
        self._clock = clock
        self._elsewhere = elsewhere
        self._patience = Patience(_FIRST, _MOST)
        self._watching: Deferred[None] | None = None

    def start(
        self,
        queue: str,
        consuming: Callable[[], bool],
        arrivals: Callable[[], int],
        open_channel: Callable[[], Deferred[Channel]],
    ) -> None:
        """Watch a new subscription.

        Args:
            queue: The queue's name.
            consuming: Says whether the subscription is still in use.
            arrivals: Says how many deliveries there have been.
            open_channel: Opens a channel for the question: a refusal must not cost the consumer its own.
        """
        self.stop()
        if self._elsewhere.has_others:
            self._watching = Deferred.fromCoroutine(self._watch(queue, consuming, arrivals, open_channel))
            self._watching.addErrback(lambda failure: failure.trap(CancelledError) and None)

    def stop(self) -> None:
        """Watch no more."""
        watching, self._watching = self._watching, None
        if watching is not None:
            watching.cancel()

    async def _watch(
        self,
        queue: str,
        consuming: Callable[[], bool],
        arrivals: Callable[[], int],
        open_channel: Callable[[], Deferred[Channel]],
    ) -> None:
        before, unknown = arrivals(), 0
        while unknown < _ANSWERS:
            await self._within(_ANSWER if unknown else self._patience.limit, Deferred(), None)
            if not consuming():
                return
            if arrivals() == before:
                asked = Deferred.fromCoroutine(_consumers(queue, open_channel))
                consumers = await self._within(_ANSWER, asked, 0)
                if consumers is None or not consuming():  # None: it may not be asked
                    return
                if not consumers and arrivals() == before:
                    unknown += 1
                    continue
            before, unknown = arrivals(), 0
            self._patience.rewarded()
        self._patience.reached()
        self._watching = None  # it ends by itself
        self._elsewhere.leave(f"the queue {queue!r} does not know its consumer at this node")

    def _within(self, seconds: float, waited: Deferred[Any], otherwise: Any) -> Deferred[Any]:
        """What a Deferred fires with in so many seconds, or something else; cancelling stops the timer."""
        result: Deferred[Any] = Deferred(lambda _: timer.cancel())
        timer: Any = self._clock.callLater(seconds, result.callback, otherwise)

        def fired(value: Any) -> None:
            if timer.active():
                timer.cancel()
                result.callback(value)

        waited.addBoth(fired)
        return result


async def _consumers(queue: str, open_channel: Callable[[], Deferred[Channel]]) -> int | None:
    """How many consumers the broker counts for a queue; None when it does not say."""
    try:
        channel = await open_channel()
        reply = await channel.call(spec.Queue.Declare(queue=queue, passive=True), spec.Queue.DeclareOk)
    except ChannelEnded:
        return None
    channel.close()
    return int(reply.consumer_count or 0)
