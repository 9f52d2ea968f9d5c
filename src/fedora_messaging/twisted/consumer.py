# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""One AMQP consumer, across all the channels and connections of its life.

It knows no protocol and no factory: its methods are called when channels can be opened and when not, and a
Deferred fires when it has ended. What it does next is decided by :mod:`fedora_messaging._core.lifecycle`,
what an outcome means by :mod:`fedora_messaging._core.delivery`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from .._amqp import messages
from .._core.backoff import Backoff
from .._core.clock import Clock
from .._core.delivery import Delivery
from .._core.lifecycle import CloseReason, Lifecycle, Scope, State, verdict
from .._core.topology import Subscription
from .._reporting.log import SafeLog
from .._reporting.text import shown
from ..exceptions import HaltConsumer, excerpt
from ..message import Message
from ._callbacks.calling import resolve, runs_on_reactor
from ._callbacks.reactor_worker import ReactorWorker
from ._callbacks.thread_worker import ThreadWorker, Worker
from ._clock import wait
from ._connection.channel import Channel
from ._consuming.attempt import Attempt, NotSubscribed, Subscribed
from ._consuming.completion import ConsumerCompletion, fire
from ._consuming.deliveries import Deliveries, SlowCallbackWarning
from ._consuming.outcomes import Outcomes, log_failures
from ._consuming.settings import ConsumerSettings
from .stats import ConsumerStatistics

__all__ = ["ENDED", "Consumer"]

_log = SafeLog(__name__)

#: The line about a consumer that ended by an error. On the terminal a command that shows the error itself
#: leaves it out.
ENDED = "The consumer of %r ended: %s"
#: What basic.cancel and channel.close may take of a grace period, in seconds.
_CLOSE_TIMEOUT = 5.0


class Consumer:
    """A consumer of one queue.

    Made by :meth:`fedora_messaging.twisted.factory.FedoraMessagingFactory.consume` and
    :func:`fedora_messaging.api.twisted_consume`.

    Attributes:
        name: What it is called in the configuration and by the monitor, if anything.
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
        name: str = "",
    ) -> None:
        """Make a consumer, which :meth:`start` starts.

        Args:
            subscription: The queue and its bindings.
            callback: A function or an object that implements ``__call__``, or a class of such objects.
            settings: How it behaves.
            clock: The source of time.
            from_thread: ``reactor.callFromThread``, to run plain callbacks in a thread of their own; None:
                on the reactor.
            stuck: Called when declaring has taken longer than ``declare_timeout``.
            name: What distinguishes it from other consumers in logs and on the monitoring pages.
            progressed: Called when it has been consuming for ``stable`` seconds.

        Raises:
            ValueError: It cannot be a callback; see
                :func:`fedora_messaging.twisted._callbacks.calling.resolve`.
        """
        self.callback = resolve(callback)
        self.queue = subscription.queue.name
        self.name = name
        self.stats = ConsumerStatistics()
        self._subscription = subscription
        self._settings = settings
        self._clock = clock
        self._stuck = stuck
        self._progressed = progressed
        self._life = Lifecycle()
        self._backoff = Backoff(settings.backoff_base, settings.backoff_cap)
        self._outcomes = Outcomes(settings.nack_policy, self.stats)
        self._open_channel: Callable[[], Deferred[Channel]] | None = None
        self._attempt: Attempt | None = None
        self._subscribed: Subscribed | None = None
        self._consumed_once = False
        self._lost: str | None = None
        self._cancelled = False
        self._paused = False
        self._retry: Any = None
        self._stable: Any = None
        self._idle: list[Deferred[None]] = []
        self._completion = ConsumerCompletion(self)
        self._error: Exception | None = None
        self._slow_callback = SlowCallbackWarning()
        self._worker = self._make_worker(from_thread)

    def _make_worker(self, from_thread: Callable[..., Any] | None) -> Worker:
        observer = self._settings.observer
        started = None if observer is None else observer.started
        if from_thread is None or runs_on_reactor(self.callback):
            wake_up = from_thread or getattr(self._clock, "callFromThread", None)
            return ReactorWorker(
                self.callback, messages.decode, self._finished, self._clock.callLater, started, wake_up
            )
        name = f"fedora-messaging consumer of {self.queue or 'a queue named by the broker'}"
        return ThreadWorker(
            self.callback, messages.decode, self._finished, from_thread, name, started, died=self._end
        )

    def __repr__(self) -> str:
        return f"<Consumer of {self.queue!r}, {self._life.state.value}>"

    # What an application uses

    @property
    def running(self) -> bool:
        """Whether it is consuming at this moment."""
        return self._life.state is State.CONSUMING

    @property
    def state(self) -> str:
        """One of idle, connecting, declaring, consuming, backoff, draining and stopped."""
        return self._life.state.value

    @property
    def ended(self) -> bool:
        """Whether it has ended, or is ending."""
        return self._life.ended

    @property
    def result(self) -> Deferred[Any]:
        """A new Deferred, which fires when the consumer has ended.

        It fires with the consumer once that was cancelled. It fails with HaltConsumer, with what the
        callback raised, with ConsumerCanceled (the queue is gone), with BadDeclaration or
        PermissionException (refused at the first start), or with ConnectionException (TLS was refused at
        the first start). Cancelling it does nothing to the consumer: see :meth:`cancel`.
        """
        return self._completion.result()

    def when_consuming(self) -> Deferred[Consumer]:
        """A Deferred that fires with the consumer when it consumes, at once when it has done so before.

        It fails as :attr:`result` does when the consumer ends before, and with ConsumerCanceled when it
        was cancelled.
        """
        return self._completion.when_consuming()

    def cancel(self) -> Deferred[None]:
        """Stop consuming. The callback in flight finishes and is acknowledged, everything else is requeued.

        Returns:
            A Deferred that fires when that is done. Cancelling it changes nothing.
        """
        return Deferred.fromCoroutine(self.drain(None))

    # What the factory calls

    def start(self) -> None:
        """Consume as soon as there is a connection."""
        # Resumed during a callback: its channel must be there for its outcome, and closed after it.
        if self._life.state is State.IDLE and not self._paused and self._subscribed is None:
            self._life.move(State.CONNECTING)
            self._try()

    def connected(self, open_channel: Callable[[], Deferred[Channel]]) -> None:
        """There is a connection; ``open_channel`` opens a channel on it."""
        self._open_channel = open_channel
        self._try()

    def disconnected(self) -> None:
        """The connection was lost."""
        self._open_channel = None
        if self._life.state is State.BACKOFF:
            self._forget()
            self._life.move(State.CONNECTING)

    def refused(self, reason: CloseReason) -> None:
        """A connection could not be made."""
        self._apply_verdict(reason, None)

    async def pause(self) -> None:
        """Receive nothing until :meth:`resume`.

        What was prefetched goes back to its queue; on an exclusive or auto-deleted queue, which would
        go with its consumer, deliveries are held instead, the prefetch count at most.
        """
        self._paused = True
        if self._subscribed is not None and self._life.state is State.CONSUMING:
            queue = self._subscription.queue
            if queue.exclusive or queue.auto_delete:
                self._subscribed.deliveries.keep_back()
                return
            self._life.move(State.IDLE)
            await self._subscribed.unsubscribe(self._clock, _CLOSE_TIMEOUT)
        elif self._life.state in (State.CONNECTING, State.BACKOFF):
            self._forget()
            self._life.move(State.IDLE)

    async def resume(self) -> None:
        """Receive again."""
        if not self._paused:
            return
        self._paused = False
        if self._life.state is State.CONSUMING and self._subscribed is not None:
            self._subscribed.deliveries.resume()
        elif self._life.state is State.IDLE:
            if self._subscribed is not None:
                await self._settled()  # on the channel that is about to go
            if self._life.state is State.IDLE:
                self._forget()
                self.start()

    async def drain(self, grace: float | None, error: Exception | None = None) -> None:
        """Stop in order: take nothing more, requeue what was not started, wait for the callback, settle.

        Args:
            grace: How long all of it may take, in seconds; None: as long as the callback takes.
            error: What :attr:`result` fails with.
        """
        if self._life.state is State.STOPPED:
            return
        if self._error is None:
            self._error = error
        if self._life.state is State.DRAINING:
            await wait(self._clock, self.result, grace)
            return
        self._life.move(State.DRAINING)
        self._cancel_attempt()
        until = None if grace is None else self._clock.seconds() + grace
        subscribed = self._subscribed
        if subscribed is not None:
            await subscribed.unsubscribe(self._clock, self._call_timeout(until))
        await wait(self._clock, self._settled(), self._left(until))
        if subscribed is not None:
            # Whatever becomes of it, the end of the connection requeues what is left.
            await wait(self._clock, subscribed.channel.close(), self._call_timeout(until))
        self._stop(self._error)

    def abort(self) -> None:
        """Stop now. Whatever is not settled the broker requeues when the channel ends."""
        self._stop(self._error)

    def _left(self, until: float | None) -> float | None:
        return None if until is None else max(until - self._clock.seconds(), 0.0)

    def _call_timeout(self, until: float | None) -> float:
        left = self._left(until)
        return _CLOSE_TIMEOUT if left is None else min(_CLOSE_TIMEOUT, left)

    # Declaring and consuming

    def _try(self) -> None:
        if self._life.state is not State.CONNECTING or self._open_channel is None:
            return
        self._life.move(State.DECLARING)
        settings = self._settings
        attempt = self._attempt = Attempt(
            self._open_channel,
            self._subscription,
            exchanges=settings.exchanges,
            passive=settings.passive_declares,
            lost=self._lost,
            prefetch=settings.prefetch_count,
            timeout=settings.declare_timeout,
            deliveries=self._deliveries,
            clock=self._clock,
        )
        attempt.run().addCallbacks(self._now_consuming, self._not_consuming)

    def _deliveries(self, channel: Channel, queue: str) -> Deliveries:
        deliveries = Deliveries(
            channel,
            queue,
            self._life.generation,
            self._worker,
            self._clock,
            prefetch=self._settings.prefetch_count,
            ack_timeout=self._settings.ack_timeout,
            received=self._received,
            slow_callback=self._slow_callback,
            observer=self._settings.observer,
        )
        if self._paused:
            deliveries.keep_back()
        return deliveries

    def _now_consuming(self, subscribed: Subscribed) -> None:
        self._attempt = None
        self._subscribed = subscribed
        self.queue = subscribed.queue
        subscribed.channel.on_cancelled = self._cancelled_by_broker
        subscribed.channel.on_closed = self._channel_closed
        self._life.move(State.CONSUMING)
        self._lost = None
        self._consumed_once = True
        self._stable = self._clock.callLater(self._settings.stable, self._made_progress)
        _log.info("Consuming from the queue %r%s.", self.queue, subscribed.preparation)
        if self._settings.observer is not None:
            self._settings.observer.declared(self.queue, self._life.generation)
        self._completion.consumes()

    def _not_consuming(self, failure: Failure) -> None:
        error = failure.value
        self._attempt = None
        if not isinstance(
            error, NotSubscribed
        ):  # a defect: logged with its traceback, and retried like a passing failure
            _log.error("Declaring failed.", error=error)
            error = NotSubscribed(CloseReason(Scope.CHANNEL, 0, shown(error, 500)))
        if error.error is not None:
            self._stop(error.error)
            return
        self._apply_verdict(error.reason, error.declared)
        if error.timed_out:
            self._stuck()

    def _apply_verdict(self, reason: CloseReason, declared: tuple[str, str] | None) -> None:
        """Do what :func:`fedora_messaging._core.lifecycle.verdict` decides."""
        if self._life.ended:
            if self._subscribed is not None:
                self._subscribed.deliveries.lost()
            return
        self._forget()
        if self._paused:
            if self._life.state is not State.IDLE:
                self._life.move(State.IDLE)
            return
        decision = verdict(
            reason, consumed_once=self._consumed_once, recovering=self._lost is not None, declared=declared
        )
        if decision.state is State.STOPPED:
            self._stop(decision.error)
        elif decision.state is State.BACKOFF and self._life.state is State.IDLE:
            self.start()  # resumed, the callback still runs, and the channel is gone: nothing to wait for
        elif decision.state is State.BACKOFF:
            self._back_off(reason, f" ({declared[0]} {declared[1]})" if declared else "")
        elif self._life.state is not State.CONNECTING:
            self._lost = None
            self._life.move(State.CONNECTING)

    def _back_off(self, reason: object, what: str = "") -> None:
        self._life.move(State.BACKOFF)
        delay = self._backoff.next()
        self._retry = self._clock.callLater(delay, self._try_again)
        _log.warning("Consuming from %r failed%s: %s. Next try in %.1f s.", self.queue, what, reason, delay)

    def _try_again(self) -> None:
        self._life.move(State.CONNECTING)
        self._try()

    def _made_progress(self) -> None:
        self._backoff.reset()
        self._cancelled = False
        self._progressed()

    def _cancelled_by_broker(self) -> None:
        """The queue is gone, or moved, or the broker waited too long for an acknowledgement: look for it."""
        if self._life.state is not State.CONSUMING:
            return
        self._forget()
        self._lost = self.queue
        if self._cancelled:  # before it had been consuming for a while: not at once again
            self._back_off("the broker cancelled the consumer again")
            return
        self._cancelled = True
        _log.warning("The broker cancelled the consumer of %r; looking for the queue.", self.queue)
        self._life.move(State.CONNECTING)
        self._try()

    def _channel_closed(self, reason: CloseReason) -> None:
        self._apply_verdict(reason, None)

    def _forget(self) -> None:
        """Drop the present channel, attempt and timers."""
        self._cancel_attempt()
        subscribed, self._subscribed = self._subscribed, None
        if subscribed is not None:
            subscribed.deliveries.lost()
            subscribed.channel.close()

    def _cancel_attempt(self) -> None:
        attempt, self._attempt = self._attempt, None
        for timer in (self._retry, self._stable):
            if timer is not None and timer.active():
                timer.cancel()
        if attempt is not None:
            attempt.give_up()

    # Messages

    def _received(self) -> None:
        self.stats.received += 1

    def _finished(self, batch: list[tuple[Delivery, Exception | None]]) -> None:
        """Callbacks have finished: settle their deliveries, and end the consumer if an outcome demands it."""
        settled, ends = self._outcomes.decide(batch)
        deliveries = None if self._subscribed is None else self._subscribed.deliveries
        if ends is not None:  # before anything is requeued, which would come back to this very consumer
            self._end(ends.ends)
        if deliveries is not None:
            deliveries.settle(settled)
        log_failures(batch, self.callback)
        if self._is_settled():
            fire(self._idle, None)

    def _end(self, error: Exception | None) -> None:
        """End because of an error, in order, or else at once."""
        Deferred.fromCoroutine(self.drain(_CLOSE_TIMEOUT, error)).addErrback(
            lambda _: self._stop(self._error)
        )

    # The end

    def _settled(self) -> Deferred[None]:
        """Fires when no callback runs and its outcome has been settled."""
        idle: Deferred[None] = Deferred()
        if self._is_settled():
            idle.callback(None)
        else:
            self._idle.append(idle)
        return idle

    def _is_settled(self) -> bool:
        # A callback's outcome reaches the reactor's thread a moment after the callback has ended.
        unsettled = 0 if self._subscribed is None else self._subscribed.deliveries.unsettled
        return self._worker.running is None and not unsettled

    def _stop(self, error: Exception | None) -> None:
        if self._life.state is State.STOPPED:
            return
        self._life.move(State.STOPPED)
        self._forget()
        self._worker.stop()
        self._open_channel = None
        fire(self._idle, None)
        # Logged before the Deferreds fire, since the application may end the process then.
        if error is None:
            _log.info("Stopped consuming from %r.", self.queue)
        elif issubclass(type(error), HaltConsumer):
            _log.info("Stopped consuming from %r: %s.", self.queue, excerpt(error))
        elif self.stats.failed:  # which has been logged in full
            _log.error("The consumer of %r ended, because its callback failed.", self.queue)
        else:
            _log.error(ENDED, self.queue, excerpt(shown(error, 1000), 900))
        self._completion.end(error)
