# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Runs a command on a terminal."""

import os
import pty
import select
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

__all__ = ["on_a_terminal", "read"]


def on_a_terminal(
    argv: Sequence[str], environ: Mapping[str, str], *, columns: int = 80, folder: Path | None = None
) -> tuple[int, str]:
    """Run a command on a terminal until it ends.

    Args:
        argv: The command.
        environ: Added to the environment, in which nothing is said of colours.
        columns: The width of the terminal.
        folder: Where it is started; None: here.

    Returns:
        Its exit code, and what it wrote.
    """
    outer, inner = pty.openpty()
    unset = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
    command = subprocess.Popen(
        argv,
        stdin=inner,
        stdout=inner,
        stderr=inner,
        env={**unset, "COLUMNS": str(columns), **environ},
        cwd=folder,
    )
    os.close(inner)
    written = bytearray()
    with suppress(OSError):  # EIO: the command has ended
        while data := os.read(outer, 4096):
            written += data
    os.close(outer)
    return command.wait(60), written.decode().replace("\r\n", "\n")


def read(descriptor: int, limit: float = 120) -> bytes:
    """Read what a terminal shows next; it is an error if that is nothing for so many seconds."""
    assert select.select([descriptor], [], [], limit)[0], f"nothing was written for {limit:g} s"
    return os.read(descriptor, 65536)
