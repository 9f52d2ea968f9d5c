# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""How a process ends: by signals, and when the last thread of the application has ended."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from .._reporting.log import SafeLog
from .._reporting.loggers import MAIN
from .._runner.stop_signals import STOP_SIGNALS, StopSequence

__all__ = ["ended_by_signals", "when_threads_end"]

_log = SafeLog(MAIN)

#: What a forked child restores: its signals are its own, and it shares the wake-up descriptor with its
#: parent.
_to_undo: list[Callable[[], None]] = []


def _forked() -> None:
    while _to_undo:
        _to_undo.pop()()


os.register_at_fork(after_in_child=_forked)


@contextmanager
def ended_by_signals(first: Callable[[], Any], second: Callable[[], Any]) -> Iterator[None]:
    """Let the first SIGTERM or SIGINT call ``first``, and the next one ``second``.

    In any other thread than the main one this holds only once the main thread has ended.

    Python runs signal handlers only in the main thread. That thread waits here, and nothing wakes it when the
    kernel delivers the signal to another thread, as it may in a process that was stopped or frozen. So a
    thread reads the signals from the wake-up descriptor, which is written to whichever thread gets them.

    Args:
        first: Must not block; called in another thread.
        second: As ``first``.
    """
    sequence = StopSequence(lambda _: first(), lambda _: second())
    if threading.current_thread() is not threading.main_thread():
        _in_threads.append(sequence)
        try:
            yield
        finally:
            _in_threads.remove(sequence)
        return
    reading, writing = socket.socketpair()
    writing.setblocking(False)
    # The descriptor is set before the handlers and restored after them, so that no signal is lost in between.
    previous_fd = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
    previous_handlers = {number: signal.signal(number, _read_elsewhere) for number in STOP_SIGNALS}

    def undo() -> None:
        for number, old in previous_handlers.items():
            signal.signal(number, signal.SIG_DFL if old is None else old)  # None: not set from Python
        signal.set_wakeup_fd(previous_fd)

    _to_undo.append(undo)
    reader = threading.Thread(
        target=_read_signals,
        args=(reading, sequence, previous_fd),
        name="fedora-messaging signals",
        daemon=True,
    )
    reader.start()
    try:
        yield
    finally:
        _to_undo.remove(undo)
        undo()
        # Ends the reader, even where a forked child still has the descriptor.
        writing.shutdown(socket.SHUT_WR)
        writing.close()
        reader.join()
        reading.close()


def _read_signals(reading: socket.socket, sequence: StopSequence, previous_fd: int) -> None:
    """Handle the signals that ask to end; forward all others to the previous wake-up descriptor."""
    while numbers := reading.recv(64):
        for number in numbers:
            if number in STOP_SIGNALS:
                sequence.received(number)
            elif previous_fd >= 0:
                with suppress(OSError):  # full, or closed
                    os.write(previous_fd, bytes((number,)))


def _read_elsewhere(number: int, frame: Any) -> None:
    """The handler of a signal that is read from the wake-up descriptor."""


#: What signals do once the main thread has ended, for each thread that waits for them.
_in_threads: list[StopSequence] = []


_main_ended = threading.Event()


def when_threads_end(call: Callable[[], Any]) -> None:
    """Call something when the main thread, and all others that are no daemons, have ended.

    It is called in a thread that the interpreter waits for, before atexit handlers run.
    """

    def wait() -> None:
        _main_ended.wait()
        while others := [each for each in threading.enumerate() if _is_joined(each)]:
            for thread in others:
                thread.join()
        try:
            call()
        except Exception as error:
            _log.error("Closing connections at the end of the process failed.", error=error)

    threading.Thread(target=wait, name="fedora-messaging end", daemon=False).start()


def _at_the_end_of_main() -> None:
    """The main thread has ended and is about to wait for the others; its signal handlers still run."""
    if threading.current_thread() is threading.main_thread() and any(map(_is_joined, threading.enumerate())):
        for number in STOP_SIGNALS:
            if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                signal.signal(number, _end_threads)
    _main_ended.set()


def _watch_main() -> None:
    # As concurrent.futures does: there is no public way to learn that the main thread has ended. Registered
    # on import, because a thread that outlives the main one may be the first to use this package.
    register: Any = getattr(threading, "_register_atexit", None)
    if register is None:
        threading.Thread(target=_join_main, name="fedora-messaging main", daemon=True).start()
        return
    try:
        register(_at_the_end_of_main)
    except RuntimeError:  # it has ended already
        _main_ended.set()


def _join_main() -> None:
    threading.main_thread().join()
    _main_ended.set()


_watch_main()


def _is_joined(thread: threading.Thread) -> bool:
    return not (thread.daemon or thread is threading.current_thread() or thread is threading.main_thread())


def _end_threads(number: int, frame: Any) -> None:
    """The handler of signals once the main thread has ended."""
    waiting = [sequence for sequence in _in_threads if not sequence.finished]
    for sequence in waiting:
        sequence.received(number)
    if not waiting:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        signal.raise_signal(number)
