# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Receiving nothing for a while: because the application asks for it, or because every callback fails.

On a queue that the broker deletes with its consumer, the consumer stays and its deliveries are held, the
prefetch count at most; on any other, it is cancelled, and what was prefetched goes back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from ..._core.breaker import Breaker
from ..._core.clock import Clock
from ..._core.lifecycle import State
from ..._core.observer import Observer
from ..._reporting.log import SafeLog, event
from ..._reporting.loggers import CONSUMER
from .subscriber import Subscriber

__all__ = ["CLOSE_TIMEOUT", "Suspension"]

_log = SafeLog(CONSUMER)

#: Seconds that basic.cancel and channel.close may take.
CLOSE_TIMEOUT = 5.0


class Suspension:
    """Pauses a consumer, and lets it rest.

    Args:
        subscriber: The consumer's subscription.
        breaker: Counts failures.
        clock: The source of time.
        settled: Returns a Deferred that fires when nothing is left to be settled on the channel.
        prefetch: The prefetch count, but for the one message that is tried after a rest.
        observer: Notified of rests, when given.
    """

    def __init__(
        self,
        subscriber: Subscriber,
        breaker: Breaker,
        clock: Clock,
        settled: Callable[[], Deferred[None]],
        prefetch: int,
        observer: Observer | None = None,
    ) -> None:
        self._subscriber = subscriber
        self._breaker = breaker
        self._clock = clock
        self._settled = settled
        self._prefetch = prefetch
        self._observer = observer
        self._rested = False
        self._timer: Any = None
        self._rests = 0
        subscriber.lost_at_rest = self._lost_at_rest

    # Asked for

    async def pause(self) -> None:
        """Receive nothing until :meth:`resume`."""
        subscriber = self._subscriber
        state = subscriber.life.state
        subscriber.paused = True
        if subscriber.subscribed is not None and state is State.CONSUMING:
            if subscriber.goes_with_its_consumer:
                subscriber.subscribed.deliveries.keep_back()
                return
            subscriber.life.move(State.IDLE)
            await subscriber.subscribed.unsubscribe(self._clock, CLOSE_TIMEOUT)
        elif state in (State.CONNECTING, State.BACKOFF):
            subscriber.forget()
            subscriber.life.move(State.IDLE)

    async def resume(self) -> None:
        """Receive again."""
        subscriber = self._subscriber
        if not subscriber.paused:
            return
        subscriber.paused = False
        state = subscriber.life.state
        if state is State.CONSUMING and subscriber.subscribed is not None:
            subscriber.subscribed.deliveries.resume()
        elif state is State.RESTING:
            if self._timer is None:
                await self._try_one()
        elif state is State.IDLE:
            if subscriber.subscribed is not None:
                await self._settled()  # on the channel that is about to go
            if subscriber.life.state is State.IDLE:
                subscriber.forget()
                subscriber.start()

    # After failures

    def rest(self) -> None:
        """Receive nothing for as long as the breaker says, then try one message."""
        subscriber = self._subscriber
        if subscriber.life.state is not State.CONSUMING or subscriber.subscribed is None:
            return
        self._rested = True
        self._rests += 1
        delay = self._breaker.rest()
        _log.warning(
            "The consumer of %r rests for %g s: %s.",
            subscriber.queue,
            delay,
            self._breaker,
            about=event("consumer_rests", queue=subscriber.queue, seconds=delay),
        )
        subscriber.life.move(State.RESTING)
        if self._observer is not None:
            self._observer.rested(subscriber.queue, delay, str(self._breaker))
        self._timer = self._clock.callLater(delay, self._rest_is_over)
        if subscriber.goes_with_its_consumer:
            subscriber.subscribed.deliveries.keep_back()
        else:
            subscriber.prefetch = self._breaker.tries
            Deferred.fromCoroutine(subscriber.subscribed.unsubscribe(self._clock, CLOSE_TIMEOUT))

    def went_on(self, invalid: int) -> None:
        """Callbacks have finished, and need no rest: where one has succeeded, receive as before the rest.

        Args:
            invalid: How many messages were none for the callback, in whose place others are tried.
        """
        subscriber = self._subscriber
        if not self._rested:
            return
        if self._breaker.open:
            if subscriber.life.state is State.CONSUMING:
                self._let_through(invalid)
            return
        self._rested = False
        subscriber.prefetch = self._prefetch
        _log.info(
            "The consumer of %r has processed a message, and goes on.",
            subscriber.queue,
            about=event("consumer_goes_on", queue=subscriber.queue),
        )
        if subscriber.life.state is not State.CONSUMING or subscriber.subscribed is None:
            return
        if subscriber.goes_with_its_consumer:
            if not subscriber.paused:
                subscriber.subscribed.deliveries.resume()
        else:
            self.renew()  # a prefetch count holds for consumers that begin after it was set

    def renew(self) -> bool:
        """Give back all that is held, and subscribe again: it comes in its order.

        Returns:
            Whether it does; not where the queue would go with the consumer, or there is no subscription.
        """
        subscriber = self._subscriber
        if subscriber.goes_with_its_consumer or subscriber.subscribed is None:
            return False
        if subscriber.life.state is not State.CONSUMING:
            return False
        self._rests += 1
        subscriber.life.move(State.RESTING)
        Deferred.fromCoroutine(self._subscribe_again())
        return True

    def cancel(self) -> None:
        """Forget the timer."""
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()

    def _rest_is_over(self) -> None:
        self._timer = None
        if not self._subscriber.paused:
            Deferred.fromCoroutine(self._try_one())

    async def _try_one(self) -> None:
        subscriber = self._subscriber
        if subscriber.life.state is not State.RESTING:
            return
        if subscriber.goes_with_its_consumer and subscriber.subscribed is not None:
            subscriber.life.move(State.CONSUMING)
            self._let_through(self._breaker.tries)
            return
        await self._connect_again()

    def _let_through(self, count: int) -> None:
        """Hand over so many of the messages that are kept back."""
        subscriber = self._subscriber
        if subscriber.goes_with_its_consumer and subscriber.subscribed is not None and not subscriber.paused:
            subscriber.subscribed.deliveries.let_through(count)

    async def _subscribe_again(self) -> None:
        subscribed = self._subscriber.subscribed
        if subscribed is not None:
            await subscribed.unsubscribe(self._clock, CLOSE_TIMEOUT)
        if not self._subscriber.paused:
            await self._connect_again()

    async def _connect_again(self) -> None:
        subscriber = self._subscriber
        rest = self._rests
        if subscriber.subscribed is not None:
            await self._settled()  # on the channel that is about to go
        if subscriber.life.state is State.RESTING and rest == self._rests:
            subscriber.forget()
            subscriber.connect()

    def _lost_at_rest(self) -> None:
        """The channel is gone: there is nothing to settle on it any more."""
        if self._timer is None and not self._subscriber.paused:
            self._subscriber.connect()
