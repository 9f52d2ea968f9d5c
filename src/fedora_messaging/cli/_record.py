# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging record``."""

from __future__ import annotations

import itertools
import sys
from typing import IO, Any

import click

from ..exceptions import HaltConsumer
from ..message import Message, dumps
from ..retry import Retry
from . import Options, configure
from ._consuming import bindings_for, consume, topology_options
from ._lines import opened_to_append, write_line

__all__ = ["Recorder", "command"]


@click.command("record", short_help="Write messages to a file as they come.")
@click.argument("file", type=click.Path(dir_okay=False, writable=True, allow_dash=True))
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Stop after so many messages.")
@topology_options
@click.pass_obj
def command(
    conf: Options,
    file: str,
    limit: int | None,
    app_name: str | None,
    queue_name: str | None,
    routing_keys: tuple[str, ...],
    exchange: str | None,
) -> None:
    """Write messages to FILE as they come, one JSON object a line, until Ctrl-C or the limit.

    Messages are appended to what is in the file. "fedora-messaging publish" reads it.

    \b
      fedora-messaging record orders.jsonl --limit 10

    Exit codes are those of "fedora-messaging consume".
    """  # noqa: D301, click reads the backspace
    configure(conf)
    bindings = bindings_for(app_name, queue_name, routing_keys, exchange)
    with opened_to_append(file) as opened:
        forever = itertools.repeat(None)
        bar = click.progressbar(forever, label="Messages", length=limit, file=sys.stderr, show_pos=True)
        with bar:
            consume([(Recorder(opened, limit, bar.update), {"bindings": bindings, "concurrency": 1})])


class Recorder:
    """A callback that writes messages to a file, one whole line each.

    Args:
        file: The file. A message that cannot be written is not acknowledged.
        limit: The number of messages; None: no limit.
        progress: Called with 1 for each message.
    """

    #: The failure policy of the configuration is for the application's callbacks.
    retry = Retry(jitter=0)

    def __init__(self, file: IO[bytes], limit: int | None = None, progress: Any = lambda step: None) -> None:
        self._file = file
        self._limit = limit
        self._progress = progress
        self._count = 0

    def __call__(self, message: Message) -> None:
        write_line(self._file, dumps(message).encode("utf-8"))
        self._count += 1
        self._progress(1)
        if self._count == self._limit:
            raise HaltConsumer
