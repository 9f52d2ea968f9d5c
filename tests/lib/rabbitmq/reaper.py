# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Ends what a test run leaves behind when it dies, however it dies.

A process of its own, in its own session, so that neither Ctrl-C nor SIGKILL of the tests reaches it. It
reads lines on standard input: ``+group N``, ``-group N``, ``+folder PATH``, ``-folder PATH``. At end of file
it kills each process group and removes each folder that is still listed.
"""

import atexit
import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path


class Reaper:
    """The side of the tests: one child process, started when first needed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def _write(self, line: str) -> None:
        if self._process is None or self._owner != os.getpid():
            self._owner = os.getpid()
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(Path(__file__).resolve())],
                stdin=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            )
            atexit.register(self.close)
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())

    def watch_group(self, pgid: int) -> None:
        """Kill this process group when the tests end."""
        self._write(f"+group {pgid}")

    def forget_group(self, pgid: int) -> None:
        """The group has ended; its number may be given to another now."""
        self._write(f"-group {pgid}")

    def watch_folder(self, path: Path) -> None:
        """Remove this folder when the tests end."""
        self._write(f"+folder {path}")

    def forget_folder(self, path: Path) -> None:
        """The folder has been removed."""
        self._write(f"-folder {path}")

    def close(self) -> None:
        """Have everything that is still listed ended, and wait until it is."""
        if self._process is None or self._owner != os.getpid():
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process = None


def _kill(group: int) -> None:
    leader = os.pidfd_open(group)
    os.killpg(group, signal.SIGKILL)
    select.select([leader], [], [], 10)  # readable when it has ended: only then its folder stays empty
    os.close(leader)


def _main() -> None:
    kept: dict[str, set[str]] = {"group": set(), "folder": set()}
    for line in sys.stdin:
        kind, _, value = line.strip().partition(" ")
        (kept[kind[1:]].add if kind[0] == "+" else kept[kind[1:]].discard)(value)
    for group in kept["group"]:
        with contextlib.suppress(ProcessLookupError):
            _kill(int(group))
    for folder in kept["folder"]:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    _main()
