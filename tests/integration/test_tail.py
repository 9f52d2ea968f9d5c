# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging tail`` on RabbitMQ: what it shows, how it ends, and that it takes nothing away."""

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from fedora_messaging.message import Message, dumps, loads
from rabbitmq import Vhost
from support.amqp import Amqp
from support.programs import Program, Programs
from support.terminal import read

pytestmark = pytest.mark.fedora_messaging_real_broker

_HEADERS = {"fedora_messaging_schema": "base.message", "fedora_messaging_severity": 20, "sent-at": "x"}
_TAIL = [sys.executable, "-m", "fedora_messaging", "tail"]


@pytest.fixture
def tail(programs: Programs) -> Callable[..., Program]:
    """Starts the command, and waits until it is listening."""

    def start(*words: str) -> Program:
        program = programs.run([*_TAIL, *words])
        program.wait_for("Waiting for messages of")
        return program

    return start


def publish(amqp: Amqp, topic: str, body: Any = None, **headers: Any) -> None:
    amqp.publish(topic, body, headers={**_HEADERS, **headers}, content_encoding="utf-8", message_id=topic)


def test_what_is_shown(tail: Callable[..., Program], vhost: Vhost, amqp: Amqp) -> None:
    """Patterns are bound on the broker, headers are looked at here; Ctrl-C is exit code 0."""
    amqp.queue("mine", "#")
    program = tail("-k", "a.#", "-k", "b", "--exclude-topic", "*.x", "--package", "zlib", "-o", "topic")
    zlib = {"fedora_messaging_rpm_zlib": True}
    for topic, headers in (
        ("a.1", zlib),
        ("a.2", {}),
        ("a.x", zlib),
        ("c", zlib),
        ("b", zlib),
        ("a.3", zlib),
    ):
        publish(amqp, topic, **headers)
    program.wait_for("a.3")

    assert ["a.1", "b", "a.3"] == program.lines
    program.signal(signal.SIGINT)
    assert 0 == program.ended()
    assert 6 == len(amqp.take("mine"))
    assert ["mine"] == list(vhost.queues())


def test_a_limit(tail: Callable[..., Program], amqp: Amqp) -> None:
    """After so many messages it ends; what it wrote is what publish reads."""
    program = tail("-n", "2", "-o", "json")
    for number in range(4):
        publish(amqp, f"t.{number}", {"n": number})
    assert 0 == program.ended()

    assert ["t.0", "t.1"] == [each.topic for each in loads("\n".join(program.lines))]


def test_waiting(programs: Programs) -> None:
    """--wait without a message is exit code 1."""
    program = programs.run([*_TAIL, "--wait", "0.1"])

    assert 1 == program.ended()
    assert "no message within 0.1 s" in program.said


def test_an_invalid_message(tail: Callable[..., Program], amqp: Amqp) -> None:
    """It is shown as such, and what comes after it as well."""
    program = tail("-n", "2")
    amqp.publish("bad", b"{", headers=_HEADERS, content_encoding="utf-8")
    publish(amqp, "good")
    assert 0 == program.ended()

    assert "bad" in program.lines[0]
    assert "not valid: The body is not valid JSON" in program.lines[0]
    assert "good" in program.lines[1]


def test_no_exchange(programs: Programs) -> None:
    """An exchange that is not there is exit code 10."""
    program = programs.run([*_TAIL, "--exchange", "nowhere"])

    assert 10 == program.ended()
    assert "no exchange 'nowhere'" in program.said
    assert "Traceback" not in program.said


def test_the_connection_is_lost(tail: Callable[..., Program], vhost: Vhost) -> None:
    """When the broker ends the connection, so does the command, with exit code 14."""
    program = tail()
    vhost.node.rabbitmqctl("close_all_connections", "-p", vhost.name, "maintenance")

    assert 14 == program.ended()
    assert "maintenance" in program.said


def test_nobody_reads(programs: Programs, vhost: Vhost, amqp: Amqp) -> None:
    """A pipe whose reader ends, as head does, ends the command without a traceback."""
    environ = {
        **os.environ,
        "FEDORA_MESSAGING_CONF": str(programs.configure(vhost.url)),
        "PYTHONUNBUFFERED": "1",
    }
    process = subprocess.Popen(
        [*_TAIL, "-o", "topic"], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert "Waiting" in process.stderr.readline()
    publish(amqp, "a")
    assert "a\n" == process.stdout.readline()
    process.stdout.close()
    publish(amqp, "b")

    said = process.stderr.read()
    assert 1 == process.wait(60), said
    assert "Traceback" not in said
    process.stderr.close()


@pytest.mark.slow
def test_a_terminal_that_is_too_slow(programs: Programs, vhost: Vhost, amqp: Amqp) -> None:
    """While nothing reads the terminal messages are skipped and memory stays flat; then it goes on."""
    environ = {**os.environ, "FEDORA_MESSAGING_CONF": str(programs.configure(vhost.url)), "NO_COLOR": "1"}
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        _TAIL, env=environ, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, start_new_session=True
    )
    os.close(theirs)
    assert process.stderr is not None
    process.stderr.readline()
    publish(amqp, "first")
    said = b""
    while b"first" not in said:
        said += read(ours)
    before = _memory(process.pid)
    for number in range(5_000):
        publish(amqp, f"burst.{number:05}", {"text": "x" * 500})
    grown = _memory(process.pid) - before
    publish(amqp, "the.last.one")
    said = b""
    while b"the.last.one" not in said:
        said += os.read(ours, 65536)

    assert b"skipped (terminal too slow)" in said
    assert all(len(line.rstrip()) <= 80 for line in said.decode().splitlines())
    assert grown < 60 * 1024 * 1024
    process.send_signal(signal.SIGINT)
    while True:
        try:
            if not os.read(ours, 65536):
                break
        except OSError:  # the other end is closed
            break
    assert 0 == process.wait(60)
    process.stderr.close()
    os.close(ours)


def _memory(pid: int) -> int:
    """The bytes of memory that a process has."""
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def archive(amqp: Amqp) -> Iterator[str]:
    """An archive with two messages; while it is asked for them the second is sent again, and a third."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            for topic in ("t.2", "t.3"):
                publish(amqp, topic)
            found: list[dict[str, Any]] = [
                {"topic": topic, "id": topic, "body": {}, "headers": {}} for topic in ("t.1", "t.2", "other")
            ]
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"raw_messages": found, "pages": 1}).encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_since(tail: Callable[..., Program], amqp: Amqp) -> None:
    """First what the archive has, then what comes; what is in both is shown once."""
    with archive(amqp) as url:
        program = tail("--since", "15m", "--datagrepper-url", url, "-k", "t.*", "-n", "3", "-o", "id")
        assert 0 == program.ended()

    assert ["t.1", "t.2", "t.3"] == program.lines


def test_an_archive_that_is_not_there(programs: Programs) -> None:
    """Exit code 14, and a line that says which one."""
    program = programs.run([*_TAIL, "--since", "1h", "--datagrepper-url", "http://127.0.0.1:9"])

    assert 14 == program.ended()
    assert "The archive cannot be reached (http://127.0.0.1:9/v2/search" in program.said
    assert "Traceback" not in program.said


@pytest.mark.needs_rabbitmq
def test_a_stream(tail: Callable[..., Program], programs: Programs, amqp: Amqp, vhost: Vhost) -> None:
    """More than the broker sends unacknowledged is read, by topic and from an offset; all stays there."""
    amqp.queue("log", "#", arguments={"x-queue-type": "stream"})
    for number in range(1_200):
        publish(amqp, f"{'even' if number % 2 == 0 else 'odd'}.{number}")
    program = tail("--stream", "log", "--offset", "first", "-k", "odd.*", "-n", "600", "-o", "topic")
    assert 0 == program.ended()
    assert [f"odd.{number}" for number in range(1, 1_200, 2)] == program.lines
    since = tail("--stream", "log", "--since", "1h", "-n", "1", "-o", "topic")
    assert 0 == since.ended()
    assert ["even.0"] == since.lines
    last = tail("--stream", "log", "--offset", "1199", "-n", "1", "-o", "topic")
    assert 0 == last.ended()

    assert ["odd.1199"] == last.lines
    assert ["log"] == list(vhost.queues())


@pytest.mark.parametrize(("name", "code", "said"), [("mine", 11, "mine is no stream"), ("gone", 10, "gone")])
def test_what_is_no_stream(name: str, code: int, said: str, programs: Programs, amqp: Amqp) -> None:
    """Another queue is left alone, with an exit code of its own."""
    amqp.queue("mine", "#")
    publish(amqp, "a")
    program = programs.run([*_TAIL, "--stream", name])

    assert code == program.ended()
    assert said in program.said
    assert "Traceback" not in program.said
    assert 1 == len(amqp.take("mine"))


def test_from_one_to_the_other(tail: Callable[..., Program], programs: Programs, amqp: Amqp) -> None:
    """What tail writes as JSON publish takes from standard input, with the same id."""
    message = Message({"a": 1}, topic="round")
    program = tail("-n", "1", "-o", "json", "-k", "round")
    again = programs.run([sys.executable, "-m", "fedora_messaging", "publish", "-"])
    again.tell(dumps(message).strip())
    again.close_input()
    assert 0 == again.ended()
    assert 0 == program.ended()

    (got,) = loads(program.lines[0])
    assert (message.id, message.body) == (got.id, got.body)
