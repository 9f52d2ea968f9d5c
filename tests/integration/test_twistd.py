# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``twistd fedora-messaging``: in the foreground, as a daemon, and with what cannot work."""

import json
import os
import signal
import socket
import sys
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import pytest

from rabbitmq.ports import free_port
from support.amqp import Amqp
from support.programs import Program, Programs
from support.waiting import until

pytestmark = pytest.mark.fedora_messaging_real_broker

CALLBACKS = """
import pathlib, sys, time
from fedora_messaging.exceptions import HaltConsumer

def printer(message):
    print("received", message.body["n"], flush=True)

def slow(message):
    print("started", message.body["n"], flush=True)
    here = pathlib.Path(__file__).parent
    while not (here / "go").exists():
        time.sleep(0.01)
    with open(here / "done", "a") as file:
        file.write(f"{message.body['n']}\\n")

def halting(message):
    raise HaltConsumer(exit_code=7, reason="enough")

def failing(message):
    raise KeyError("no")
"""


@pytest.fixture
def callbacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a module of callbacks, on the path of programs."""
    (tmp_path / "twistd_callbacks.py").write_text(CALLBACKS)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    return tmp_path


def twistd(
    programs: Programs, folder: Path, *options: object, config: str = "", daemon: bool = False
) -> Program:
    """Run the plugin."""
    command = [str(Path(sys.executable).parent / "twistd"), f"--pidfile={folder / 'twistd.pid'}"]
    command += [f"--logfile={folder / 'twistd.log'}"] if daemon else ["--nodaemon"]
    return programs.run([*command, "fedora-messaging", *map(str, options)], config=config)


def consume(name: str) -> list[str]:
    """The options for a callback of ours on the test's queue."""
    return ["--callback", f"twistd_callbacks:{name}", "--queue-name", "q", "--routing-key", "#"]


def test_it_is_listed(programs: Programs) -> None:
    """twistd --help names the plugin."""
    listed = programs.run([str(Path(sys.executable).parent / "twistd"), "--help"])

    assert 0 == listed.ended()
    assert "fedora-messaging" in listed.said


def test_a_thousand_messages_and_a_signal_in_a_callback(
    programs: Programs, amqp: Amqp, callbacks: Path
) -> None:
    """At SIGTERM the callback that runs finishes, is acknowledged, and the rest stays; exit code 0."""
    amqp.queue("q", "#")
    for n in range(1000):
        amqp.publish("t", {"n": n})
    consumer = twistd(programs, callbacks, *consume("slow"))
    consumer.wait_for("started 0")
    consumer.signal(signal.SIGTERM)
    amqp.wait_for_consumers("q", 0)  # it has heard the signal
    (callbacks / "go").touch()

    assert 0 == consumer.ended()
    assert ["0"] == (callbacks / "done").read_text().split()
    assert [*range(1, 1000)] == [json.loads(each.body)["n"] for each in amqp.take("q")]
    assert not (callbacks / "twistd.pid").exists()


def test_as_a_daemon(programs: Programs, amqp: Amqp, callbacks: Path) -> None:
    """It detaches, writes its pid file and its log, consumes a thousand messages, and ends at SIGTERM."""
    amqp.queue("q", "#")
    (callbacks / "go").touch()
    started = twistd(programs, callbacks, *consume("slow"), daemon=True)
    assert 0 == started.ended()
    pid = int((callbacks / "twistd.pid").read_text())
    done = callbacks / "done"
    try:
        amqp.wait_for_consumers("q")
        for n in range(1000):
            amqp.publish("t", {"n": n})
        until(lambda: done.exists() and 1000 == len(done.read_text().split()))
    finally:
        os.kill(pid, signal.SIGTERM)
    until(lambda: not (callbacks / "twistd.pid").exists())

    assert [*map(str, range(1000))] == done.read_text().split()
    assert "Unhandled" not in (callbacks / "twistd.log").read_text()


@pytest.mark.parametrize(("name", "code"), [("halting", 7), ("failing", 13)])
def test_exit_codes(programs: Programs, amqp: Amqp, callbacks: Path, name: str, code: int) -> None:
    """What ends the consumer ends the process, with the code of the command line, and without a pid file."""
    amqp.queue("q", "#")
    amqp.publish("t", {"n": 1})
    consumer = twistd(programs, callbacks, *consume(name))

    assert code == consumer.ended()
    assert not (callbacks / "twistd.pid").exists()


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ([], 1, "There is no callback"),
        (["--callback", "twistd_callbacks:nothing"], 1, 'no "nothing"'),
        (["--callback", "nowhere:x"], 1, '"nowhere" cannot be imported'),
        (["--callback", "twistd_callbacks:printer", "--conf", "/nowhere.toml"], 2, "/nowhere.toml"),
        (["--callback", "twistd_callbacks:printer", "--amqp-url", "http://x"], 2, "amqp_url"),
        (["--callback", "twistd_callbacks:printer", "--grace", "soon"], 2, "--grace"),
    ],
)
def test_what_cannot_work(
    programs: Programs, callbacks: Path, options: list[str], code: int, words: str
) -> None:
    """One line says what is wrong, with the documented exit code, no traceback and no pid file."""
    failed = twistd(programs, callbacks, *options)

    assert code == failed.ended()
    assert words in failed.said
    assert "Traceback" not in failed.said
    assert not (callbacks / "twistd.pid").exists()


OWN_FILE = """
[log_config]
version = 1
disable_existing_loggers = false
handlers.file = { class = "logging.FileHandler", filename = "own.log" }
root = { level = "INFO", handlers = ["file"] }
"""


@pytest.mark.parametrize(
    ("config", "file"),
    [
        ("", "twistd.log"),
        ('[log_config.loggers.fedora_messaging]\nlevel = "DEBUG"\n', "twistd.log"),
        (OWN_FILE, "own.log"),
    ],
)
def test_a_daemons_log(config: str, file: str, programs: Programs, amqp: Amqp, callbacks: Path) -> None:
    """A callback's error is in twistd's log with its traceback, or where configured handlers write."""
    amqp.queue("q", "#")
    text = config.replace("own.log", str(callbacks / "own.log"))
    consumer = twistd(programs, callbacks, *consume("failing"), daemon=True, config=text)
    assert 0 == consumer.ended()
    amqp.wait_for_consumers("q")
    amqp.publish("t", {"n": 1})
    until(lambda: not (callbacks / "twistd.pid").exists())
    written = (callbacks / file).read_text()

    assert "Consuming from the queue 'q'" in written
    assert "KeyError: 'no'" in written
    assert "Traceback" in written


def test_the_monitor_with_few_descriptors(programs: Programs, amqp: Amqp, callbacks: Path) -> None:
    """Sixty unfinished requests keep neither probes nor messages out, with 64 file descriptors."""
    amqp.queue("q", "#")
    port = free_port()
    command = [
        str(Path(sys.executable).parent / "twistd"),
        f"--pidfile={callbacks / 'twistd.pid'}",
        "--nodaemon",
    ]
    command += ["fedora-messaging", *map(str, consume("printer")), "--monitor-port", str(port)]
    consumer = programs.run(["sh", "-c", 'ulimit -n 64 && exec "$@"', "sh", *command])
    consumer.wait_for("Consuming from the queue 'q'")  # the broker counts it before it knows itself
    with ExitStack() as opened:
        for _ in range(60):
            hanging = opened.enter_context(socket.create_connection(("127.0.0.1", port)))
            hanging.sendall(b"GET /live HTTP/1.1\r\nA: ")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=30) as page:
            status = page.status
        amqp.publish("t", {"n": 1})
        consumer.wait_for("received 1")
    consumer.signal(signal.SIGTERM)

    assert 0 == consumer.ended()
    assert 200 == status


def test_the_monitors_port_in_use(programs: Programs, amqp: Amqp, callbacks: Path) -> None:
    """A port that is taken is named, with exit code 2 and no stale pid file."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        failed = twistd(programs, callbacks, *consume("printer"), "--monitor-port", port)

        assert 2 == failed.ended()
    assert f"port {port}: Address already in use" in failed.said
    assert "Traceback" not in failed.said
    assert not (callbacks / "twistd.pid").exists()


def test_several_consumers(programs: Programs, amqp: Amqp, callbacks: Path) -> None:
    """Each [consumers.NAME] table is a consumer, with its own state on the monitor's page."""
    for name in ("first", "second"):
        amqp.queue(name, f"{name}.#")
    port = free_port()
    tables = "".join(
        f"""
[consumers.{name}]
callback = "twistd_callbacks:printer"
bindings = [{{ exchange = "amq.topic", queue = "{name}", routing_keys = ["{name}.#"] }}]
qos = {{ prefetch_count = {prefetch} }}
"""
        for name, prefetch in (("first", 1), ("second", 5))
    )
    consumer = twistd(
        programs, callbacks, config=f"[monitoring]\nport = {port}\naddress = '127.0.0.1'\n{tables}"
    )
    amqp.wait_for_consumers("first")
    amqp.wait_for_consumers("second")
    amqp.publish("first.t", {"n": 1})
    amqp.publish("second.t", {"n": 2})
    consumer.wait_for("received 1")
    consumer.wait_for("received 2")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready") as page:
        shown = json.load(page)
    consumer.signal(signal.SIGTERM)

    assert 0 == consumer.ended()
    assert {"first": "consuming", "second": "consuming"} == {
        name: each["state"] for name, each in shown["consumers"].items()
    }


def test_systemd_is_told(
    programs: Programs, amqp: Amqp, callbacks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With NOTIFY_SOCKET it says READY=1 once it consumes, feeds the watchdog, and says STOPPING=1."""
    amqp.queue("q", "#")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        path = callbacks / "notify"
        listener.bind(str(path))
        listener.settimeout(120)
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        monkeypatch.setenv("WATCHDOG_USEC", "200000")
        consumer = twistd(programs, callbacks, *consume("printer"))
        said = [listener.recv(100), listener.recv(100)]
        consumer.signal(signal.SIGTERM)
        while said[-1] != b"STOPPING=1":
            said.append(listener.recv(100))

        assert 0 == consumer.ended()
    assert [b"READY=1", b"WATCHDOG=1"] == said[:2]
