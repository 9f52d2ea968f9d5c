# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Traces over RabbitMQ: each way to publish and to consume, and pika's instrumentation on the other side."""

import asyncio
import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator
from contextvars import copy_context
from typing import Any

import pika
import pytest
from opentelemetry import trace
from opentelemetry.instrumentation.pika import PikaInstrumentor

import fedora_messaging.asyncio as messaging
from fedora_messaging import api, config
from fedora_messaging._client.reactor_thread import reactor_thread, wait
from fedora_messaging.exceptions import HaltConsumer
from fedora_messaging.message import Message
from rabbitmq import Vhost
from support.amqp import Amqp
from support.spans import Spans, ids, linked
from support.spans import spans as made

pytestmark = [pytest.mark.fedora_messaging_real_broker, pytest.mark.usefixtures("no_unhandled_errors")]

Clients = Callable[..., api.Client]
BINDINGS = {"exchange": "amq.topic", "queue": "q", "routing_keys": ["t.#"]}
QUEUES = {"q": {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}}
TRACING = {"tracing": {"enabled": True}}
PUBLISH, PROCESS = "publish amq.topic", "process q"


@pytest.fixture
def spans() -> Spans:
    """The spans that are made."""
    return made()


@pytest.fixture
def queue(amqp: Amqp) -> str:
    """The queue that messages are published to before anything consumes from it."""
    return amqp.queue("q", "t.#")


def in_one_trace(spans: Spans, *names: str) -> bool:
    """Whether there is one span of each name, each the child of the one before."""
    found = [spans.one(name) for name in names]
    return all(
        child.parent is not None and ids(parent) == (child.parent.trace_id, child.parent.span_id)
        for parent, child in itertools.pairwise(found)
    )


def consume(client: api.Client, callback: Callable[[Message], Any]) -> None:
    """Consume one message."""

    def once(message: Message) -> None:
        callback(message)
        raise HaltConsumer

    with contextlib.suppress(HaltConsumer):
        client.consume(once, BINDINGS, QUEUES)


def inner(_: Message) -> None:
    """A callback with a span of its own."""
    with trace.get_tracer("app").start_as_current_span("inner"):
        pass


def blocking(client: api.Client, vhost: Vhost) -> None:
    client.publish(Message(topic="t.1"))


def blocking_many(client: api.Client, vhost: Vhost) -> None:
    client.publish_many([Message(topic="t.1")])


def deferred(client: api.Client, vhost: Vhost) -> None:
    context = copy_context()
    wait(reactor_thread.call(context.run, client.twisted_publish, Message(topic="t.1")), 30)


def on_a_loop(client: api.Client, vhost: Vhost) -> None:
    async def publish() -> None:
        async with messaging.Client(config.parse({"amqp_url": vhost.url, **TRACING})) as mine:
            await mine.publish(Message(topic="t.1"))

    asyncio.run(publish())


def many_on_a_loop(client: api.Client, vhost: Vhost) -> None:
    async def publish() -> None:
        async with messaging.Client(config.parse({"amqp_url": vhost.url, **TRACING})) as mine:
            await mine.publish_many([Message(topic="t.1")])

    asyncio.run(publish())


@pytest.mark.parametrize("publish", [blocking, blocking_many, deferred, on_a_loop, many_on_a_loop])
def test_ways_to_publish(
    client: Clients, vhost: Vhost, queue: str, spans: Spans, publish: Callable[[api.Client, Vhost], None]
) -> None:
    """The span of the application, of the publish, of the callback and in the callback are one trace."""
    mine = client(**TRACING)
    with trace.get_tracer("app").start_as_current_span("outer"):
        publish(mine, vhost)
    consume(mine, inner)

    assert in_one_trace(spans, "outer", PUBLISH, PROCESS, "inner")
    assert [ids(spans.one(PUBLISH))] == linked(spans.one(PROCESS))


async def as_coroutine(client: messaging.Client) -> None:
    async def callback(message: Message) -> None:
        await asyncio.sleep(0)
        inner(message)
        raise HaltConsumer

    with contextlib.suppress(HaltConsumer):
        await client.consume(callback, BINDINGS, QUEUES)


async def as_function(client: messaging.Client) -> None:
    def callback(message: Message) -> None:
        inner(message)
        raise HaltConsumer

    with contextlib.suppress(HaltConsumer):
        await client.consume(callback, BINDINGS, QUEUES)


async def as_stream(client: messaging.Client) -> None:
    async with client.messages(BINDINGS, QUEUES) as stream:
        async for message in stream:
            inner(message)
            await stream.ack()
            break
    assert "consumer" == trace.get_current_span().name  # type: ignore[attr-defined]


@pytest.mark.parametrize("consuming", [as_coroutine, as_function, as_stream])
def test_ways_to_consume_on_a_loop(
    client: Clients, vhost: Vhost, queue: str, spans: Spans, consuming: Callable[[messaging.Client], Any]
) -> None:
    """The span is the present one in coroutines, in functions and in the body of a stream's loop, and is no
    child of the span in which somebody consumes."""

    async def main() -> None:
        async with messaging.Client(config.parse({"amqp_url": vhost.url, **TRACING})) as mine:
            with trace.get_tracer("app").start_as_current_span("consumer"):
                await consuming(mine)

    client(**TRACING).publish(Message(topic="t.1"))
    asyncio.run(main())

    assert in_one_trace(spans, PUBLISH, PROCESS, "inner")


def test_a_coroutine_on_the_reactor(client: Clients, queue: str, spans: Spans) -> None:
    """The span is the present one in a coroutine that the reactor runs."""

    async def callback(message: Message) -> None:
        await mine.twisted_publish(Message(topic="other"))
        inner(message)
        raise HaltConsumer

    mine = client(**TRACING)
    mine.publish(Message(topic="t.1"))
    with contextlib.suppress(HaltConsumer):
        mine.consume(callback, BINDINGS, QUEUES)
    first, second = spans.named(PUBLISH)

    assert ids(first)[0] == ids(second)[0] == ids(spans.one("inner"))[0]
    assert second.parent is not None
    assert ids(spans.one(PROCESS)) == (second.parent.trace_id, second.parent.span_id)


def test_what_is_not_sent(client: Clients, spans: Spans) -> None:
    """The spans of messages that were drawn and not sent end with an error."""

    def source() -> Iterator[Message]:
        yield Message(topic="t.1")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        client(**TRACING).publish_many(source())

    assert [trace.StatusCode.ERROR] == [span.status.status_code for span in spans.named(PUBLISH)]


@pytest.fixture
def channel(vhost: Vhost) -> Iterator[Any]:
    """A channel of pika that its instrumentation has wrapped."""
    connection = pika.BlockingConnection(pika.URLParameters(vhost.url))
    channel = connection.channel()
    PikaInstrumentor.instrument_channel(channel)
    yield channel
    connection.close()


def test_pika_publishes(client: Clients, queue: str, channel: Any, spans: Spans) -> None:
    """A callback belongs to the trace of a publisher with pika."""
    message = Message(topic="t.1")
    channel.basic_publish("amq.topic", "t.1", b"{}", pika.BasicProperties(headers=dict(message._headers)))
    consume(client(**TRACING), inner)
    (sent,) = [span for span in spans.all if span.kind is trace.SpanKind.PRODUCER]

    assert in_one_trace(spans, sent.name, PROCESS, "inner")


def test_pika_consumes(client: Clients, queue: str, channel: Any, spans: Spans) -> None:
    """A consumer with pika belongs to the trace of what is published here."""
    seen = threading.Event()

    def callback(channel: Any, method: Any, properties: Any, body: bytes) -> None:
        seen.set()
        channel.stop_consuming()

    client(**TRACING).publish(Message(topic="t.1"))
    channel.basic_consume(queue, callback, auto_ack=True)
    PikaInstrumentor.instrument_channel(channel)
    channel.start_consuming()
    (got,) = [span for span in spans.all if span.kind is trace.SpanKind.CONSUMER]

    assert seen.is_set()
    assert in_one_trace(spans, PUBLISH, got.name)
