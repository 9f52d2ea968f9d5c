# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The reactor's thread: started for the first call, shared with applications that use crochet.

Whichever comes first, the application with ``crochet.setup()`` or a call of this module, runs the reactor.
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
from ..exceptions import ConnectionException
from .call import Call, ReactorCall
from .process import when_threads_end

__all__ = ["not_in_reactor", "reactor_thread", "wait"]


class _ReactorThread:
    """The reactor's thread: started once, and refused in a process that was forked after that.

    Invariants:

    - **A caller holds no lock, and waits for nothing but its own call.** The reactor is imported and started
      in a thread of its own, and calls that are made meanwhile wait for their results as all others do. So a
      signal handler or a finalizer may interrupt a call at any line, and make calls of its own.
    - **The reactor runs as long as the interpreter does.** Its thread is a daemon, so that atexit handlers
      can still make calls; later ones are refused. Connections are closed in order when the last thread of
      the application that is not a daemon has ended; one that is opened after that is closed as soon as the
      call that opened it has its result.

    Attributes:
        closers: Called in the reactor's thread when the application has ended, to close connections; each may
            return a Deferred.
        ended: Whether the application has ended.
        waiting: The calls that have no result yet.
    """

    def __init__(self) -> None:
        self.closers: list[Callable[[], Any]] = []
        self.ended = False
        self.waiting: set[ReactorCall] = set()
        # Taken only by threads that start the reactor, which no signal handler interrupts.
        self._lock = threading.Lock()
        #: Calls that were made before the reactor was started.
        self._early: deque[ReactorCall] = deque()
        #: The process that has started the reactor; None: it was not started yet.
        self._pid: int | None = None
        self._from_thread: Any = None
        self._stopped = False

    def call(self, call: Callable[..., Any], *arguments: Any) -> Call:
        """Call a function in the reactor's thread, which is started for the first call.

        Args:
            call: The function; it may return a Deferred.
            arguments: Its arguments.

        Raises:
            ConnectionException: As :meth:`submit`.
        """
        made = Call(call, arguments, self.waiting)
        self.submit(made)
        return made

    def submit(self, made: ReactorCall) -> None:
        """Make a call in the reactor's thread, which is started for the first one.

        Args:
            made: The call, which is one of those ``waiting``.

        Raises:
            ConnectionException: The process was forked after the first use; or this is the first use and the
                interpreter is ending; or the call was made by code that runs while the reactor is started (a
                finalizer, a logging handler), or after the atexit handlers; or the reactor's own event loop
                was closed.
        """
        try:
            if sys.is_finalizing():  # no daemon thread runs any more: nothing would come of it
                raise ConnectionException(reason=_FINALIZING)
            if self._pid != os.getpid():
                self._submit_early(made)
                return
            try:
                self._from_thread(made.run)
            except RuntimeError as error:
                raise ConnectionException(reason=_CLOSED) from error
        except ConnectionException:
            made.withdraw()
            raise
        if self._stopped:
            self._release()

    def cancel(self, call: Call) -> None:
        """Give up a call."""
        if self._from_thread is None:
            call.withdraw()
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
            self.waiting.clear()

    def _release(self) -> None:
        """Fail all calls that are waited for: the reactor has stopped."""
        self._stopped = True
        for each in list(self.waiting):
            each.lost()

    def _submit_early(self, made: ReactorCall) -> None:
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
        self._early.append(made)
        # Each call that is made before the reactor has started starts a thread, because it may not wait for
        # another one's. The first of these threads starts the reactor; each passes on the calls it finds.
        # They are no daemons: the interpreter must not end in the middle of an import (see _importing).
        try:
            threading.Thread(target=self._set_up, name="fedora-messaging start", daemon=False).start()
        except RuntimeError as error:
            raise ConnectionException(reason=_TOO_LATE) from error

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

        try:
            crochet.no_setup()  # from here on crochet.setup() does nothing when the application calls it
        except RuntimeError:  # the application has called it before
            pass
        else:
            if not reactor.running:  # else twistd or the application runs it
                self._run(reactor)
        from_thread = reactor.callFromThread
        try:
            from_thread(reactor.addSystemEventTrigger, "after", "shutdown", self._release)
        except RuntimeError as error:
            raise ConnectionException(reason=_CLOSED) from error
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
_CLOSED = (
    "the asyncio event loop of Twisted's reactor was closed: a process has one reactor, which cannot be "
    "started again. Do not install the asyncio reactor on a loop that ends before the process"
)
_TOO_LATE = (
    "the interpreter is ending, and starts no threads any more: a process that publishes in an atexit "
    "handler (on Python 3.12.0 and 3.12.1: when the main thread has ended) must have used fedora_messaging "
    "before"
)

reactor_thread = _ReactorThread()
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
