# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What is measured: tasks, who does each, how many messages, and which ratios are the goals."""

from dataclasses import dataclass, field
from typing import Any

__all__ = ["FAST", "GOALS", "PLAIN", "RELEASE", "TASKS", "Contender", "Goal", "Task"]

RELEASE, PLAIN, FAST = "3.9.1", "4.0.0", "4.0.0 [fast]"
PIKA, SELECT, ADAPTER = "pika BlockingConnection", "pika SelectConnection", "pika Twisted"
AIO_PIKA, KOMBU, RAW, FLOOR = "aio-pika", "kombu", "raw socket", "crochet + pika + jsonschema"


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


TASKS = (
    Task(
        "A",
        "blocking publish, one confirm a call",
        "publish",
        (
            *_ours("publish", 140, 700, 900),
            _other(PIKA, "pika_client.py", "publish", 800),
            _other(AIO_PIKA, "aio_pika_client.py", "publish", 700),
            _other(KOMBU, "kombu_client.py", "publish", 1000),
            _other(RAW, "raw.py", "publish", 1400),
        ),
    ),
    Task(
        "B",
        "pipelined publish, 1,000 in flight",
        "publish",
        (
            *_ours("pipeline", 180, 1500, 6000),
            _other(SELECT, "pika_client.py", "select", 5000),
            _other(ADAPTER, "pika_client.py", "twisted", 4500),
            _other(AIO_PIKA, "aio_pika_client.py", "pipeline", 2000),
            _other(RAW, "raw.py", "pipeline", 7000),
        ),
        {"in-flight": 1000},
    ),
    Task(
        "C",
        "consume, plain callback, prefetch 100",
        "consume",
        (
            *_ours("consume", 200, 1800, 12000),
            _other(PIKA, "pika_client.py", "consume", 1500),
            _other(AIO_PIKA, "aio_pika_client.py", "consume", 1200),
            _other(KOMBU, "kombu_client.py", "consume", 1300),
            _other(RAW, "raw.py", "consume", 20000),
        ),
        {"prefetch": 100},
    ),
    Task(
        "C10",
        "the same, prefetch 10",
        "consume",
        (
            *_ours("consume", 200, 1800, 8000),
            _other(PIKA, "pika_client.py", "consume", 1500),
            _other(RAW, "raw.py", "consume", 12000),
        ),
        {"prefetch": 10},
    ),
    Task(
        "C2",
        "consume, coroutine callback, prefetch 100",
        "consume",
        (*_ours("consume_coroutine", 200, 1800, 12000), _other(RAW, "raw.py", "consume", 20000)),
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
            Contender(FLOOR, "plain", "script_floor.py", "", 1),
            Contender(PIKA, "plain", "script_pika.py", "", 1),
        ),
    ),
    Task(
        "L1",
        "100 KB bodies, publish",
        "publish",
        (*_ours("pipeline", 8, 200, 700), _other(RAW, "raw.py", "pipeline", 1500)),
        {"size": 100_000, "in-flight": 50},
    ),
    Task(
        "L2",
        "100 KB bodies, consume",
        "consume",
        (*_ours("consume", 9, 100, 700), _other(RAW, "raw.py", "consume", 3000)),
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
    Goal("C", PLAIN, "rate", RELEASE, 8),
    Goal("C", FAST, "rate", RELEASE, 55),
    Goal("C", FAST, "rate", RAW, 0.5),
    Goal("C10", FAST, "rate", RELEASE, 25),
    Goal("C2", PLAIN, "rate", RELEASE, 8),
    Goal("C2", FAST, "rate", RELEASE, 60),
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
