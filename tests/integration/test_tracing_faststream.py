# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Traces that FastStream's middleware for OpenTelemetry begins, or goes on with."""

import asyncio
import contextlib
import sys
from typing import Any

import pytest
from opentelemetry import trace

import fedora_messaging.asyncio as messaging
from fedora_messaging import config
from fedora_messaging.exceptions import HaltConsumer
from fedora_messaging.message import Message
from rabbitmq import Vhost
from support.amqp import Amqp
from support.spans import ids, spans

pytestmark = [
    pytest.mark.fedora_messaging_real_broker,
    pytest.mark.skipif(
        sys.version_info < (3, 11), reason="FastStream needs an aio-pika that Python 3.10 does not have"
    ),
]


def test_there_and_back(vhost: Vhost, amqp: Amqp) -> None:
    """A message from FastStream to a callback, and from that to a subscriber of FastStream, is one trace."""
    from faststream.rabbit import RabbitBroker, RabbitQueue
    from faststream.rabbit.opentelemetry import RabbitTelemetryMiddleware

    made = spans()
    ours, theirs = amqp.queue("ours"), amqp.queue("theirs")
    queues = {ours: {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}}
    headers = dict(Message(topic="there")._headers)

    async def main() -> None:
        broker = RabbitBroker(vhost.url, middlewares=(RabbitTelemetryMiddleware(),))
        back: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        async def subscriber(body: dict[str, Any]) -> None:
            back.set_result(body)

        broker.subscriber(RabbitQueue(theirs, durable=True))(subscriber)

        mine = messaging.Client(config.parse({"amqp_url": vhost.url, "tracing": {"enabled": True}}))

        async def callback(message: Message) -> None:
            await mine.publish(Message(topic=theirs, body=message.body), exchange="")
            raise HaltConsumer

        async with mine, broker:
            await broker.start()
            await broker.publish({"number": 1}, queue=ours, headers=headers, message_id="1")
            with contextlib.suppress(HaltConsumer):
                await mine.consume(callback, [], queues)
            assert {"number": 1} == await asyncio.wait_for(back, 30)

    asyncio.run(main())
    process, publish = made.one("process ours"), made.one("publish amq.default")
    kinds = [span for span in made.all if span.kind is trace.SpanKind.CONSUMER]

    assert process.parent is not None
    assert process.parent.span_id in {ids(span)[1] for span in made.all}
    assert {ids(publish)[0]} == {ids(span)[0] for span in (process, *kinds)}
    assert 2 <= len(kinds)
