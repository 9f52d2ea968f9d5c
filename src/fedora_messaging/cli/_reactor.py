# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Runs the reactor of the command line: asyncio's, in the main thread, stopped by signals."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from .._runner.stop_signals import StopSequence

__all__ = ["exit_at_once", "install", "run"]

# Seconds within which two signals are one request: see StopSequence.
_SAME_WITHIN = 0.02


def install() -> None:
    """Install the asyncio reactor, so that callbacks may await futures, unless there is a reactor.

    In both cases the reactor measures time by the monotonic clock from here on.
    """
    if "twisted.internet.reactor" not in sys.modules:
        from twisted.internet import asyncioreactor

        asyncioreactor.install()
    from twisted.internet import reactor

    from .._steady import make_steady

    make_steady(reactor)


@contextmanager
def _without_duplicate_error() -> Iterator[None]:
    """Keep the record of what ended a consumer from the terminal, where the command prints the same text.

    Handlers that write elsewhere still get the record.
    """
    from ..twisted._consuming.completion import ENDED

    def is_no_duplicate(record: logging.LogRecord) -> bool:
        return record.msg != ENDED

    names = [None, *logging.Logger.manager.loggerDict]
    handlers = {handler for name in names for handler in logging.getLogger(name).handlers}
    terminal = [each for each in handlers if getattr(each, "stream", None) in (sys.stdout, sys.stderr)]
    for handler in terminal:
        handler.addFilter(is_no_duplicate)
    try:
        yield
    finally:
        for handler in terminal:
            handler.removeFilter(is_no_duplicate)


def exit_at_once(number: int) -> None:
    """End the process by a signal's number, without an orderly end: a callback may never return."""
    logging.shutdown()
    os._exit(128 + number)


def run(
    work: Callable[[], Coroutine[Any, Any, Any]],
    stop: Callable[[], Any],
    *,
    at_once: Callable[[int], Any] | None = None,
) -> None:
    """Run a coroutine on the reactor until it has finished.

    Args:
        work: Called on the reactor for the coroutine.
        stop: Called on the reactor at the first SIGTERM or SIGINT; it has the coroutine finish.
        at_once: Called in the signal handler at the second one; None: the process ends at once.

    Raises:
        Exception: Whatever the coroutine raised.
    """
    from twisted.internet import reactor as global_reactor
    from twisted.internet.defer import Deferred
    from twisted.python.failure import Failure

    reactor: Any = global_reactor
    outcome: list[Any] = []

    signals = StopSequence(
        lambda _: reactor.callFromThread(stop), at_once or exit_at_once, same_within=_SAME_WITHIN
    )

    def finished(result: Any) -> None:
        outcome.append(result)
        if reactor.running:
            reactor.stop()

    def start() -> None:
        # After the reactor has set its own.
        signals.install()
        Deferred.fromCoroutine(work()).addBoth(finished)

    reactor.callWhenRunning(start)
    with _without_duplicate_error():
        reactor.run()
    if outcome and isinstance(outcome[0], Failure):
        outcome[0].raiseException()
