# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Calls in the reactor's thread, whose results tasks of an asyncio event loop await.

Hand-overs are batched both ways: one wake-up of the other thread for everything that waits.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .._core.deadlines import Deadlines
from ..exceptions import CallbackRaised, ConnectionException
from .call import ReactorCall
from .loop_clock import LoopClock
from .reactor_loop import is_in_reactor, runs_reactor
from .reactor_thread import reactor_thread

__all__ = ["EventLoop", "LoopCall"]

#: How many results, or calls, are handed over before other events of the thread get their turn.
_BATCH = 500


class LoopCall(ReactorCall):
    """A call whose result a future of an event loop gets.

    Attributes:
        future: Fires with the result.
    """

    __slots__ = ("_loop", "future", "late")

    def __init__(
        self,
        loop: EventLoop,
        call: Callable[..., Any],
        arguments: tuple[Any, ...],
        waiting: set[ReactorCall],
    ) -> None:
        self._loop = loop
        self.future: asyncio.Future[Any] = loop.loop.create_future()
        self.late: Callable[[float], Exception] | None = None
        super().__init__(call, arguments, waiting)

    def is_over(self) -> bool:
        """Whether nobody waits any more."""
        return self.future.done()

    def deliver(self) -> None:
        """Pass the result to the future; in the loop's thread."""
        future, failure = self.future, self._failure
        if future.done():
            return
        if failure is None:
            future.set_result(self._result)
            return
        error = failure if isinstance(failure, Exception) else failure.value
        if issubclass(type(error), StopIteration):  # which no future takes
            error = CallbackRaised(error)
        future.set_exception(error)

    def _ended(self) -> None:
        self._loop.ended(self)


class _WakeUp(ReactorCall):
    """A call for all calls of an event loop that wait."""

    __slots__ = ("_lost",)

    def __init__(
        self, call: Callable[[], Any], lost: Callable[[Any], None], waiting: set[ReactorCall]
    ) -> None:
        self._lost = lost
        super().__init__(call, (), waiting)

    def _ended(self) -> None:
        if self._failure is not None:
            self._lost(self._failure)


class EventLoop:
    """An event loop of the application, from which calls are made in the reactor's thread.

    Its methods are called in the loop's thread.

    Args:
        loop: The loop, which runs.

    Attributes:
        loop: The loop.

    Raises:
        RuntimeError: The loop runs in the reactor's thread and is not the reactor's: while it runs, the
            reactor does not.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._is_reactors = runs_reactor(loop)
        if not self._is_reactors and is_in_reactor():
            raise RuntimeError(
                "this event loop runs inside of a call of Twisted's reactor, which stands still meanwhile: "
                "install Twisted's asyncio reactor, or use the functions of fedora_messaging.api that return "
                "Deferreds"
            )
        self._waiting = set() if self._is_reactors else reactor_thread.waiting
        self._due: deque[Callable[[], None]] = deque()
        self._wake_due = False
        self._results: deque[LoopCall] = deque()
        self._flush_due = False
        self._deadlines: Deadlines[LoopCall] = Deadlines(LoopClock(loop), LoopCall.is_over, self._timed_out)

    @classmethod
    def running(cls) -> EventLoop:
        """Return the one that runs in this thread.

        Raises:
            RuntimeError: None does, or it cannot be used (see the class).
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise RuntimeError(
                "fedora_messaging.asyncio needs a running asyncio event loop. Without one use the functions "
                "of fedora_messaging.api: publish and consume block, twisted_publish and twisted_consume "
                "return Deferreds"
            ) from None
        present: EventLoop | None = getattr(_present, "loop", None)
        if present is None or present.loop is not loop:
            present = _present.loop = cls(loop)
        return present

    def call(self, call: Callable[..., Any], *arguments: Any) -> LoopCall:
        """Call a function in the reactor's thread, which is started for the first call.

        Args:
            call: The function; it may return a Deferred.
            arguments: Its arguments.

        Raises:
            ConnectionException: As :meth:`_ReactorThread.submit`.
        """
        made = LoopCall(self, call, arguments, self._waiting)
        try:
            self._submit(made.run)
        except ConnectionException:
            made.withdraw()
            raise
        return made

    def cancel(self, call: LoopCall) -> None:
        """Give up a call."""
        try:
            self._submit(call.cancel)
        except ConnectionException:  # nothing will come of it anyway
            call.withdraw()

    def begin(self, call: Callable[..., Any], *arguments: Any) -> None:
        """Call a function in the reactor's thread, whatever becomes of it."""
        with suppress(ConnectionException):
            self.call(call, *arguments).future.add_done_callback(_retrieve)

    async def result(self, call: LoopCall) -> Any:
        """Wait for the result of a call. Cancelling this gives up the call.

        Returns:
            What the call returned.

        Raises:
            Exception: Whatever the call raised.
        """
        try:
            return await call.future
        except asyncio.CancelledError:
            self.cancel(call)
            raise

    async def result_in_time(
        self, call: LoopCall, timeout: float | None, late: Callable[[float], Exception]
    ) -> Any:
        """Wait for the result of a call as :meth:`result` does, and give it up when the time is over.

        Args:
            call: The call.
            timeout: Seconds; None: no limit.
            late: Makes the error that is raised when the time is over.
        """
        if timeout is None:
            return await self.result(call)
        call.late = late
        self._deadlines.add(call, timeout)
        try:
            return await call.future
        except asyncio.CancelledError:
            self.cancel(call)
            raise
        finally:
            self._deadlines.over()

    def ended(self, call: LoopCall) -> None:
        """A call has a result; in the reactor's thread or, if that is lost, in any."""
        if self._is_reactors:
            call.deliver()
            return
        self._results.append(call)
        if not self._flush_due:
            self._flush_due = True
            try:
                self.loop.call_soon_threadsafe(self._flush)
            except RuntimeError:  # the loop is closed, and nothing waits any more
                self._results.clear()

    def _submit(self, call: Callable[[], None]) -> None:
        if self._is_reactors:
            call()
            return
        self._due.append(call)
        if not self._wake_due:
            self._wake_due = True
            try:
                reactor_thread.submit(_WakeUp(self._run_due, self._fail_due, reactor_thread.waiting))
            except Exception:
                self._wake_due = False
                self._due.pop()
                raise

    def _flush(self) -> None:
        # Cleared before the deque is emptied: what ends from here on wakes the loop again.
        self._flush_due = False
        results = self._results
        for _ in range(_BATCH):
            if not results:
                return
            results.popleft().deliver()
        if results and not self._flush_due:
            self._flush_due = True
            self.loop.call_soon(self._flush)

    def _run_due(self) -> None:
        """Make the calls that wait; in the reactor's thread."""
        self._wake_due = False
        due = self._due
        for _ in range(_BATCH):
            if not due:
                return
            due.popleft()()
        if due and not self._wake_due:
            from ..twisted._clock import global_clock

            self._wake_due = True
            global_clock().callLater(0, self._run_due)

    def _fail_due(self, failure: Any) -> None:
        """The reactor could not be started, or has stopped; in any thread."""
        self._wake_due = False
        while self._due:
            call = getattr(self._due.popleft(), "__self__", None)
            if isinstance(call, LoopCall):
                call.failed(failure if isinstance(failure, Exception) else failure.value)

    def _timed_out(self, call: LoopCall, timeout: float) -> None:
        assert call.late is not None
        call.future.set_exception(call.late(timeout))
        self.cancel(call)


def _retrieve(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()


#: The event loop that runs in each thread, if one does.
_present = threading.local()


def _forget() -> None:
    _present.__dict__.clear()


os.register_at_fork(after_in_child=_forget)
