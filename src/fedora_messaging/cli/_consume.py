# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging consume``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from .._config.model import ConsumerConfig
from .._runner.callbacks import CallbackNotFound
from .._runner.wanted import check_shared, wanted_consumers
from .._runner.worker import this_worker
from ..config import conf as conf_values
from . import Options, configure
from ._consuming import callback_options, consume, named_callback, set_app_name, topology_options
from ._workers import reporting, supervise, workers_option

__all__ = ["command"]


@click.command("consume")
@callback_options
@topology_options
@click.option(
    "--concurrency",
    type=click.IntRange(1, 65535),
    metavar="N",
    help="How many callbacks of each consumer may run at a time. Default: as configured, else 1.",
)
@workers_option
@click.pass_obj
def command(
    conf: Options,
    callback: str | None,
    callback_file: str | None,
    app_name: str | None,
    queue_name: str | None,
    routing_keys: tuple[str, ...],
    exchange: str | None,
    concurrency: int | None,
    workers: int | None,
) -> None:
    """Call a callback with each message, until SIGTERM or SIGINT.

    Without options that say what to consume, or with what, the consumers are those of the [consumers.NAME]
    tables of the configuration, or the one that its callback, queues and bindings describe.

    The callback that runs then finishes, and its message is acknowledged; everything else goes back to its
    queue (configuration key shutdown_grace). A second signal ends at once.

    \b
      fedora-messaging consume --callback fedora_messaging.example:printer

    \b
    Exit codes:
      0   a signal, or HaltConsumer without a code of its own
      1   the callback is missing, cannot be imported or cannot be called
      2   wrong usage or configuration
      10  the broker refused a declaration
      11  the consumer could not be registered for another reason
      12  the broker cancelled the consumer: the queue is gone
      13  the callback raised an exception
      14  the connection was refused (TLS)
      15  the broker refused permission, password or virtual host

    With --workers this process starts N copies of its own command. It starts a worker again that was killed,
    or ended with 13 or 14, after 1 s, then 2 s, at most 60 s; a worker that halts, or ends with one of the
    other codes, ends all of them, with its code. At a signal all have the one grace period.
    """  # noqa: D301, click reads the backspace
    if callback and callback_file:
        raise click.UsageError("--callback and --callback-file exclude each other")
    worker = this_worker()
    with reporting(worker):
        configure(conf, worker)
        set_app_name(app_name)
        wanted = wanted_consumers(
            conf_values.parsed(),
            callback=callback or callback_file,
            queue=queue_name,
            routing_keys=routing_keys,
            exchange=exchange,
            concurrency=concurrency,
        )
        if workers is not None and worker is None:
            check_shared(wanted, workers)
            supervise(workers)
            return
        consume([(_callback_of(each, callback, callback_file), _options_of(each)) for each in wanted], worker)


def _callback_of(
    consumer: ConsumerConfig, callback: str | None, callback_file: str | None
) -> Callable[..., Any]:
    if not consumer.name:
        return named_callback(callback, callback_file)
    try:
        return named_callback(consumer.callback, None)
    except CallbackNotFound as error:
        raise CallbackNotFound(f"consumers.{consumer.name}.callback: {error}") from error


def _options_of(consumer: ConsumerConfig) -> dict[str, Any]:
    return {
        "bindings": consumer.bindings,
        "queues": consumer.queues,
        "prefetch_count": consumer.qos.prefetch_count,
        "concurrency": consumer.qos.concurrency,
        "name": consumer.name,
        "retry": consumer.retry,
    }
