# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""For how long the asyncio client keeps an event loop busy in one go, whatever happens to the broker."""

from collections.abc import Callable

import pytest

from rabbitmq import Node
from support.loops import each_loop
from support.programs import Programs

pytestmark = [pytest.mark.fedora_messaging_real_broker, pytest.mark.slow]

#: Publishes and consumes on an event loop where nothing else runs but a clock that ticks: between two ticks
#: each task has had its turn. It counts the processor time of the loop's thread, which other programs on the
#: machine cannot lengthen.
_PROGRAM = """
import asyncio, contextlib, sys, time
import fedora_messaging.asyncio as messaging

BINDINGS = [{"exchange": "amq.topic", "queue": "work", "routing_keys": ["work"]}]
QUEUES = {"work": {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}}


async def ticking(turns):
    last = time.thread_time()
    while True:
        await asyncio.sleep(0)
        now = time.thread_time()
        turns.append(now - last)
        last = now
        await asyncio.sleep(0.001)


async def main():
    turns, seen = [], set()
    ticks = asyncio.create_task(ticking(turns))
    await asyncio.sleep(0)

    async def callback(message):
        seen.add(message.body["n"])
        if len(seen) == 300:
            print("under way", flush=True)

    def source():
        for n in range(3000):
            yield messaging.Message(topic="work", body={"n": n, "text": "x" * 50_000})

    async with messaging.Client() as client:
        consuming = asyncio.create_task(client.consume(callback, BINDINGS, QUEUES, concurrency=4))
        while not seen:  # the queue is made by the consumer
            await client.publish(messaging.Message(topic="work", body={"n": -1}), timeout=100)
            await asyncio.sleep(0.1)
        assert 3000 == await client.publish_many(source(), timeout=100, in_flight=100)
        while len(seen) < 3001:
            await asyncio.sleep(0.01)
        consuming.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await consuming
    ticks.cancel()
    print("busiest turn:", max(turns), flush=True)


loop = asyncio.new_event_loop()
if sys.argv[1] == "uvloop":
    import uvloop
    loop = uvloop.new_event_loop()
loop.run_until_complete(main())
"""


@each_loop
def test_no_turn_is_long(programs: Programs, own_node: Callable[..., Node], loop: str) -> None:
    """From the first import to the last message, with a restart of the broker, no turn takes 100 ms."""
    node = own_node()
    program = programs.start(_PROGRAM, loop, url=node.url())
    program.wait_for("under way", timeout=200)
    node.kill()
    node.start()
    turn = program.wait_for("busiest turn", timeout=200)

    assert 0 == program.ended()
    assert 0.1 > float(turn.partition(":")[2])
