# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A call that is made in the reactor's thread, and whose result another thread waits for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from ..exceptions import ConnectionException, excerpt

__all__ = ["Call", "ReactorCall"]


class ReactorCall:
    """A call in the reactor's thread; what becomes of its result is up to subclasses.

    Args:
        call: The function; it may return a Deferred.
        arguments: Its arguments.
        waiting: The calls that have no result yet. This one is added; it is removed when it has a result, and
            when it is cancelled before it was made.
    """

    __slots__ = ("_arguments", "_call", "_deferred", "_failure", "_result", "_waiting")

    def __init__(
        self, call: Callable[..., Any], arguments: tuple[Any, ...], waiting: set[ReactorCall]
    ) -> None:
        self._call = call
        self._arguments = arguments
        self._deferred: Any = None
        self._result: Any = None
        self._failure: Any = None
        self._waiting = waiting
        waiting.add(self)

    def run(self) -> None:
        """Make the call; in the reactor's thread."""
        from twisted.internet.defer import maybeDeferred

        if self in self._waiting:
            self._deferred = maybeDeferred(self._call, *self._arguments)
            self._deferred.addCallbacks(self._end, self._fail)

    def lost(self) -> None:
        """Fail because the reactor has stopped; from any thread."""
        self._fail(ConnectionException(reason="the reactor was stopped"))

    def failed(self, error: BaseException) -> None:
        """Fail because the reactor could not be started; from any thread."""
        if not isinstance(error, Exception):  # SystemExit, for one, which would end only this thread
            error = ConnectionException(reason=f"the reactor could not be started: {excerpt(repr(error))}")
        self._fail(error)

    def cancel(self) -> None:
        """Give up the call; in the reactor's thread."""
        if self._deferred is not None:
            self._deferred.cancel()
        else:
            self._waiting.discard(self)

    def withdraw(self) -> None:
        """Forget the call before it is made; from any thread."""
        self._waiting.discard(self)

    def _fail(self, failure: Any) -> None:
        self._end(None, failure)

    def _end(self, result: Any, failure: Any = None) -> None:
        try:
            self._waiting.remove(self)  # atomic: only one of two threads goes on
        except KeyError:
            return
        self._result, self._failure = result, failure
        self._ended()

    def _ended(self) -> None:
        """There is a result, or a failure; in the reactor's thread or, if that is lost, in any."""
        raise NotImplementedError


class Call(ReactorCall):
    """A call in the reactor's thread, for whose result another thread waits on a lock.

    crochet's EventualResult takes 30 µs longer, logs failures that nobody waits for any more, and cannot
    withdraw a call that has not been made yet.
    """

    __slots__ = ("_fired",)

    def __init__(
        self, call: Callable[..., Any], arguments: tuple[Any, ...], waiting: set[ReactorCall]
    ) -> None:
        self._fired = threading.Lock()
        self._fired.acquire()
        super().__init__(call, arguments, waiting)

    def _ended(self) -> None:
        self._fired.release()

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
