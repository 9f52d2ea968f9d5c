# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Rows G of the matrix: callbacks that fail, take long, never return, publish, or are told to stop."""

import json
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from faults import ProxyProcess
from rabbitmq import Node, Vhost
from support.account import QUEUE, SLACK, TOPOLOGY, Application, fill, taken, through
from support.amqp import Amqp
from support.programs import Program, Programs

pytestmark = [
    pytest.mark.fedora_messaging_real_broker,
    pytest.mark.usefixtures("no_unhandled_errors"),
]

COMMAND = str(Path(sys.executable).with_name("fedora-messaging"))
TWISTD = str(Path(sys.executable).with_name("twistd"))

#: Every name of a table of TOML, for the queue of the tests.
CONFIGURED = f"""
[queues.{QUEUE}]
durable = true
auto_delete = false
exclusive = false
arguments = {{}}

[[bindings]]
queue = "{QUEUE}"
exchange = "amq.topic"
routing_keys = ["faults.#"]
"""


def numbers(url: str, count: int) -> list[int]:
    """The numbers of the messages in the queue, taken from it when there are so many."""
    return sorted(json.loads(got.body)["n"] for got in taken(url, count))


# G1


def test_g1_a_callback_raises(vhost: Vhost, measured: Callable[..., None]) -> None:
    """The consumer ends with the callback's own exception, and everything goes back to the queue."""
    fill(vhost.url, 5)

    def callback(number: int) -> None:
        if number == 2:
            raise KeyError("surprise")

    with Application(vhost.url, callback) as app:
        began = time.monotonic()
        error = app.result(2 + SLACK)
        measured(after=time.monotonic() - began)

    assert "KeyError('surprise')" == repr(error)
    (logged,) = app.callback_errors
    assert "id-2" in logged
    assert "KeyError: 'surprise'" in logged
    assert [0, 1, 2] == [number for number, _ in app.account.finished]
    assert [2, 3, 4] == numbers(vhost.url, 3)
    assert 1 == app.service.stats.consumed.failed


def test_g1_on_the_command_line(vhost: Vhost, programs: Programs, measured: Callable[..., None]) -> None:
    """`consume` ends with 13, one line on the callback's error, and one traceback with the message's id."""
    fill(vhost.url, 3)
    script = _callback(programs, "raise KeyError('surprise')")
    began = time.monotonic()
    program = _run(programs, "command line", script)

    assert 13 == program.ended(2 + 2 * SLACK), program.said
    measured(start_and_end=time.monotonic() - began)
    assert "Error: The callback raised KeyError: 'surprise'" == program.errors[-1], program.said
    assert 1 == len([line for line in program.errors if "Traceback" in line]), program.said
    assert 1 == len([line for line in program.errors if "id-0" in line and "surprise" in line]), program.said
    assert [0, 1, 2] == numbers(vhost.url, 3)


def _callback(programs: Programs, *lines: str) -> Path:
    """A module with a callback that does this with each message, whose number is `n`."""
    path = programs._folder / "busy.py"
    body = "\n    ".join(['n = message.body["n"]', *lines])
    path.write_text(f"import os, signal, sys, threading, time\n\ndef callback(message):\n    {body}\n")
    return path


def _run(programs: Programs, entrance: str, script: Path, config: str = "") -> Program:
    """Consume with that callback, through one of the entrances."""
    settings = config + CONFIGURED
    if entrance == "command line":
        return programs.run([COMMAND, "consume", "--callback-file", f"{script}:callback"], config=settings)
    if entrance == "twistd":
        # Twistd's script does not look into the working directory.
        argv = [
            "env",
            f"PYTHONPATH={script.parent}",
            TWISTD,
            "--nodaemon",
            "--pidfile=",
            "fedora-messaging",
            "--callback",
            "busy:callback",
        ]
        return programs.run(argv, config=settings)
    return programs.start(
        "import busy\nfrom fedora_messaging import api\napi.consume(busy.callback)\nprint('returned')",
        config=settings,
    )


entrances = pytest.mark.parametrize("entrance", ["command line", "twistd", "blocking"])


# G2


def test_g2_a_callback_longer_than_the_heartbeat(vhost: Vhost, measured: Callable[..., None]) -> None:
    """The link stays up while a callback takes four heartbeats, and the message is acknowledged once."""
    fill(vhost.url, 2)
    url = f"{vhost.url}?heartbeat=1"
    with Application(url, lambda _: time.sleep(4)) as app:
        app.account.wait_for("all", lambda: len(app.account.finished) == 2, 8 + SLACK)
        measured(disconnected=len(app.account.reasons))
        assert [] == app.account.reasons

    app.account.check_consumed(2)
    assert 2 == len(app.account.finished)
    assert [] == taken(vhost.url)


# G3


@entrances
def test_g3_a_callback_that_never_returns(
    vhost: Vhost, programs: Programs, entrance: str, measured: Callable[..., None]
) -> None:
    """SIGTERM ends the process within the grace period; the message goes back to the queue."""
    fill(vhost.url, 3)
    script = _callback(programs, "print('started', n, flush=True)", "threading.Event().wait()")
    program = _run(programs, entrance, script, "shutdown_grace = 2\n")
    program.wait_for("started 0")
    began = time.monotonic()
    program.signal(signal.SIGTERM)
    program.ended(2 + SLACK)
    measured(after=time.monotonic() - began)

    assert [0, 1, 2] == numbers(vhost.url, 3)


# G4


@pytest.mark.parametrize("turn", range(3))
def test_g4_the_link_is_cut_during_a_callback(vhost: Vhost, turn: int, measured: Callable[..., None]) -> None:
    """Three cuts: one callback and one AMQP consumer at a time; the late acknowledgement is dropped."""
    go_on, started = threading.Event(), threading.Event()

    def callback(number: int) -> None:
        started.set()
        go_on.wait(180)

    fill(vhost.url, 3)
    with ExitStack() as stack:
        proxy = stack.enter_context(ProxyProcess(vhost.node.port))
        app = stack.enter_context(Application(through(vhost.url, proxy, "heartbeat=2"), callback))
        account = app.account
        amqp = stack.enter_context(Amqp(vhost.url))
        assert started.wait(60)

        def declared(times: int) -> bool:
            return len(account.declared_at) >= times

        for cut in range(1, 4):
            proxy.cut()
            account.wait_for("consuming again", partial(declared, cut + 1), 60)
            amqp.wait_for_consumers(QUEUE, 1)  # the broker may learn of the cut later than we consume again
        assert 1 == account.running
        assert [] == account.finished
        go_on.set()
        account.wait_for("all", lambda: account.numbers() == {0, 1, 2}, 60)
        account.wait_for("the redelivered one", lambda: len(account.finished) >= 4, 60)
        measured(callbacks=len(account.finished))

    assert 1 == account.most_running
    assert Counter({0: 2, 1: 1, 2: 1}) == Counter(number for number, _ in account.finished)
    account.check_consumed(3)
    assert [] == taken(vhost.url)


# G5

_PUBLISHING = """
import threading
from fedora_messaging import api, exceptions

lock, done = threading.Lock(), 0

def callback(message):
    global done
    api.publish(api.Message(topic="answers", body={"to": message.id}), timeout=20)
    with lock:
        done += 1
        print("answered", done, flush=True)

bindings = [{"exchange": "amq.topic", "queue": f"q{n}", "routing_keys": ["none"]} for n in range(12)]
api.consume(callback, bindings)
"""


def test_g5_callbacks_that_publish(vhost: Vhost, programs: Programs, measured: Callable[..., None]) -> None:
    """Twelve consumers in one process whose callbacks publish: 24 of 24 are published."""
    with Amqp(vhost.url) as amqp:
        amqp.queue("answers", "answers")
        for n in range(24):
            name = amqp.queue(f"q{n % 12}")
            amqp.publish(name, {"n": n}, exchange="", message_id=f"m{n}")
        began = time.monotonic()
        program = programs.start(_PUBLISHING)
        program.wait_for("answered 24")
        measured(start_and_answers=time.monotonic() - began)
        program.signal(signal.SIGTERM)
        assert 0 == program.ended()
        answered = sorted(json.loads(got.body)["to"] for got in amqp.take("answers"))

        assert sorted(f"m{n}" for n in range(24)) == answered
        assert {} == {name: count for name, count in vhost.queues().items() if count}


# G6


@entrances
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_g6_a_signal(
    vhost: Vhost, programs: Programs, entrance: str, number: int, measured: Callable[..., None]
) -> None:
    """The callback in flight finishes and is acknowledged, all others are requeued at once, exit code 0."""
    fill(vhost.url, 5)
    script = _callback(
        programs,
        "print('started', n, flush=True)",
        "sys.stdin.readline()",
        "print('finished', n, flush=True)",
    )
    program = _run(programs, entrance, script)
    program.wait_for("started 0")
    program.signal(number)
    # Taken when the others are ready again.
    with Amqp(vhost.url) as amqp:
        amqp.wait_for_ready(QUEUE, 4)
    began = time.monotonic()
    program.tell("go on")

    assert 0 == program.ended(SLACK + 5), program.said
    measured(after=time.monotonic() - began)
    program.wait_for("finished 0", timeout=1)
    assert [1, 2, 3, 4] == numbers(vhost.url, 4)


@entrances
def test_g6_a_signal_to_another_thread(
    vhost: Vhost, programs: Programs, entrance: str, measured: Callable[..., None]
) -> None:
    """The kernel may give a signal to any thread; here it is the callback's."""
    fill(vhost.url, 3)
    script = _callback(
        programs,
        "print('started', n, flush=True)",
        "if n == 0: signal.pthread_kill(threading.get_ident(), signal.SIGTERM)",
    )
    program = _run(programs, entrance, script)
    program.wait_for("started 0")
    began = time.monotonic()
    code = program.ended(2 + SLACK)
    measured(after=time.monotonic() - began)

    assert 0 == code


def test_g6_a_signal_to_a_fork(vhost: Vhost, programs: Programs) -> None:
    """SIGTERM to a process that a callback has forked ends that process, and the consumer goes on."""
    fill(vhost.url, 2)
    script = _callback(
        programs,
        "if n == 0:",
        "    reading, writing = os.pipe()",
        "    child = os.fork()",
        "    if not child:",
        "        os.write(writing, b'there')",
        "        time.sleep(60)",
        "        os._exit(0)",
        "    os.read(reading, 5)",
        "    os.kill(child, signal.SIGTERM)",
        "    print('child', os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)",
        "print('done', n, flush=True)",
    )
    program = _run(programs, "blocking", script)
    program.wait_for("done 1")
    program.signal(signal.SIGTERM)

    assert 0 == program.ended(2 + SLACK)
    assert "child -15" in program.lines


# G7

_TIMEOUT = "[{rabbit,[{consumer_timeout,3000},{channel_tick_interval,1000}]}]."


def _queue(node: Node, kind: str) -> dict[str, Any]:
    """The queue's configuration: 4.3 knows the time-out for quorum queues alone."""
    arguments = {"x-queue-type": "quorum"} if kind == "quorum" else {}
    queue = {"durable": True, "auto_delete": False, "exclusive": False, "arguments": arguments}
    with Amqp(node.url()) as amqp:
        amqp.queue(QUEUE, "faults.#", arguments=arguments)
    return {**TOPOLOGY, "queues": {QUEUE: queue}}


def _publish(node: Node, count: int) -> None:
    with Amqp(node.url()) as amqp:
        for number in range(count):
            amqp.publish(f"faults.{number}", {"n": number}, message_id=f"id-{number}")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["classic", "quorum"])
def test_g7_prefetched_near_the_acknowledgement_timeout(
    own_node: Callable[..., Node], kind: str, measured: Callable[..., None]
) -> None:
    """Ten prefetched messages of one second each, with a time-out of 3 s: each callback runs once, since
    what waits too long is returned in time."""
    node = own_node(advanced=_TIMEOUT)
    topology = _queue(node, kind)
    _publish(node, 10)
    with Application(node.url(), lambda _: time.sleep(1), ack_timeout=3, **topology) as app:
        took = app.account.wait_for("all", lambda: len(app.account.numbers()) == 10, 60)
        measured(took=took, callbacks=len(app.account.finished), declared=len(app.account.declared_at))

    app.account.check_consumed(10)
    assert 10 == len(app.account.finished)
    assert 1 == len(app.account.declared_at)
    assert [] == taken(node.url())


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["classic", "quorum"])
def test_g7_a_callback_that_outlives_the_acknowledgement_timeout(
    own_node: Callable[..., Node], kind: str, measured: Callable[..., None]
) -> None:
    """It finishes, its late acknowledgement is dropped, consuming goes on at once, and one warning says what
    helps; it alone runs again, if at all: 4.3 has no such timeout for classic queues."""
    node = own_node(advanced=_TIMEOUT)
    topology = _queue(node, kind)
    _publish(node, 10)
    again = int(kind == "quorum" or not node.installation.since(4, 3))
    runs: list[int] = []

    def callback(number: int) -> None:
        runs.append(number)
        if runs.count(0) == 1 and number == 0:
            time.sleep(7)

    with Application(node.url(), callback, ack_timeout=3, **topology) as app:
        app.account.wait_for("all", lambda: len(app.account.numbers()) == 10, 60)
        app.account.wait_for("its second run", lambda: len(app.account.finished) == 10 + again, 60)
        measured(runs=len(runs), declared=len(app.account.declared_at))
        warnings = [line for line in app.log.split("\n") if "consumer_timeout" in line]

    app.account.check_consumed(10)
    assert all(runs.count(number) == 1 for number in range(1, 10)), runs
    assert 1 + again == runs.count(0), runs
    assert 1 == len(warnings), app.log
    assert "qos.prefetch_count" in warnings[0]
    assert [] == taken(node.url())
