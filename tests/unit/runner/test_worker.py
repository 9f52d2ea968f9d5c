# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A worker's own side: what its environment says, its log lines, and the parent that is gone."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from fedora_messaging import config
from fedora_messaging._config.model import ConsumerConfig
from fedora_messaging._core.topology import Binding, Queue
from fedora_messaging._runner.wanted import check_shared
from fedora_messaging._runner.worker import Worker, this_worker
from fedora_messaging._runner.worker_log import numbered
from fedora_messaging.exceptions import ConfigurationException


@pytest.fixture
def pipes() -> Iterator[tuple[int, int, int, int]]:
    """The ends of two pipes: the worker's two, and the parent's two."""
    from_parent, to_worker = os.pipe()
    from_worker, to_parent = os.pipe()
    yield from_parent, to_parent, to_worker, from_worker
    for descriptor in (from_parent, to_parent, to_worker, from_worker):
        os.close(descriptor)


@pytest.mark.parametrize("environ", [{}, {"FEDORA_MESSAGING_WORKER": "1"}])
def test_no_worker(environ: dict[str, str]) -> None:
    """A process without pipes is none: a program that a worker's callback has started, for example."""
    assert this_worker(environ) is None


def test_a_worker(pipes: tuple[int, int, int, int]) -> None:
    """It knows its number, and neither the programs that it starts nor a second question find the pipes."""
    reading, writing, _, from_worker = pipes
    os.set_inheritable(reading, True)
    environ = {"FEDORA_MESSAGING_WORKER": "3", "FEDORA_MESSAGING_WORKER_PIPES": f"{reading}:{writing}"}
    worker = this_worker(environ)
    assert worker is not None
    worker.tell(consuming=True)

    assert 3 == worker.number
    assert {"FEDORA_MESSAGING_WORKER": "3"} == environ
    assert not os.get_inheritable(reading)
    assert {"consuming": True} == json.loads(os.read(from_worker, 100))
    assert this_worker(environ) is None


def test_a_parent_that_does_not_read(pipes: tuple[int, int, int, int]) -> None:
    """A full pipe holds nobody up for long, and what was dropped half-way ends before the next line."""
    reading, writing, *_ = pipes
    worker = this_worker(
        {"FEDORA_MESSAGING_WORKER": "0", "FEDORA_MESSAGING_WORKER_PIPES": f"{reading}:{writing}"}
    )
    assert worker is not None
    for _ in range(3):
        worker.tell(error="x" * 50_000)
    read = os.read(pipes[3], 1 << 20)
    worker.tell(error="short")
    lines = [line for line in (read + os.read(pipes[3], 1 << 20)).splitlines() if line]

    assert {"error": "x" * 50_000} == json.loads(lines[0])
    assert {"error": "short"} == json.loads(lines[-1])
    assert 3 == len(lines)


def test_a_long_line(pipes: tuple[int, int, int, int]) -> None:
    """What does not fit into the pipe at once reaches a parent that reads."""
    reading, writing, _, from_worker = pipes
    os.set_blocking(writing, False)
    worker = Worker(0, reading, writing, patience=60_000)  # however slow the machine is
    telling = threading.Thread(target=lambda: worker.tell(error="x" * 1_000_000))
    telling.start()
    read = b""
    while not read.endswith(b'"}\n'):
        read += os.read(from_worker, 1 << 16)
    telling.join()

    assert {"error": "x" * 1_000_000} == json.loads(read)


_WORKER = """
import sys
from fedora_messaging._runner.worker import Worker
worker = Worker(0, 0, 1)
worker.watch(lambda: worker.tell(state={}), lambda: worker.tell(error="orphaned"), 0.01)
import threading
threading.Event().wait(60)
"""


def test_a_parent_that_is_gone() -> None:
    """It answers while the pipe is open; at its end it is told, and ends even if it does not heed that."""
    child = subprocess.Popen([sys.executable, "-c", _WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin is not None
    assert child.stdout is not None
    with child, child.stdout:
        child.stdin.write(b"?")
        child.stdin.flush()
        child.stdout.readline()
        answer = child.stdout.readline()
        child.stdin.close()
        rest = child.stdout.read()
        code = child.wait(30)

    assert [{"state": {}}, {"error": "orphaned"}] == [json.loads(answer), json.loads(rest)]
    assert 1 == code


def test_the_default_format() -> None:
    """Each line begins with the number, and the configuration that was given is not changed."""
    before = json.dumps(config.DEFAULTS["log_config"])
    found = numbered(config.DEFAULTS["log_config"], 2)

    assert (
        "worker 2: %(asctime)s [%(name)s %(levelname)s] %(message)s"
        == found["formatters"]["simple"]["format"]
    )
    assert config.DEFAULTS["log_config"]["handlers"] == found["handlers"]
    assert before == json.dumps(config.DEFAULTS["log_config"])


def test_handlers_without_a_formatter() -> None:
    """They get one that has the number and the message."""
    found = numbered({"version": 1, "handlers": {"a": {"class": "logging.StreamHandler"}}}, 0)

    assert "worker 0: %(message)s" == found["formatters"][found["handlers"]["a"]["formatter"]]["format"]


@pytest.mark.parametrize(
    "formatter",
    [
        {"format": "%(processName)s %(message)s"},
        {"class": "json.Formatter", "format": "%(message)s"},
        {"()": "some.factory"},
        None,
    ],
)
def test_formatters_that_stay(formatter: object) -> None:
    """Formats with the process's name have the number in it; what classes of their own write is theirs."""
    assert formatter == numbered({"formatters": {"own": formatter}}, 0)["formatters"]["own"]


def shared(queue: Queue, name: str = "", workers: int = 2) -> None:
    binding = Binding(queue.name, "amq.topic", ("#",))
    check_shared([ConsumerConfig(name, "m:f", (queue,), (binding,))], workers)


@pytest.mark.parametrize(
    ("queue", "name", "words"),
    [
        (Queue(""), "", "2 workers cannot share a queue that the broker names"),
        (Queue("q", exclusive=True), "", 'cannot share the queue "q", which is exclusive'),
        (Queue(""), "billing", "consumers.billing: 2 workers cannot share"),
    ],
)
def test_queues_that_cannot_be_shared(queue: Queue, name: str, words: str) -> None:
    """They are refused with the way out, before anything is started; one worker may have them."""
    shared(queue, name, workers=1)
    with pytest.raises(ConfigurationException, match=words):
        shared(queue, name)


def test_queues_that_can_be_shared() -> None:
    """Queues with a name are what workers share."""
    shared(Queue("q"))
