# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Waiting for what an application's callable returned, of whatever kind it is.

Whatever is awaitable is awaited: Deferreds, coroutines, asyncio's and concurrent.futures' futures, and any
object with ``__await__``; what that gives is awaited in turn if it is awaitable, as what a coroutine returns
that calls another one and forgets to await it. How it ended goes through plain values rather than Failures,
which cannot carry every exception.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
import sys
import types
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context, copy_context
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from ..._reporting.text import name_of, shown
from .._clock import global_clock

__all__ = [
    "ELSEWHERE",
    "Ended",
    "end_of",
    "is_awaitable",
    "outcome_of",
    "run_in_task",
    "running_loop",
    "start_awaitable",
    "wait_in_task",
    "wrapped",
]


#: Why a Deferred cannot be awaited on an event loop that is not the reactor's.
ELSEWHERE = (
    "the callback awaits a Deferred, which belongs to the reactor, on an asyncio event loop in another "
    "thread: use fedora_messaging.asyncio in it, or consume with fedora_messaging.api"
)


class Ended(NamedTuple):
    """How something ended: what it returned, or what it raised."""

    value: Any
    error: BaseException | None


def is_awaitable(result: Any) -> bool:
    """Whether what a callable returned is to be waited for.

    Raises:
        TypeError: It is a generator: nobody would run it, and what it stands for would not be done.
    """
    kind = type(result)  # isinstance() asks the object's __class__, which may be a Mock's
    if result is None:
        return False
    if issubclass(kind, types.GeneratorType) and not inspect.isawaitable(result):
        raise TypeError("the callback returned a generator, which is never run; use inlineCallbacks")
    if issubclass(kind, types.AsyncGeneratorType):
        raise TypeError("the callback returned an async generator, which is never run")
    return (
        getattr(kind, "__await__", None) is not None
        or issubclass(kind, (concurrent.futures.Future, types.GeneratorType))
        or asyncio.isfuture(result)
    )


def start_awaitable(result: Any, from_thread: Callable[..., Any] | None = None) -> Any:
    """Start a return value that is awaitable (:func:`outcome_of`): a Deferred, or the plain value."""
    if not is_awaitable(result):
        return result
    if issubclass(type(result), Deferred):
        return result.addCallback(start_awaitable, from_thread)

    def unpack(ended: Ended) -> Any:
        if ended.error is not None:
            return Failure(ended.error)
        return ended.value

    return outcome_of(result, from_thread).addCallback(unpack)


def outcome_of(
    awaitable: Any, from_thread: Callable[..., Any] | None = None, context: Context | None = None
) -> Deferred[Ended]:
    """Wait for something awaitable, and for whatever awaitable that gives, in the reactor's thread.

    Args:
        awaitable: See :func:`is_awaitable`.
        from_thread: ``reactor.callFromThread``; None: the global reactor's.
        context: What a coroutine runs in; None: a copy of the present one.

    Returns:
        A Deferred that fires with how it ended. It fails only when it is cancelled.
    """
    context = copy_context() if context is None else context

    def further(ended: Ended) -> Ended | Deferred[Ended]:
        try:
            if ended.value is not None and is_awaitable(ended.value):
                return outcome_of(ended.value, from_thread, context)
        except Exception as error:
            return Ended(None, error)
        return ended

    return _first_outcome(awaitable, from_thread, context).addCallback(further)


def _first_outcome(
    awaitable: Any, from_thread: Callable[..., Any] | None, context: Context
) -> Deferred[Ended]:
    """Wait for something awaitable alone."""
    kind = type(awaitable)
    done: Deferred[Ended]
    if issubclass(kind, Deferred):
        done = Deferred(lambda _: awaitable.cancel())
        awaitable.addBoth(lambda result: done.callback(_ended(result)))
        return done
    loop = running_loop()
    if issubclass(kind, concurrent.futures.Future) or (
        asyncio.isfuture(awaitable) and awaitable.get_loop() is not loop
    ):
        return _future(awaitable, from_thread or global_clock().callFromThread)
    if loop is None:
        return context.run(Deferred.fromCoroutine, end_of(awaitable))
    task = loop.create_task(run_in_task(end_of(awaitable), loop, context))
    return Deferred.fromFuture(task).addErrback(_ended)


async def wrapped(awaitable: Any) -> Any:
    """A coroutine that awaits it."""
    return await awaitable


async def end_of(awaitable: Any) -> Ended:
    """A coroutine that awaits it, and returns how it ended."""
    try:
        if issubclass(type(awaitable), concurrent.futures.Future):
            awaitable = asyncio.wrap_future(awaitable)
        return Ended(await awaitable, None)
    except BaseException as error:
        return Ended(None, error)


def _ended(result: Any) -> Ended:
    if not isinstance(result, Failure):
        return Ended(result, None)
    error = result.value
    if not issubclass(type(error), BaseException):  # Failures may hold anything
        error = RuntimeError(f"a Deferred failed with {shown(error, 300)}")
    return Ended(None, error)


def _future(future: Any, from_thread: Callable[..., Any]) -> Deferred[Ended]:
    """Wait for a future that ends in another thread, or belongs to another event loop."""
    done: Deferred[Ended] = Deferred(lambda _: None)

    def fired(_: Any = None) -> None:
        try:
            ended = Ended(future.result(), None)
        except BaseException as error:
            ended = Ended(None, error)
        from_thread(fire, ended)

    def fire(ended: Ended) -> None:
        if not done.called:
            done.callback(ended)

    if future.done():
        fired()
    elif issubclass(type(future), concurrent.futures.Future):
        future.add_done_callback(fired)
    elif future.get_loop().is_running():
        future.get_loop().call_soon_threadsafe(future.add_done_callback, fired)
    else:
        raise RuntimeError(
            f"the callback returned a {name_of(future)} of an asyncio event loop that does not run: the "
            "reactor is not asyncio's, or it was made in another thread"
        )
    return done


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


async def wait_in_task(deferred: Deferred[Any], loop: asyncio.AbstractEventLoop) -> Any:
    """Wait for a Deferred in an asyncio task; raises what it failed with, and cancels it with the task.

    Returns:
        What it fired with.
    """
    try:
        await _fired(deferred, loop)
    except asyncio.CancelledError:
        deferred.cancel()
        raise
    results: list[Any] = []
    deferred.addBoth(results.append)
    result = results[0]
    if isinstance(result, Failure):
        if result.check(StopIteration):  # which no coroutine may raise
            raise RuntimeError("the callback's Deferred failed with StopIteration") from result.value
        result.raiseException()
    return result


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
                    if self._loop is not running_loop():
                        raise RuntimeError(ELSEWHERE)
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
