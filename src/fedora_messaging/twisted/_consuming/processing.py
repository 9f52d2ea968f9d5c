# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What a consumer does with messages: callbacks are run, their outcomes decided on, settled and logged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from ..._amqp import received
from ..._core.breaker import Breaker, Gate
from ..._core.clock import Clock
from ..._core.delivery import Delivery, InvalidMessage, Settlement
from ..._core.observer import implemented
from ..._core.retry import longest_hold
from ..._steady import stopwatch
from ...message import Message
from .._callbacks.loop_worker import Caller
from .._callbacks.make import make_worker
from .._callbacks.timer import CallbackTimer
from .._connection.channel import Channel
from ..stats import ConsumerStatistics
from .attempt import Subscribed
from .completion import fire
from .deliveries import Deliveries
from .failure_log import FailureLog
from .forwarder import Forwarder, Publish
from .outcomes import Outcomes
from .settings import ConsumerSettings
from .slow_callbacks import SlowCallbackWarning

__all__ = ["Processing"]

#: How many messages are tried after a long rest; more where more are prefetched.
_TRIES = 10


class Processing:
    """The callbacks of one consumer and what becomes of their messages, whatever channel these come over.

    Args:
        callback: Called with each message.
        settings: How the consumer behaves.
        clock: The source of time.
        stats: Where messages are counted.
        queue: The queue's name.
        from_thread: ``reactor.callFromThread``; None: callbacks run on the reactor.
        caller: The owner of the event loop for coroutine functions. None means the reactor.
        publish: Publishes what is to wait on the broker, or goes to quarantine.
        redeclare: Declares again what the failure policy needs on the broker.
        subscribed: Returns the channel on which the consumer consumes, or on which messages are settled.
        end: Called with the error that ends the consumer.
        renew: See :class:`Deliveries`.
        rest: Called when too many callbacks have failed in a row.
        finished: Called when callbacks have finished and none is waited for, with the number of messages
            among them that were invalid.

    Attributes:
        breaker: Counts failures in a row.
    """

    def __init__(
        self,
        callback: Callable[[Message], Any],
        settings: ConsumerSettings,
        clock: Clock,
        stats: ConsumerStatistics,
        *,
        queue: str,
        from_thread: Callable[..., Any] | None,
        caller: Caller | None,
        publish: Publish,
        redeclare: Callable[[], Deferred[None]],
        subscribed: Callable[[], Subscribed | None],
        end: Callable[[Exception | None], None],
        rest: Callable[[], None],
        renew: Callable[[], bool],
        finished: Callable[[int], None],
    ) -> None:
        # In place only the first message of the queue is ever tried.
        tries = 1 if settings.retry.wait == "in-place" else max(settings.prefetch_count, _TRIES)
        self.breaker = Breaker(settings.retry.rest_after, tries)
        self._settings = settings
        self._clock = clock
        self._stats = stats
        self._subscribed = subscribed
        self._end = end
        self._rest = rest
        self._renew = renew
        self._went_on = finished
        hold = longest_hold(settings.ack_timeout)
        self._outcomes = Outcomes(settings.retry, self.breaker, stats, hold, clock.seconds)
        self._failure_log = FailureLog(callback, clock.seconds, settings.tracer)
        # It may be held for as long after that.
        self._forwarder = Forwarder(publish, redeclare, hold / 2, clock.seconds)
        self._slow_callback = SlowCallbackWarning()
        self._idle: list[Deferred[None]] = []
        gate = Gate(settings.retry, self.breaker, lambda delivery: received.refusal_key(delivery)[0])
        timer = None
        if settings.observer is not None and (processed := implemented(settings.observer, "processed")):
            timer = CallbackTimer(stopwatch(clock), processed)
            settings.observer.timed(queue, timer)
        self._worker = make_worker(
            callback,
            self._finished,
            clock,
            from_thread,
            name=f"fedora-messaging consumer of {queue or 'a queue named by the broker'}",
            observer=settings.observer,
            timer=timer,
            died=end,
            holds=gate.holds,
            concurrency=settings.concurrency,
            caller=caller,
        )

    def deliveries(self, channel: Channel, queue: str, generation: int) -> Deliveries:
        """Return what takes the deliveries of a channel."""
        prefetch = self._settings.prefetch_count
        return Deliveries(
            channel,
            queue,
            generation,
            self._worker,
            self._clock,
            prefetch=max(prefetch, self.breaker.tries) if prefetch else 0,
            ack_timeout=self._settings.ack_timeout,
            received=self._received,
            slow_callback=self._slow_callback,
            forwarder=self._forwarder,
            forwarded=self._forwarded,
            renew=self._renew,
            observer=self._settings.observer,
        )

    def settled(self) -> Deferred[None]:
        """Return a Deferred that fires when no callback runs and its outcome has been settled."""
        idle: Deferred[None] = Deferred()
        if self._is_settled():
            idle.callback(None)
        else:
            self._idle.append(idle)
        return idle

    @property
    def unsettled(self) -> int:
        """How many deliveries of the present channel are not settled."""
        subscribed = self._subscribed()
        return 0 if subscribed is None else subscribed.deliveries.unsettled

    @property
    def waiting(self) -> int:
        """How many deliveries wait for the callback to start."""
        subscribed = self._subscribed()
        return self._worker.waiting + (0 if subscribed is None else subscribed.deliveries.kept_back)

    @property
    def held(self) -> int:
        """How many deliveries failed, and are kept until their next attempt."""
        subscribed = self._subscribed()
        return 0 if subscribed is None else subscribed.deliveries.held

    def stop(self) -> None:
        """Start no callback any more; nobody has to wait for those that run."""
        self._worker.stop()
        fire(self._idle, None)

    def _received(self) -> None:
        self._stats.received += 1

    def _finished(self, batch: list[tuple[Delivery, Exception | None]]) -> None:
        """Callbacks have finished: settle their deliveries, and end the consumer if an outcome demands it."""
        settled, ends = self._outcomes.decide(batch)
        subscribed = self._subscribed()
        deliveries = None if subscribed is None else subscribed.deliveries
        if ends is not None:  # before anything is requeued, which would come back to this very consumer
            self._end(ends.ends)
        if deliveries is not None:
            deliveries.settle(settled)
        self._failure_log.log(batch, settled)
        held = self._worker.held
        if held is None:
            self._went_on(_invalid(batch) if self.breaker.open else 0)
        elif ends is None and any(delivery is held for delivery, _ in batch):
            self._proceed(held, deliveries)
        if self._is_settled():
            fire(self._idle, None)

    def _proceed(self, held: Delivery, deliveries: Deliveries | None) -> None:
        """Let the worker go on, at once or later, which has waited for the decision on a failure."""
        if self.breaker.due:
            self._rest()
            self._worker.proceed()
        elif deliveries is None or not deliveries.runs_again(held):
            self._worker.proceed()

    def _forwarded(self, settlement: Settlement) -> None:
        self._outcomes.count(settlement)
        if self._is_settled():
            fire(self._idle, None)

    def _is_settled(self) -> bool:
        # A callback's outcome reaches the reactor's thread a moment after the callback has ended.
        return self._worker.running is None and not self.unsettled


def _invalid(batch: list[tuple[Delivery, Exception | None]]) -> int:
    return sum(issubclass(type(outcome), InvalidMessage) for _, outcome in batch)
