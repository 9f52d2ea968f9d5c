# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``twistd fedora-messaging --workers N``: the parent."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred

from .._config.model import Config
from .._reporting.log import SafeLog
from .._reporting.loggers import MAIN
from .._runner.exit_codes import exit_code
from .._runner.stop_signals import StopSequence
from .._runner.supervisor import Outcome, Supervisor
from .._runner.systemd import Notifier
from .._runner.worker_command import interpreter, twistd_command
from ..exceptions import ConfigurationException
from ._clock import global_clock
from ._tap_ending import end_at_once, exit_with, tell
from ._workers import WorkersService

__all__ = ["Supervising"]

_log = SafeLog(MAIN)


class Supervising(Service):
    """Runs workers until a signal, or until one of them ends everything, and then ends the process.

    Args:
        count: How many.
        config: The configuration.
        twistd: The options of twistd.
        arguments: The options of the plugin, which are the workers' too.

    Raises:
        ConfigurationException: An option of twistd does not go with workers.
    """

    def __init__(
        self, count: int, config: Config, twistd: Mapping[str, Any], arguments: Sequence[str]
    ) -> None:
        if twistd.get("chroot"):
            raise ConfigurationException(
                "--workers: not with twistd's --chroot, where workers find no Python"
            )
        self._reactor = global_clock()
        self._notifier = Notifier(self._reactor)
        # twistd has not changed its working directory yet; names in the options are relative to this one.
        here = os.getcwd()
        rundir = os.path.abspath(twistd.get("rundir") or ".")
        found = {**twistd, "rundir": "" if rundir == here else rundir}
        program = interpreter()
        self._supervisor = Supervisor(
            self._reactor,
            self._reactor.spawnProcess,
            count,
            lambda number: twistd_command(program, found, arguments, number),
            config.shutdown_grace,
            folder=here if found["rundir"] else None,
            on_ready=self._notifier.ready,
        )
        self._service = WorkersService(self._supervisor, config.monitoring, self._reactor)
        self._refused = False
        self._signals = StopSequence(
            lambda _: self._reactor.callFromThread(self._reactor.stop),
            lambda _: self._kill(),
        )

    def privilegedStartService(self) -> None:
        """Twisted's: bind the pages' port before privileges are dropped."""
        super().privilegedStartService()  # type: ignore[no-untyped-call]
        try:
            self._service.privilegedStartService()  # type: ignore[no-untyped-call]
        except ConfigurationException as error:
            self._cannot_start(error)

    def startService(self) -> None:
        """Twisted's: begin, when the reactor runs and notices the end of processes."""
        super().startService()  # type: ignore[no-untyped-call]
        self._reactor.callWhenRunning(self._begin)

    def stopService(self) -> Deferred[None] | None:
        """Twisted's: end the workers."""
        super().stopService()  # type: ignore[no-untyped-call]
        self._notifier.stopping()
        return self._service.stopService() if self._service.running else None

    def _begin(self) -> None:
        if self._refused:
            return
        # After the reactor has set its own handlers, with which twistd would end itself by the signal it got.
        self._signals.install()
        try:
            self._service.startService()
        except ConfigurationException as error:
            self._cannot_start(error)
            return
        self._service.when_ended().addCallback(self._ended)

    def _cannot_start(self, error: ConfigurationException) -> None:
        # Twistd has written its pid file by now, and removes it only when the reactor has run.
        self._refused = True
        tell(error, None)
        exit_with(exit_code(error))
        self._reactor.callWhenRunning(self._reactor.stop)

    def _ended(self, outcome: Outcome) -> None:
        if outcome.code:
            _log.error("Ending with exit code %d: %s", outcome.code, outcome.line)
            exit_with(outcome.code)
        if self.running:
            self._reactor.stop()

    def _kill(self) -> None:
        self._supervisor.kill()
        end_at_once()
