# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The reactor's thread, and calls into it that other threads wait for.

It works together with applications that use crochet themselves: whichever comes first runs the reactor.
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
    """A call in the reactor's thread, for whose result another thread waits on a lock.

    crochet's EventualResult does the same for 30 µs more, logs failures that nobody waits for any more, and
    has no way to give up a call.

    Args:
        call: The function; it may return a Deferred.
        arguments: Its arguments.
        waiting: The calls whose result is still to come; this one is added.
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
        """Make the call; in the reactor's thread."""
        from twisted.internet.defer import maybeDeferred

        if self in self._waiting:
            self._deferred = maybeDeferred(self._call, *self._arguments)
            self._deferred.addCallbacks(self._end, lambda failure: self._end(failure=failure))

    def lost(self) -> None:
        """Fail because the reactor has stopped; from any thread."""
        self._end(failure=ConnectionException(reason="the reactor was stopped"))

    def failed(self, error: BaseException) -> None:
        """Fail because the reactor could not be started; from any thread."""
        if not isinstance(error, Exception):  # SystemExit, for one, which would end only this thread
            error = ConnectionException(reason=f"the reactor could not be started: {excerpt(repr(error))}")
        self._end(failure=error)

    def _end(self, result: Any = None, failure: Any = None) -> None:
        try:
            self._waiting.remove(self)  # atomic: only one of two threads goes on
        except KeyError:
            return
        self._result, self._failure = result, failure
        self._fired.release()

    def cancel(self) -> None:
        """Give up the call; in the reactor's thread."""
        if self._deferred is not None:
            self._deferred.cancel()
        else:
            self._waiting.discard(self)

    def wait(self, timeout: float | None) -> Any:
        """Wait for the result of the call.

        Args:
            timeout: Seconds; None: no limit.

        Returns:
            What the call returned.

        Raises:
            TimeoutError: The call is still running.
            Exception: Whatever the call raised.
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

    - **No caller holds a lock or waits for anything but its own call.** The reactor is imported and started
      in a thread of its own, and calls wait for that as they wait for their results. A signal handler or
      finalizer that interrupts a call, at whatever line, can make calls of its own.
    - **The reactor outlives every use.** Its thread is a daemon, and runs until the interpreter is gone, so
      that atexit handlers can use it; calls after them are refused. Connections are closed in order when the
      last thread of the application that is not a daemon has ended; connections that are opened later are
      closed after each use.

    Attributes:
        closers: Called in the reactor's thread when the application has ended, to close connections; each may
            return a Deferred.
        ended: Whether the application has ended.
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
        """Call a function in the reactor's thread, which is started for the first call.

        Args:
            call: The function; it may return a Deferred.
            arguments: Its arguments.

        Raises:
            ConnectionException: The process was forked after the first use; or this is the first use and the
                interpreter is ending; or the call was made by code that runs while the reactor is started (a
                finalizer, a logging handler), or after the atexit handlers.
        """
        if sys.is_finalizing():  # no daemon thread runs any more: nothing would come of it
            raise ConnectionException(reason=_FINALIZING)
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
        """Close connections in order, and wait for that; not in the reactor's thread."""
        closers = list(self.closers)
        if not closers:
            return

        def close() -> Any:
            from twisted.internet.defer import DeferredList, maybeDeferred

            return DeferredList([maybeDeferred(each) for each in closers], consumeErrors=True)

        with suppress(ConnectionException):  # the application has stopped the reactor: nothing is open
            self.call(close).wait(None)

    def forget_start(self) -> None:
        """Reset the state in a forked child, where no thread is starting the reactor."""
        if self._pid is None:
            self._lock = threading.Lock()
            self._early.clear()
            self._waiting.clear()

    def _release(self) -> None:
        """Fail all calls that are waited for: the reactor has stopped."""
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
        # Each call before the reactor is ready starts a thread: the first one starts the reactor, and each
        # passes on the calls that have come in. They are daemons, so that they do not keep the process alive.
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
                except BaseException as error:  # raised to everyone who waits, whatever it is
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
            # From here on crochet.setup() does nothing when the application calls it.
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
_FINALIZING = (
    "the interpreter is being finalized, and runs no threads any more: publish in an atexit handler at the "
    "latest, not in a __del__ or weakref callback that runs after them"
)
_TOO_LATE = (
    "the interpreter is ending, and starts no threads any more: a process that publishes in an atexit "
    "handler (on Python 3.12.0 and 3.12.1: when the main thread has ended) must have used fedora_messaging "
    "before"
)

reactor_thread = _Reactor()
os.register_at_fork(after_in_child=reactor_thread.forget_start)


def wait(call: Call, timeout: float | None) -> Any:
    """Wait for the result of a call, as :meth:`Call.wait` does.

    Args:
        call: The call.
        timeout: Seconds; None: no limit.

    Raises:
        RuntimeError: Called in the reactor's thread, which would wait for itself.
        TimeoutError: The call is still running.
        Exception: Whatever the call raised.
    """
    not_in_reactor("waiting for a call", "its Deferred")
    try:
        return call.wait(timeout)
    finally:
        if reactor_thread.ended:
            reactor_thread.close()


def not_in_reactor(name: str, instead: str) -> None:
    """Refuse a blocking call where it could never return.

    Args:
        name: The name of the call.
        instead: What to use in the reactor's thread.

    Raises:
        RuntimeError: Called in the reactor's thread.
        ConnectionException: Called in a thread that is starting the reactor.
    """
    if busy and threading.get_ident() in busy:
        raise ConnectionException(reason=_STARTING)
    # Nothing is imported here: the caller may have interrupted the import of that very module.
    threadable = sys.modules.get("twisted.python.threadable")
    if threadable is not None and getattr(threadable, "isInIOThread", bool)():
        raise RuntimeError(f"{name} would block the reactor, in whose thread it was called; use {instead}")
