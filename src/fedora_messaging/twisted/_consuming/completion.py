# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The Deferreds that fire when a consumer consumes, and when it has ended; and the log line about its end."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from ..._reporting.log import SafeLog, event
from ..._reporting.loggers import CONSUMER
from ..._reporting.text import shown
from ...exceptions import CallbackRaised, ConsumerCanceled, HaltConsumer, excerpt

__all__ = ["ENDED", "ConsumerCompletion", "fire", "log_end"]

_log = SafeLog(CONSUMER)

#: The line about a consumer that ended by an error. On the terminal a command that shows the error itself
#: leaves it out.
ENDED = "The consumer of %r ended: %s"


class ConsumerCompletion:
    """How a consumer ended, as a new Deferred for each caller.

    An error for which nobody asked is not reported as an unhandled one.

    Args:
        consumer: What the Deferreds fire with.
    """

    def __init__(self, consumer: object) -> None:
        self._consumer = consumer
        self._consumed = False
        self._outcome: object = None
        self._waiters: list[Deferred[Any]] = []
        self._results: list[Deferred[Any]] = []

    def result(self) -> Deferred[Any]:
        """Fires with the consumer when it has ended without an error, or fails with the error."""
        result: Deferred[Any] = Deferred()
        if self._outcome is not None:
            result.callback(self._outcome)
        else:
            self._results.append(result)
        return result

    def when_consuming(self) -> Deferred[Any]:
        """Fires with the consumer when it has consumed, or fails when it ended before."""
        waiter: Deferred[Any] = Deferred()
        if self._consumed:
            waiter.callback(self._consumer)
        elif self._outcome is not None:
            waiter.callback(self._outcome_before_consuming())
        else:
            self._waiters.append(waiter)
        return waiter

    def consumes(self) -> None:
        """The consumer is consuming."""
        self._consumed = True
        fire(self._waiters, self._consumer)

    def end(self, error: Exception | None) -> None:
        """The consumer has ended."""
        self._outcome = self._consumer if error is None else _failure_of(error)
        fire(self._waiters, self._outcome_before_consuming())
        fire(self._results, self._outcome)

    def _outcome_before_consuming(self) -> object:
        if isinstance(self._outcome, Failure):
            return self._outcome
        return Failure(ConsumerCanceled("the consumer was cancelled before it consumed"))


def fire(waiting: list[Deferred[Any]], result: object) -> None:
    """Fire all that wait; detached first, since what they call may wait again."""
    detached = waiting[:]
    waiting.clear()
    for each in detached:
        each.callback(result)


def _failure_of(error: Exception) -> Failure:
    """A Failure that can be passed on, and awaited.

    Deferreds and Failures set attributes of the exceptions that they carry, and take StopIteration for a
    result: such exceptions are the cause of one that they can carry.
    """
    try:
        if issubclass(type(error), StopIteration):
            return Failure(CallbackRaised(error))
        traceback = error.__traceback__
        error.__traceback__ = None
        error.__failure__ = None  # type: ignore[attr-defined]
        del error.__failure__  # type: ignore[attr-defined]  # older releases of Twisted read it
        error.with_traceback(traceback)
        return Failure(error)
    except BaseException:  # of the exception's own methods
        return Failure(CallbackRaised(error))


def log_end(queue: str, error: Exception | None, *, callback_failed: bool) -> None:
    """Log that a consumer has ended.

    Args:
        queue: The queue's name.
        error: Why it ended; None: it was stopped.
        callback_failed: Whether a callback failed for which that has been logged in full.
    """
    halted = error is None or issubclass(type(error), HaltConsumer)
    about = event("consumer_stopped" if halted else "consumer_failed", queue=queue)
    if error is None:
        _log.info("Stopped consuming from %r.", queue, about=about)
    elif halted:
        _log.info("Stopped consuming from %r: %s.", queue, excerpt(error), about=about)
    elif callback_failed:
        _log.error("The consumer of %r ended, because its callback failed.", queue, about=about)
    else:
        _log.error(ENDED, queue, excerpt(shown(error, 1000), 900), about=about)
