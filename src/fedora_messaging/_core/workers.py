# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Several worker processes under one parent: which of them is started, restarted and ended, and when.

Sans-I/O: the events of :class:`Supervision` return what is to be done, and its caller does it.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from .backoff import doubling

__all__ = [
    "FINAL_CODES",
    "MOST",
    "Ended",
    "Finish",
    "Kill",
    "Restart",
    "Spawn",
    "Supervision",
    "TellReady",
    "Terminate",
    "WorkerState",
]

#: How many workers there may be: more processes than any machine has use for are a slip of the fingers.
MOST = 1024

#: The exit codes that a restart does not mend: the callback (1), usage and configuration (2), the topology
#: (10, 11, 12), rights (15). After all others, 13 (the callback raised) and 14 (the connection) among them, a
#: worker is started again.
FINAL_CODES = frozenset({1, 2, 10, 11, 12, 15})

#: The delay before a restart, which doubles each time, and the most that it may be, in seconds.
_FIRST, _CAP = 1.0, 60.0
#: A worker that has lived so long, in seconds, begins with the first delay again.
_STABLE = 60.0


class WorkerState(enum.Enum):
    """The state of a worker, as its parent knows it."""

    WAITING = "waiting"  #: not running, before a start or a restart
    STARTING = "starting"  #: running, but not consuming yet
    READY = "ready"  #: it has said that it consumes
    ENDED = "ended"  #: for good


@dataclass(frozen=True, slots=True)
class Ended:
    """How a worker's process ended.

    Args:
        code: Its exit code; None: a signal ended it, or it could not be started.
        halted: The exit code that its HaltConsumer asked for; None: it did not halt.
    """

    code: int | None
    halted: int | None = None

    @property
    def final(self) -> bool:
        """Whether it ends all the others too."""
        return self.halted is not None or self.code in FINAL_CODES

    @property
    def exit_code(self) -> int:
        """The exit code that it has the parent end with."""
        return self.halted if self.halted is not None else self.code or 0


@dataclass(frozen=True, slots=True)
class Spawn:
    """To do: start the process of a worker now."""

    worker: int


@dataclass(frozen=True, slots=True)
class Restart:
    """To do: call :meth:`Supervision.due` for a worker after a delay, in seconds."""

    worker: int
    delay: float


@dataclass(frozen=True, slots=True)
class Terminate:
    """To do: send SIGTERM to workers, and call :meth:`Supervision.grace_over` after the grace period.

    Args:
        workers: Their numbers.
        grace: The grace period, in seconds.
    """

    workers: tuple[int, ...]
    grace: float


@dataclass(frozen=True, slots=True)
class Kill:
    """To do: send SIGKILL to workers."""

    workers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TellReady:
    """To do: say that all workers consume. It is said once."""


@dataclass(frozen=True, slots=True)
class Finish:
    """To do: end, with this exit code; no process is left."""

    code: int


Action = Spawn | Restart | Terminate | Kill | TellReady | Finish


@dataclass(slots=True)
class _Worker:
    state: WorkerState = WorkerState.WAITING
    since: float = 0.0
    failures: int = 0
    restarts: int = 0

    @property
    def running(self) -> bool:
        return self.state in (WorkerState.STARTING, WorkerState.READY)


class Supervision:
    """The life of all workers. Each event returns what is to be done, in order.

    Args:
        count: How many workers there are.
        grace: How many seconds they have to end, all together, once they are told to.
    """

    def __init__(self, count: int, grace: float) -> None:
        self._workers = [_Worker() for _ in range(count)]
        self._grace = grace
        self._stopping = False
        self._told_ready = False
        self._code: int | None = None

    @property
    def stopping(self) -> bool:
        """Whether the end has begun."""
        return self._stopping

    def state(self, worker: int) -> WorkerState:
        """The state of a worker."""
        return self._workers[worker].state

    def restarts(self, worker: int) -> int:
        """How often a worker was started again."""
        return self._workers[worker].restarts

    @property
    def ready(self) -> bool:
        """Whether each worker has said that it consumes, and still runs."""
        return all(each.state is WorkerState.READY for each in self._workers)

    def start(self, now: float) -> list[Action]:
        """Begin. Times are in seconds, of a clock that does not jump."""
        return [action for worker in range(len(self._workers)) for action in self.due(worker, now)]

    def due(self, worker: int, now: float) -> list[Action]:
        """The delay before a worker's start is over."""
        each = self._workers[worker]
        if each.state is not WorkerState.WAITING:
            return []
        each.state, each.since = WorkerState.STARTING, now
        return [Spawn(worker)]

    def consuming(self, worker: int) -> list[Action]:
        """A worker has said that it consumes."""
        each = self._workers[worker]
        if each.state is not WorkerState.STARTING:
            return []
        each.state = WorkerState.READY
        if not self.ready or self._told_ready or self._stopping:
            return []
        self._told_ready = True
        return [TellReady()]

    def ended(self, worker: int, how: Ended, now: float) -> list[Action]:
        """The process of a worker has ended, or could not be started."""
        each = self._workers[worker]
        if not each.running:
            return []
        if not self._stopping and not how.final:
            if now - each.since >= _STABLE:
                each.failures = 0
            each.failures += 1
            each.restarts += 1
            each.state = WorkerState.WAITING
            return [Restart(worker, doubling(each.failures, _FIRST, _CAP))]
        each.state = WorkerState.ENDED
        if not self._stopping:
            self._code = how.exit_code
            return self.stop()
        if self._code is None and how.exit_code:
            self._code = how.exit_code
        return self._finished()

    def stop(self) -> list[Action]:
        """End all: the first SIGTERM or SIGINT has come, or a worker has ended for good.

        After a signal the exit code is 0, or that of the first worker that ended with another one.
        """
        if self._stopping:
            return []
        self._stopping = True
        for each in self._workers:
            if not each.running:
                each.state = WorkerState.ENDED
        running = self._running()
        return [Terminate(running, self._grace)] if running else self._finished()

    def grace_over(self) -> list[Action]:
        """The grace period is over, or is not waited for."""
        running = self._running()
        return [Kill(running)] if running else []

    def _running(self) -> tuple[int, ...]:
        return tuple(number for number, each in enumerate(self._workers) if each.running)

    def _finished(self) -> list[Action]:
        return [] if self._running() else [Finish(self._code or 0)]
