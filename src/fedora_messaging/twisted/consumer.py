# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A consumer, which lasts longer than its channels and connections.

It knows no protocol and no factory: its methods are called when channels can be opened and when not, and a
Deferred fires when it has ended. Its subscription is kept by
:mod:`fedora_messaging.twisted._consuming.subscriber`; what an outcome means is decided by
:mod:`fedora_messaging._core.delivery`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from .._core.clock import Clock
from .._core.lifecycle import CloseReason, State
from .._core.topology import Subscription
from ..message import Message
from ._callbacks.calling import resolve
from ._callbacks.loop_worker import Caller
from ._clock import Grace, wait
from ._connection.channel import Channel
from ._connection.elsewhere import Elsewhere, NowhereElse
from ._consuming.completion import ConsumerCompletion, log_end
from ._consuming.forwarder import Publish, nothing_publishes
from ._consuming.processing import Processing
from ._consuming.settings import ConsumerSettings
from ._consuming.subscriber import Subscriber
from ._consuming.suspension import CLOSE_TIMEOUT, Suspension
from .stats import ConsumerStatistics

__all__ = ["Consumer"]


class Consumer:
    """A consumer of one queue.

    Made by :meth:`fedora_messaging.twisted.factory.FedoraMessagingFactory.consume` and
    :func:`fedora_messaging.api.twisted_consume`.

    Attributes:
        name: Its name in the configuration and on the monitoring pages, if any.
        queue: The name of the queue. If the broker names the queue, the current name, or "" before there is
            one.
        callback: What is called with each message.
        stats: What happened to its messages so far.
    """

    def __init__(
        self,
        subscription: Subscription,
        callback: Callable[[Message], Any],
        settings: ConsumerSettings,
        clock: Clock,
        *,
        from_thread: Callable[..., Any] | None = None,
        caller: Caller | None = None,
        stuck: Callable[[], None] = lambda: None,
        progressed: Callable[[], None] = lambda: None,
        elsewhere: Elsewhere | None = None,
        name: str = "",
        forward: Publish = nothing_publishes,
    ) -> None:
        """Make a consumer, which :meth:`start` starts.

        Args:
            subscription: The queue and its bindings.
            callback: A function or an object that implements ``__call__``, or a class of such objects.
            settings: How it behaves.
            clock: The source of time.
            from_thread: ``reactor.callFromThread``, to run plain callbacks in a thread of their own; None:
                on the reactor.
            caller: The owner of the event loop for coroutine functions. None means the reactor.
            stuck: Called when declaring has taken longer than ``declare_timeout``.
            name: What distinguishes it from other consumers in logs and on the monitoring pages.
            elsewhere: Where else there is a broker, should the queue not be reached from the present one.
            forward: Publishes what is to wait on the broker, or goes to quarantine.
            progressed: Called when it has been consuming for ``stable`` seconds.

        Raises:
            ValueError: It cannot be a callback; see
                :func:`fedora_messaging.twisted._callbacks.calling.resolve`.
        """
        self.callback = resolve(callback)
        self.queue = subscription.queue.name
        self.name = name
        self.stats = ConsumerStatistics()
        self._settings = settings
        self._clock = clock
        self._subscriber: Subscriber
        self._suspension: Suspension
        self._processing = Processing(
            self.callback,
            settings,
            clock,
            self.stats,
            queue=self.queue,
            from_thread=from_thread,
            caller=caller,
            publish=forward,
            redeclare=lambda: Deferred.fromCoroutine(self._subscriber.redeclare()),
            subscribed=lambda: self._subscriber.subscribed,
            end=self._end,
            rest=lambda: self._suspension.rest(),
            renew=lambda: self._suspension.renew(),
            finished=lambda invalid: self._suspension.went_on(invalid),
        )
        self._subscriber = Subscriber(
            subscription,
            settings,
            clock,
            deliveries=self._processing.deliveries,
            consuming=self._consuming,
            stop=self._stop,
            stuck=stuck,
            progressed=progressed,
            elsewhere=elsewhere or NowhereElse(),
        )
        self._life = self._subscriber.life
        self._suspension = Suspension(
            self._subscriber,
            self._processing.breaker,
            clock,
            self._processing.settled,
            settings.prefetch_count,
            settings.observer,
        )
        observer = settings.observer
        if observer is not None:
            self._life.changed = lambda *states: observer.state_changed(self.name, self.queue, *states)
        self._completion = ConsumerCompletion(self)
        self._error: Exception | None = None

    def __repr__(self) -> str:
        return f"<Consumer of {self.queue!r}, {self._life.state.value}>"

    # What an application uses

    @property
    def running(self) -> bool:
        """Whether it is consuming now."""
        return self._life.state is State.CONSUMING

    @property
    def state(self) -> str:
        """One of idle, connecting, declaring, consuming, backoff, resting, draining and stopped."""
        return self._life.state.value

    @property
    def resting(self) -> str:
        """While it rests, how many callbacks have failed in a row, in words. Otherwise ""."""
        breaker = self._processing.breaker
        return str(breaker) if breaker.open else ""

    @property
    def has_consumed(self) -> bool:
        """Whether it is consuming, or has been before."""
        return self._subscriber.consumed_once

    @property
    def unacknowledged(self) -> int:
        """The number of messages that were delivered to it and are not settled."""
        return self._processing.unsettled

    @property
    def waiting(self) -> int:
        """How many of these are waiting for their callback to start."""
        return self._processing.waiting

    @property
    def held(self) -> int:
        """How many of these have failed, and are held until their next attempt."""
        return self._processing.held

    @property
    def ended(self) -> bool:
        """Whether it has ended, or is ending."""
        return self._life.ended

    @property
    def result(self) -> Deferred[Any]:
        """A new Deferred, which fires when the consumer has ended.

        It fires with the consumer after the consumer was cancelled. It fails with HaltConsumer, with what the
        callback raised, with ConsumerCanceled (the queue is gone), with BadDeclaration or
        PermissionException (refused at the first start), or with ConnectionException (TLS was refused at
        the first start). Cancelling it does nothing to the consumer: see :meth:`cancel`.
        """
        return self._completion.result()

    def when_consuming(self) -> Deferred[Consumer]:
        """Return a Deferred that fires with the consumer when it is consuming.

        It fires at once if the consumer has been consuming before. If the consumer ends earlier, it fails
        like :attr:`result`, or with ConsumerCanceled if the consumer was cancelled.
        """
        return self._completion.when_consuming()

    def cancel(self) -> Deferred[None]:
        """Stop consuming.

        Running callbacks finish, and their messages are acknowledged. All other messages are requeued.

        Returns:
            A Deferred that fires when this is done. Cancelling it has no effect.
        """
        return Deferred.fromCoroutine(self.drain(None))

    # What the factory calls

    def start(self) -> None:
        """Consume as soon as there is a connection."""
        self._subscriber.start()

    def connected(self, open_channel: Callable[[], Deferred[Channel]]) -> None:
        """There is a connection; ``open_channel`` opens a channel on it."""
        self._subscriber.connected(open_channel)

    def disconnected(self) -> None:
        """The connection was lost."""
        self._subscriber.disconnected()

    def refused(self, reason: CloseReason) -> None:
        """A connection could not be made."""
        self._subscriber.refused(reason)

    async def pause(self) -> None:
        """Receive nothing until :meth:`resume`.

        What was prefetched goes back to its queue; on an exclusive or auto-deleted queue, which would
        go with its consumer, deliveries are held instead, the prefetch count at most.
        """
        await self._suspension.pause()

    async def resume(self) -> None:
        """Receive again."""
        await self._suspension.resume()

    async def drain(self, grace: float | None, error: Exception | None = None) -> None:
        """Stop in order: take nothing more, requeue what was not started, wait for the callback, settle.

        Args:
            grace: How long all of it may take, in seconds. None means as long as the callback takes.
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
        self._subscriber.cancel_attempt()
        for_all = Grace(self._clock, grace)
        subscribed = self._subscriber.subscribed
        if subscribed is not None:
            await subscribed.unsubscribe(self._clock, for_all.at_most(CLOSE_TIMEOUT))
        await wait(self._clock, self._processing.settled(), for_all.left)
        if subscribed is not None:
            # Whatever becomes of it, the end of the connection requeues what is left.
            await wait(self._clock, subscribed.channel.close(), for_all.at_most(CLOSE_TIMEOUT))
        self._stop(self._error)

    def abort(self) -> None:
        """Stop now. Whatever is not settled the broker requeues when the channel ends."""
        self._stop(self._error)

    # What the subscriber and the callbacks bring about

    def _consuming(self, queue: str) -> None:
        self.queue = queue
        if self._settings.observer is not None:
            self._settings.observer.declared(queue, self._life.generation)
        self._completion.consumes()

    def _end(self, error: Exception | None) -> None:
        """End because of an error, in order, or else at once. Callbacks beside the one that failed finish."""
        grace = CLOSE_TIMEOUT if self._settings.concurrency == 1 else None
        Deferred.fromCoroutine(self.drain(grace, error)).addErrback(lambda _: self._stop(self._error))

    def _stop(self, error: Exception | None) -> None:
        if self._life.state is State.STOPPED:
            return
        self._life.move(State.STOPPED)
        self._suspension.cancel()
        self._subscriber.close()
        self._processing.stop()
        # Logged before the Deferreds fire, since the application may end the process then.
        log_end(self.queue, error, callback_failed=bool(self.stats.failed))
        self._completion.end(error)
