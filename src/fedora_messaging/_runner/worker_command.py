# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The commands of workers: those of their parent, changed where processes would be in each other's way."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

__all__ = ["interpreter", "same_command", "twistd_command"]

_LOGGER = "fedora_messaging._runner.worker_log.to_stdout"


def same_command(
    executable: str = sys.executable, original: Sequence[str] = tuple(sys.orig_argv)
) -> list[str]:
    """The command that this process was started with.

    Args:
        executable: Python.
        original: The arguments, those of the interpreter included, after its name.
    """
    return [executable, *original[1:]]


def interpreter(
    executable: str = sys.executable,
    original: Sequence[str] = tuple(sys.orig_argv),
    arguments: Sequence[str] = tuple(sys.argv),
) -> list[str]:
    """The part of this process's command before the program's own arguments.

    Args:
        executable: Python.
        original: As of :func:`same_command`.
        arguments: The program, and its own arguments.
    """
    return [executable, *original[1 : len(original) - len(arguments) + 1]]


def twistd_command(
    program: Sequence[str], twistd: Mapping[str, Any], arguments: Sequence[str], number: int
) -> list[str]:
    """The command of a worker under twistd.

    It stays in the foreground, has no pid file and keeps the parent's privileges. Its log goes where the
    parent's goes, with its number: to standard output in each line, to syslog in the prefix, to a file of its
    own beside the parent's, because twistd rotates files.

    Args:
        program: What starts twistd.
        twistd: The options of the parent's twistd; ``logger`` is the name that was given.
        arguments: The options of the plugin.
        number: The worker's number.
    """
    options = ["--nodaemon", "--pidfile="]
    if twistd.get("reactor"):
        options.append(f"--reactor={twistd['reactor']}")
    if twistd.get("rundir"):
        options.append(f"--rundir={twistd['rundir']}")
    if twistd.get("logger"):
        options.append(f"--logger={twistd['logger']}")
    elif twistd.get("syslog"):
        options += ["--syslog", f"--prefix={twistd.get('prefix') or 'twisted'}-worker-{number}"]
    else:
        file = twistd.get("logfile") or ("-" if twistd.get("nodaemon") else "twistd.log")
        options.append(f"--logger={_LOGGER}" if file == "-" else f"--logfile={_own_file(file, number)}")
    return [*program, *options, "fedora-messaging", *arguments]


def _own_file(file: str, number: int) -> PurePath:
    path = PurePath(file)
    return path.with_name(f"{path.stem}.worker-{number}{path.suffix}")
