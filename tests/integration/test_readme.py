# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the README shows runs as it stands there."""

import os
import pty
import re
import shlex
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import click
import pytest

from rabbitmq import Vhost
from support.amqp import Amqp
from support.programs import Programs

pytestmark = pytest.mark.fedora_messaging_real_broker

_CHECKOUT = Path(__file__).resolve().parents[2]
_PROGRAM = str(Path(sys.executable).with_name("fedora-messaging"))


def _python_blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", (_CHECKOUT / "README.md").read_text(), re.DOTALL)


def test_the_readmes_publisher_and_consumer(programs: Programs, amqp: Amqp) -> None:
    """The README's consumer prints what its publisher has sent."""
    publish, consume = _python_blocks()[:2]
    consumer = programs.start(consume)
    amqp.wait_for_consumers("demo")

    assert 0 == programs.start(publish).ended()
    consumer.wait_for("org.example.demo.hello {'greeting': 'hello'}")
    consumer.signal(signal.SIGTERM)
    assert 0 == consumer.ended()


def test_the_readmes_publisher_with_a_wrong_password(programs: Programs, vhost: Vhost) -> None:
    """The README's publisher says what happened in one line when the broker refuses its password."""
    publisher = programs.start(_python_blocks()[0], url=vhost.url.replace("guest:guest@", "guest:wrong@"))

    assert 0 == publisher.ended()
    publisher.wait_for("publish it again later:")
    assert "Traceback" not in publisher.said


def _on_a_terminal(argv: list[str], environ: dict[str, str]) -> str:
    """What a command writes to a terminal of 80 columns."""
    outer, inner = pty.openpty()
    unset = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
    command = subprocess.Popen(
        argv, stdin=inner, stdout=inner, stderr=inner, env={**unset, "COLUMNS": "80", **environ}
    )
    os.close(inner)
    written = bytearray()
    with suppress(OSError):  # EIO: the command has ended
        while data := os.read(outer, 4096):
            written += data
    os.close(outer)
    assert 0 == command.wait(60), written.decode()
    return written.decode().replace("\r\n", "\n")


def test_make_demo() -> None:
    """The demonstration prints what went through its broker, sums up and ends by itself; in 80 columns
    nothing wraps, and the shell has the commands that it recommends."""
    said = _on_a_terminal([_PROGRAM, "demo"], {"TERM": "xterm"})

    assert "\x1b[32m" in said
    text = click.unstyle(said)
    assert 36 == len(re.findall(r"^\d\d:\d\d:\d\d  (debug|info|warning|error) ", text, re.MULTILINE))
    assert "2,036 messages published and confirmed, 2,036 received and acknowledged." in text
    assert [] == [line for line in text.splitlines() if len(line) > 79]
    lines = text.replace("\\\n", "").splitlines()
    commands = [line for line in lines if line.startswith("  ") and "#" not in line]
    assert ["broker", "consume", "--help"] == [shlex.split(command)[1] for command in commands]
    for command in commands:
        subprocess.run(f"{command} --help", shell=True, check=True, stdout=subprocess.PIPE, timeout=60)


@pytest.mark.parametrize("environ", [{"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_no_colours_where_none_are_wanted(environ: dict[str, str]) -> None:
    """Nothing but text is written with NO_COLOR, and to a terminal that can do no more."""
    assert "\x1b" not in _on_a_terminal([_PROGRAM, "demo"], environ)


def test_no_colours_in_a_file(tmp_path: Path) -> None:
    """Nothing but text is written to what is no terminal."""
    environ = {**os.environ, "TERM": "xterm"}
    with (tmp_path / "said").open("wb") as file:
        subprocess.run([_PROGRAM, "demo"], stdout=file, check=True, timeout=60, env=environ)

    assert b"\x1b" not in (tmp_path / "said").read_bytes()
