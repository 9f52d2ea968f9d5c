# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Keeps one consumer subscribed to its queue, across all the channels and connections of its life.

What it does next is decided by :mod:`fedora_messaging._core.verdict`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from ..._core.backoff import Backoff
from ..._core.clock import Clock
from ..._core.lifecycle import CloseReason, Lifecycle, Scope, State
from ..._core.retry_topology import retry_objects
from ..._core.topology import Subscription
from ..._core.verdict import verdict
from ..._reporting.log import SafeLog
from ..._reporting.loggers import CONSUMER
from ..._reporting.text import shown
from ...exceptions import from_wire
from .._connection.channel import Channel
from .._connection.elsewhere import Elsewhere
from .attempt import Attempt, NotSubscribed, Subscribed, redeclare
from .deliveries import Deliveries
from .probe import Probe
from .settings import ConsumerSettings
from .subscription_log import log_cancelled, log_consuming, log_failed

__all__ = ["Subscriber"]

_log = SafeLog(CONSUMER)


class Subscriber:
    """Declares, subscribes, and tries again after failures.

    Args:
        subscription: The queue and its bindings.
        settings: How the consumer behaves.
        clock: The source of time.
        deliveries: Makes what takes the deliveries of a channel, given the channel, the queue's name and the
            generation.
        consuming: Called with the name of the queue each time it consumes.
        stop: Called with an error after which another attempt would fail as well.
        stuck: Called when declaring has taken longer than ``declare_timeout``.
        progressed: Called when it has been consuming for ``stable`` seconds.
        elsewhere: Where else there is a broker, should the queue not be reached from the present one.

    Attributes:
        life: The consumer's state.
        queue: The name of the queue. If the broker names the queue, the current name, or "" before there is
            one.
        subscribed: The channel on which it consumes, or on which what was delivered is still to be settled.
        consumed_once: Whether it has consumed before.
        paused: Whether it is to be idle instead of trying again.
        prefetch: The prefetch count of the next subscription.
        lost_at_rest: Called when the channel of a consumer that rests is gone.
    """

    def __init__(
        self,
        subscription: Subscription,
        settings: ConsumerSettings,
        clock: Clock,
        *,
        deliveries: Callable[[Channel, str, int], Deliveries],
        consuming: Callable[[str], None],
        stop: Callable[[Exception | None], None],
        stuck: Callable[[], None],
        progressed: Callable[[], None],
        elsewhere: Elsewhere,
    ) -> None:
        self.life = Lifecycle()
        self.queue = subscription.queue.name
        self.subscribed: Subscribed | None = None
        self.prefetch = settings.prefetch_count
        self._subscription = subscription
        self._settings = settings
        self._clock = clock
        self._make_deliveries = deliveries
        self._consuming = consuming
        self._stop = stop
        self._stuck = stuck
        self._progressed = progressed
        self._probe = Probe(clock, elsewhere)
        self._backoff = Backoff(settings.backoff_base, settings.backoff_cap)
        self._open_channel: Callable[[], Deferred[Channel]] | None = None
        self._attempt: Attempt | None = None
        self._retry_objects = retry_objects(subscription.queue, settings.retry, settings.retry_source)
        self.consumed_once = False
        self._lost: str | None = None
        self._cancelled = False
        self.paused = False
        self.lost_at_rest: Callable[[], None] = lambda: None
        self._retry: Any = None
        self._attempted_at = 0.0
        self._stable: Any = None

    def start(self) -> None:
        """Consume as soon as there is a connection."""
        # Resumed during a callback: its channel must be there for its outcome, and closed after it.
        if self.life.state is State.IDLE and not self.paused and self.subscribed is None:
            self.connect()

    def connect(self) -> None:
        """Go to the state in which it waits for a connection, and use the one that is there."""
        self.life.move(State.CONNECTING)
        self.try_now()

    # The connection

    def connected(self, open_channel: Callable[[], Deferred[Channel]]) -> None:
        """There is a connection; ``open_channel`` opens a channel on it."""
        self._open_channel = open_channel
        self.try_now()

    def disconnected(self) -> None:
        """The connection was lost.

        On the next one the queue is declared, also when it was only looked for: its virtual host may be gone
        with all its queues, and come back without them.
        """
        self._open_channel = None
        self._lost = None
        if self.life.state is State.BACKOFF:
            self.forget()
            self.life.move(State.CONNECTING)

    def refused(self, reason: CloseReason) -> None:
        """A connection could not be made."""
        self._apply_verdict(reason, None)

    @property
    def goes_with_its_consumer(self) -> bool:
        """Whether the broker deletes the queue when nothing consumes from it."""
        queue = self._subscription.queue
        return queue.exclusive or queue.auto_delete

    # Declaring and consuming

    def try_now(self) -> None:
        """Declare and subscribe, if there is a connection and nothing else to do."""
        if self.life.state is not State.CONNECTING or self._open_channel is None:
            return
        self.life.move(State.DECLARING)
        self._attempted_at = self._clock.seconds()
        settings = self._settings
        attempt = self._attempt = Attempt(
            self._open_channel,
            self._subscription,
            exchanges=settings.exchanges,
            retry=self._retry_objects,
            passive=settings.passive_declares,
            lost=self._lost,
            prefetch=self.prefetch,
            timeout=settings.declare_timeout,
            deliveries=self._deliveries,
            clock=self._clock,
        )
        attempt.run().addCallbacks(self._now_consuming, self._not_consuming)

    def _deliveries(self, channel: Channel, queue: str) -> Deliveries:
        deliveries = self._make_deliveries(channel, queue, self.life.generation)
        if self.paused:
            deliveries.keep_back()
        return deliveries

    def _now_consuming(self, subscribed: Subscribed) -> None:
        self._attempt = None
        self.subscribed = subscribed
        self.queue = subscribed.queue
        subscribed.channel.on_cancelled = self._cancelled_by_broker
        subscribed.channel.on_closed = self._channel_closed
        self.life.move(State.CONSUMING)
        self._lost = None
        self.consumed_once = True
        self._stable = self._clock.callLater(self._settings.stable, self._made_progress)
        log_consuming(self.queue, subscribed.preparation)
        self._consuming(self.queue)
        if self._open_channel is not None and self.subscribed is subscribed:
            self._probe.start(
                self.queue,
                lambda: self.life.state is State.CONSUMING,
                lambda: subscribed.deliveries.arrivals,
                self._open_channel,
            )

    def _not_consuming(self, failure: Failure) -> None:
        error = failure.value
        self._attempt = None
        if not isinstance(error, NotSubscribed):  # a defect: it is retried like a passing failure
            _log.error("Declaring failed.", error=error)
            error = NotSubscribed(CloseReason(Scope.CHANNEL, 0, shown(error, 500)))
        if error.error is not None:
            self._stop(error.error)
            return
        self._apply_verdict(error.reason, error.declared)
        if error.timed_out:
            self._stuck()

    def _apply_verdict(self, reason: CloseReason, declared: tuple[str, str] | None) -> None:
        """Do what :func:`fedora_messaging._core.verdict.verdict` decides."""
        if self.life.ended:
            if self.subscribed is not None:
                self.subscribed.deliveries.lost()
            return
        self.forget()
        if self.life.state is State.RESTING:
            self.lost_at_rest()
            return
        if self.paused:
            if self.life.state is not State.IDLE:
                self.life.move(State.IDLE)
            return
        # What the failure policy needs is declared as well, and may be missing without the queue being gone.
        recovering = self._lost is not None and (declared is None or declared[1] == from_wire(self._lost))
        decision = verdict(reason, consumed_once=self.consumed_once, recovering=recovering, declared=declared)
        if decision.state is State.STOPPED:
            self._stop(decision.error)
        elif decision.state is State.BACKOFF and self.life.state is State.IDLE:
            self.start()  # resumed, the callback still runs, and the channel is gone: nothing to wait for
        elif decision.state is State.BACKOFF:
            self._back_off(reason, f" ({declared[0]} {declared[1]})" if declared else "")
        elif self.life.state is not State.CONNECTING:
            self._lost = None
            self.life.move(State.CONNECTING)

    def _back_off(self, reason: object, what: str = "") -> None:
        self.life.move(State.BACKOFF)
        # Between beginnings: a declaration that a cluster answers after a minute has been a pause itself, and
        # a queue that is back meanwhile is found by the one that waits for it.
        delay = max(self._backoff.next() - (self._clock.seconds() - self._attempted_at), 0.0)
        self._retry = self._clock.callLater(delay, self.connect)
        log_failed(self.queue, what, reason, delay)

    def _made_progress(self) -> None:
        self._backoff.reset()
        self._cancelled = False
        self._progressed()

    def _cancelled_by_broker(self) -> None:
        """The queue is gone, or moved, or the broker waited too long for an acknowledgement: look for it."""
        resting = self.life.state is State.RESTING
        if self.life.state is not State.CONSUMING and not resting:
            return
        self.forget()
        self._lost = self.queue
        if resting:  # which ends with an attempt
            return
        if self._cancelled:  # before it had been consuming for a while: not at once again
            self._back_off("the broker cancelled the consumer again")
            return
        self._cancelled = True
        log_cancelled(self.queue)
        self.connect()

    def _channel_closed(self, reason: CloseReason) -> None:
        self._apply_verdict(reason, None)

    async def redeclare(self) -> None:
        """Declare again what the failure policy needs on the broker.

        Raises:
            Refused: The broker refused something.
            ChannelEnded: There is no connection, or no channel left.
        """
        passive = self._settings.passive_declares
        await redeclare(self._open_channel, self._retry_objects, passive=passive)

    # Letting go

    def forget(self) -> None:
        """Drop the present channel, attempt and timers."""
        self.cancel_attempt()
        subscribed, self.subscribed = self.subscribed, None
        if subscribed is not None:
            subscribed.deliveries.lost()
            subscribed.channel.close()

    def cancel_attempt(self) -> None:
        """Drop the present attempt, probe and timers."""
        self._probe.stop()
        attempt, self._attempt = self._attempt, None
        for timer in (self._retry, self._stable):
            if timer is not None and timer.active():
                timer.cancel()
        if attempt is not None:
            attempt.give_up()

    def close(self) -> None:
        """Drop everything, for good."""
        self.forget()
        self._open_channel = None
