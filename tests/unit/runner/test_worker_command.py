# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The commands of workers."""

from typing import Any

import pytest

from fedora_messaging._runner.worker_command import interpreter, same_command, twistd_command


def test_the_same_command() -> None:
    """Options of the interpreter are kept, and the interpreter is the one that runs."""
    original = ["python", "-X", "dev", "/bin/fedora-messaging", "consume", "--workers", "2"]

    assert ["/usr/bin/python3", *original[1:]] == same_command("/usr/bin/python3", original)


@pytest.mark.parametrize(
    ("original", "arguments", "program"),
    [
        (["python", "/bin/twistd", "-n", "x"], ["/bin/twistd", "-n", "x"], ["/py", "/bin/twistd"]),
        (["python", "-I", "/bin/twistd", "x"], ["/bin/twistd", "x"], ["/py", "-I", "/bin/twistd"]),
        (["python", "-m", "twistd", "x"], ["/lib/twistd.py", "x"], ["/py", "-m", "twistd"]),
    ],
)
def test_the_program(original: list[str], arguments: list[str], program: list[str]) -> None:
    """What starts the program, without the options that it has got."""
    assert program == interpreter("/py", original, arguments)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"nodaemon": 1}, ["--logger=fedora_messaging._runner.worker_log.to_stdout"]),
        ({"logfile": "-"}, ["--logger=fedora_messaging._runner.worker_log.to_stdout"]),
        ({}, ["--logfile=twistd.worker-1.log"]),
        ({"logfile": "/var/log/billing.log"}, ["--logfile=/var/log/billing.worker-1.log"]),
        ({"logfile": "log"}, ["--logfile=log.worker-1"]),
        ({"logger": "mine.observer", "logfile": "x"}, ["--logger=mine.observer"]),
        ({"syslog": 1, "prefix": "billing"}, ["--syslog", "--prefix=billing-worker-1"]),
        ({"reactor": "asyncio", "logger": "x"}, ["--reactor=asyncio", "--logger=x"]),
        ({"rundir": "/srv", "logger": "x"}, ["--rundir=/srv", "--logger=x"]),
        ({"uid": 5, "gid": 5, "umask": 7, "pidfile": "x", "logger": "x"}, ["--logger=x"]),
    ],
)
def test_under_twistd(options: dict[str, Any], expected: list[str]) -> None:
    """It stays in the foreground without a pid file, and logs where its parent does, with its number."""
    command = twistd_command(["/py", "twistd"], options, ["--callback", "m:f", "--workers", "2"], 1)

    assert [
        *("/py", "twistd", "--nodaemon", "--pidfile=", *expected),
        *("fedora-messaging", "--callback", "m:f", "--workers", "2"),
    ] == command
