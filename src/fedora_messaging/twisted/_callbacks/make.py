# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Which worker runs a callback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..._amqp import received
from ..._core.clock import Clock
from ..._core.observer import Observer, implemented
from ...exceptions import ConsumeException
from ...message import Message
from .calling import runs_on_reactor, uses_inline_callbacks
from .loop_worker import Caller, LoopWorker
from .reactor_worker import ReactorWorker
from .thread_worker import ThreadWorker
from .timer import CallbackTimer
from .worker import Finished, Holds, Worker

__all__ = ["make_worker"]


def make_worker(
    callback: Callable[[Message], Any],
    finished: Finished,
    clock: Clock,
    from_thread: Callable[..., Any] | None,
    *,
    name: str,
    observer: Observer | None,
    timer: CallbackTimer | None,
    died: Callable[[ConsumeException], None],
    holds: Holds,
    concurrency: int,
    caller: Caller | None = None,
) -> Worker:
    """Make the worker of a callback.

    Args:
        callback: Called with each message.
        finished: Called in the reactor's thread with the outcomes.
        clock: The source of time.
        from_thread: ``reactor.callFromThread``, to run a plain callback in a thread of its own; None: on the
            reactor, as all others.
        name: The name of the thread.
        observer: Notified of each callback that starts or ends, when given.
        timer: Times the callbacks, when given.
        died: Called when the thread has ended before its time.
        holds: Whether nothing may be started after an outcome until the worker's ``proceed`` is called.
        concurrency: How many callbacks may run at a time.
        caller: Whose event loop coroutines run on; None: on the reactor.
    """
    started, ended = implemented(observer, "started"), implemented(observer, "ended")
    if timer is not None:
        finished = timer.telling(finished)
    decode = received.decode
    on_reactor = runs_on_reactor(callback)
    if caller is not None and from_thread is not None and on_reactor and not uses_inline_callbacks(callback):
        return LoopWorker(
            callback,
            decode,
            finished,
            from_thread,
            caller,
            started,
            died,
            holds,
            concurrency,
            ended=ended,
            timer=timer,
        )
    if from_thread is None or on_reactor:
        wake_up = from_thread or getattr(clock, "callFromThread", None)
        return ReactorWorker(
            callback,
            decode,
            finished,
            clock.callLater,
            started,
            wake_up,
            holds,
            concurrency,
            ended=ended,
            timer=timer,
        )
    loop = None if caller is None else caller.loop
    return ThreadWorker(
        callback,
        decode,
        finished,
        from_thread,
        name,
        started,
        died,
        holds,
        concurrency,
        loop,
        ended=ended,
        timer=timer,
    )
