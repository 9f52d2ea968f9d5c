# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A worker's process, as its parent sees it: two pipes, what the worker says in one of them, and its end.

The parent writes to one pipe (``?`` asks for the worker's state), and holds it open: its end tells the worker
that the parent is gone. The worker writes lines of JSON to the other.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from .._core.clock import Clock
from .._core.workers import Ended
from .._metrics.snapshot import NOTHING, Snapshot
from .._metrics.status import Status

__all__ = ["CHILD_FDS", "FROM_PARENT", "TO_PARENT", "WorkerProcess"]

#: The worker's file descriptors: it reads from the first, and writes to the second.
FROM_PARENT, TO_PARENT = 3, 4
CHILD_FDS: dict[int, Any] = {0: 0, 1: 1, 2: 2, FROM_PARENT: "w", TO_PARENT: "r"}

#: How long the end of the pipes is waited for after the end of the process, in seconds: processes that it has
#: forked may have kept them open.
_PIPES = 1.0
#: The longest line that is read, in bytes.
_LONGEST = 1 << 24


class WorkerProcess(ProcessProtocol):
    """One process of a worker.

    Args:
        clock: The source of time.
        consuming: Called when it says that it consumes.
        ended: Called once, when it has ended and everything that it said has been read.

    Attributes:
        state: What it said of itself last.
        metrics: The metrics that it told last; see :class:`fedora_messaging._metrics.snapshot.Snapshot`.
        status: What it is beside its metrics, as it told last.
        error: Why it ends, in one line; "" if it has not said so.
    """

    transport: Any = None

    def __init__(
        self, clock: Clock, consuming: Callable[[], Any], ended: Callable[[WorkerProcess, Ended], Any]
    ) -> None:
        self.state: dict[str, Any] = {}
        self.metrics = NOTHING
        self.status = Status()
        self.error = ""
        self._clock = clock
        self._consuming = consuming
        self._ended = ended
        self._halted: int | None = None
        self._rest = b""
        self._how: Failure | None = None
        self._finished = False
        self._timer: Any = None
        self._waiting: list[Deferred[bool]] = []

    @property
    def pid(self) -> int | None:
        """Its process id; None once it has ended."""
        return None if self._how is not None or self.transport is None else self.transport.pid

    @property
    def died_of(self) -> str:
        """How it ended, as the rest of a sentence that begins with its name."""
        error = None if self._how is None else self._how.value
        number = getattr(error, "signal", None)
        if number is not None:
            try:
                return f"was ended by {signal.Signals(number).name}"
            except ValueError:
                return f"was ended by signal {number}"
        return f"ended with exit code {getattr(error, 'exitCode', None) or 0}"

    def ask(self, timeout: float) -> Deferred[bool]:
        """Ask for its state.

        Args:
            timeout: How long to wait, in seconds.

        Returns:
            A Deferred that fires with whether it has answered; it never fails.
        """
        answered: Deferred[bool] = Deferred()
        if self._how is not None or self.transport is None:
            answered.callback(False)
            return answered
        self._waiting.append(answered)
        timer = self._clock.callLater(timeout, self._give_up, answered)

        def cancel(result: bool) -> bool:
            if timer.active():
                timer.cancel()
            return result

        answered.addCallback(cancel)
        self.transport.writeToChild(FROM_PARENT, b"?")
        return answered

    def signal(self, number: int) -> None:
        """Send it a signal; a process that has ended is no error. It may be called in a signal handler."""
        if self.transport is not None:
            with suppress(ProcessExitedAlready):
                self.transport.signalProcess(number)

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """Twisted's; see :class:`twisted.internet.interfaces.IProcessProtocol`."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LONGEST:
            self._rest = b""
        for line in lines:
            try:
                said = json.loads(line)
            except ValueError:
                continue
            if isinstance(said, dict):
                self._hear(said)

    def processExited(self, reason: Failure) -> None:
        """Twisted's; see :class:`twisted.internet.interfaces.IProcessProtocol`."""
        self._how = reason
        self._timer = self._clock.callLater(_PIPES, self._finish)

    def processEnded(self, reason: Failure) -> None:
        """Twisted's; see :class:`twisted.internet.interfaces.IProcessProtocol`."""
        self._how = reason
        self._finish()

    def _hear(self, said: dict[str, Any]) -> None:
        if isinstance(said.get("metrics"), dict):
            self.metrics = Snapshot.from_data(said["metrics"])
        if isinstance(said.get("status"), dict):
            self.status = Status.from_data(said["status"])
        if isinstance(said.get("state"), dict):
            self.state = said["state"]
            self._answer(True)
        if isinstance(said.get("error"), str):
            self.error = said["error"]
        if isinstance(said.get("halted"), int):
            self._halted = said["halted"]
        if said.get("consuming") is True:
            self._consuming()

    def _give_up(self, answered: Deferred[bool]) -> None:
        self._waiting.remove(answered)
        answered.callback(False)

    def _answer(self, result: bool) -> None:
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.callback(result)

    def _finish(self) -> None:
        if self._finished:
            return
        self._finished = True
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._answer(False)
        error: Any = None if self._how is None else self._how.value
        died = getattr(error, "signal", None) is not None
        code = None if died else getattr(error, "exitCode", None) or 0
        self._ended(self, Ended(code, self._halted))
