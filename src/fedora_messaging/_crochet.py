# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The reactor's thread, started by crochet, and waiting for what runs in it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from .exceptions import ConnectionException

__all__ = ["ended_by_signals", "not_in_reactor", "reactor_thread", "wait"]


class _Outcome:
    """What came of a call, a failure included: crochet logs failures that nobody waits for any more.

    It keeps the EventualResult, which crochet itself refers to weakly, and would log as unhandled once it
    is gone: not every caller waits to the end.
    """

    __slots__ = ("failure", "kept", "value")

    def __init__(self, result: Any, kept: list[Any]) -> None:
        from twisted.python.failure import Failure

        self.failure: Failure | None = None
        self.value = None
        if isinstance(result, Failure):
            self.failure = result
        else:
            self.value = result
        self.kept = kept


class _Reactor:
    """The reactor's thread: started once, never shared with a fork."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pid: int | None = None
        self._dispatch: Any = None

    def call(self, call: Callable[..., Any], *args: Any) -> Any:
        """Call something in the reactor's thread; returns crochet's EventualResult."""
        if self._pid != os.getpid():
            self._start()
        kept: list[Any] = []
        eventual = self._dispatch(call, args, kept)
        kept.append(eventual)
        return eventual

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
            self._dispatch = crochet.run_in_reactor(_call)
            self._pid = os.getpid()


reactor_thread = _Reactor()


def _call(call: Callable[..., Any], args: tuple[Any, ...], kept: list[Any]) -> Any:
    from twisted.internet.defer import maybeDeferred

    return maybeDeferred(call, *args).addBoth(_Outcome, kept)


def wait(eventual: Any, timeout: float | None) -> Any:
    """The result of something that runs in the reactor's thread; raises what it failed with."""
    import crochet

    try:
        result = eventual.wait(timeout)
    except crochet.ReactorStopped:
        raise ConnectionException(reason="the reactor was stopped") from None
    result.kept.clear()
    failure = result.failure
    if failure is not None:
        failure.raiseException()
    return result.value


def not_in_reactor(name: str, instead: str) -> None:
    from twisted.python.threadable import isInIOThread

    if isInIOThread():
        raise RuntimeError(f"{name} would block the reactor, in whose thread it was called; use {instead}")


@contextmanager
def ended_by_signals(first: Callable[[], Any], second: Callable[[], Any]) -> Iterator[None]:
    """In the main thread, SIGTERM and SIGINT call ``first``, and the next one ``second``; both must not
    block."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    calls = [second, first]

    def received(number: int, frame: Any) -> None:
        if calls:
            calls.pop()()

    before = {number: signal.signal(number, received) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
