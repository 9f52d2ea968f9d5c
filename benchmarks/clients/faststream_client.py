# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""FastStream, under asyncio. Publishing validates nothing; consuming validates with a validator made once."""

import asyncio
from typing import Any

from faststream import AckPolicy
from faststream.rabbit import Channel, ExchangeType, RabbitBroker, RabbitExchange, RabbitQueue
from workload import (
    EXCHANGE,
    QUEUE,
    TOPIC,
    URL,
    Stopwatch,
    make_body,
    make_check,
    make_headers,
    new_id,
    options,
)

arguments = options()
BODY = make_body(arguments.size)
TO = RabbitExchange(EXCHANGE, type=ExchangeType.TOPIC, durable=True, declare=False)


async def _publish(broker: RabbitBroker) -> None:
    await broker.publish(
        BODY,
        exchange=TO,
        routing_key=TOPIC,
        persist=True,
        headers=make_headers(),
        message_id=new_id(),
    )


async def publish() -> None:
    """Publish one after the other, each confirmed."""
    async with RabbitBroker(URL, logger=None) as broker:
        await _publish(broker)
        watch = Stopwatch()
        for _ in range(arguments.count - 1):
            await _publish(broker)
        watch.report(arguments.count - 1)


async def pipeline() -> None:
    """Publish with many in flight."""
    async with RabbitBroker(URL, logger=None) as broker:
        left = arguments.count

        async def one_after_the_other() -> None:
            nonlocal left
            while left > 0:
                left -= 1
                await _publish(broker)

        watch = Stopwatch()
        await asyncio.gather(*(one_after_the_other() for _ in range(arguments.in_flight)))
        watch.report(arguments.count)


async def consume() -> None:
    """Consume; each message is acknowledged when the subscriber has returned."""
    broker = RabbitBroker(URL, logger=None, default_channel=Channel(prefetch_count=arguments.prefetch))
    check = make_check()
    done = asyncio.Event()
    got = 0
    watch: Stopwatch | None = None

    @broker.subscriber(RabbitQueue(QUEUE, declare=False), ack_policy=AckPolicy.REJECT_ON_ERROR)
    async def received(body: dict[str, Any]) -> None:
        nonlocal got, watch
        watch = watch or Stopwatch()
        check(body)
        got += 1
        if got == arguments.count:
            done.set()

    await broker.start()
    await done.wait()
    assert watch is not None
    watch.report(arguments.count - 1)
    await broker.stop()


asyncio.run(globals()[arguments.task]())
