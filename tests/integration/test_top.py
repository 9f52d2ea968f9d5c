# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging top`` in a terminal, looking at a server that says what dashboards say."""

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from rabbitmq.ports import free_port
from support.terminal import read
from support.waiting import until

_TOP = [sys.executable, "-m", "fedora_messaging", "top"]
_LEFT = b"\x1b[?25h\x1b[?1049l"


class Dashboard(ThreadingHTTPServer):
    """Tells of one queue, and counts up; the numbers that it has told are those of the messages waiting."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        #: Set: the answer is 503, or an event is nonsense, or the stream ends.
        self.full = self.mad = self.over = False
        #: Where it stops to count.
        self.last = 1_000_000
        self.more = threading.Event()


class _Answer(BaseHTTPRequestHandler):
    server: Dashboard

    def do_GET(self) -> None:
        if self.path != "/events" or self.server.full:
            self.send_response(503 if self.server.full else 404)
            self.end_headers()
            self.wfile.write(b"20 others look at this dashboard already, and more may not.\n")
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        number = 0
        while not self.server.over:
            rate = float(number) if number else None
            row = {"queue": "orders", "state": "consuming", "level": "good", "in": rate, "ok": rate}
            row |= {"failed": 0.0, "p99": "12 ms", "unacknowledged": 7, "waiting": number, "oldest": ""}
            data = {} if self.server.mad else {"consumers": [row]}
            try:
                self.wfile.write(b"data: %s\n\n" % json.dumps(data).encode())
            except OSError:
                return
            number = min(number + 1, self.server.last)
            self.server.more.wait(0.05)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def dashboard() -> Iterator[Dashboard]:
    """A server that runs."""
    with Dashboard() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.over = True
        server.shutdown()
        thread.join()


class Terminal:
    """A program in a terminal of 80 columns."""

    def __init__(self, *argv: str, **environ: str) -> None:
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.theirs = theirs
        self.before = termios.tcgetattr(theirs)
        self.process = subprocess.Popen(
            argv,
            env={**os.environ, "TERM": "xterm", **environ},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        self.said = b""

    def wait_for(self, text: bytes) -> None:
        """Read until it has said this, from now on."""
        begin = len(self.said)
        while text not in self.said[begin:]:
            self.said += read(self.ours)

    def wait_for_number(self) -> int:
        """The next number of messages waiting that is drawn; some are not, where drawing takes long."""
        begin = len(self.said)
        while not (found := re.search(rb" (\d+)      -", self.said[begin:])):
            self.said += read(self.ours)
        return int(found[1])

    def wait_for_another(self) -> None:
        """Wait until the number changes."""
        first = self.wait_for_number()
        until(lambda: first != self.wait_for_number(), 120)

    def restored(self) -> bool:
        """Whether the terminal is as it was, on its own screen and with a cursor."""
        return self.before == termios.tcgetattr(self.theirs) and self.said.rindex(_LEFT) > self.said.rindex(
            b"\x1b[?1049h"
        )

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()
        os.close(self.ours)
        os.close(self.theirs)


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    """Terminals that are closed at the end."""
    opened: list[Terminal] = []
    yield opened
    for each in opened:
        each.close()


@pytest.mark.parametrize("end", [b"q", signal.SIGTERM, signal.SIGINT])
def test_until_the_end(dashboard: Dashboard, terminals: list[Terminal], end: bytes | int) -> None:
    """Numbers move until q or a signal; then the terminal is as it was, and the exit code is 0."""
    terminal = Terminal(*_TOP, dashboard.url)
    terminals.append(terminal)
    for _ in range(2):
        terminal.wait_for_another()
    while_it_runs = termios.tcgetattr(terminal.theirs)
    if isinstance(end, bytes):
        os.write(terminal.ours, end)
    else:
        terminal.process.send_signal(end)
    terminal.wait_for(_LEFT)

    assert 0 == terminal.process.wait(60)
    assert terminal.before != while_it_runs
    assert terminal.restored()
    assert b"\x1b[32m" in terminal.said


def test_the_dashboard_is_gone_and_comes_back(dashboard: Dashboard, terminals: list[Terminal]) -> None:
    """The last numbers stay, with the time since when they are old, until there are new ones; without colours
    where none are wanted.
    """
    terminal = Terminal(*_TOP, dashboard.url, NO_COLOR="1")
    terminals.append(terminal)
    terminal.wait_for(b"orders")
    dashboard.full = dashboard.over = True
    terminal.wait_for(b"no contact since")
    dashboard.full = dashboard.over = False
    terminal.wait_for_another()
    os.write(terminal.ours, b"q")
    terminal.wait_for(_LEFT)

    assert 0 == terminal.process.wait(60)
    assert b"\x1b[32m" not in terminal.said


def test_once(dashboard: Dashboard) -> None:
    """Without a terminal it prints once, as soon as rates are known."""
    dashboard.last = 1
    done = subprocess.run(
        [*_TOP, dashboard.url],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
    )

    assert (0, "") == (done.returncode, done.stderr)
    assert ["queue", "orders"] == [line.split()[0] for line in done.stdout.splitlines()]
    assert " 1.0 " in done.stdout


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("full", "20 others look at this dashboard already"),
        ("mad", "what answers is no dashboard of this package"),
        ("path", "there is no dashboard: its configuration needs [monitoring] dashboard = true"),
        ("away", "Connection refused"),
    ],
)
def test_no_answer(dashboard: Dashboard, fault: str, words: str) -> None:
    """It is one line, and the exit code is 1; what else answers is shown."""
    setattr(dashboard, fault, True)
    url = {"path": f"{dashboard.url}/elsewhere", "away": f"127.0.0.1:{free_port()}"}.get(fault, dashboard.url)
    done = subprocess.run([*_TOP, "--once", url], capture_output=True, text=True, timeout=120, check=False)

    assert (1, "") == (done.returncode, done.stdout)
    assert 1 == len(done.stderr.splitlines())
    assert words in done.stderr


def test_an_error_restores_the_terminal(dashboard: Dashboard, terminals: list[Terminal]) -> None:
    """Whatever goes wrong is said on the screen that was there before."""
    code = (
        "from fedora_messaging.cli import main, _top\n"
        "def broken(*_): raise RuntimeError('broken')\n"
        "_top.lines = broken\n"
        f"main(['top', {dashboard.url!r}])\n"
    )
    terminal = Terminal(sys.executable, "-c", code)
    terminals.append(terminal)
    terminal.wait_for(b"RuntimeError: broken")

    assert 13 == terminal.process.wait(60)
    assert terminal.restored()
    assert terminal.said.index(_LEFT) < terminal.said.index(b"broken")
