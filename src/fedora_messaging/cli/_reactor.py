# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The reactor of the command line: asyncio's, in the main thread, ended by signals."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

__all__ = ["install", "run"]

# Some supervisors (GNU timeout, for one) signal the process and its group: that is one signal, not two.
_SAME = 0.02


def install() -> None:
    """Choose the asyncio reactor, so that callbacks may await futures. Too late if there is one already.

    In both cases it measures time by the monotonic clock from here on.
    """
    if "twisted.internet.reactor" not in sys.modules:
        from twisted.internet import asyncioreactor

        asyncioreactor.install()
    from twisted.internet import reactor

    from .._steady import make_steady

    make_steady(reactor)


@contextmanager
def _said_once() -> Iterator[None]:
    """While this is open, what ends a consumer is not logged to the terminal, where the command says it, with
    the same words. Handlers that write elsewhere have it."""

    from ..twisted.consumer import ENDED

    def shown(record: logging.LogRecord) -> bool:
        return record.msg != ENDED

    names = [None, *logging.Logger.manager.loggerDict]
    handlers = {handler for name in names for handler in logging.getLogger(name).handlers}
    terminal = [each for each in handlers if getattr(each, "stream", None) in (sys.stdout, sys.stderr)]
    for handler in terminal:
        handler.addFilter(shown)
    try:
        yield
    finally:
        for handler in terminal:
            handler.removeFilter(shown)


def run(work: Callable[[], Coroutine[Any, Any, Any]], stop: Callable[[], Any]) -> None:
    """Run a coroutine on the reactor until it has finished.

    Args:
        work: Called on the reactor for the coroutine.
        stop: Called on the reactor at the first SIGTERM or SIGINT; it has the coroutine finish.
            A second one ends the process at once.

    Raises:
        Exception: What the coroutine raised.
    """
    from twisted.internet import reactor as global_reactor
    from twisted.internet.defer import Deferred
    from twisted.python.failure import Failure

    reactor: Any = global_reactor
    outcome: list[Any] = []
    first: list[float] = []

    def received(number: int, frame: FrameType | None) -> None:
        if not first:
            first.append(time.monotonic())
            reactor.callFromThread(stop)
        elif time.monotonic() - first[0] > _SAME:
            # Nothing in order any more: a callback that does not return would keep the process.
            logging.shutdown()
            os._exit(128 + number)

    def finished(result: Any) -> None:
        outcome.append(result)
        if reactor.running:
            reactor.stop()

    def start() -> None:
        # After the reactor has set its own.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, received)
        Deferred.fromCoroutine(work()).addBoth(finished)

    reactor.callWhenRunning(start)
    with _said_once():
        reactor.run()
    if outcome and isinstance(outcome[0], Failure):
        outcome[0].raiseException()
