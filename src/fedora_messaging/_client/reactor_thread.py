# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The reactor's thread, and waiting for what runs in it.

It gets on with applications that use crochet themselves: whoever comes first runs the reactor.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .._importing import busy
from ..exceptions import ConnectionException, excerpt
from .process import ended_by_signals, when_threads_end

__all__ = ["Call", "ended_by_signals", "not_in_reactor", "reactor_thread", "wait"]


class Call:
    """Something that runs in the reactor's thread. Another thread waits for what comes of it, on a lock.

    crochet's own EventualResult does the same for 30 µs more, logs failures that nobody waits for any more,
    and knows of no call that is given up.

    Args:
        call: What is called; it may return a Deferred.
        arguments: With what.
    """

    __slots__ = ("_arguments", "_call", "_deferred", "_failure", "_fired", "_result", "_waiting")

    def __init__(self, call: Callable[..., Any], arguments: tuple[Any, ...], waiting: set[Call]) -> None:
        self._call = call
        self._arguments = arguments
        self._deferred: Any = None
        self._result: Any = None
        self._failure: Any = None
        self._fired = threading.Lock()
        self._fired.acquire()
        self._waiting = waiting
        waiting.add(self)

    def run(self) -> None:
        """Call it; in the reactor's thread."""
        from twisted.internet.defer import maybeDeferred

        if self in self._waiting:
            self._deferred = maybeDeferred(self._call, *self._arguments)
            self._deferred.addCallbacks(self._end, lambda failure: self._end(failure=failure))

    def lost(self) -> None:
        """The reactor has stopped; from any thread."""
        self._end(failure=ConnectionException(reason="the reactor was stopped"))

    def failed(self, error: BaseException) -> None:
        """It could not be called; from any thread."""
        if not isinstance(error, Exception):  # SystemExit, in a thread that nobody knows of
            error = ConnectionException(reason=f"the reactor could not be started: {excerpt(repr(error))}")
        self._end(failure=error)

    def _end(self, result: Any = None, failure: Any = None) -> None:
        try:
            self._waiting.remove(self)  # one step: of two threads one gets on
        except KeyError:
            return
        self._result, self._failure = result, failure
        self._fired.release()

    def cancel(self) -> None:
        """Give it up; in the reactor's thread."""
        if self._deferred is not None:
            self._deferred.cancel()
        else:
            self._waiting.discard(self)

    def wait(self, timeout: float | None) -> Any:
        """What it returned; raises what it failed with.

        Args:
            timeout: Seconds; None: no limit.

        Raises:
            TimeoutError: It is still running.
        """
        limit = -1 if timeout is None else max(0.0, min(timeout, threading.TIMEOUT_MAX))
        if not self._fired.acquire(timeout=limit):
            raise TimeoutError
        self._fired.release()
        failure = self._failure
        if isinstance(failure, Exception):
            raise failure
        if failure is not None:
            failure.raiseException()
        return self._result


class _Reactor:
    """The reactor's thread: started once, never shared with a fork.

    Invariants:

    - **No caller holds a lock or waits for more than its call.** The reactor is imported and started in a
      thread of its own, and calls wait for that as they wait for their results. A signal handler or finalizer
      that interrupts a call, in whatever line, can make calls of its own.
    - **The reactor outlives every use.** Its thread is a daemon, and runs until the interpreter is gone, so
      that atexit handlers can use it. What is open is closed in order when the last thread of the application
      that is no daemon has ended; whatever is used later is closed after each use.

    Attributes:
        closers: Called in the reactor's thread, when the application has ended, to close what is open; each
            may return a Deferred.
        ended: Whether the application has.
    """

    def __init__(self) -> None:
        self.closers: list[Callable[[], Any]] = []
        # Taken only by threads that start the reactor, which no signal handler interrupts.
        self._lock = threading.Lock()
        self._ours = False
        self._early: deque[Call] = deque()
        self._pid: int | None = None
        self._from_thread: Any = None
        self._stopped = False
        self._waiting: set[Call] = set()
        self.ended = False

    def call(self, call: Callable[..., Any], *arguments: Any) -> Call:
        """Call something in the reactor's thread, which is started for the first call.

        Raises:
            ConnectionException: The process was forked after the first use; or this is the first use, and the
                interpreter is ending, or starting the reactor has brought it about (a finalizer, a logging
                handler).
        """
        if self._pid != os.getpid():
            return self._early_call(call, arguments)
        made = Call(call, arguments, self._waiting)
        self._from_thread(made.run)
        if self._stopped:
            self._release()
        return made

    def cancel(self, call: Call) -> None:
        """Give up a call."""
        if self._from_thread is None:
            self._waiting.discard(call)
        else:
            self._from_thread(call.cancel)

    def close(self) -> None:
        """Close what is open, in order, and wait for that; not in the reactor's thread."""
        closers = list(self.closers)
        if not closers:
            return

        def close() -> Any:
            from twisted.internet.defer import DeferredList, maybeDeferred

            return DeferredList([maybeDeferred(each) for each in closers], consumeErrors=True)

        with suppress(ConnectionException):  # somebody has stopped the reactor: it is done
            self.call(close).wait(None)

    def forget_start(self) -> None:
        """In a fork: nobody is starting the reactor, whatever the parent was doing."""
        if self._pid is None:
            self._lock = threading.Lock()
            self._early.clear()
            self._waiting.clear()

    def _release(self) -> None:
        """The reactor has stopped: nothing will come of what is waited for."""
        self._stopped = True
        for each in list(self._waiting):
            each.lost()

    def _early_call(self, call: Callable[..., Any], arguments: tuple[Any, ...]) -> Call:
        if self._pid is not None:
            raise ConnectionException(
                reason="this process was forked after its parent had used fedora_messaging: the "
                "reactor's thread stayed behind. Use it for the first time after the fork"
            )
        if threading.get_ident() in busy:
            raise ConnectionException(reason=_STARTING)
        main = threading.main_thread()
        if threading.current_thread() is main and not main.is_alive():
            raise ConnectionException(reason=_TOO_LATE)
        made = Call(call, arguments, self._waiting)
        self._early.append(made)
        # Whoever calls before it is ready starts a thread: the first starts the reactor, and each passes on
        # what has come. A daemon, because a process does not wait for what nobody waits for.
        try:
            threading.Thread(target=self._set_up, name="fedora-messaging start", daemon=True).start()
        except RuntimeError as error:
            self._waiting.discard(made)
            raise ConnectionException(reason=_TOO_LATE) from error
        return made

    def _set_up(self) -> None:
        failed: BaseException | None = None
        with self._lock:
            if self._pid is None:
                busy.add(threading.get_ident())
                try:
                    self._start()
                except BaseException as error:  # whoever waits is told, whatever it is
                    failed = error
                finally:
                    busy.discard(threading.get_ident())
        with suppress(IndexError):
            while True:
                call = self._early.popleft()
                if failed is None:
                    self._from_thread(call.run)
                else:
                    call.failed(failed)

    def _start(self) -> None:
        import crochet
        from twisted.internet import reactor

        with suppress(RuntimeError):  # the application has set up crochet by itself
            # From here on an application's crochet.setup() does nothing, as if it had been called.
            crochet.no_setup()
            self._ours = not reactor.running  # twistd, or an application, may run it
        if self._ours:
            self._run(reactor)
        from_thread = reactor.callFromThread
        from_thread(reactor.addSystemEventTrigger, "after", "shutdown", self._release)
        self._from_thread = from_thread
        self._pid = os.getpid()

    def _run(self, reactor: Any) -> None:
        from .._steady import make_steady
        from .threaded import prepare

        make_steady(reactor)
        prepare(reactor)
        when_threads_end(self._application_ended)
        threading.Thread(
            target=reactor.run,
            kwargs={"installSignalHandlers": False},
            name="fedora-messaging reactor",
            daemon=True,
        ).start()

    def _application_ended(self) -> None:
        self.ended = True
        self.close()


_STARTING = (
    "fedora_messaging is being started by this very thread, which called it again (from a finalizer or a "
    "logging handler): call it later, or from another thread"
)
_TOO_LATE = (
    "the interpreter is ending, and starts no threads any more: a process that publishes in an atexit "
    "handler (on Python 3.12.0 and 3.12.1: when the main thread has ended) must have used fedora_messaging "
    "before"
)

reactor_thread = _Reactor()
os.register_at_fork(after_in_child=reactor_thread.forget_start)


def wait(call: Call, timeout: float | None) -> Any:
    """See :meth:`Call.wait`.

    Raises:
        RuntimeError: Called in the reactor's thread, where nothing would come of it.
    """
    not_in_reactor("waiting for a call", "its Deferred")
    try:
        return call.wait(timeout)
    finally:
        if reactor_thread.ended:
            reactor_thread.close()


def not_in_reactor(name: str, instead: str) -> None:
    if busy and threading.get_ident() in busy:
        raise ConnectionException(reason=_STARTING)
    # Nothing is imported here: whoever calls may have interrupted the very import.
    threadable = sys.modules.get("twisted.python.threadable")
    if threadable is not None and getattr(threadable, "isInIOThread", bool)():
        raise RuntimeError(f"{name} would block the reactor, in whose thread it was called; use {instead}")
