# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The tutorial works as a newcomer follows it: in an empty folder, in a fresh virtual environment.

File names, code, commands and outputs are those of the built page, which is what a newcomer reads.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rabbitmq.ports import free_port
from support import rendered
from support.programs import Program

pytestmark = [pytest.mark.fedora_messaging_real_broker, pytest.mark.slow]

_CHECKOUT = Path(__file__).resolve().parents[2]


class _Newcomer:
    """Someone who types what the page says."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.folder = folder
        self._wheel = wheel
        self._port = free_port()
        self.running: dict[str, Program] = {}
        self._started: list[Program] = []
        path = os.pathsep.join([str(folder / "venv" / "bin"), os.environ["PATH"]])
        # What the test's own environment has set would not be there.
        unwanted = (
            "VIRTUAL_ENV",
            "PYTHONPATH",
            "PYTHONDONTWRITEBYTECODE",
            "FEDORA_MESSAGING_CONF",
            "TOX_ENV_NAME",
            "PYTEST_ADDOPTS",
        )
        self._environ = {
            **{key: value for key, value in os.environ.items() if key not in unwanted},
            "PATH": path,
        }

    def writes(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("5672", str(self._port)))

    def types(self, command: str, expected: list[str]) -> None:
        command = command.replace("python3 -m venv", f"{sys.executable} -m venv")
        if command.startswith("pip install"):
            command = command.replace(" fedora-messaging", f" {self._wheel}")
        if command.startswith("fedora-messaging broker"):
            self._starts("broker", f"{command} --port {self._port}").wait_for(str(self._port))
        elif " consume " in command:
            if "consumer" in self.running:  # "stop the consumer with Ctrl-C and start it again"
                self.running["consumer"].signal(signal.SIGINT)
                assert 0 == self.running["consumer"].ended()
            consumer = self._starts("consumer", command)
            for line in expected:
                consumer.wait_for(line)
        elif command.startswith("export "):
            name, _, value = command.removeprefix("export ").partition("=")
            self._environ[name] = value
        elif not command.startswith(". "):
            self._runs(command, expected)

    def reads(self, lines: list[str]) -> None:
        """What the consumer says."""
        for line in lines:
            self.running["consumer"].wait_for(line)

    def leaves(self) -> None:
        for program in reversed(self._started):
            program.kill()

    def _starts(self, name: str, command: str) -> Program:
        self.running[name] = Program(["bash", "-c", f"exec {command}"], self._environ, self.folder)
        self._started.append(self.running[name])
        return self.running[name]

    def _runs(self, command: str, expected: list[str]) -> None:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self._environ,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        said = done.stdout + done.stderr
        failing = any(line.startswith("fedora_messaging.exceptions.") for line in expected)
        assert failing == (done.returncode != 0), f"{command}\n{said}"
        for line in expected:
            assert line in said, f"{command}\n{said}"


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A wheel of the package, built from the checkout."""
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "-q",
            "--no-deps",
            "-w",
            str(tmp_path / "dist"),
            str(_CHECKOUT),
        ],
        check=True,
        timeout=300,
    )
    return next((tmp_path / "dist").glob("fedora_messaging-*.whl"))


@pytest.fixture
def newcomer(tmp_path: Path, wheel: Path) -> Iterator[_Newcomer]:
    folder = tmp_path / "bakery"
    folder.mkdir()
    someone = _Newcomer(folder, wheel)
    yield someone
    someone.leaves()


def _commands(text: str) -> Iterator[tuple[str, list[str]]]:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *expected = part.splitlines()
        yield command, expected


def test_the_tutorial(newcomer: _Newcomer, built: Path) -> None:
    """Every file, command and output of the built page is what it says."""
    shown = rendered.blocks((built / "tutorial.html").read_text("utf-8"))

    assert 7 == sum(1 for block in shown if block.caption)
    for language, caption, text in shown:
        if caption:
            newcomer.writes(caption, text)
        elif language == "console":
            for command, expected in _commands(text):
                newcomer.types(command, expected)
        else:
            newcomer.reads(text.splitlines())
