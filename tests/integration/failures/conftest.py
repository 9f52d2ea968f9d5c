# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The programs that consume with a failure policy."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.programs import Program, Programs

_BIN = Path(sys.executable).parent

_CALLBACKS = """
import requests_like
from fedora_messaging.exceptions import Nack

tried = []

def printer(message):
    print("processed", message.body["n"], flush=True)

def failing(message):
    print("tried", message.body["n"], flush=True)
    raise requests_like.ConnectionError("the database is away")

def nacking(message):
    print("tried", message.body["n"], flush=True)
    raise Nack

def failing_once(message):
    n = message.body["n"]
    if n not in tried:
        tried.append(n)
        raise requests_like.ConnectionError("not yet")
    print("processed", n, flush=True)
"""


@pytest.fixture
def command(programs: Programs, tmp_path: Path) -> Callable[..., Program]:
    """Starts ``fedora-messaging consume`` with a callback by name."""
    _write(tmp_path)

    def start(callback: str, config: str, url: str = "", entrance: str = "consume") -> Program:
        argv = {
            "consume": ["fedora-messaging", "consume", "--callback", f"policy_callbacks:{callback}"],
            "twistd": ["twistd", "--nodaemon", f"--pidfile={tmp_path}/twistd.pid", "fedora-messaging"],
        }[entrance]
        path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
        return programs.run(
            [str(_BIN / argv[0]), *argv[1:]], url=url, config=config, environ={"PYTHONPATH": path}
        )

    return start


def _write(folder: Path) -> None:
    (folder / "requests_like.py").write_text("class ConnectionError(OSError):\n    pass\n\nvalue = 1\n")
    (folder / "policy_callbacks.py").write_text(_CALLBACKS)
