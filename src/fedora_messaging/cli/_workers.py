# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``--workers`` of the command line: the parent of several workers, and what a worker does at its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from .._core.workers import MOST
from .._runner.worker import Worker
from ..config import conf
from ..exceptions import HaltConsumer
from . import Failed
from ._reactor import exit_at_once, install, run

if TYPE_CHECKING:
    from .._runner.supervisor import Outcome

__all__ = ["reporting", "supervise", "workers_option"]

workers_option = click.option(
    "--workers",
    type=click.IntRange(1, MOST),
    metavar="N",
    help="Consume in N processes, which this one starts, restarts and ends. Default: in this process.",
)


@contextmanager
def reporting(worker: Worker | None) -> Iterator[None]:
    """Have the parent print the error that ends this process, if it is a worker.

    Raises:
        click.exceptions.Exit: There was one; with its exit code.
    """
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except Exception as error:
        if worker is None:
            raise
        failed = Failed(error)
        halted = {"halted": failed.exit_code} if isinstance(error, HaltConsumer) else {}
        worker.tell(error=failed.message, **halted)
        raise click.exceptions.Exit(failed.exit_code) from error


class _Ended(click.ClickException):
    """Shows in one line why the workers ended."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.line)
        vars(self)["exit_code"] = outcome.code


def supervise(count: int) -> None:
    """Run copies of this command as workers, until a signal or until one of them ends everything.

    Args:
        count: How many.

    Raises:
        ConfigurationException: The monitor's port is in use.
        click.ClickException: A worker has ended everything.
    """
    install()
    from .._runner.supervisor import Supervisor
    from .._runner.systemd import Notifier
    from .._runner.worker_command import same_command
    from ..twisted._clock import global_clock
    from ..twisted._workers import WorkersService

    reactor = global_clock()
    config = conf.parsed()
    notifier = Notifier(reactor)
    command = same_command()
    supervisor = Supervisor(
        reactor,
        reactor.spawnProcess,
        count,
        lambda _: command,
        config.shutdown_grace,
        on_ready=notifier.ready,
    )
    service = WorkersService(supervisor, config.monitoring, reactor)
    outcomes: list[Outcome] = []

    async def work() -> None:
        service.startService()
        outcomes.append(await service.when_ended())
        notifier.stopping()
        await service.stopService()

    def stop() -> None:
        notifier.stopping()
        service.stopService()

    def at_once(number: int) -> None:
        supervisor.kill()
        exit_at_once(number)

    run(work, stop, at_once=at_once)
    [outcome] = outcomes
    if outcome.code:
        raise _Ended(outcome)
