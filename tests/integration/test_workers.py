# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging consume --workers``: processes that are started, restarted and ended by one parent."""

import json
import os
import re
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from rabbitmq import Vhost
from rabbitmq.ports import free_port
from support.amqp import Amqp
from support.programs import Program, Programs
from support.waiting import until

pytestmark = pytest.mark.fedora_messaging_real_broker

CALLBACKS = """
import os, pathlib, time
from fedora_messaging.exceptions import HaltConsumer

here = pathlib.Path(__file__).parent

def _print(*words):
    os.write(1, (" ".join(map(str, [*words, "in", os.environ["FEDORA_MESSAGING_WORKER"]])) + "\\n").encode())

def printer(message):
    _print("received", message.body["n"])

def slow(message):
    _print("started", message.body["n"])
    while not (here / "go").exists():
        time.sleep(0.01)
    with open(here / "done", "a") as file:
        file.write(f"{message.body['n']}\\n")

async def stuck(message):
    _print("started", message.body["n"])
    time.sleep(600)

def halting(message):
    raise HaltConsumer(exit_code=7, reason="enough")

def failing(message):
    raise KeyError("no")
"""


@pytest.fixture
def callbacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a module of callbacks, on the path of programs."""
    (tmp_path / "worker_callbacks.py").write_text(CALLBACKS)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    return tmp_path


COMMAND = ("fedora-messaging", "consume")
TWISTD = ("twistd", "--nodaemon", "--pidfile=", "fedora-messaging")
both = pytest.mark.parametrize(
    "program",
    [pytest.param(COMMAND, id="consume"), pytest.param(TWISTD, id="twistd", marks=pytest.mark.slow)],
)


def consume(
    programs: Programs,
    name: str,
    *options: object,
    program: Sequence[str] = COMMAND,
    workers: object = 2,
    config: str = "",
) -> Program:
    """Run the command, or twistd, with a callback of ours on the test's queue."""
    command = [str(Path(sys.executable).parent / program[0]), *program[1:], "--workers", str(workers)]
    command += ["--callback", f"worker_callbacks:{name}", "--queue-name", "q", "--routing-key", "#"]
    return programs.run([*command, *map(str, options)], config=config)


def workers(parent: Program) -> dict[int, int]:
    """The process ids of the workers that were started last, by number."""
    found = re.findall(r"Worker (\d+) has process id (\d+)", parent.said)
    return {int(number): int(pid) for number, pid in found}


def gone(pids: dict[int, int]) -> bool:
    """Whether none of these processes runs."""
    return not any(Path(f"/proc/{pid}/cmdline").exists() and _runs(pid) for pid in pids.values())


def _runs(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def bodies(amqp: Amqp) -> list[int]:
    """What is in the queue."""
    return [json.loads(each.body)["n"] for each in amqp.take("q")]


def started(parent: Program, amqp: Amqp, count: int = 2) -> None:
    """Publish one message for each worker, with prefetch of 1, and wait until each has begun."""
    amqp.wait_for_consumers("q", count)
    for n in range(count + 3):
        amqp.publish("t", {"n": n})
    parent.wait_for("started", count)


ONE_AHEAD = "[qos]\nprefetch_count = 1\n"


@both
@pytest.mark.parametrize("to_all", [False, True], ids=["to the parent", "to all at once"])
def test_a_signal(
    to_all: bool, program: Sequence[str], programs: Programs, amqp: Amqp, callbacks: Path
) -> None:
    """Each worker finishes its callback and acknowledges, the rest stays; exit code 0.

    Supervisors of services and terminals signal the workers as well as the parent: that is no second signal.
    """
    amqp.queue("q", "#")
    parent = consume(programs, "slow", program=program, config=ONE_AHEAD)
    started(parent, amqp)
    for pid in [parent.pid, *(workers(parent).values() if to_all else ())]:
        os.kill(pid, signal.SIGINT if to_all else signal.SIGTERM)
    amqp.wait_for_consumers("q", 0)
    (callbacks / "go").touch()

    assert 0 == parent.ended(), parent.said
    assert ["0", "1"] == sorted((callbacks / "done").read_text().split())
    assert [2, 3, 4] == sorted(bodies(amqp))
    assert gone(workers(parent))
    assert {"0", "1"} == {line[-1] for line in parent.lines if "started" in line and "worker" not in line}


@both
def test_a_parent_that_is_killed(
    program: Sequence[str], programs: Programs, amqp: Amqp, callbacks: Path
) -> None:
    """Its workers notice, finish their callbacks, acknowledge, and end: no process is left behind."""
    amqp.queue("q", "#")
    parent = consume(programs, "slow", program=program, config=ONE_AHEAD)
    started(parent, amqp)
    parent.signal(signal.SIGKILL)
    amqp.wait_for_consumers("q", 0)
    (callbacks / "go").touch()
    until(lambda: gone(workers(parent)))

    assert ["0", "1"] == sorted((callbacks / "done").read_text().split())
    assert [2, 3, 4] == sorted(bodies(amqp))


@pytest.mark.slow
def test_a_parent_that_is_killed_while_a_worker_is_stuck(
    programs: Programs, amqp: Amqp, callbacks: Path
) -> None:
    """A worker whose event loop is stuck ends too, after the grace period, and its message is not lost."""
    amqp.queue("q", "#")
    amqp.publish("t", {"n": 1})
    parent = consume(programs, "stuck", config="shutdown_grace = 0.5", workers=1)
    parent.wait_for("started")
    parent.signal(signal.SIGKILL)
    until(lambda: gone(workers(parent)))
    amqp.wait_for_ready("q", 1)

    assert [1] == bodies(amqp)


@both
def test_a_worker_that_is_killed(
    program: Sequence[str], programs: Programs, amqp: Amqp, callbacks: Path
) -> None:
    """Another one takes its place, the others go on, and what it had in flight is not lost."""
    amqp.queue("q", "#")
    parent = consume(programs, "slow", program=program, config=ONE_AHEAD)
    started(parent, amqp)
    first = workers(parent)
    os.kill(first[1], signal.SIGKILL)
    parent.wait_for("Worker 1 was ended by SIGKILL")
    parent.wait_for("Worker 1 is started again in 1 s")
    # The broker may still count two consumers, and the other worker do all there is before this one runs.
    parent.wait_for("Worker 1 has process id", 2)
    (callbacks / "go").touch()
    amqp.wait_for_consumers("q", 2)
    done = callbacks / "done"
    until(lambda: done.exists() and len(set(done.read_text().split())) == 5)
    parent.signal(signal.SIGTERM)

    assert 0 == parent.ended(), parent.said
    assert first[0] == workers(parent)[0]
    assert first[1] != workers(parent)[1]
    assert [] == bodies(amqp)


@pytest.mark.slow
def test_a_crash_loop(programs: Programs, amqp: Amqp, callbacks: Path) -> None:
    """A callback that always raises has its worker restarted with delays that double; the message stays."""
    amqp.queue("q", "#")
    amqp.publish("t", {"n": 1})
    parent = consume(programs, "failing", workers=1)
    parent.wait_for("Worker 0 ended with exit code 13: The callback raised KeyError: 'no'")
    parent.wait_for("Worker 0 is started again in 1 s")
    parent.wait_for("Worker 0 is started again in 2 s")
    parent.signal(signal.SIGTERM)

    assert 0 == parent.ended(), parent.said
    assert [1] == bodies(amqp)


@pytest.mark.parametrize(
    ("name", "config", "code", "words"),
    [
        ("halting", "", 7, r"worker \d: enough"),
        ("nothing", "", 1, r'worker \d: There is no "nothing" in the module "worker_callbacks"'),
        ("failing", "[retry]\ndelays = [1]\non = ['nowhere:X']", 2, r"worker \d: .*nowhere"),
        ("printer", "[queues.q]\ndurable = false", 10, r"worker \d: .*PRECONDITION_FAILED"),
    ],
)
def test_what_ends_everything(
    name: str, config: str, code: int, words: str, programs: Programs, amqp: Amqp, callbacks: Path
) -> None:
    """One line says which worker and why, the exit code is the worker's, and nothing is started again."""
    amqp.queue("q", "#")
    amqp.publish("t", {"n": 1})
    parent = consume(programs, name, config=config, workers=3)

    assert code == parent.ended(), parent.said
    assert 1 == len([line for line in parent.errors if line.startswith("Error: ")]), parent.said
    assert re.search(f"^Error: {words}", parent.said, re.MULTILINE), parent.said
    assert 3 == parent.said.count("has process id")
    assert "Traceback" not in parent.said
    assert gone(workers(parent))


@both
def test_the_second_signal(program: Sequence[str], programs: Programs, amqp: Amqp, callbacks: Path) -> None:
    """It ends parent and workers at once; what was in flight goes back to the queue."""
    amqp.queue("q", "#")
    parent = consume(programs, "slow", program=program, config=ONE_AHEAD)
    started(parent, amqp)
    parent.signal(signal.SIGTERM)
    amqp.wait_for_consumers("q", 0)
    time.sleep(0.1)  # within some milliseconds it would count as the same signal
    parent.signal(signal.SIGINT)

    assert (128 + signal.SIGINT if program is COMMAND else 1) == parent.ended()
    until(lambda: gone(workers(parent)))
    amqp.wait_for_ready("q", 5)
    assert [0, 1, 2, 3, 4] == sorted(bodies(amqp))


def page(port: int, path: str) -> tuple[int, dict[str, Any]]:
    """Status and content of a page of the parent's."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=30) as found:
            return found.status, json.load(found)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def metrics(port: int) -> str:
    """The page /metrics of the parent's; it lacks the state of a worker that does not answer at once."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as found:
        text: str = found.read().decode()
        return text


def answered(port: int) -> tuple[int, dict[str, Any]]:
    """The page /ready of the parent's, once it is one that every worker has answered in time."""
    found = [page(port, "ready")]

    def all_answer() -> bool:
        found.append(page(port, "ready"))
        return all(each["answers"] for each in found[-1][1]["workers"].values())

    until(all_answer)
    return found[-1]


def test_the_pages(programs: Programs, amqp: Amqp, callbacks: Path) -> None:
    """The parent serves them: ready when all are, counters summed, and everything else by worker."""
    amqp.queue("q", "#")
    port = free_port()
    config = f'[monitoring]\nport = {port}\naddress = "127.0.0.1"\n'
    acked = 'fedora_messaging_settled_total{queue="q",outcome="acked"} 20'
    consuming = 'fedora_messaging_consumer_state{queue="q",state="consuming",worker="1"} 1'
    parent = consume(programs, "printer", config=config)
    amqp.wait_for_consumers("q", 2)
    for n in range(20):
        amqp.publish("t", {"n": n})
    parent.wait_for("received", 20)
    until(lambda: acked in metrics(port))  # what the parent has not heard yet would die with a worker
    status, state = answered(port)
    kills, without, later = 0, 0, state
    while later["workers"]["0"]["state"] != "waiting":  # for 1 s after the first time, then 2 s, 4 s ...
        kills += 1
        assert kills <= 4, later
        parent.wait_for("Worker 0 has process id", kills)
        os.kill(workers(parent)[0], signal.SIGKILL)
        parent.wait_for("Worker 0 was ended by SIGKILL", kills)
        without, later = page(port, "ready")
    alive, _ = page(port, "live")
    parent.wait_for("Worker 0 has process id", kills + 1)
    until(lambda: page(port, "ready")[0] == 200)
    until(lambda: consuming in metrics(port))
    counted = metrics(port)
    parent.signal(signal.SIGTERM)

    assert 0 == parent.ended(), parent.said
    assert acked in counted
    assert 200 == status
    assert state["consuming"]
    ready = {"state": "ready", "restarts": 0, "answers": True, "ready": True, "consuming": True}
    assert {"0": ready, "1": ready} == state["workers"]
    assert (503, 200) == (without, alive)
    assert "waiting" == later["workers"]["0"]["state"]
    assert 20 == state["consumed"]["processed"] == later["consumed"]["processed"]
    assert {"0", "1"} == {line[-1] for line in parent.lines}


def test_the_port_of_the_pages_is_in_use(programs: Programs, amqp: Amqp, callbacks: Path) -> None:
    """No worker is started, and one line names the port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        taken.listen()
        parent = consume(programs, "printer", config=f'[monitoring]\nport = {port}\naddress = "127.0.0.1"\n')

        assert 2 == parent.ended()
    assert f"port {port}" in parent.said
    assert {} == workers(parent)


DAEMON = ("twistd", "--pidfile=daemon.pid", "--logfile=daemon.log", "--rundir=run", "fedora-messaging")


@pytest.mark.slow
def test_a_daemon(programs: Programs, amqp: Amqp, vhost: Vhost, callbacks: Path, tmp_path: Path) -> None:
    """Its workers have a log each, and end when it is told to; file names are relative to where it began."""
    folder = tmp_path / "programs"
    (folder / "run").mkdir()
    (folder / "own.toml").write_text(programs.configure(vhost.url).read_text())
    amqp.queue("q", "#")
    launched = consume(programs, "slow", "--conf", "own.toml", program=DAEMON)
    assert 0 == launched.ended(), launched.said
    pid = int((folder / "daemon.pid").read_text())
    amqp.wait_for_consumers("q", 2)
    log = (folder / "daemon.log").read_text()
    pids = {int(number): int(each) for number, each in re.findall(r"Worker (\d) has process id (\d+)", log)}
    (callbacks / "go").touch()
    amqp.publish("t", {"n": 1})
    done = callbacks / "done"
    until(lambda: done.exists() and "1\n" == done.read_text())  # an empty queue may just be on its way
    os.kill(pid, signal.SIGTERM)
    until(lambda: gone({**pids, -1: pid}))

    assert {0, 1} == pids.keys()
    for number in pids:
        assert "Consuming from the queue 'q'" in (folder / f"daemon.worker-{number}.log").read_text()
    assert not (folder / "daemon.pid").exists()
    assert "1\n" == done.read_text()


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("halting", 7, r"worker \d: enough"),
        ("nothing", 1, r'worker \d: There is no "nothing" in the module "worker_callbacks"'),
    ],
)
def test_what_ends_everything_under_twistd(
    name: str, code: int, words: str, programs: Programs, amqp: Amqp, callbacks: Path
) -> None:
    """The log says which worker and why, and twistd ends with its code."""
    amqp.queue("q", "#")
    amqp.publish("t", {"n": 1})
    parent = consume(programs, name, program=TWISTD)

    assert code == parent.ended(), parent.said
    assert re.search(f"Ending with exit code {code}: {words}", parent.said), parent.said
    assert 2 == parent.said.count("has process id")
    assert "Traceback" not in parent.said


@pytest.mark.parametrize(
    ("program", "options", "words"),
    [
        (COMMAND, ["--workers", "0"], "0 is not in the range 1<=x<=1024"),
        (COMMAND, ["--workers", "many"], "'many' is not a valid integer"),
        (COMMAND, ["--queue-name", ""], "2 workers cannot share a queue that the broker names"),
        (COMMAND, ["--callback-file", "x.py:f"], "exclude each other"),
        (TWISTD, ["--workers", "0"], "--workers: must be from 1 to 1024, not 0"),
        (TWISTD, ["--workers", "many"], "--workers: must be a number, not many"),
        (TWISTD, ["--queue-name", ""], "2 workers cannot share a queue that the broker names"),
        (("twistd", "--chroot=/tmp", *TWISTD[1:]), [], "--workers: not with twistd's --chroot"),
    ],
)
def test_what_cannot_be(
    program: Sequence[str], options: list[str], words: str, programs: Programs, callbacks: Path
) -> None:
    """One line says what is wrong, with exit code 2, and no worker is started."""
    parent = consume(programs, "printer", *options, program=program)

    assert 2 == parent.ended()
    assert words in parent.said
    assert "Traceback" not in parent.said
    assert {} == workers(parent)
