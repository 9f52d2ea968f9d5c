# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What one message costs when there are many, many queues, or few in flight."""

from dataclasses import dataclass, field
from statistics import median

from .bench import QUEUE, Bench
from .plan import RAW

__all__ = ["Curve", "Growth", "absent_broker", "in_flight", "many_messages", "many_queues", "prefetch"]


@dataclass
class Curve:
    """A line in a plot."""

    name: str
    points: list[tuple[float, float]] = field(default_factory=list)


@dataclass
class Growth:
    """Messages one after the other: what each costs and how large the process is, by how many there were."""

    name: str
    cpu: list[tuple[float, float]] = field(default_factory=list)
    mb: list[tuple[float, float]] = field(default_factory=list)


def many_messages(bench: Bench, count: int) -> list[Growth]:
    """Publish so many messages and consume them, in one process each."""
    made = []
    bench.empty(QUEUE)
    for name, program, task in (
        ("publish", "fedora.py", "growth"),
        ("consume", "fedora.py", "consume_growth"),
        ("publish_many", "fedora.py", "many_growth"),
        ("consume, asyncio", "fedora_asyncio.py", "consume_growth"),
        ("publish_many, asyncio", "fedora_asyncio.py", "growth"),
    ):
        grown = Growth(name)
        for report in bench.client("fast", program, task, {"count": count}, limit=1200):
            grown.cpu.append((report["until"], report["cpu_us"]))
            grown.mb.append((report["until"], report["now_mb"]))
        bench.has(0 if name.startswith("consume") else count)
        made.append(grown)
    bench.empty(QUEUE)
    return made


def absent_broker(bench: Bench, count: int = 300_000) -> tuple[int, float]:
    """Publish so many messages without waiting while there is no broker.

    Returns:
        How many were refused, and by how many MB the process grew.
    """
    (report,) = bench.client("fast", "fedora.py", "absent", {"count": count}, limit=600)
    return report["refused"], report["grown_mb"]


def many_queues(bench: Bench, count: int, repetitions: int) -> list[tuple[int, float]]:
    """Consume so many messages from 1, 10 and 100 queues in one process: the CPU time a message."""
    costs: dict[int, list[float]] = {}
    bench.forget(QUEUE)  # it would get all of them, too
    for _ in range(repetitions):
        for queues in (1, 10, 100):
            names = [f"{QUEUE}.{number}" for number in range(queues)]
            for name in names:
                bench.fill(count // queues, queue=name)
            options = {"count": count, "queues": queues}
            (report,) = bench.client("fast", "fedora.py", "consume_queues", options)
            for name in names:
                bench.has(0, name)
            bench.forget(*names)
            costs.setdefault(queues, []).append(report["cpu_us"])
    return [(queues, median(found)) for queues, found in costs.items()]


def in_flight(bench: Bench, seconds: float) -> list[Curve]:
    """Publishing with more and more in flight."""
    made = []
    for name, program, task in (
        (RAW, "raw.py", "pipeline"),
        ("fedora_messaging [fast]", "fedora.py", "pipeline"),
    ):
        curve = Curve(name)
        for number in (1, 3, 10, 30, 100, 300, 1000, 3000):
            count = int(seconds * min(6000, 600 * number))
            bench.empty(QUEUE)
            (report,) = bench.client("fast", program, task, {"count": count, "in-flight": number})
            bench.has(count)
            curve.points.append((number, report["rate"]))
        made.append(curve)
    return made


def prefetch(bench: Bench, seconds: float) -> list[Curve]:
    """Consuming with a larger and larger prefetch count."""
    made = []
    for name, program, task in (
        (RAW, "raw.py", "consume"),
        ("fedora_messaging [fast]", "fedora.py", "consume"),
    ):
        curve = Curve(name)
        for number in (1, 3, 10, 30, 100, 300, 1000):
            count = int(seconds * min(12000, 2000 * number))
            bench.fill(count, 1024)
            (report,) = bench.client("fast", program, task, {"count": count, "prefetch": number})
            bench.has(0)
            curve.points.append((number, report["rate"]))
        made.append(curve)
    return made
