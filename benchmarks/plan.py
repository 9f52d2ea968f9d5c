# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What is measured: tasks, who does each, how many messages, and which ratios are the goals."""

import sys
from dataclasses import dataclass, field
from typing import Any

__all__ = ["FAST", "GOALS", "PLAIN", "RELEASE", "TASKS", "Contender", "Goal", "Task"]

RELEASE, PLAIN, FAST = "3.9.1", "4.0.0", "4.0.0 [fast]"
PIKA, SELECT, ADAPTER = "pika BlockingConnection", "pika SelectConnection", "pika Twisted"
MANY, POLICY = "4.0.0 [fast] publish_many", "4.0.0 [fast] with a failure policy"
METRICS, TRACING = "4.0.0 [fast] with metrics", "4.0.0 [fast] with tracing, without an SDK"
ONE_BY_ONE, ASYNCIO = "4.0.0 [fast] publish", "4.0.0 [fast] asyncio"
AIO_PIKA, KOMBU, RAW, BASELINE = "aio-pika", "kombu", "raw socket", "crochet + pika + jsonschema"
FASTSTREAM = "FastStream"


@dataclass(frozen=True)
class Contender:
    """Who does a task.

    Attributes:
        name: As printed.
        environment: "fast", "plain" or "release": whose interpreter runs it.
        program: The client, in ``clients/``.
        task: What the client calls it.
        rate: Messages a second to expect, from which their number is made.
    """

    name: str
    environment: str
    program: str
    task: str
    rate: float


@dataclass(frozen=True)
class Task:
    """One thing that is measured.

    Attributes:
        letter: Its name in tables.
        title: What it is.
        kind: "publish" (messages are in the queue afterwards), "consume" (they were there, and are gone),
            "latency", or "script" (the whole life of a process).
        contenders: Who does it.
        options: The arguments of its clients.
    """

    letter: str
    title: str
    kind: str
    contenders: tuple[Contender, ...]
    options: dict[str, Any] = field(default_factory=dict)


def _ours(task: str, release: float, plain: float, fast: float) -> tuple[Contender, ...]:
    """Release 3.9.1 and this package in both installs, with the rates to expect."""
    return (
        Contender(RELEASE, "release", "fedora.py", task, release),
        Contender(PLAIN, "plain", "fedora.py", task, plain),
        Contender(FAST, "fast", "fedora.py", task, fast),
    )


def _other(name: str, program: str, task: str, rate: float) -> Contender:
    return Contender(name, "fast", program, task, rate)


def _faststream(task: str, rate: float) -> tuple[Contender, ...]:
    """FastStream, on a Python for which it is in the lock file."""
    return (_other(FASTSTREAM, "faststream_client.py", task, rate),) if sys.version_info >= (3, 11) else ()


TASKS = (
    Task(
        "A",
        "blocking publish, one confirm a call",
        "publish",
        (
            *_ours("publish", 240, 1200, 1300),
            _other(PIKA, "pika_client.py", "publish", 1300),
            _other(AIO_PIKA, "aio_pika_client.py", "publish", 1200),
            *_faststream("publish", 1000),
            _other(KOMBU, "kombu_client.py", "publish", 1200),
            _other(RAW, "raw.py", "publish", 1800),
        ),
    ),
    Task(
        "B",
        "pipelined publish, 1,000 in flight",
        "publish",
        (
            *_ours("pipeline", 450, 8000, 10000),
            _other(MANY, "fedora.py", "publish_many", 10000),
            _other(ONE_BY_ONE, "fedora.py", "publish", 1300),
            _other(ASYNCIO, "fedora_asyncio.py", "publish_many", 10000),
            _other(SELECT, "pika_client.py", "select", 10000),
            _other(ADAPTER, "pika_client.py", "twisted", 9000),
            _other(AIO_PIKA, "aio_pika_client.py", "pipeline", 4500),
            *_faststream("pipeline", 2500),
            _other(RAW, "raw.py", "pipeline", 15000),
        ),
        {"in-flight": 1000},
    ),
    Task(
        "C",
        "consume, plain callback, prefetch 100",
        "consume",
        (
            *_ours("consume", 400, 15000, 16000),
            _other(POLICY, "fedora.py", "consume_with_policy", 16000),
            _other(METRICS, "fedora.py", "consume_with_metrics", 16000),
            _other(TRACING, "fedora.py", "consume_with_tracing", 16000),
            _other(PIKA, "pika_client.py", "consume", 2500),
            _other(AIO_PIKA, "aio_pika_client.py", "consume", 2300),
            _other(KOMBU, "kombu_client.py", "consume", 2500),
            _other(RAW, "raw.py", "consume", 20000),
        ),
        {"prefetch": 100},
    ),
    Task(
        "C10",
        "consume, plain callback, prefetch 10",
        "consume",
        (
            *_ours("consume", 400, 9000, 10000),
            _other(PIKA, "pika_client.py", "consume", 2500),
            _other(RAW, "raw.py", "consume", 12000),
        ),
        {"prefetch": 10},
    ),
    Task(
        "C2",
        "consume, coroutine callback, prefetch 100",
        "consume",
        (
            *_ours("consume_coroutine", 400, 15000, 16000),
            _other(ASYNCIO, "fedora_asyncio.py", "consume", 16000),
            _other(AIO_PIKA, "aio_pika_client.py", "consume", 2300),
            *_faststream("consume", 1500),
            _other(RAW, "raw.py", "consume", 20000),
        ),
        {"prefetch": 100},
    ),
    Task(
        "F",
        "every callback fails: each message goes to a delay queue",
        "consume",
        (
            Contender(PLAIN, "plain", "fedora.py", "consume_failing", 4500),
            Contender(FAST, "fast", "fedora.py", "consume_failing", 4500),
        ),
        {"prefetch": 100},
    ),
    Task(
        "D",
        "latency from publish to callback, 50 a second",
        "latency",
        (
            *_ours("latency", 50, 50, 50),
            _other(PIKA, "pika_client.py", "latency", 50),
            _other(AIO_PIKA, "aio_pika_client.py", "latency", 50),
        ),
        {"rate": 50},
    ),
    Task(
        "E",
        "the whole life of a script that publishes one message",
        "script",
        (
            Contender(RELEASE, "release", "script_fedora.py", "", 1),
            Contender(PLAIN, "plain", "script_fedora.py", "", 1),
            Contender(FAST, "fast", "script_fedora.py", "", 1),
            Contender(BASELINE, "plain", "script_baseline.py", "", 1),
            Contender(PIKA, "plain", "script_pika.py", "", 1),
        ),
    ),
    Task(
        "L1",
        "100 KB bodies, publish",
        "publish",
        (*_ours("pipeline", 15, 550, 1000), _other(RAW, "raw.py", "pipeline", 1500)),
        {"size": 100_000, "in-flight": 50},
    ),
    Task(
        "L2",
        "100 KB bodies, consume",
        "consume",
        (*_ours("consume", 18, 600, 800), _other(RAW, "raw.py", "consume", 3000)),
        {"size": 100_000, "prefetch": 10},
    ),
)


@dataclass(frozen=True)
class Goal:
    """A ratio of one figure of two contenders, or a figure, and its bound.

    Attributes:
        task: The task's letter.
        install: Of whom it is asked.
        figure: "rate", "cpu", "p50", "p99", "seconds" or "mb".
        against: The contender to compare with; None: the figure itself.
        bound: What the ratio must reach, or not exceed.
        more_is_better: Which of the two.
    """

    task: str
    install: str
    figure: str
    against: str | None
    bound: float
    more_is_better: bool = True


GOALS = (
    Goal("A", PLAIN, "rate", RELEASE, 6),
    Goal("A", PLAIN, "rate", PIKA, 1.0),
    Goal("A", FAST, "rate", RELEASE, 8),
    Goal("A", FAST, "rate", PIKA, 1.1),
    Goal("A", FAST, "rate", RAW, 0.65),
    Goal("B", PLAIN, "rate", RELEASE, 8),
    Goal("B", FAST, "rate", RELEASE, 30),
    Goal("B", FAST, "rate", SELECT, 1.0),
    Goal("B", FAST, "rate", ADAPTER, 1.0),
    Goal("B", FAST, "rate", RAW, 0.8),
    Goal("B", FAST, "cpu", SELECT, 0.7, False),
    Goal("B", MANY, "rate", FAST, 0.9),
    Goal("B", MANY, "rate", ONE_BY_ONE, 6),
    Goal("B", ASYNCIO, "rate", AIO_PIKA, 2),
    Goal("B", ASYNCIO, "rate", FAST, 0.7),
    Goal("C", PLAIN, "rate", RELEASE, 8),
    Goal("C", POLICY, "rate", FAST, 0.98),
    Goal("C", METRICS, "rate", FAST, 0.97),
    Goal("C", TRACING, "rate", FAST, 0.9),
    Goal("C", FAST, "rate", RELEASE, 55),
    Goal("C", FAST, "rate", RAW, 0.5),
    Goal("C10", FAST, "rate", RELEASE, 25),
    Goal("C2", PLAIN, "rate", RELEASE, 8),
    Goal("C2", FAST, "rate", RELEASE, 60),
    Goal("C2", ASYNCIO, "rate", AIO_PIKA, 4),
    Goal("F", FAST, "rate", None, 3000),
    Goal("D", PLAIN, "p50", PIKA, 1.0, False),
    Goal("D", PLAIN, "p99", PIKA, 1.5, False),
    Goal("D", FAST, "p50", PIKA, 0.7, False),
    Goal("D", FAST, "p99", PIKA, 1.2, False),
    Goal("E", PLAIN, "seconds", RELEASE, 0.72, False),
    Goal("E", PLAIN, "mb", None, 51, False),
    Goal("E", FAST, "seconds", RELEASE, 0.66, False),
    Goal("E", FAST, "mb", None, 49, False),
    Goal("L1", PLAIN, "rate", RELEASE, 20),
    Goal("L1", FAST, "rate", RELEASE, 80),
    Goal("L2", PLAIN, "rate", RELEASE, 10),
    Goal("L2", FAST, "rate", RELEASE, 60),
)
