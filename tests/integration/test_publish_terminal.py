# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging publish`` at a terminal: its progress, and its question when a body is not valid."""

import fcntl
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fedora_messaging.message import Message, dumps
from rabbitmq import Vhost
from support.amqp import Amqp
from support.programs import Programs
from support.terminal import read

pytestmark = pytest.mark.fedora_messaging_real_broker


class Terminal:
    """A program whose input and messages are a terminal of 80 columns."""

    def __init__(self, words: list[str], environ: dict[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fedora_messaging", *words],
            env=environ,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.said = ""

    def until(self, text: str) -> None:
        """Read until a text comes, which is once more than before."""
        count = self.said.count(text)
        while self.said.count(text) == count:
            self.said += read(self._ours).decode()

    def type(self, text: str) -> None:
        """Write what a user types."""
        os.write(self._ours, text.encode())

    def ended(self) -> int:
        """Read the rest, and return the exit code."""
        while True:
            try:
                data = os.read(self._ours, 65536)
            except OSError:  # the program has closed it
                break
            if not data:
                break
            self.said += data.decode()
        return self._process.wait(60)

    def close(self) -> None:
        """End the program, if it runs still."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._ours)


@pytest.fixture
def terminal(programs: Programs, vhost: Vhost) -> Iterator[Callable[..., Terminal]]:
    """Starts the command at a terminal; its configuration names the test's broker."""
    started: list[Terminal] = []
    environ = {**os.environ, "FEDORA_MESSAGING_CONF": str(programs.configure(vhost.url)), "TERM": "xterm"}

    def start(*words: object, **more: str) -> Terminal:
        started.append(Terminal([str(each) for each in words], {**environ, **more}))
        return started[-1]

    yield start
    for each in started:
        each.close()


def test_progress(terminal: Callable[..., Terminal], amqp: Amqp, tmp_path: Path) -> None:
    """Of many messages the progress is shown, in lines that fit, up to all of them."""
    amqp.queue("mine", "#")
    file = tmp_path / "messages.jsonl"
    file.write_text(dumps([Message(topic=f"t.{number}") for number in range(300)]))
    program = terminal("publish", file)

    assert 0 == program.ended(), program.said
    assert "300/300" in program.said
    assert "300 messages were published" in program.said
    shown = [line for line in re.split(r"[\r\n]|\x1b\[\??\d*[A-Za-z]", program.said) if "/300" in line]
    assert shown
    assert [] == [line for line in shown if len(line) > 80 or not line.startswith("Messages  [")]
    assert 300 == amqp.ready("mine")


def test_a_body_that_is_not_valid(terminal: Callable[..., Terminal], tmp_path: Path, amqp: Amqp) -> None:
    """The user is asked, and edits what is there already; a second time with No nothing is sent."""
    editor = tmp_path / "editor.py"
    editor.write_text(
        "import pathlib, sys\npath = pathlib.Path(sys.argv[1])\n"
        "path.write_text('[]' if path.read_text() == '{}\\n' else '{\"n\": 5}')\n"
    )
    amqp.queue("mine", "#")
    words = ["publish", "--edit", "-t", "a"]
    command = shlex.join([sys.executable, str(editor)])
    program = terminal(*words, EDITOR=command, VISUAL="", TMPDIR=str(tmp_path))
    program.until("Edit it again? [Y/n]: ")
    program.type("y\n")
    assert 0 == program.ended(), program.said
    assert "Error: A body is a JSON object, not []" in program.said
    assert [b'{"n":5}'] == [each.body for each in amqp.take("mine")]

    program = terminal(*words, EDITOR=command, VISUAL="", TMPDIR=str(tmp_path))
    program.until("Edit it again? [Y/n]: ")
    program.type("n\n")
    assert 2 == program.ended(), program.said
    (kept,) = tmp_path.glob("message-*.json")
    assert f"Nothing was published; what you wrote is in {kept}" in " ".join(program.said.split())
