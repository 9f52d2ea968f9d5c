# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What FastStream's users do with it, on a broker: no archive of FastStream holds its tests.

Runs in FastStream's environment of `peers`, where 5672 leads to the broker under test.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from faststream import AckPolicy, Depends, FastStream
from faststream.rabbit import (
    ExchangeType,
    QueueType,
    RabbitBroker,
    RabbitExchange,
    RabbitMessage,
    RabbitQueue,
    RabbitResponse,
    RabbitRouter,
)
from pydantic import BaseModel

_HANG = 20


class Order(BaseModel):
    """A body with types."""

    name: str
    number: int


class Seen:
    """What the subscribers of one test were given."""

    def __init__(self) -> None:
        self._items: asyncio.Queue[Any] = asyncio.Queue()

    def add(self, item: Any) -> None:
        """Keep one."""
        self._items.put_nowait(item)

    async def next(self) -> Any:
        """The one that came first, or that comes next."""
        return await asyncio.wait_for(self._items.get(), _HANG)

    async def some(self, count: int) -> list[Any]:
        """As many, in order."""
        return [await self.next() for _ in range(count)]


@pytest.fixture
def name() -> str:
    """A name that no other test has."""
    return f"faststream-{uuid.uuid4().hex}"


@pytest.fixture
def seen() -> Seen:
    """Where subscribers put what they get."""
    return Seen()


@pytest.fixture
async def broker() -> AsyncIterator[RabbitBroker]:
    """Not yet started; stopped after the test."""
    broker = RabbitBroker("amqp://guest:guest@localhost:5672/", logger=None)
    yield broker
    await broker.stop()


def _queue(name: str, **options: Any) -> RabbitQueue:
    return RabbitQueue(name, auto_delete=True, exclusive=True, **options)


@pytest.mark.parametrize("body", ["text", b"\x00\xff", 7, 0.5, {"a": [1, None]}, [1, "two"], ""])
async def test_body(broker: RabbitBroker, name: str, seen: Seen, body: Any) -> None:
    """A body of each kind arrives as it was sent."""

    @broker.subscriber(_queue(name))
    async def handle(body: Any) -> None:
        seen.add(body)

    await broker.start()
    await broker.publish(body, queue=name)
    assert await seen.next() == body


async def test_model(broker: RabbitBroker, name: str, seen: Seen) -> None:
    """A pydantic model arrives as one."""

    @broker.subscriber(_queue(name))
    async def handle(order: Order) -> None:
        seen.add(order)

    await broker.start()
    await broker.publish(Order(name="bread", number=3), queue=name)
    assert await seen.next() == Order(name="bread", number=3)


async def test_properties(broker: RabbitBroker, name: str, seen: Seen) -> None:
    """Headers and properties arrive with the message."""

    @broker.subscriber(_queue(name))
    async def handle(body: str, message: RabbitMessage) -> None:
        raw = message.raw_message
        seen.add((message.headers["kind"], message.correlation_id, raw.message_id, raw.priority))

    await broker.start()
    await broker.publish(
        "x",
        queue=name,
        headers={"kind": "a"},
        correlation_id="c",
        message_id="m",
        priority=4,
        persist=True,
    )
    assert await seen.next() == ("a", "c", "m", 4)


async def test_request(broker: RabbitBroker, name: str) -> None:
    """A request is answered through direct reply-to."""

    @broker.subscriber(_queue(name))
    async def handle(number: int) -> int:
        return number + 1

    await broker.start()
    response = await broker.request(1, queue=name, timeout=_HANG)
    assert await response.decode() == 2


async def test_requests_at_once(broker: RabbitBroker, name: str) -> None:
    """Fifty requests at once each get their own answer."""

    @broker.subscriber(_queue(name))
    async def handle(number: int) -> int:
        return number * 2

    await broker.start()
    asked = [broker.request(number, queue=name, timeout=_HANG) for number in range(50)]
    answers = [await each.decode() for each in await asyncio.gather(*asked)]
    assert answers == [number * 2 for number in range(50)]


async def test_request_with_response_object(broker: RabbitBroker, name: str) -> None:
    """An answer carries its headers."""

    @broker.subscriber(_queue(name))
    async def handle(body: str) -> RabbitResponse:
        return RabbitResponse(body.upper(), headers={"loud": "yes"})

    await broker.start()
    response = await broker.request("quiet", queue=name, timeout=_HANG)
    assert (await response.decode(), response.headers["loud"]) == ("QUIET", "yes")


async def test_reply_to(broker: RabbitBroker, name: str, seen: Seen) -> None:
    """What a subscriber returns goes to the queue that the message asks for."""

    @broker.subscriber(_queue(f"{name}-answers"))
    async def answers(body: str) -> None:
        seen.add(body)

    @broker.subscriber(_queue(name))
    async def handle(body: str) -> str:
        return body * 2

    await broker.start()
    await broker.publish("ab", queue=name, reply_to=f"{name}-answers")
    assert await seen.next() == "abab"


async def test_publisher(broker: RabbitBroker, name: str, seen: Seen) -> None:
    """A decorated publisher sends on what the subscriber returns."""

    @broker.subscriber(_queue(f"{name}-next"))
    async def further(body: str) -> None:
        seen.add(body)

    @broker.subscriber(_queue(name))
    @broker.publisher(f"{name}-next")
    async def handle(body: str) -> str:
        return f"<{body}>"

    await broker.start()
    await broker.publish("x", queue=name)
    assert await seen.next() == "<x>"


@pytest.mark.parametrize(
    ("kind", "bound", "sent", "missed"),
    [
        (ExchangeType.DIRECT, "a", "a", "b"),
        (ExchangeType.FANOUT, "", "any", None),
        (ExchangeType.TOPIC, "a.*.#", "a.b.c", "b.a"),
    ],
)
async def test_exchange(
    broker: RabbitBroker, name: str, seen: Seen, kind: Any, bound: str, sent: str, missed: str | None
) -> None:
    """An exchange of each type routes by its rule."""
    exchange = RabbitExchange(name, type=kind, auto_delete=True)

    @broker.subscriber(_queue(name, routing_key=bound), exchange)
    async def handle(body: str) -> None:
        seen.add(body)

    await broker.start()
    if missed is not None:
        await broker.publish("missed", exchange=exchange, routing_key=missed)
    await broker.publish("hit", exchange=exchange, routing_key=sent)
    assert await seen.next() == "hit"


async def test_headers_exchange(broker: RabbitBroker, name: str, seen: Seen) -> None:
    """A headers exchange routes by the arguments of the binding."""
    exchange = RabbitExchange(name, type=ExchangeType.HEADERS, auto_delete=True)
    arguments = {"colour": "red", "x-match": "any"}

    @broker.subscriber(_queue(name, bind_arguments=arguments), exchange)
    async def handle(body: str) -> None:
        seen.add(body)

    await broker.start()
    await broker.publish("blue", exchange=exchange, headers={"colour": "blue"})
    await broker.publish("red", exchange=exchange, headers={"colour": "red"})
    assert await seen.next() == "red"


async def test_bound_exchanges(broker: RabbitBroker, name: str, seen: Seen) -> None:
    """An exchange bound to another one gets its messages."""
    source = RabbitExchange(f"{name}-source", type=ExchangeType.FANOUT, auto_delete=True)
    exchange = RabbitExchange(name, type=ExchangeType.FANOUT, auto_delete=True, bind_to=source)

    @broker.subscriber(_queue(name), exchange)
    async def handle(body: str) -> None:
        seen.add(body)

    await broker.start()
    await broker.publish("through", exchange=source)
    assert await seen.next() == "through"


async def test_requeued(broker: RabbitBroker, name: str, seen: Seen) -> None:
    """A message that is put back comes again, marked as redelivered."""

    @broker.subscriber(_queue(name), ack_policy=AckPolicy.MANUAL)
    async def handle(body: str, message: RabbitMessage) -> None:
        redelivered = message.raw_message.redelivered
        seen.add(redelivered)
        await (message.ack() if redelivered else message.nack())

    await broker.start()
    await broker.publish("x", queue=name)
    assert await seen.some(2) == [False, True]


@pytest.mark.parametrize("kind", ["rejected", "raised", "expired", "too long"])
async def test_dead_letter(broker: RabbitBroker, name: str, seen: Seen, kind: str) -> None:
    """A message is dead-lettered for each reason, which its x-death names."""
    arguments: dict[str, Any] = {
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": f"{name}-dead",
    }
    if kind == "expired":
        arguments["x-message-ttl"] = 1
    if kind == "too long":
        arguments["x-max-length"] = 0

    @broker.subscriber(_queue(f"{name}-dead"))
    async def dead(body: str, message: RabbitMessage) -> None:
        seen.add(message.headers["x-death"][0]["reason"])

    queue = _queue(name, arguments=arguments)
    if kind in ("rejected", "raised"):

        @broker.subscriber(queue, ack_policy=AckPolicy.REJECT_ON_ERROR)
        async def handle(body: str, message: RabbitMessage) -> None:
            if kind == "rejected":
                await message.reject()
            else:
                raise ValueError(body)

    await broker.start()
    await broker.declare_queue(queue)
    await broker.publish("x", queue=name)
    reasons = {"expired": "expired", "too long": "maxlen"}
    assert await seen.next() == reasons.get(kind, "rejected")


@pytest.mark.parametrize("queue_type", [QueueType.CLASSIC, QueueType.QUORUM])
async def test_durable_queue(broker: RabbitBroker, name: str, seen: Seen, queue_type: Any) -> None:
    """A hundred messages pass a durable queue of each type, in order."""

    @broker.subscriber(RabbitQueue(name, durable=True, queue_type=queue_type))
    async def handle(number: int) -> None:
        seen.add(number)

    await broker.start()
    for number in range(100):
        await broker.publish(number, queue=name)
    assert await seen.some(100) == list(range(100))
    await (await broker.declare_queue(RabbitQueue(name, durable=True, queue_type=queue_type))).delete(
        if_unused=False, if_empty=False
    )


async def test_passive_declaration(broker: RabbitBroker, name: str) -> None:
    """A passive declaration finds a queue that is there, and closes the channel where there is none."""
    await broker.start()
    there = await broker.declare_queue(_queue(name))
    await broker.publish("x", queue=name)
    assert (await there.declare()).queue == name
    found = await broker.declare_queue(RabbitQueue(name, declare=False))
    assert found.name == name
    with pytest.raises(Exception, match="NOT_FOUND"):
        await broker.declare_queue(RabbitQueue(f"{name}-missing", declare=False))


async def test_prefetch(name: str, seen: Seen) -> None:
    """With a prefetch count of one, two subscribers' messages do not run at once."""
    from faststream.rabbit import Channel

    broker = RabbitBroker("amqp://guest:guest@localhost:5672/", logger=None)
    running = 0

    @broker.subscriber(_queue(name), channel=Channel(prefetch_count=1))
    async def handle(number: int) -> None:
        nonlocal running
        running += 1
        await asyncio.sleep(0)
        seen.add((number, running))
        running -= 1

    async with broker:
        await broker.start()
        for number in range(5):
            await broker.publish(number, queue=name)
        assert await seen.some(5) == [(number, 1) for number in range(5)]


async def test_router_and_dependency(broker: RabbitBroker, name: str, seen: Seen) -> None:
    """A router's subscriber gets what it depends on."""
    router = RabbitRouter(prefix="faststream-")

    def extra() -> int:
        return 5

    @router.subscriber(_queue(name.removeprefix("faststream-")))
    async def handle(number: int, more: int = Depends(extra)) -> None:
        seen.add(number + more)

    broker.include_router(router)
    await broker.start()
    await broker.publish(1, queue=name)
    assert await seen.next() == 6


async def test_application(broker: RabbitBroker, name: str, seen: Seen) -> None:
    """An application starts, works and stops."""
    app = FastStream(broker)

    @broker.subscriber(_queue(name))
    async def handle(body: str) -> None:
        seen.add(body)
        app.exit()

    @app.after_startup
    async def first() -> None:
        await broker.publish("x", queue=name)

    await asyncio.wait_for(app.run(), _HANG)
    assert await seen.next() == "x"


async def test_unroutable(broker: RabbitBroker, name: str) -> None:
    """A mandatory message that no queue gets comes back."""
    await broker.start()
    returned = await broker.publish("x", queue=name, mandatory=True)
    assert type(returned.delivery).__name__ == "Return"
    assert returned.delivery.reply_code == 312


async def test_ping(broker: RabbitBroker) -> None:
    """A broker that is connected answers a ping."""
    await broker.start()
    assert await broker.ping(timeout=5)


async def test_get_one(broker: RabbitBroker, name: str) -> None:
    """A message can be fetched from a subscriber without a handler."""
    subscriber = broker.subscriber(_queue(name))
    await broker.start()
    await broker.publish("x", queue=name)
    message = await subscriber.get_one(timeout=_HANG)
    assert message is not None
    assert await message.decode() == "x"
