# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A blocking call that consumes until the consumers end, or it is asked to stop."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from ..exceptions import HaltConsumer
from ..message import Message
from .reactor_thread import reactor_thread, wait

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from ..twisted.consumer import Consumer
    from .current_service import CurrentService

__all__ = ["all_ended", "consume_to_the_end", "start_consumers"]


def start_consumers(
    current: CurrentService, callback: Callable[[Message], Any], **options: Any
) -> list[Consumer]:
    """Add consumers to the service, and start both; in the reactor's thread.

    Args:
        current: The service.
        callback: Called with each message.
        options: Those of :meth:`fedora_messaging.twisted.service.FedoraMessagingService.add_consumers`.

    Raises:
        ValueError: The callback is not callable, or the options are not of the shape named.
        ConfigurationException: The failure policy cannot be used.
    """
    service = current.for_consumers()
    consumers = service.add_consumers(callback, in_thread=True, **options)
    # Started only now: a service without consumers connects for publishing.
    if not service.running:
        service.startService()
    return consumers


async def all_ended(consumers: list[Consumer]) -> None:
    """Wait until all consumers have ended, or one has ended with an error; then the others are cancelled.

    Raises:
        Exception: The error of the first.
    """
    from twisted.internet.defer import DeferredList, FirstError

    results = [consumer.result for consumer in consumers]
    try:
        await DeferredList(results, fireOnOneErrback=True, consumeErrors=True)
    except FirstError as first:
        await DeferredList([consumer.cancel() for consumer in consumers])
        first.subFailure.raiseException()


def consume_to_the_end(
    start: Callable[[], Deferred[list[Consumer]]],
    current: CurrentService,
    stopped_by: Callable[[Callable[[], Any], Callable[[], Any]], AbstractContextManager[None]],
) -> None:
    """Consume until all consumers have ended, one has ended with an error, or a request stops the service.

    Args:
        start: Starts the consumers; called in the reactor's thread.
        current: The service that is stopped.
        stopped_by: A context manager within which the first request to stop calls the first argument, which
            stops the service in order, and the second request the second one, which drops its connections:
            :func:`~fedora_messaging._client.process.ended_by_signals`.

    Raises:
        HaltConsumer: The callback raised it.
        Exception: What ``start`` raised, or the error with which the first consumer ended; after a request to
            stop such errors are not raised.
    """
    stopping: list[int] = []
    consuming = reactor_thread.call(_until_all_have_ended, start)

    def stop() -> None:
        stopping.append(1)
        reactor_thread.call(current.stop)

    def abort() -> None:
        reactor_thread.call(current.abort)

    with stopped_by(stop, abort):
        try:
            wait(consuming, None)
        except Exception as error:
            if not stopping or issubclass(type(error), HaltConsumer):
                raise
        if stopping:
            wait(reactor_thread.call(current.stop), None)


def _until_all_have_ended(start: Callable[[], Deferred[list[Consumer]]]) -> Deferred[None]:
    from twisted.internet.defer import Deferred

    async def consume() -> None:
        await all_ended(await start())

    return Deferred.fromCoroutine(consume())
