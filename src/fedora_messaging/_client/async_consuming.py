# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Consuming on an asyncio event loop, until the consumers end or the task that waits is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from ..message import Message
from .consuming import all_ended, start_consumers
from .event_loop import EventLoop
from .message_classes import message_classes_loaded

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from ..twisted.consumer import Consumer
    from .current_service import CurrentService

__all__ = ["Consuming"]


class Consuming:
    """The consumers of one call.

    Its methods are called in the loop's thread.

    Args:
        loop: The loop on which callbacks run.
        current: The service that consumes.
        callback: Called with each message.
        options: Those of :meth:`fedora_messaging.twisted.service.FedoraMessagingService.add_consumers`.
    """

    def __init__(
        self, loop: EventLoop, current: CurrentService, callback: Callable[[Message], Any], **options: Any
    ) -> None:
        self._loop = loop
        self._current = current
        self._callback = callback
        self._options = options
        self._context = copy_context()
        self._consumers: list[Consumer] = []
        self._grace = 0.0

    async def start(self) -> None:
        """Consume; returns when every consumer does.

        Raises:
            Exception: The error of the first consumer that has ended by then; the others are cancelled.
        """
        await message_classes_loaded()
        await self._until(self._loop.call(self._start).future)

    async def end(self) -> None:
        """Wait until all consumers have ended.

        Cancelling this ends them in order, within the grace period; cancelling it once more, at once.

        Raises:
            Exception: The error of the first that has ended with one; the others are cancelled.
        """
        await self._until(self._loop.call(self._end).future)

    async def stop(self) -> None:
        """End the consumers in order, within the grace period; when this is cancelled, at once."""
        try:
            await self._loop.call(self._drain).future
        except asyncio.CancelledError:
            self._loop.begin(self._abort)
            raise

    async def _until(self, waited: asyncio.Future[None]) -> None:
        try:
            await waited
        except asyncio.CancelledError:
            await self.stop()
            raise

    # In the reactor's thread

    def _start(self) -> Deferred[None]:
        from twisted.internet.defer import Deferred

        from ..twisted._callbacks.loop_worker import Caller
        from ..twisted._consuming.starting import all_consuming

        caller = Caller(self._loop.loop, self._context)
        self._consumers = start_consumers(self._current, self._callback, caller=caller, **self._options)
        service = self._current.service
        assert service is not None
        self._grace = service.config.shutdown_grace

        async def started() -> None:
            await all_consuming(self._consumers)

        return Deferred.fromCoroutine(started())

    def _end(self) -> Deferred[None]:
        from twisted.internet.defer import Deferred

        return Deferred.fromCoroutine(all_ended(self._consumers))

    def _drain(self) -> Deferred[Any]:
        from twisted.internet.defer import Deferred, DeferredList

        return DeferredList(
            [Deferred.fromCoroutine(consumer.drain(self._grace)) for consumer in self._consumers],
            consumeErrors=True,
        )

    def _abort(self) -> None:
        for consumer in self._consumers:
            consumer.abort()
