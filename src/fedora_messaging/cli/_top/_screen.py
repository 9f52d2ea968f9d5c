# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The terminal, while ``top`` has all of it."""

from __future__ import annotations

import os
import select
import shutil
import signal
import termios
import tty
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import IO, Any, TextIO

import click

__all__ = ["Screen"]

# ECMA-48, and the private modes that xterm has and all others have from it: the other screen, the cursor.
_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
_HOME, _END_OF_LINE, _END_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"
#: What ends it: q, Q, and Ctrl-C and Ctrl-D where the terminal makes no signal of it.
_QUITS = frozenset(b"qQ\x03\x04")
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Screen:
    """A context manager: within it the terminal shows what is drawn; after it, what it showed before.

    Args:
        keys: Where keys are read from: a terminal.
        output: Where it is drawn: the same terminal.
        colored: Whether colours are kept.

    Attributes:
        ended: Whether the user, or a signal, has asked for the end.
    """

    def __init__(self, keys: IO[Any], output: TextIO, *, colored: bool) -> None:
        self.ended = False
        self._colored = colored
        self._input = keys.fileno()
        self._output = output
        self._before: Any = None
        self._handlers: dict[int, Any] = {}
        # Never closed: threads may want to wake it after its end.
        self._woken, self._waking = os.pipe()

    def __enter__(self) -> Screen:
        for end in (self._woken, self._waking):
            os.set_blocking(end, False)
        self._before = termios.tcgetattr(self._input)
        for number in _ENDING:
            self._handlers[number] = signal.signal(number, self._end)
        self._handlers[signal.SIGTSTP] = signal.signal(signal.SIGTSTP, self._stop)
        self._handlers[signal.SIGWINCH] = signal.signal(signal.SIGWINCH, lambda *_: self.wake())
        self._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._restore()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    @property
    def width(self) -> int:
        """How many cells a line may have."""
        return shutil.get_terminal_size().columns - 1

    def draw(self, lines: Iterable[str]) -> None:
        """Show lines, as many as there is room for."""
        height = shutil.get_terminal_size().lines
        shown = list(lines)[: height - 1]
        text = "".join(f"{line}{_END_OF_LINE}\r\n" for line in shown)
        self._write(f"{_HOME}{text if self._colored else _without_colors(text)}{_END_OF_SCREEN}")

    def wake(self) -> None:
        """Have :meth:`wait` return; any thread, and a signal handler, may call this."""
        with suppress(BlockingIOError):  # it will wake up anyhow
            os.write(self._waking, b"!")

    def wait(self) -> None:
        """Wait for a key, a signal, or :meth:`wake`."""
        ready, _, _ = select.select([self._input, self._woken], [], [])
        if self._woken in ready:
            os.read(self._woken, 4096)
        if self._input in ready:
            keys = os.read(self._input, 64)
            self.ended = self.ended or not keys or not _QUITS.isdisjoint(keys)

    def _begin(self) -> None:
        tty.setcbreak(self._input)
        self._write(_ENTER)

    def _restore(self) -> None:
        termios.tcsetattr(self._input, termios.TCSAFLUSH, self._before)
        self._write(_LEAVE)

    def _write(self, text: str) -> None:
        encoding = self._output.encoding or "utf-8"
        self._output.write(text.encode(encoding, "backslashreplace").decode(encoding))
        self._output.flush()

    def _end(self, *_: object) -> None:
        self.ended = True
        self.wake()

    def _stop(self, *_: object) -> None:
        """Ctrl-Z: the shell gets its terminal back, and this one when it is continued."""
        self._restore()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._begin()
        self.wake()


def _without_colors(text: str) -> str:
    kept = text.replace(_END_OF_LINE, "\0")
    return click.unstyle(kept).replace("\0", _END_OF_LINE)
