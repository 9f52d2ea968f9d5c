# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""aio-pika, under asyncio. Publishing validates nothing; consuming validates with a validator made once."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import aio_pika
import aio_pika.abc
from workload import (
    QUEUE,
    TOPIC,
    URL,
    Latency,
    Stopwatch,
    make_body,
    make_check,
    make_headers,
    new_id,
    options,
)

arguments = options()
BODY = make_body(arguments.size)


def _message(body: Any) -> aio_pika.Message:
    return aio_pika.Message(
        json.dumps(body).encode(),
        content_type="application/json",
        content_encoding="utf-8",
        delivery_mode=2,
        headers=make_headers(),
        message_id=new_id(),
    )


async def _exchange(connection: aio_pika.abc.AbstractConnection) -> aio_pika.abc.AbstractExchange:
    channel = await connection.channel(publisher_confirms=True)
    exchange: aio_pika.abc.AbstractExchange = await channel.get_exchange("amq.topic", ensure=False)
    return exchange


async def publish() -> None:
    """Publish one after the other, each confirmed."""
    async with await aio_pika.connect(URL) as connection:
        exchange = await _exchange(connection)
        await exchange.publish(_message(BODY), TOPIC)
        watch = Stopwatch()
        for _ in range(arguments.count - 1):
            await exchange.publish(_message(BODY), TOPIC)
        watch.report(arguments.count - 1)


async def pipeline() -> None:
    """Publish with many in flight."""
    async with await aio_pika.connect(URL) as connection:
        exchange = await _exchange(connection)
        left = arguments.count

        async def one_after_the_other() -> None:
            nonlocal left
            while left > 0:
                left -= 1
                await exchange.publish(_message(BODY), TOPIC)

        watch = Stopwatch()
        await asyncio.gather(*(one_after_the_other() for _ in range(arguments.in_flight)))
        watch.report(arguments.count)


async def _consume(connection: aio_pika.abc.AbstractConnection, take: Callable[[Any], bool]) -> asyncio.Event:
    channel = await connection.channel()
    await channel.set_qos(prefetch_count=arguments.prefetch)
    queue = await channel.get_queue(QUEUE, ensure=False)
    check = make_check()
    done = asyncio.Event()

    async def received(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        body = json.loads(message.body)
        check(body)
        last = take(body)
        await message.ack()
        if last:
            done.set()

    await queue.consume(received)
    return done


async def consume() -> None:
    """Consume."""
    async with await aio_pika.connect(URL) as connection:
        got = 0
        watch: Stopwatch | None = None

        def take(_: Any) -> bool:
            nonlocal got, watch
            watch = watch or Stopwatch()
            got += 1
            return bool(got == arguments.count)

        done = await _consume(connection, take)
        await done.wait()
        assert watch is not None
        watch.report(arguments.count - 1)


async def latency() -> None:
    """Publisher and consumer in one process, a connection each."""
    took = Latency()

    def take(body: Any) -> bool:
        took.add(body)
        return bool(len(took.seconds) == arguments.count)

    async with await aio_pika.connect(URL) as consuming, await aio_pika.connect(URL) as publishing:
        done = await _consume(consuming, take)
        exchange = await _exchange(publishing)
        began = time.perf_counter()
        for number in range(arguments.count):
            await asyncio.sleep(max(0.0, began + number / arguments.rate - time.perf_counter()))
            await exchange.publish(_message(dict(BODY, sent=time.perf_counter())), TOPIC)
        await done.wait()
        took.report()


asyncio.run(globals()[arguments.task]())
