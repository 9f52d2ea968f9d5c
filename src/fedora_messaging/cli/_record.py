# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging record``."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

from ..exceptions import HaltConsumer
from ..message import Message, dumps
from . import configure
from ._consuming import bindings_for, consume, topology_options

__all__ = ["Recorder", "command"]


@click.command("record", short_help="Write messages to a file as they come.")
@click.argument("file", type=click.Path(dir_okay=False, writable=True, allow_dash=True))
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Stop after so many messages.")
@topology_options
@click.pass_obj
def command(
    conf: str | None,
    file: str,
    limit: int | None,
    app_name: str | None,
    queue_name: str | None,
    routing_keys: tuple[str, ...],
    exchange: str | None,
) -> None:
    """Write messages to FILE as they come, one JSON object a line, until Ctrl-C or the limit.

    Messages are appended to what is in the file. "fedora-messaging publish" reads it.
    Exit codes are those of "fedora-messaging consume".
    """
    configure(conf)
    bindings = bindings_for(app_name, queue_name, routing_keys, exchange)
    with _opened(file) as opened:
        forever = itertools.repeat(None)
        bar = click.progressbar(forever, label="Messages", length=limit, file=sys.stderr, show_pos=True)
        with bar:
            consume(Recorder(opened, limit, bar.update), bindings)


@contextmanager
def _opened(name: str) -> Iterator[IO[bytes]]:
    """Open the file to append to, before anything is consumed; an incomplete last line is ended.

    Raises:
        click.BadParameter: It cannot be written to.
    """
    if name == "-":
        yield sys.stdout.buffer
        return
    path = Path(name).expanduser()
    try:
        # Unbuffered: what could not be written must not be tried again when the file is closed.
        opened = Path(path).open("ab", buffering=0)  # noqa: SIM115
    except OSError as error:
        raise click.BadParameter(f"{name}: cannot be written: {error.strerror}", param_hint="FILE") from error
    with opened:
        if opened.seekable() and opened.tell() > 0 and not _ends_with_newline(path):
            opened.write(b"\n")
        yield opened


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as written:
        written.seek(-1, os.SEEK_END)
        return written.read() == b"\n"


class Recorder:
    """A callback that writes messages to a file, one whole line each.

    Args:
        file: The file. A message that cannot be written is not acknowledged.
        limit: The number of messages; None: no limit.
        progress: Called with 1 for each message.
    """

    def __init__(self, file: IO[bytes], limit: int | None = None, progress: Any = lambda step: None) -> None:
        self._file = file
        self._limit = limit
        self._progress = progress
        self._count = 0

    def __call__(self, message: Message) -> None:
        line = dumps(message).encode("utf-8")
        start = self._position()
        try:
            rest = memoryview(line)
            while rest:  # an unbuffered file may take a part
                rest = rest[self._file.write(rest) :]
            self._file.flush()
        except OSError:
            self._take_back(start)
            raise
        self._count += 1
        self._progress(1)
        if self._count == self._limit:
            raise HaltConsumer

    def _position(self) -> int | None:
        return self._file.tell() if self._file.seekable() else None

    def _take_back(self, start: int | None) -> None:
        """Remove an incomplete line after a failed write, on a full disk for example."""
        if start is not None:
            os.ftruncate(self._file.fileno(), start)
