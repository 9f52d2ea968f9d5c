# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Files of one message a line, which get whole lines only."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

__all__ = ["opened_to_append", "write_line"]


@contextmanager
def opened_to_append(name: str) -> Iterator[IO[bytes]]:
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


def write_line(file: IO[bytes], line: bytes) -> None:
    """Write a line; after a failed write, on a full disk for example, nothing of it is in the file.

    Args:
        file: The file, unbuffered.
        line: The line with its end.

    Raises:
        OSError: It could not be written.
    """
    start = file.tell() if file.seekable() else None
    try:
        rest = memoryview(line)
        while rest:  # an unbuffered file may take a part
            rest = rest[file.write(rest) :]
        file.flush()
    except OSError:
        if start is not None:
            os.ftruncate(file.fileno(), start)
        raise
