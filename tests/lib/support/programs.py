# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Python programs in processes of their own, with a configuration of their own."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

__all__ = ["Program", "Programs", "configuration"]


def configuration(url: str, more: str = "") -> str:
    """The text of a configuration file: the broker's URL, and more lines of TOML."""
    return f"amqp_url = {json.dumps(url)}\n{more}"


class Program:
    """A program that runs; what it says is read as it comes.

    Args:
        argv: The command.
        environ: Added to the environment.
        folder: Its working directory.
    """

    def __init__(self, argv: Sequence[str], environ: Mapping[str, str], folder: Path) -> None:
        self._process = subprocess.Popen(
            argv,
            cwd=folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._news = threading.Condition()
        self.lines: list[str] = []
        self.errors: list[str] = []
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._readers = [
            threading.Thread(target=self._read, args=(stream, lines), daemon=True)
            for stream, lines in ((self._process.stdout, self.lines), (self._process.stderr, self.errors))
        ]
        self._open = len(self._readers)
        for reader in self._readers:
            reader.start()

    def _read(self, stream: IO[str], lines: list[str]) -> None:
        with stream:
            for line in stream:
                with self._news:
                    lines.append(line.rstrip("\n"))
                    self._news.notify_all()
        with self._news:
            self._open -= 1
            self._news.notify_all()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def said(self) -> str:
        """All that it has said so far, for the eyes of whoever reads a failed test."""
        return "\n".join(["stdout:", *self.lines, "stderr:", *self.errors])

    def wait_for(self, words: str, count: int = 1, timeout: float = 120) -> str:
        """Wait until `count` lines hold these words, and return the last of them."""

        def found() -> list[str]:
            return [line for line in [*self.lines, *self.errors] if words in line]

        with self._news:
            self._news.wait_for(lambda: len(found()) >= count or not self._open, timeout)
            lines = found()
        assert len(lines) >= count, f"{words!r} was said {len(lines)} times, not {count}\n{self.said}"
        return lines[count - 1]

    def tell(self, line: str) -> None:
        """Write a line to its standard input."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def close_input(self) -> None:
        """End its standard input."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def ended(self, timeout: float = 120) -> int:
        """Wait for its end and return its exit code; no error may have been left unhandled."""
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGABRT)  # faulthandler then says where it hangs
            self._process.wait(10)
            for reader in self._readers:
                reader.join(10)
            raise AssertionError(f"it did not end within {timeout:g} s\n{self.said}") from None
        for reader in self._readers:
            reader.join(10)
        assert "Unhandled" not in self.said, self.said
        return code

    def kill(self) -> None:
        """End it, in whatever state it is."""
        self._process.kill()
        self._process.wait(10)
        for reader in self._readers:
            reader.join(10)
        if self._process.stdin is not None:
            self._process.stdin.close()


class Programs:
    """Starts programs, and ends those that still run at the end of the test.

    Args:
        folder: Where their files are put.
        url: Called for the broker of those that are given no other.
    """

    def __init__(self, folder: Path, url: Callable[[], str]) -> None:
        self._folder = folder
        self._url = url
        self._started: list[Program] = []

    def configure(self, url: str, more: str = "") -> Path:
        """Write a configuration file."""
        path = self._folder / f"config{len(list(self._folder.iterdir()))}.toml"
        path.write_text(configuration(url, more))
        return path

    def start(
        self,
        text: str,
        *arguments: object,
        url: str = "",
        config: str = "",
        environ: Mapping[str, str] | None = None,
    ) -> Program:
        """Run the text of a Python program.

        Args:
            text: The program.
            arguments: Its command line's.
            url: The broker; none: the test's own.
            config: More lines of the configuration file.
            environ: Added to the environment.
        """
        script = self._folder / f"script{len(list(self._folder.iterdir()))}.py"
        script.write_text(text)
        return self.run(
            [sys.executable, str(script), *map(str, arguments)], url=url, config=config, environ=environ
        )

    def run(
        self,
        argv: Sequence[str],
        *,
        url: str = "",
        config: str = "",
        environ: Mapping[str, str] | None = None,
    ) -> Program:
        """Run a command; the arguments are those of `start`."""
        path = self.configure(url or self._url(), config)
        added = {"FEDORA_MESSAGING_CONF": str(path), "PYTHONFAULTHANDLER": "1", **(environ or {})}
        program = Program(argv, added, self._folder)
        self._started.append(program)
        return program

    def close(self) -> None:
        """End those that run."""
        for program in self._started:
            program.kill()
