# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The reactor's thread: what is called in it, and where calls of it are refused."""

import subprocess
import sys

import pytest

_IN_ITS_OWN_THREAD = """
def waits():
    try:
        wait(reactor_thread.call(lambda: None), 1)
    except RuntimeError as error:
        return str(error)

print(wait(reactor_thread.call(waits), 120))
"""

_IN_A_FORK_AFTER_THE_FIRST_CALL = """
wait(reactor_thread.call(lambda: None), 120)
sys.stdout.flush()
child = os.fork()
if child == 0:
    try:
        reactor_thread.call(lambda: None)
    except ConnectionException as error:
        print(error, flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""

_IN_A_FORK_BEFORE_THE_FIRST_CALL = """
child = os.fork()
if child == 0:
    print("the child's", wait(reactor_thread.call(lambda: "call"), 120), flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""

_BY_A_FINALIZER_WHILE_IT_IS_STARTED = """
class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == "crochet":
            try:
                reactor_thread.call(lambda: None)
            except ConnectionException as error:
                print(error)

sys.meta_path.insert(0, Interrupts())
wait(reactor_thread.call(lambda: None), 120)
"""

_WHEN_IT_CANNOT_BE_STARTED = """
class Refuses:
    def find_spec(self, name, path=None, target=None):
        if name == "crochet":
            raise SystemExit("no crochet here")

sys.meta_path.insert(0, Refuses())
try:
    wait(reactor_thread.call(lambda: None), 120)
except ConnectionException as error:
    print(error)
"""

_WHEN_IT_HAS_STOPPED = """
from twisted.internet.defer import Deferred

never = reactor_thread.call(Deferred)

def stop():
    from twisted.internet import reactor

    reactor.stop()

reactor_thread.call(stop)
for made in (lambda: never), (lambda: reactor_thread.call(lambda: None)):
    try:
        wait(made(), 120)
    except ConnectionException as error:
        print(error)
"""


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (_IN_ITS_OWN_THREAD, ["waiting for a call would block the reactor"]),
        (_IN_A_FORK_AFTER_THE_FIRST_CALL, ["forked after its parent had used fedora_messaging"]),
        (_IN_A_FORK_BEFORE_THE_FIRST_CALL, ["the child's call"]),
        (_BY_A_FINALIZER_WHILE_IT_IS_STARTED, ["is being started by this very thread"]),
        (_WHEN_IT_CANNOT_BE_STARTED, ["could not be started: SystemExit('no crochet here')"]),
        (_WHEN_IT_HAS_STOPPED, ["the reactor was stopped", "the reactor was stopped"]),
    ],
    ids=lambda value: "" if isinstance(value, str) else value[0],
)
def test_calls(code: str, words: list[str]) -> None:
    """Each call returns or is refused with an error that says why, wherever it is made."""
    prelude = """
import os, sys
from fedora_messaging._client.reactor_thread import reactor_thread, wait
from fedora_messaging.exceptions import ConnectionException
"""
    run = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", prelude + code],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    lines = run.stdout.splitlines()

    assert len(words) == len(lines), run.stderr
    for expected, line in zip(words, lines, strict=True):
        assert expected in line
