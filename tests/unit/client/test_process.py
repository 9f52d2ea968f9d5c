# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""How a process that consumes is ended by signals."""

import subprocess
import sys

_SIGNALS = """
import os, signal, socket, threading
from fedora_messaging._client.process import ended_by_signals

heard = threading.Semaphore(0)
said = []

def first():
    said.append("first")
    heard.release()
    raise RuntimeError("this is logged")

def second():
    said.append("second")
    heard.release()

full, other = socket.socketpair()
other.setblocking(False)
while True:
    try:
        other.send(b"x" * 65536)
    except BlockingIOError:
        break
signal.signal(signal.SIGUSR1, lambda *_: None)
signal.set_wakeup_fd(other.fileno(), warn_on_full_buffer=False)
before = signal.getsignal(signal.SIGTERM)
here, there = os.pipe()
with ended_by_signals(first, second):
    os.kill(os.getpid(), signal.SIGUSR1)  # for a descriptor that is full
    os.kill(os.getpid(), signal.SIGTERM)
    heard.acquire()
    child = os.fork()  # it has a copy of everything, and lives on
    if child == 0:
        os.read(here, 1)
        os._exit(0)
    os.kill(os.getpid(), signal.SIGINT)
    heard.acquire()
print(said, signal.getsignal(signal.SIGTERM) is before, signal.set_wakeup_fd(-1) == other.fileno())
os.write(there, b"x")
os.waitpid(child, 0)
"""


def test_signals_whatever_happens_meanwhile() -> None:
    """Two signals are heard, though a call fails, another descriptor is full, and a child lives on."""
    run = subprocess.run(
        [sys.executable, "-c", _SIGNALS], capture_output=True, text=True, timeout=200, check=False
    )

    assert ["['first', 'second'] True True"] == run.stdout.splitlines(), run.stderr
    assert "this is logged" in run.stderr
