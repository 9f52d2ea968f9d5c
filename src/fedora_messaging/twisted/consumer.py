# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""One AMQP consumer, across all the channels and connections of its life.

It knows no protocol and no factory: it is told when channels can be opened and when not, and says how it
ended through a Deferred. What it does next is decided by :mod:`fedora_messaging._lifecycle`, what an outcome
means by :mod:`fedora_messaging._delivery`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from pika import spec
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from .. import _wire
from .._backoff import Backoff
from .._delivery import Attempts, Delivery, InvalidMessage, Policy, Settlement, decide
from .._lifecycle import CloseReason, Lifecycle, Scope, State, verdict
from .._observe import Observer
from .._topology import Exchange, Subscription
from ..exceptions import BadDeclaration, ConsumerCanceled, Nack
from ..message import Message
from ._callbacks import resolve, runs_on_reactor
from ._channel import Channel, ChannelEnded
from ._clock import Clock
from ._declare import Refused, consume, declare, find
from ._deliveries import Deliveries
from ._workers import ReactorWorker, ThreadWorker, Worker
from .stats import ConsumerStatistics

__all__ = ["Consumer", "ConsumerSettings"]

_log = logging.getLogger(__name__)

#: What basic.cancel and channel.close may take of a grace period, in seconds.
_POLITE = 5.0


@dataclass(frozen=True)
class ConsumerSettings:
    """How consumers behave; each field is the configuration key of its name, times in seconds."""

    exchanges: tuple[Exchange, ...] = ()
    passive_declares: bool = False
    prefetch_count: int = 10
    nack_policy: Policy = Policy()
    backoff_base: float = 0.5
    backoff_cap: float = 8.0
    stable: float = 5.0
    declare_timeout: float = 90.0
    ack_timeout: float = 1800.0
    observer: Observer | None = None


class Consumer:
    """A consumer of one queue.

    Made by :meth:`fedora_messaging.twisted.factory.FedoraMessagingFactory.consume` and
    :func:`fedora_messaging.api.twisted_consume`.

    Attributes:
        queue: The queue's name; for one named by the broker, the present name ("" before the first).
        callback: What is called with each message.
        stats: What became of its messages so far.
    """

    def __init__(
        self,
        subscription: Subscription,
        callback: Callable[[Message], Any],
        settings: ConsumerSettings,
        clock: Clock,
        *,
        from_thread: Callable[..., Any] | None = None,
        stuck: Callable[[], None] = lambda: None,
        progressed: Callable[[], None] = lambda: None,
    ) -> None:
        """Args:
        subscription: The queue and its bindings.
        callback: A function or an object that implements ``__call__``, or a class of such objects.
        settings: How it behaves.
        clock: The source of time.
        from_thread: ``reactor.callFromThread``, to run plain callbacks in a thread of their own; None: on the
            reactor.
        stuck: Called when declaring has taken longer than ``declare_timeout``.
        progressed: Called when it has been consuming for ``stable`` seconds.

        Raises:
            ValueError: The callback is not callable.
        """
        self.callback = resolve(callback)
        self.queue = subscription.queue.name
        self.stats = ConsumerStatistics()
        self._subscription = subscription
        self._settings = settings
        self._clock = clock
        self._stuck = stuck
        self._progressed = progressed
        self._life = Lifecycle()
        self._backoff = Backoff(settings.backoff_base, settings.backoff_cap)
        self._attempts = Attempts()
        self._open_channel: Callable[[], Deferred[Channel]] | None = None
        self._channel: Channel | None = None
        self._tag = ""
        self._deliveries: Deliveries | None = None
        self._consumed_once = False
        self._recovering = False
        self._paused = False
        self._timers: dict[str, Any] = {}
        self._idle: list[Deferred[None]] = []
        self._outcome: Consumer | Failure | None = None
        self._results: list[Deferred[Any]] = []
        self._waiters: list[Deferred[Any]] = []
        self._error: Exception | None = None
        started = settings.observer.started if settings.observer is not None else None
        self._worker: Worker
        if from_thread is None or runs_on_reactor(self.callback):
            self._worker = ReactorWorker(self.callback, self._decode, self._finished, clock.callLater, started)
        else:
            name = f"fedora-messaging consumer of {self.queue or 'a queue named by the broker'}"
            self._worker = ThreadWorker(self.callback, self._decode, self._finished, from_thread, name, started)

    def __repr__(self) -> str:
        return f"<Consumer of {self.queue!r}, {self._life.state.value}>"

    # What an application uses

    @property
    def running(self) -> bool:
        """Whether it is consuming at this moment."""
        return self._life.state is State.CONSUMING

    @property
    def ended(self) -> bool:
        """Whether it is over, or ending."""
        return self._life.ended

    @property
    def result(self) -> Deferred[Any]:
        """A new Deferred for how the consumer ends: fires with the consumer once it was cancelled.

        It fails with HaltConsumer, with what the callback raised, with ConsumerCanceled (the queue is gone), with
        BadDeclaration or PermissionException (refused at the first start), or with ConnectionException (TLS was
        refused at the first start). Cancelling it does nothing to the consumer: see :meth:`cancel`.
        """
        result: Deferred[Any] = Deferred()
        if self._outcome is not None:
            result.callback(self._outcome)
        else:
            self._results.append(result)
        return result

    def when_consuming(self) -> Deferred[Consumer]:
        """A Deferred that fires with the consumer when it consumes, at once when it has done so before.

        It fails as :attr:`result` does when the consumer ends before, and with ConsumerCanceled when it was cancelled.
        """
        waiter: Deferred[Consumer] = Deferred()
        if self._outcome is not None:
            waiter.callback(self._before_it_consumed())
        elif self._consumed_once:
            waiter.callback(self)
        else:
            self._waiters.append(waiter)
        return waiter

    def cancel(self) -> Deferred[None]:
        """Stop consuming. The callback in flight finishes and is acknowledged, everything else is requeued.

        Returns:
            A Deferred that fires when that is done. Cancelling it changes nothing.
        """
        return Deferred.fromCoroutine(self.drain(None))

    # What the factory tells it

    def start(self) -> None:
        """Consume as soon as there is a connection."""
        if self._life.state is State.IDLE and not self._paused:
            self._life.move(State.CONNECTING)
            self._try()

    def connected(self, open_channel: Callable[[], Deferred[Channel]]) -> None:
        """A connection is there; ``open_channel`` opens a channel on it."""
        self._open_channel = open_channel
        self._try()

    def disconnected(self) -> None:
        """The connection is gone."""
        self._open_channel = None
        if self._life.state is State.BACKOFF:
            self._cancel_timer("retry")
            self._life.move(State.CONNECTING)

    def refused(self, reason: CloseReason) -> None:
        """A connection could not be made."""
        self._follow(reason, None)

    async def pause(self) -> None:
        """Receive nothing until :meth:`resume`.

        What was prefetched goes back to its queue; on an exclusive or auto-deleted queue, which would go with its
        consumer, deliveries are held instead, the prefetch count at most.
        """
        self._paused = True
        if self._life.state is not State.CONSUMING:
            if self._life.state in (State.CONNECTING, State.BACKOFF):
                self._cancel_timer("retry")
                self._life.move(State.IDLE)
            return
        assert self._channel is not None and self._deliveries is not None
        queue = self._subscription.queue
        if queue.exclusive or queue.auto_delete:
            self._deliveries.keep_back()
            return
        self._life.move(State.IDLE)
        self._cancel_timer("stable")
        await self._unsubscribe(self._channel, self._deliveries)

    async def resume(self) -> None:
        """Receive again."""
        if not self._paused:
            return
        self._paused = False
        if self._life.state is State.CONSUMING and self._deliveries is not None:
            self._deliveries.resume()
        elif self._life.state is State.IDLE:
            channel, self._channel = self._channel, None
            if channel is not None:
                await self._settled()
                self._forget_channel()
                await channel.close()
            if self._life.state is State.IDLE:
                self._life.move(State.CONNECTING)
                self._try()

    async def drain(self, grace: float | None, error: Exception | None = None) -> None:
        """Stop in order: take nothing more, requeue what was not started, wait for the callback, settle, close.

        Args:
            grace: How long all of it may take, in seconds; None: as long as the callback takes.
            error: What :attr:`result` fails with.
        """
        if self._life.state is State.STOPPED:
            return
        self._error = self._error or error
        if self._life.state is State.DRAINING:
            await _wait(self._clock, self._ended(), grace)
            return
        self._life.move(State.DRAINING)
        self._cancel_timers()
        until = None if grace is None else self._clock.seconds() + grace
        channel, deliveries = self._channel, self._deliveries
        if channel is not None and deliveries is not None:
            await self._unsubscribe(channel, deliveries)
        left = None if until is None else max(until - self._clock.seconds(), 0.0)
        await _wait(self._clock, self._settled(), left)
        if channel is not None:
            # Whatever happens to the close, the connection's end requeues what is left.
            await _wait(self._clock, channel.close(), _POLITE if left is None else min(_POLITE, left))
        self._stop(self._error)

    # Declaring and consuming

    def _try(self) -> None:
        if self._life.state is not State.CONNECTING or self._open_channel is None:
            return
        generation = self._life.move(State.DECLARING)
        self._timers["declare"] = self._clock.callLater(
            self._settings.declare_timeout, self._declaring_timed_out, generation
        )
        Deferred.fromCoroutine(self._declare(generation)).addErrback(self._declaring_failed, generation)

    async def _declare(self, generation: int) -> None:
        settings = self._settings
        if self._recovering:
            channel, name = await find(self._open, self.queue)
        else:
            channel, name = await declare(
                self._open, self._subscription, settings.exchanges, passive=settings.passive_declares
            )
        if not self._current(generation):
            return
        self._channel, self.queue = channel, name
        self._deliveries = Deliveries(
            channel,
            name,
            generation,
            self._worker,
            self._clock,
            ack_timeout=settings.ack_timeout,
            received=self._received,
            observer=settings.observer,
        )
        if self._paused:
            self._deliveries.keep_back()
        channel.on_delivery = self._deliveries.arrived
        tag = await consume(channel, name, prefetch=settings.prefetch_count)
        if not self._current(generation):
            return
        channel.on_cancelled = self._cancelled_by_broker
        channel.on_closed = self._channel_closed
        self._cancel_timer("declare")
        self._life.move(State.CONSUMING)
        self._tag = tag
        self._recovering = False
        self._consumed_once = True
        self._timers["stable"] = self._clock.callLater(settings.stable, self._made_progress)
        _log.info("Consuming from the queue %r.", name)
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.callback(self)
        if settings.observer is not None:
            settings.observer.declared(name, generation)

    def _open(self) -> Deferred[Channel]:
        if self._open_channel is None:
            failed: Deferred[Channel] = Deferred()
            failed.errback(ChannelEnded(CloseReason(Scope.TRANSPORT, 0, "not connected")))
            return failed
        return self._open_channel().addCallback(self._opened)

    def _opened(self, channel: Channel) -> Channel:
        self._channel = channel
        if self._life.state is not State.DECLARING:
            channel.close()
        return channel

    def _current(self, generation: int) -> bool:
        return self._life.state is State.DECLARING and self._life.generation == generation

    def _declaring_failed(self, failure: Failure, generation: int) -> None:
        error = failure.value
        if not self._current(generation):
            if not isinstance(error, (ChannelEnded, Refused)):
                _log.error("A declaration that was given up failed: %s", error)
            return
        self._cancel_timer("declare")
        if isinstance(error, Refused):
            self._follow(error.reason, error.declared)
        elif isinstance(error, ChannelEnded):
            self._follow(error.reason, None)
        elif isinstance(error, ValueError):
            self._forget_channel()
            self._stop(BadDeclaration("topology", self.queue, str(error)))
        else:
            _log.error("Declaring failed: %s", failure.getTraceback())
            self._follow(CloseReason(Scope.CHANNEL, 0, repr(error)), None)

    def _declaring_timed_out(self, generation: int) -> None:
        if self._current(generation):
            _log.warning("Declaring %r took longer than %g s.", self.queue, self._settings.declare_timeout)
            self._follow(CloseReason(Scope.CHANNEL, 0, "declaring took too long"), None)
            self._stuck()

    def _follow(self, reason: CloseReason, declared: tuple[str, str] | None) -> None:
        """Do what the table of failures says."""
        if self._life.ended:
            return
        self._forget_channel()
        if self._paused:
            if self._life.state is not State.IDLE:
                self._life.move(State.IDLE)
            return
        judged = verdict(
            reason, consumed_once=self._consumed_once, recovering=self._recovering, declared=declared
        )
        if judged.state is State.STOPPED:
            self._stop(judged.error)
        elif judged.state is State.BACKOFF:
            self._life.move(State.BACKOFF)
            delay = self._backoff.next()
            what = f" ({declared[0]} {declared[1]})" if declared else ""
            _log.warning("Consuming from %r failed%s: %s. Next try in %.1f s.", self.queue, what, reason, delay)
            self._timers["retry"] = self._clock.callLater(delay, self._retry)
        elif self._life.state is not State.CONNECTING:
            self._recovering = False
            self._life.move(State.CONNECTING)

    def _retry(self) -> None:
        self._timers.pop("retry", None)
        self._life.move(State.CONNECTING)
        self._try()

    def _made_progress(self) -> None:
        self._backoff.reset()
        self._progressed()

    # The channel's events

    def _received(self) -> None:
        self.stats.received += 1

    def _cancelled_by_broker(self) -> None:
        """The queue is gone, or moved, or the broker waited too long for an acknowledgement: look for it again."""
        if self._life.state is not State.CONSUMING:
            return
        _log.warning("The broker cancelled the consumer of %r; looking whether the queue still exists.", self.queue)
        channel = self._channel
        self._forget_channel()
        if channel is not None:
            channel.close()
        self._recovering = True
        self._life.move(State.CONNECTING)
        self._try()

    def _channel_closed(self, reason: CloseReason) -> None:
        self._follow(reason, None)

    def _forget_channel(self) -> None:
        channel, self._channel = self._channel, None
        deliveries, self._deliveries = self._deliveries, None
        self._cancel_timers()
        if deliveries is not None:
            deliveries.lost()
        if channel is not None and channel.ended is None:
            channel.close()

    # Messages

    def _decode(self, delivery: Delivery) -> Message:
        return _wire.decode(delivery)

    def _finished(self, batch: list[tuple[Delivery, Exception | None]]) -> None:
        """Callbacks have finished: decide, settle, and end if one of them says so."""
        deliveries = self._deliveries
        policy = self._settings.nack_policy
        stats = self.stats
        settled: list[tuple[Delivery, Settlement]] = []
        ends: Settlement | None = None
        for delivery, outcome in batch:
            if outcome is not None:
                delivery = self._look_at(delivery, outcome)
            settlement = decide(outcome, delivery, policy)
            setattr(stats, settlement.counts, getattr(stats, settlement.counts) + 1)
            if deliveries is not None and delivery.generation == deliveries.generation:
                settled.append((delivery, settlement))
            if settlement.ends is not None:
                ends = settlement
        if settled and deliveries is not None:
            deliveries.settle(settled)
        if self._worker.running is None:
            idle, self._idle = self._idle, []
            for each in idle:
                each.callback(None)
        if ends is not None:
            Deferred.fromCoroutine(self.drain(_POLITE, ends.ends))

    def _look_at(self, delivery: Delivery, outcome: Exception) -> Delivery:
        """Log what went wrong, and count how often this message did."""
        if isinstance(outcome, InvalidMessage):
            _log.warning("Rejected an invalid message: %s", _wire.describe(delivery, outcome.error))
        elif isinstance(outcome, Nack):
            key, counted = _wire.refusal_key(delivery)
            return delivery._replace(attempts=self._attempts.refused(key, counted))
        return delivery

    # The end

    async def _unsubscribe(self, channel: Channel, deliveries: Deliveries) -> None:
        """Cancel the AMQP consumer and return what it had prefetched."""
        deliveries.give_back()
        if channel.ended is None and self._tag:
            cancelled = channel.call(spec.Basic.Cancel(consumer_tag=self._tag), spec.Basic.CancelOk)
            self._tag = ""
            await _wait(self._clock, cancelled, _POLITE)

    def _settled(self) -> Deferred[None]:
        """Fires when no callback runs and its outcome has been settled."""
        idle: Deferred[None] = Deferred()
        if self._worker.running is None and (self._deliveries is None or not self._deliveries.unsettled):
            idle.callback(None)
        else:
            self._idle.append(idle)
        return idle

    def _ended(self) -> Deferred[None]:
        return self.result.addBoth(lambda _: None)

    def _stop(self, error: Exception | None) -> None:
        if self._life.state is State.STOPPED:
            return
        self._life.move(State.STOPPED)
        self._forget_channel()
        self._worker.stop()
        self._open_channel = None
        self._outcome = self if error is None else Failure(error)
        if error is None:
            _log.info("Stopped consuming from %r.", self.queue)
        else:
            _log.error("The consumer of %r ended: %s: %s", self.queue, type(error).__name__, _wire.excerpt(error))
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.callback(self._before_it_consumed())
        results, self._results = self._results, []
        for result in results:
            result.callback(self._outcome)

    def _before_it_consumed(self) -> Failure | None:
        if isinstance(self._outcome, Failure):
            return self._outcome
        return Failure(ConsumerCanceled("the consumer was cancelled before it consumed"))

    def _cancel_timer(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None and timer.active():
            timer.cancel()

    def _cancel_timers(self) -> None:
        for name in list(self._timers):
            self._cancel_timer(name)


async def _wait(clock: Clock, waited: Deferred[Any], limit: float | None) -> bool:
    """Wait for a Deferred, whatever it fires with, for ``limit`` seconds at most; False when that was not enough."""
    done: Deferred[bool] = Deferred()
    timer = None if limit is None else clock.callLater(limit, done.callback, False)

    def fired(_: Any) -> None:
        if timer is None or timer.active():
            if timer is not None:
                timer.cancel()
            done.callback(True)

    waited.addBoth(fired)
    return await done
