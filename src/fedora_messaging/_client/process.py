# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""How a process ends: by signals, and when the last thread of the application has ended."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

__all__ = ["ended_by_signals", "when_threads_end"]

_log = logging.getLogger(__name__)

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
    block, and are called in another thread. In any other thread they do when the main thread has ended.

    Python calls handlers in the main thread alone, which waits here and is woken by nothing when the kernel
    gives the signal to another thread (as it may to a process that was stopped or frozen). So a thread reads
    signals from the wake-up descriptor, which hears of them wherever they arrive.
    """
    calls = [second, first]
    if threading.current_thread() is not threading.main_thread():
        _in_threads.append(calls)
        try:
            yield
        finally:
            _in_threads.remove(calls)
        return
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


#: What signals call when the main thread has ended, for each thread that waits for them.
_in_threads: list[list[Callable[[], Any]]] = []


_main_ended = threading.Event()


def when_threads_end(call: Callable[[], Any]) -> None:
    """Call something when the main thread, and all others that are no daemons, have ended.

    It is called in a thread that the interpreter waits for, before atexit handlers run.
    """

    def wait() -> None:
        _main_ended.wait()
        while others := [each for each in threading.enumerate() if _waited_for(each)]:
            for thread in others:
                thread.join()
        try:
            call()
        except Exception:
            _log.exception("Closing connections at the end of the process failed.")

    threading.Thread(target=wait, name="fedora-messaging end", daemon=False).start()


def _at_the_end_of_main() -> None:
    """The main thread has ended, and is about to wait for the others; it still takes signals."""
    if threading.current_thread() is threading.main_thread() and any(map(_waited_for, threading.enumerate())):
        for number in _ENDING:
            if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                signal.signal(number, _end_threads)
    _main_ended.set()


def _watch_main() -> None:
    # As concurrent.futures does: nothing else tells when the main thread has ended. At once, when this is
    # imported: a thread that it leaves behind may be the first to use this package.
    register: Any = getattr(threading, "_register_atexit", None)
    if register is None:
        threading.Thread(target=_join_main, name="fedora-messaging main", daemon=True).start()
        return
    try:
        register(_at_the_end_of_main)
    except RuntimeError:  # it has
        _main_ended.set()


def _join_main() -> None:
    threading.main_thread().join()
    _main_ended.set()


_watch_main()


def _waited_for(thread: threading.Thread) -> bool:
    return not (thread.daemon or thread is threading.current_thread() or thread is threading.main_thread())


def _end_threads(number: int, frame: Any) -> None:
    """The handler of signals when the main thread has ended."""
    waiting = [calls for calls in _in_threads if calls]
    for calls in waiting:
        try:
            calls.pop()()
        except Exception:
            _log.exception("Ending after a signal failed.")
    if not waiting:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        signal.raise_signal(number)
