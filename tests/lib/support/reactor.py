# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Coroutines in the thread of the one reactor that this process has."""

import gc
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from fedora_messaging._client.reactor_thread import reactor_thread, wait

__all__ = ["Unhandled", "in_reactor", "nothing_unhandled", "outcome"]

T = TypeVar("T")


class Unhandled(AssertionError):
    """Twisted logged errors that nobody handled."""


def in_reactor(function: Callable[..., Coroutine[Any, Any, T]], *arguments: Any, timeout: float = 60) -> T:
    """Run a coroutine function in the reactor's thread; returns what it returns, raises what it raises."""
    from twisted.internet.defer import Deferred

    result: T = wait(reactor_thread.call(lambda: Deferred.fromCoroutine(function(*arguments))), timeout)
    return result


async def outcome(awaited: Awaitable[Any]) -> Any:
    """What an awaitable gives, or the exception it raises."""
    try:
        return await awaited
    except Exception as error:
        return error


@contextmanager
def nothing_unhandled() -> Iterator[None]:
    """What runs inside leaves no error in Twisted's log.

    Raises:
        Unhandled: It did.
    """
    from twisted.logger import formatEvent, globalLogPublisher

    errors: list[str] = []

    def observe(event: Any) -> None:
        if event.get("log_failure") is not None:
            errors.append(f"{formatEvent(event)}\n{event['log_failure'].getTraceback()}")

    observer: Any = observe
    globalLogPublisher.addObserver(observer)
    try:
        yield
        gc.collect()  # a failure is logged when its Deferred goes
        in_reactor(_nothing)
    finally:
        globalLogPublisher.removeObserver(observer)
    if errors:
        raise Unhandled("\n".join(errors))


async def _nothing() -> None:
    """What was logged from other threads before has been seen after this."""
