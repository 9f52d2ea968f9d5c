# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The consumers of a client factory: added, watched, ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, DeferredList

from .._core import topology
from .._core.retry import Retry
from .._core.topology import Binding, Queue
from ..message import Message
from ._connection.managed import ConnectionT
from ._consuming.settings import (
    ConsumerSettings,
    checked_concurrency,
    refuse_streams,
    with_concurrency,
    with_policy,
)
from ._consuming.starting import all_consuming
from ._publishing_factory import Publishing
from .stats import ConsumerStatistics

if TYPE_CHECKING:
    from ._callbacks.loop_worker import Caller
    from .consumer import Consumer

__all__ = ["Consuming"]


class Consuming(Publishing[ConnectionT]):
    """Has consumers, which survive its connections, and publishes what of their messages failed.

    A subclass gives the protocols that it makes to the consumers, and sets the attributes.
    """

    _bindings: tuple[Binding, ...]
    _queues: tuple[Queue, ...]
    _settings: ConsumerSettings

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._consumers: list[Consumer] = []
        self._ended_statistics = ConsumerStatistics()
        self._failed = 0

    def consume(
        self,
        message_callback: Callable[[Message], Any],
        *,
        bindings: Any = None,
        queues: Any = None,
        in_thread: bool = False,
        prefetch_count: int | None = None,
        concurrency: int | None = None,
        name: str = "",
        retry: Retry | None = None,
        retry_source: str = "retry",
    ) -> Deferred[list[Consumer]]:
        """Call a callback with each message.

        Each call of this method adds consumers. They survive reconnects.

        Args:
            message_callback: Called with each message. It may return a Deferred or be a coroutine function.
            bindings: As for the class. None means those of the factory.
            queues: As for the class. None means those of the factory.
            prefetch_count: How many messages the broker sends in advance. None means the factory's number.
            concurrency: How many callbacks may run at a time, in any order. None means the factory's number.
            name: A name for the consumers in logs and on the monitoring pages.
            in_thread: Whether to run a callback that is not a coroutine function in a thread, and not on the
                reactor.
            retry: The failure policy, unless the callback has its own. None means that of ``nack_delay``.
            retry_source: Where the policy comes from, in words, for errors.

        Returns:
            A Deferred that fires with a list of consumers, one for each queue, when each is consuming.
            It fails with the error of the first that has ended by then, and ends the others.
            Cancelling it cancels the consumers.

        Raises:
            ValueError: The callback is not callable, bindings or queues are not of the shape named, or
                ``concurrency`` is no whole number, 1 at least.
            ConfigurationException: A queue is a stream, or cannot be used with the failure policy, or the
                policy or a queue not with the concurrency.
        """
        consumers = self.add_consumers(
            message_callback,
            bindings=bindings,
            queues=queues,
            in_thread=in_thread,
            prefetch_count=prefetch_count,
            concurrency=concurrency,
            name=name,
            retry=retry,
            retry_source=retry_source,
        )
        return Deferred.fromCoroutine(all_consuming(consumers))

    def add_consumers(
        self,
        message_callback: Callable[[Message], Any],
        *,
        bindings: Any = None,
        queues: Any = None,
        in_thread: bool = False,
        prefetch_count: int | None = None,
        concurrency: int | None = None,
        name: str = "",
        retry: Retry | None = None,
        retry_source: str = "retry",
        caller: Caller | None = None,
    ) -> list[Consumer]:
        """Add consumers as :meth:`consume` does, which starts them, and return them at once.

        Args:
            message_callback: As for :meth:`consume`.
            bindings: As for :meth:`consume`.
            queues: As for :meth:`consume`.
            prefetch_count: As for :meth:`consume`.
            concurrency: As for :meth:`consume`.
            name: As for :meth:`consume`.
            in_thread: As for :meth:`consume`.
            retry: As for :meth:`consume`.
            retry_source: As for :meth:`consume`.
            caller: Whose event loop coroutine functions run on, when ``in_thread`` is true; None: on the
                reactor.

        Raises:
            ValueError: As :meth:`consume`.
            ConfigurationException: As :meth:`consume`.
        """
        # Publishers do without: 20 to 30 of the 480 ms of a script that publishes one message, and half a MB.
        from .consumer import Consumer

        subscriptions = topology.subscriptions(
            self._queues if queues is None else topology.queues(queues),
            self._bindings if bindings is None else topology.bindings(bindings),
        )
        if not subscriptions:
            raise ValueError("there is nothing to consume: neither a queue nor a binding is named")
        refuse_streams(subscriptions)
        settings = self._settings
        if prefetch_count is not None:
            settings = replace(settings, prefetch_count=prefetch_count)
        if concurrency is not None:
            settings = replace(settings, concurrency=checked_concurrency(concurrency))
        settings = with_policy(settings, message_callback, retry, retry_source, self.confirms, subscriptions)
        settings = with_concurrency(settings, subscriptions)
        from_thread = getattr(self._clock, "callFromThread", None) if in_thread else None
        consumers = [
            Consumer(
                subscription,
                message_callback,
                settings,
                self._clock,
                from_thread=from_thread,
                caller=caller,
                stuck=self._declaring_stuck,
                progressed=self._made_progress,
                elsewhere=self,
                name=name,
                forward=self._forward,
            )
            for subscription in subscriptions
        ]
        for consumer in consumers:
            self._consumers.append(consumer)
            consumer.result.addBoth(self._consumer_ended, consumer)
        connection: Any = self._connection
        for consumer in consumers:
            consumer.start()
            if connection is not None:
                connection.add(consumer)
        self.connect()
        return consumers

    def cancel(self, consumers: Iterable[Consumer]) -> Deferred[None]:
        """Cancel consumers.

        Returns:
            A Deferred that fires when their callbacks have finished and their messages are settled. It never
            fails.
        """
        return DeferredList([consumer.cancel() for consumer in consumers]).addCallback(lambda _: None)

    @property
    def consuming(self) -> bool:
        """Whether there are consumers, and all of them are consuming now."""
        return bool(self._consumers) and all(consumer.running for consumer in self._consumers)

    @property
    def ready(self) -> bool:
        """Whether every consumer is consuming, none is resting, and none has ended with an error."""
        return not self._failed and all(each.running and not each.resting for each in self._consumers)

    @property
    def consumers(self) -> tuple[Consumer, ...]:
        """The consumers that have not ended."""
        return tuple(self._consumers)

    async def drain_consumers(self, grace: float | None) -> None:
        """Stop all consumers in order; see :meth:`Consumer.drain`."""
        draining = [Deferred.fromCoroutine(consumer.drain(grace)) for consumer in list(self._consumers)]
        for each in draining:
            await each

    def _declaring_stuck(self) -> None:
        if self._connection is not None and not any(consumer.running for consumer in self._consumers):
            self._connection.abort("declaring took too long, and nothing else uses the connection")

    def _consumer_ended(self, outcome: Any, consumer: Consumer) -> None:
        if outcome is not consumer:
            self._failed += 1
        self._consumers.remove(consumer)
        self._ended_statistics += consumer.stats
        connection: Any = self._connection
        if connection is not None:
            connection.remove(consumer)
