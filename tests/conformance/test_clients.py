# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Other clients publish to the embedded broker and consume from it."""

import asyncio
import socket
from typing import Any

import aio_pika
import amqpstorm
import kombu
import kombu.message
import pytest

from .lab import PATIENCE

# What these clients' own code warns of is theirs.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def test_kombu(embedded_url: str) -> None:
    """kombu declares, publishes with confirms, consumes and acknowledges."""
    exchange = kombu.Exchange("kombu", "topic", durable=True)
    queue = kombu.Queue("kombu", exchange, routing_key="a.#", durable=True)
    received = []
    with kombu.Connection(embedded_url, transport_options={"confirm_publish": True}) as connection:
        producer = connection.Producer(serializer="json")
        for number in range(3):
            producer.publish(
                {"number": number}, exchange=exchange, routing_key=f"a.{number}", declare=[queue], retry=True
            )

        def take(body: dict[str, int], message: kombu.message.Message) -> None:
            received.append((body["number"], message.delivery_info["routing_key"]))
            message.ack()

        with connection.Consumer(queue, callbacks=[take], accept=["json"]):
            while len(received) < 3:
                connection.drain_events(timeout=PATIENCE)
        with pytest.raises(socket.timeout):
            connection.drain_events(timeout=0.1)

    assert [(0, "a.0"), (1, "a.1"), (2, "a.2")] == received


def test_aio_pika(embedded_url: str) -> None:
    """aio-pika declares, publishes with confirms, consumes, rejects and acknowledges."""

    async def talk() -> list[tuple[bytes, bool]]:
        received = []
        async with await aio_pika.connect(embedded_url) as connection:
            channel = await connection.channel(publisher_confirms=True)
            await channel.set_qos(prefetch_count=2)
            exchange = await channel.declare_exchange("aio", aio_pika.ExchangeType.TOPIC, durable=True)
            queue = await channel.declare_queue("aio", durable=True)
            await queue.bind(exchange, "a.*")
            for number in range(3):
                await exchange.publish(aio_pika.Message(str(number).encode(), headers={"n": number}), "a.b")
            async with queue.iterator(timeout=PATIENCE) as messages:
                async for message in messages:
                    if message.body == b"0" and not message.redelivered:
                        await message.reject(requeue=True)
                        continue
                    received.append((message.body, message.headers["n"]))
                    await message.ack()
                    if len(received) == 3:
                        break
        return received

    assert [(b"0", 0), (b"1", 1), (b"2", 2)] == sorted(asyncio.run(talk()))


def test_amqpstorm(embedded_url: str) -> None:
    """amqpstorm declares, publishes with confirms, gets, consumes and acknowledges."""
    received = []
    with amqpstorm.UriConnection(embedded_url) as connection, connection.channel() as channel:
        channel.confirm_deliveries()
        channel.queue.declare("storm", durable=True)
        for number in range(3):
            message = amqpstorm.Message.create(channel, str(number), {"content_type": "text/plain"})

            assert message.publish("storm", mandatory=True)

        first: Any = channel.basic.get("storm")
        received.append(first.body)
        first.ack()

        def take(message: amqpstorm.Message) -> None:
            received.append(message.body)
            message.ack()

        channel.basic.consume(take, "storm", no_ack=False)
        while len(received) < 3:
            channel.process_data_events()

    assert ["0", "1", "2"] == received
