# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Calling an application's callback: which thread it belongs to, and how its coroutines are run."""

from __future__ import annotations

import asyncio
import functools
import inspect
import sys
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context, copy_context
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

__all__ = ["drive", "resolve", "run_in_task", "running_loop", "runs_on_reactor", "wait_in_task"]


def resolve(callback: Any) -> Callable[[Any], Any]:
    """The callable to use: a class is instantiated, anything else must be callable.

    Raises:
        ValueError: It is not callable, or it is a class whose instances are not.
    """
    if isinstance(callback, type):
        if not any("__call__" in vars(base) for base in callback.__mro__):
            raise ValueError(f"the callback class {callback.__name__} does not implement __call__")
        callback = callback()
    if not callable(callback):
        raise ValueError(
            "the callback must be a function or a class that implements __call__, "
            f"not {type(callback).__name__}"
        )
    return callback  # type: ignore[no-any-return]


def runs_on_reactor(callback: Callable[[Any], Any]) -> bool:
    """Whether calling it gives an awaitable of the reactor's, which is known before the call.

    Coroutine functions, objects with ``async def __call__``, partials of them and functions made by
    ``inlineCallbacks`` run on the reactor; everything else may block and runs in a thread of its own.
    """
    while isinstance(callback, functools.partial):
        callback = callback.func
    if inspect.iscoroutinefunction(callback) or inspect.isgeneratorfunction(inspect.unwrap(callback)):
        return True
    if inspect.isroutine(callback):
        return False
    call = type(callback).__call__
    return inspect.iscoroutinefunction(call) or inspect.isgeneratorfunction(inspect.unwrap(call))


def drive(result: Any) -> Any:
    """A callback's return value, with coroutines started: a Deferred, or a plain value."""
    if not inspect.iscoroutine(result):
        return result
    loop = running_loop()
    if loop is None:
        return Deferred.fromCoroutine(result)
    return Deferred.fromFuture(loop.create_task(run_in_task(result, loop, copy_context())))


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The event loop of the asyncio reactor, when that is the one that runs."""
    reactor = sys.modules.get("twisted.internet.reactor")
    loop = getattr(reactor, "_asyncioEventloop", None)
    return loop if loop is not None and loop.is_running() else None


async def run_in_task(
    coroutine: Coroutine[Any, Any, Any],
    loop: asyncio.AbstractEventLoop,
    context: Context,
    waits: Callable[[], None] = lambda: None,
) -> Any:
    """Run a coroutine that awaits Deferreds as well as asyncio's futures; to be awaited in an asyncio task.

    Args:
        coroutine: The coroutine.
        loop: The event loop.
        context: What the coroutine runs in.
        waits: Called when it does not run to its end at once.

    Returns:
        What it returns.
    """
    try:
        awaited = context.run(coroutine.send, None)
    except StopIteration as stop:
        return stop.value  # most callbacks never wait; for those this is all
    waits()
    return await _Bridge(coroutine, awaited, loop, context)


async def wait_in_task(deferred: Deferred[Any], loop: asyncio.AbstractEventLoop) -> None:
    """Wait for a Deferred in an asyncio task; raises what it failed with, and cancels it with the task."""
    try:
        await _fired(deferred, loop)
    except asyncio.CancelledError:
        deferred.cancel()
        raise
    results: list[Any] = []
    deferred.addBoth(results.append)
    failure = results[0]
    if isinstance(failure, Failure):
        if failure.check(StopIteration):  # which no coroutine may raise
            raise RuntimeError("the callback's Deferred failed with StopIteration") from failure.value
        failure.raiseException()


class _Bridge:
    """The rest of a coroutine that awaits Deferreds in an asyncio task, where only futures may be awaited.

    Args:
        coroutine: The coroutine, which has been started.
        awaited: What it awaits now.
        loop: The event loop.
        context: What it runs in.
    """

    def __init__(
        self,
        coroutine: Coroutine[Any, Any, Any],
        awaited: Any,
        loop: asyncio.AbstractEventLoop,
        context: Context,
    ) -> None:
        self._coroutine = coroutine
        self._awaited = awaited
        self._loop = loop
        self._context = context

    def __await__(self) -> Generator[Any, Any, Any]:
        run, coroutine, awaited = self._context.run, self._coroutine, self._awaited
        while True:
            error: BaseException | None = None
            try:
                if isinstance(awaited, Deferred):
                    # The coroutine reads the Deferred itself once it has fired: its result must stay.
                    yield from _fired(awaited, self._loop).__await__()
                else:
                    yield awaited
            except BaseException as thrown:
                error = thrown
            try:
                if error is None:
                    awaited = run(coroutine.send, None)
                else:
                    awaited = run(coroutine.throw, error)
            except StopIteration as stop:
                return stop.value


def _fired(deferred: Deferred[Any], loop: asyncio.AbstractEventLoop) -> asyncio.Future[None]:
    future: asyncio.Future[None] = loop.create_future()

    def fire(result: Any) -> Any:
        if not future.done():
            future.set_result(None)
        return result

    deferred.addBoth(fire)
    return future
