# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The reactor's thread, which crochet starts and stops, and waiting for what runs in it."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from .exceptions import ConnectionException

__all__ = ["Call", "ended_by_signals", "not_in_reactor", "reactor_thread", "wait"]

_log = logging.getLogger(__name__)


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
    """The reactor's thread: started once, never shared with a fork."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pid: int | None = None
        self._from_thread: Any = None
        self._stopped = False
        self._waiting: set[Call] = set()

    def call(self, call: Callable[..., Any], *arguments: Any) -> Call:
        """Call something in the reactor's thread.

        Raises:
            ConnectionException: The process was forked after the first use.
        """
        if self._pid != os.getpid():
            self._start()
        made = Call(call, arguments, self._waiting)
        self._from_thread(made.run)
        if self._stopped:
            self._release()
        return made

    def cancel(self, call: Call) -> None:
        """Give up a call."""
        self._from_thread(call.cancel)

    def _release(self) -> None:
        """The reactor has stopped: nothing will come of what is waited for."""
        self._stopped = True
        for each in list(self._waiting):
            each.lost()

    def _start(self) -> None:
        import crochet

        with self._lock:
            if self._pid == os.getpid():
                return
            if self._pid is not None:
                raise ConnectionException(
                    reason="this process was forked after its parent had used fedora_messaging: the "
                    "reactor's thread stayed behind. Use it for the first time after the fork"
                )
            from twisted.internet import reactor

            if reactor.running:
                # Somebody else runs it: twistd, or an application, which may have set up crochet by itself.
                with suppress(RuntimeError):
                    crochet.no_setup()
            else:
                # In a thread of its own, because threads inherit being a daemon: with a reactor that is one
                # the process would end without a word to the broker.
                setup = threading.Thread(target=crochet.setup, daemon=False)
                setup.start()
                setup.join()
            self._from_thread = reactor.callFromThread
            self._from_thread(reactor.addSystemEventTrigger, "after", "shutdown", self._release)
            self._pid = os.getpid()


reactor_thread = _Reactor()


def wait(call: Call, timeout: float | None) -> Any:
    """See :meth:`Call.wait`.

    Raises:
        RuntimeError: Called in the reactor's thread, where nothing would come of it.
    """
    not_in_reactor("waiting for a call", "its Deferred")
    return call.wait(timeout)


def not_in_reactor(name: str, instead: str) -> None:
    from twisted.python.threadable import isInIOThread

    if isInIOThread():
        raise RuntimeError(f"{name} would block the reactor, in whose thread it was called; use {instead}")


_ENDING = (signal.SIGTERM, signal.SIGINT)

#: What a fork is to undo: its signals are its own, and the wake-up descriptor is shared with its parent.
_to_undo: list[Callable[[], None]] = []


def _forked() -> None:
    while _to_undo:
        _to_undo.pop()()


os.register_at_fork(after_in_child=_forked)


@contextmanager
def ended_by_signals(first: Callable[[], Any], second: Callable[[], Any]) -> Iterator[None]:
    """In the main thread, SIGTERM and SIGINT call ``first``, and the next one ``second``; both must not
    block, and are called in another thread.

    Python calls handlers in the main thread alone, which waits here and is woken by nothing when the kernel
    gives the signal to another thread (as it may to a process that was stopped or frozen). So a thread reads
    signals from the wake-up descriptor, which hears of them wherever they arrive.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    calls = [second, first]
    reading, writing = socket.socketpair()
    writing.setblocking(False)
    # The descriptor before the handlers, and after them when it ends: no signal falls between.
    other = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
    before = {number: signal.signal(number, _noted) for number in _ENDING}

    def undo() -> None:
        for number, old in before.items():
            signal.signal(number, signal.SIG_DFL if old is None else old)  # None: not set from Python
        signal.set_wakeup_fd(other)

    _to_undo.append(undo)
    reader = threading.Thread(
        target=_read_signals, args=(reading, calls, other), name="fedora-messaging signals", daemon=True
    )
    reader.start()
    try:
        yield
    finally:
        _to_undo.remove(undo)
        undo()
        # The end of it for the reader, even where a forked child still has the descriptor.
        writing.shutdown(socket.SHUT_WR)
        writing.close()
        reader.join()
        reading.close()


def _read_signals(reading: socket.socket, calls: list[Callable[[], Any]], other: int) -> None:
    """Make the next call at each signal that ends; pass the others on to whoever was told before."""
    while numbers := reading.recv(64):
        for number in numbers:
            if number not in _ENDING:
                if other >= 0:
                    with suppress(OSError):  # full, or closed
                        os.write(other, bytes((number,)))
            elif calls:
                try:
                    calls.pop()()
                except Exception:  # the next signal must be heard
                    _log.exception("Ending after a signal failed.")


def _noted(number: int, frame: Any) -> None:
    """The handler of a signal that is read elsewhere."""
