# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The asyncio client on a broker, on asyncio's own event loop and on uvloop."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import pytest

import fedora_messaging.asyncio as messaging
from fedora_messaging import config
from fedora_messaging.exceptions import (
    BadDeclaration,
    Drop,
    HaltConsumer,
    Nack,
    PublishForbidden,
    PublishManyError,
    PublishReturned,
)
from fedora_messaging.message import Message
from fedora_messaging.testing import EmbeddedBroker
from rabbitmq import Vhost
from support.amqp import Amqp
from support.loops import each_loop, run

pytestmark = [
    pytest.mark.fedora_messaging_real_broker,
    pytest.mark.usefixtures("no_unhandled_errors"),
]

BINDINGS = {"exchange": "amq.topic", "queue": "work", "routing_keys": ["work.#"]}
QUEUES = {"work": {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}}

Make = Callable[..., messaging.Client]


@pytest.fixture
def make(vhost: Vhost) -> Make:
    """Makes clients; the arguments are keys of the configuration."""
    return lambda **keys: messaging.Client(config.parse({"amqp_url": vhost.url, **keys}))


async def consuming(
    client: messaging.Client, callback: Any, amqp: Amqp, **options: Any
) -> asyncio.Task[None]:
    """A task that consumes, once it does."""
    task = asyncio.create_task(client.consume(callback, BINDINGS, QUEUES, **options))
    await asyncio.to_thread(amqp.wait_for_consumers, "work")
    return task


async def cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@each_loop
def test_there_and_back(make: Make, amqp: Amqp, loop: str) -> None:
    """What many tasks publish at a time is confirmed, and consumed in order on the same loop."""

    async def main() -> list[int]:
        seen: list[int] = []
        all_seen = asyncio.Event()
        running = asyncio.get_running_loop()

        async def callback(message: Message) -> None:
            await asyncio.sleep(0)
            assert asyncio.get_running_loop() is running
            seen.append(message.body["number"])
            if len(seen) == 1000:
                all_seen.set()

        async with make() as client:
            task = await consuming(client, callback, amqp)
            messages = [Message(topic="work.done", body={"number": number}) for number in range(1000)]
            await asyncio.gather(*map(client.publish, messages))
            await all_seen.wait()
            await cancelled(task)
        return seen

    assert [*range(1000)] == run(main(), loop)
    assert 0 == amqp.ready("work")


@each_loop
def test_outcomes(make: Make, amqp: Amqp, loop: str) -> None:
    """Nack puts a message back, Drop drops it, HaltConsumer acknowledges it and ends consuming."""

    async def main() -> list[str]:
        seen: list[str] = []

        async def callback(message: Message) -> None:
            seen.append(message.topic)
            if message.topic == "work.later" and seen.count("work.later") < 3:
                raise Nack()
            if message.topic == "work.never":
                raise Drop()
            if message.topic == "work.last":
                raise HaltConsumer()

        async with make() as client:
            task = await consuming(client, callback, amqp)
            for topic in ("work.later", "work.never"):
                await client.publish(Message(topic=topic))
            while seen.count("work.later") < 3:
                await asyncio.sleep(0.01)
            for topic in ("work.last", "work.left"):
                await client.publish(Message(topic=topic))
            with pytest.raises(HaltConsumer):
                await task
        return seen

    assert ["work.last", "work.later", "work.later", "work.later", "work.never"] == sorted(run(main(), loop))
    assert ["work.left"] == [each.topic for each in amqp.take("work")]


@each_loop
def test_a_callback_that_fails(make: Make, amqp: Amqp, loop: str) -> None:
    """What a callback raises ends consuming and is raised; its message goes back."""

    async def callback(message: Message) -> None:
        raise KeyError("a defect")

    async def main() -> None:
        async with make() as client:
            task = await consuming(client, callback, amqp)
            await client.publish(Message(topic="work.x"))
            with pytest.raises(KeyError, match="a defect"):
                await task

    run(main(), loop)

    amqp.wait_for_ready("work", 1)
    assert ["work.x"] == [each.topic for each in amqp.take("work")]


@each_loop
def test_cancelled_in_order(make: Make, amqp: Amqp, loop: str) -> None:
    """The first cancellation lets the callback in flight finish and publish; the rest goes back."""

    async def main() -> None:
        begun, go_on = asyncio.Event(), asyncio.Event()

        async with make() as client:

            async def callback(message: Message) -> None:
                begun.set()
                await go_on.wait()
                await client.publish(Message(topic="work.result"))

            task = await consuming(client, callback, amqp)
            for number in range(3):
                await client.publish(Message(topic=f"work.{number}"))
            await begun.wait()
            task.cancel()
            await asyncio.to_thread(amqp.wait_for_consumers, "work", 0)
            assert not task.done()
            go_on.set()
            await asyncio.wait([task])
            assert task.cancelled()

    run(main(), loop)

    assert ["work.1", "work.2", "work.result"] == sorted(each.topic for each in amqp.take("work"))


@each_loop
@pytest.mark.parametrize("twice", [True, False])
def test_cancelled_at_once(make: Make, amqp: Amqp, loop: str, twice: bool) -> None:
    """A second cancellation, or the end of the grace period, cancels the callback; its message goes back."""

    async def main() -> list[str]:
        seen: list[str] = []

        async def callback(message: Message) -> None:
            seen.append(message.topic)
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                seen.append("cancelled")
                raise

        async with make(shutdown_grace=30 if twice else 0.3) as client:
            task = await consuming(client, callback, amqp)
            await client.publish(Message(topic="work.x"))
            while not seen:
                await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.sleep(0.1)
            if twice:
                task.cancel()
            await asyncio.wait([task])
            while len(seen) < 2:
                await asyncio.sleep(0.01)
            assert task.cancelled()
        return seen

    assert ["work.x", "cancelled"] == run(main(), loop)
    amqp.wait_for_ready("work", 1)
    assert ["work.x"] == [each.topic for each in amqp.take("work")]


@each_loop
def test_several_callbacks_at_a_time(make: Make, amqp: Amqp, loop: str) -> None:
    """So many callbacks run at a time as were asked for, and not one more."""

    async def main() -> None:
        running = most = seen = 0
        together = asyncio.Event()
        rest = asyncio.Event()

        async def callback(message: Message) -> None:
            nonlocal running, most, seen
            running += 1
            most = max(most, running)
            if running == 6:
                together.set()
            await rest.wait()
            running -= 1
            seen += 1

        async with make() as client:
            task = await consuming(client, callback, amqp, concurrency=6)
            await asyncio.gather(*(client.publish(Message(topic="work.x")) for _ in range(20)))
            await together.wait()
            rest.set()
            while seen < 20:
                await asyncio.sleep(0.01)
            await cancelled(task)
            assert 6 == most

    run(main(), loop)


def test_a_plain_function(make: Make, amqp: Amqp) -> None:
    """A plain function may block: it has a thread, and what it returns is awaited on the caller's loop."""

    async def main() -> None:
        running = asyncio.get_running_loop()
        got: asyncio.Queue[bool] = asyncio.Queue()

        async def later() -> None:
            got.put_nowait(asyncio.get_running_loop() is running)

        def callback(message: Message) -> Any:
            with pytest.raises(RuntimeError, match="no running event loop"):
                asyncio.get_running_loop()
            return later()

        async with make() as client:
            task = await consuming(client, callback, amqp)
            await client.publish(Message(topic="work.x"))
            assert await got.get()
            await cancelled(task)

    run(main())


def test_refusals(make: Make, amqp: Amqp) -> None:
    """What the broker refuses is an error of the call, as with the blocking functions."""
    amqp.queue("other", arguments={"x-max-length": 5})
    other = {"other": QUEUES["work"]}

    async def main() -> None:
        async with make() as client:
            with pytest.raises(BadDeclaration, match="x-max-length"):
                await client.consume(print, [], other)
            with pytest.raises(PublishForbidden):
                await client.publish(Message(topic="t"), exchange="amq.rabbitmq.trace")
            await client.publish(Message(topic="t"))

    run(main())


def test_a_loop_that_ends_while_it_consumes(make: Make, amqp: Amqp) -> None:
    """A loop that is left in the middle of a callback loses nothing: the message goes back."""
    client = make()

    async def main() -> None:
        begun = asyncio.Event()

        async def callback(message: Message) -> None:
            begun.set()
            await asyncio.Event().wait()

        await consuming(client, callback, amqp)
        await client.publish(Message(topic="work.x"))
        await begun.wait()

    asyncio.run(main())
    run(client.close())

    amqp.wait_for_ready("work", 1)
    assert ["work.x"] == [each.topic for each in amqp.take("work")]


def test_one_client_in_one_loop_after_another(make: Make, amqp: Amqp) -> None:
    """A client may be used by several event loops, one after another, without being closed in between."""
    amqp.queue("work", "work.#")
    client = make()
    for number in range(3):
        run(client.publish(Message(topic=f"work.{number}")))
    run(client.close())

    assert ["work.0", "work.1", "work.2"] == [each.topic for each in amqp.take("work")]


async def numbered(count: int) -> AsyncIterator[Message]:
    for number in range(count):
        yield Message(topic="work.done", body={"number": number})


@each_loop
def test_many_messages(make: Make, amqp: Amqp, loop: str) -> None:
    """What an asynchronous generator makes is published in order; what the broker refuses is listed."""
    amqp.queue("work", "work.#")
    lost = Message(topic="nowhere")

    async def main() -> PublishManyError:
        async with make(mandatory=True) as client:
            assert 3000 == await client.publish_many(numbered(3000))
            with pytest.raises(PublishManyError) as raised:
                await client.publish_many([Message(topic="work.x"), lost, Message(topic="work.y")])
            return raised.value

    error = run(main(), loop)

    assert (2, [], [(lost, PublishReturned)]) == (
        error.confirmed,
        error.unsent,
        [(message, type(why)) for message, why in error.failed],
    )
    taken = amqp.take("work")
    assert [*range(3000)] == [json.loads(each.body)["number"] for each in taken[:3000]]
    assert ["work.x", "work.y"] == [each.topic for each in taken[3000:]]


@each_loop
def test_a_stream_of_messages(make: Make, amqp: Amqp, loop: str) -> None:
    """Each message is acknowledged, put back or dropped as the task says; the rest goes back at the end."""
    amqp.queue("work", "work.#")

    async def main() -> list[str]:
        seen: list[str] = []
        async with make() as client:
            await client.publish_many(Message(topic=f"work.{each}") for each in ("a", "b", "c", "d", "e"))
            async with client.messages(BINDINGS, QUEUES) as stream:
                async for message in stream:
                    seen.append(message.topic)
                    if message.topic == "work.b" and seen.count("work.b") == 1:
                        await stream.nack()
                    elif message.topic == "work.c":
                        await stream.drop()
                    elif message.topic == "work.d":
                        break
            await asyncio.to_thread(amqp.wait_for_consumers, "work", 0)
        return seen

    seen = run(main(), loop)

    assert "work.a" == seen[0]
    assert 2 >= seen.count("work.b") >= 1
    left = sorted(each.topic for each in amqp.take("work"))
    assert ["work.d", "work.e"] == [topic for topic in left if topic != "work.b"]
    assert ("work.b" in left) == (seen.count("work.b") == 1)


@each_loop
def test_a_stream_whose_connection_is_lost(loop: str) -> None:
    """A message that was not finished when the connection was lost comes again, and the stream goes on."""

    async def main(client: messaging.Client) -> list[str]:
        seen: list[str] = []
        async with client, client.messages(BINDINGS, QUEUES) as stream:
            await client.publish(Message(topic="work.a"))
            async for message in stream:
                seen.append(message.topic)
                if len(seen) == 1:
                    await asyncio.to_thread(broker.faults.drop_connections)
                    await client.publish(Message(topic="work.b"))
                elif message.topic == "work.b":
                    await stream.ack()
                    break
        return seen

    with EmbeddedBroker() as broker:
        seen = run(main(messaging.Client(config.parse({"amqp_url": broker.url}))), loop)
        left = broker.queue("work").messages

    assert ["work.a", "work.a", "work.b"] == seen
    assert () == left


def test_a_stream_that_cannot_go_on(make: Make, amqp: Amqp) -> None:
    """What ends a consumer is raised where the next message is asked for; a closed client ends the stream."""
    amqp.queue("other", arguments={"x-max-length": 5})

    async def main() -> None:
        async with make() as client:
            with pytest.raises(BadDeclaration, match="x-max-length"):
                async with client.messages([], {"other": QUEUES["work"]}):
                    raise AssertionError
            async with client.messages(BINDINGS, QUEUES) as stream:
                await client.close()
                assert [] == [message async for message in stream]

    run(main())
