# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""fedora_messaging.asyncio by its public functions, on asyncio's own event loop.

The configuration is in the file that FEDORA_MESSAGING_CONF names.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "schemas"))
from bench_schema import Comment
from workload import EXCHANGE, QUEUE, TOPIC, Stopwatch, make_body, options

import fedora_messaging.asyncio as messaging
from fedora_messaging import config
from fedora_messaging.exceptions import HaltConsumer

arguments = options()
config.conf.load_config()
config.conf["qos"]["prefetch_count"] = arguments.prefetch
BODY = make_body(arguments.size)
QUEUES = {QUEUE: {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}}
BINDINGS = [{"exchange": EXCHANGE, "queue": QUEUE, "routing_keys": ["#"]}]
#: Where a run of a million messages is measured.
_MARKS = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)


def _message() -> Comment:
    return Comment(topic=TOPIC, body=BODY)


def _messages(count: int) -> Iterator[Comment]:
    for _ in range(count):
        yield _message()


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)


async def publish_many() -> None:
    """Publish with many in flight: publish_many."""
    async with messaging.Client() as client:
        await client.publish(_message())
        watch = Stopwatch()
        await client.publish_many(_messages(arguments.count - 1), in_flight=arguments.in_flight)
        watch.report(arguments.count - 1)


async def pipeline() -> None:
    """Publish with many in flight, each by a task: publish."""
    async with messaging.Client() as client:
        await client.publish(_message())
        left = arguments.count - 1
        watch = Stopwatch()

        async def one_after_the_other() -> None:
            nonlocal left
            while left > 0:
                left -= 1
                await client.publish(_message())

        await asyncio.gather(*(one_after_the_other() for _ in range(arguments.in_flight)))
        watch.report(arguments.count - 1)


async def consume() -> None:
    """Consume with a coroutine function, on this event loop: consume."""
    await _consume(())


async def growth() -> None:
    """Publish a lot in one call: what each part costs, and the memory at its end."""
    async with messaging.Client() as client:
        await client.publish(_message())
        marks = [mark for mark in _MARKS if mark <= arguments.count]
        done, watch = 1, Stopwatch()

        def progress(confirmed: int) -> None:
            nonlocal done, watch
            if marks and confirmed + 1 >= marks[0]:
                watch.report(confirmed + 1 - done, until=marks.pop(0), now_mb=_resident())
                done, watch = confirmed + 1, Stopwatch()

        await client.publish_many(_messages(arguments.count - 1), progress=progress)


async def consume_growth() -> None:
    """Consume a lot: what each part costs, and the memory at its end."""
    await _consume(mark for mark in _MARKS if mark <= arguments.count)


async def _consume(points: "Iterator[int] | tuple[()]") -> None:
    marks = list(points)
    got, marked = 0, 1
    watch: Stopwatch | None = None

    async def callback(received: messaging.Message) -> None:
        nonlocal got, marked, watch
        watch = watch or Stopwatch()
        got += 1
        if marks and got == marks[0]:
            watch.report(got - marked, until=marks.pop(0), now_mb=_resident())
            marked, watch = got, Stopwatch()
        if got == arguments.count:
            raise HaltConsumer

    async with messaging.Client() as client:
        with contextlib.suppress(HaltConsumer):
            await client.consume(callback, BINDINGS, QUEUES)
        if marked == 1:
            assert watch is not None
            watch.report(arguments.count - 1)


asyncio.run(globals()[arguments.task]())
