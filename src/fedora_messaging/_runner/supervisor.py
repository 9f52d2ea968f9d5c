# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Runs the workers of one parent: does what :class:`fedora_messaging._core.workers.Supervision` decides."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred, gatherResults

from .._core.clock import Clock
from .._core.workers import Ended, Finish, Kill, Restart, Spawn, Supervision, TellReady, Terminate
from .._metrics.snapshot import NOTHING, Snapshot, combined
from .._metrics.status import Failure, Status, latest
from .._reporting.log import SafeLog
from .._reporting.loggers import MAIN
from .worker import NUMBER, PIPES
from .worker_process import CHILD_FDS, FROM_PARENT, TO_PARENT, WorkerProcess
from .worker_states import added, counters, gauges

__all__ = ["Outcome", "Supervisor"]

_log = SafeLog(MAIN)

#: What systemd tells the parent alone (sd_notify(3)).
_SYSTEMD = ("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How everything ended: the exit code, and in one line why; "" when it was asked to."""

    code: int
    line: str


class Supervisor:
    """Starts workers, restarts them, and ends them.

    Args:
        clock: The source of time.
        spawn: Starts a process: the reactor's ``spawnProcess``.
        count: How many workers there are.
        command: Called with a worker's number for its command, beginning with the program.
        grace: How many seconds they have to end once they are told to.
        on_ready: Called when all of them consume for the first time.
        environ: Their environment.
        folder: Their working directory; None: the parent's.
    """

    def __init__(
        self,
        clock: Clock,
        spawn: Callable[..., Any],
        count: int,
        command: Callable[[int], Sequence[str]],
        grace: float,
        *,
        on_ready: Callable[[], Any] = lambda: None,
        environ: Mapping[str, str] = os.environ,
        folder: str | None = None,
    ) -> None:
        self._clock = clock
        self._spawn = spawn
        self._command = command
        self._folder = folder
        self._on_ready = on_ready
        self._environ = {key: value for key, value in environ.items() if key not in _SYSTEMD}
        self._supervision = Supervision(count, grace)
        self._processes: list[WorkerProcess | None] = [None] * count
        #: The counters of the processes that have ended.
        self._past: dict[str, Any] = {}
        self._past_metrics = NOTHING
        self._past_failures: tuple[Failure, ...] = ()
        self._restarts: dict[int, Any] = {}
        self._grace: Any = None
        self._line = ""
        self._done: Deferred[Outcome] = Deferred()

    @property
    def ready(self) -> bool:
        """Whether each worker runs and has said that it consumes."""
        return self._supervision.ready

    def start(self) -> Deferred[Outcome]:
        """Start the workers.

        Returns:
            A Deferred that fires when none of them is left; it never fails, and has no effect if cancelled.
        """
        self._do(self._supervision.start(self._clock.seconds()))
        return self._done

    def stop(self) -> None:
        """Tell all workers to end; what runs after the grace period is killed."""
        self._do(self._supervision.stop())

    def kill(self) -> None:
        """Kill all workers now. It may be called in a signal handler."""
        for process in self._processes:
            if process is not None:
                process.signal(signal.SIGKILL)

    def ask(self, timeout: float) -> Deferred[dict[str, Any]]:
        """Ask all workers for their state.

        Args:
            timeout: How long to wait for those that do not answer, in seconds.

        Returns:
            A Deferred that fires with the counters of all, those of processes that have ended included, and
            under ``workers`` with everything else, by worker; it never fails.
        """
        return self._ask(timeout).addCallback(self._state)

    def ask_metrics(self, timeout: float) -> Deferred[Snapshot]:
        """Ask all workers for their metrics.

        Args:
            timeout: How long to wait for those that do not answer, in seconds.

        Returns:
            A Deferred that fires with counters and histograms of all, those of processes that have ended
            included, and with the gauges of those that have answered; it never fails.
        """
        return self._ask(timeout).addCallback(self._metrics)

    def ask_status(self, timeout: float) -> Deferred[tuple[Snapshot, Mapping[str, Status]]]:
        """Ask all workers for their metrics, and for what they are beside.

        Args:
            timeout: How long to wait for those that do not answer, in seconds.

        Returns:
            A Deferred that fires with the metrics as :meth:`ask_metrics` has them, and with the status of
            each worker that runs, by its number; what failed in processes that have ended is under "ended".
            It never fails.
        """

        def found(answers: list[bool]) -> tuple[Snapshot, Mapping[str, Status]]:
            statuses = {"ended": Status(failures=self._past_failures)}
            for number, (process, answered) in enumerate(zip(self._processes, answers, strict=True)):
                if process is not None:
                    statuses[str(number)] = process.status if answered else process.status.silent
            return self._metrics(answers), statuses

        return self._ask(timeout).addCallback(found)

    def _ask(self, timeout: float) -> Deferred[list[bool]]:
        return gatherResults([_no() if each is None else each.ask(timeout) for each in self._processes])

    def _metrics(self, answers: list[bool]) -> Snapshot:
        found = {"": self._past_metrics}
        for number, (process, answered) in enumerate(zip(self._processes, answers, strict=True)):
            if process is not None:
                found[str(number)] = process.metrics if answered else process.metrics.counted
        return combined(found)

    def _state(self, answers: list[bool]) -> dict[str, Any]:
        total = self._past
        workers = {}
        for number, (process, answered) in enumerate(zip(self._processes, answers, strict=True)):
            known = {} if process is None else process.state
            total = added(total, counters(known))
            workers[str(number)] = {
                "state": self._supervision.state(number).value,
                "restarts": self._supervision.restarts(number),
                "answers": answered,
                **(gauges(known) if answered else {}),
            }
        return {**total, "workers": workers}

    def _do(self, actions: Sequence[Any]) -> None:
        for action in actions:
            match action:
                case Spawn(worker):
                    self._start(worker)
                case Restart(worker, delay):
                    self._restarts[worker] = self._clock.callLater(delay, self._due, worker)
                case Terminate(workers, grace):
                    self._grace = self._clock.callLater(grace, self._grace_over)
                    self._send(workers, signal.SIGTERM)
                case Kill(workers):
                    _log.warning(
                        "Killing the workers that did not end within the grace period: %s",
                        ", ".join(map(str, workers)),
                    )
                    self._send(workers, signal.SIGKILL)
                case TellReady():
                    self._on_ready()
                case Finish(code):
                    self._finish(code)

    def _start(self, worker: int) -> None:
        process = WorkerProcess(self._clock, lambda: self._consuming(worker), self._has_ended)
        environ = {**self._environ, NUMBER: str(worker), PIPES: f"{FROM_PARENT}:{TO_PARENT}"}
        self._processes[worker] = process
        try:
            command = self._command(worker)
            self._spawn(process, command[0], command, environ, path=self._folder, childFDs=CHILD_FDS)
        except OSError as error:
            _log.error("Worker %d could not be started: %s", worker, error)
            self._processes[worker] = None
            self._decide(worker, Ended(None))
            return
        _log.info("Worker %d has process id %d.", worker, process.pid or 0)

    def _due(self, worker: int) -> None:
        del self._restarts[worker]
        self._do(self._supervision.due(worker, self._clock.seconds()))

    def _consuming(self, worker: int) -> None:
        self._do(self._supervision.consuming(worker))

    def _has_ended(self, process: WorkerProcess, how: Ended) -> None:
        worker = self._processes.index(process)
        self._processes[worker] = None
        self._past = added(self._past, counters(process.state))
        self._past_metrics = combined({"": self._past_metrics, str(worker): process.metrics.counted})
        self._past_failures = latest((*self._past_failures, *process.status.failures))
        words = f"{process.died_of}: {process.error}" if process.error else process.died_of
        if how.final and not self._supervision.stopping:
            _log.info("Worker %d %s. It ends the others.", worker, process.died_of)
            self._line = f"worker {worker}: {process.error}" if process.error else f"worker {worker} {words}"
        elif self._supervision.stopping:
            _log.info("Worker %d %s", worker, words)
        else:
            _log.warning("Worker %d %s", worker, words)
        self._decide(worker, how)

    def _decide(self, worker: int, how: Ended) -> None:
        actions = self._supervision.ended(worker, how, self._clock.seconds())
        for action in actions:
            if isinstance(action, Restart):
                _log.info("Worker %d is started again in %g s.", worker, action.delay)
        self._do(actions)

    def _grace_over(self) -> None:
        self._do(self._supervision.grace_over())

    def _send(self, workers: Sequence[int], number: int) -> None:
        for worker in workers:
            process = self._processes[worker]
            if process is not None:
                process.signal(number)

    def _finish(self, code: int) -> None:
        for timer in (self._grace, *self._restarts.values()):
            if timer is not None and timer.active():
                timer.cancel()
        self._done.callback(Outcome(code, self._line))


def _no() -> Deferred[bool]:
    answered: Deferred[bool] = Deferred()
    answered.callback(False)
    return answered
