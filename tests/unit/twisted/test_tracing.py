# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The spans of a running service, as an application's SDK sees them."""

import logging
from typing import Any

import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.trace import SpanKind, StatusCode
from twisted.internet.defer import Deferred, inlineCallbacks

from fedora_messaging._tracing.conventions import (
    ANONYMOUS,
    DELIVERY_TAG,
    DESTINATION,
    ERROR_TYPE,
    MESSAGE_ID,
    OPERATION,
    OPERATION_TYPE,
    ROUTING_KEY,
    SCHEMA_URL,
    SERVER_ADDRESS,
    SERVER_PORT,
    SYSTEM,
    TEMPLATE,
    TEMPORARY,
)
from fedora_messaging.exceptions import Drop, HaltConsumer, Nack, PublishReturned, ValidationError
from fedora_messaging.logging import JsonFormatter
from fedora_messaging.message import Message
from support.spans import Spans, attributes, ids, linked
from support.spans import spans as made
from support.world import World, result_of

TOPOLOGY: dict[str, Any] = {
    "queues": {"q": {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}},
    "bindings": [{"exchange": "amq.topic", "queue": "q", "routing_keys": ["t.#"]}],
    "tracing": {"enabled": True},
}
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PUBLISH, PROCESS = "publish amq.topic", "process q"


@pytest.fixture
def spans() -> Spans:
    """The spans that are made."""
    return made()


def running(world: World, on_message: Any, **keys: Any) -> Any:
    """A service that consumes and makes spans."""
    service = world.service(on_message, **{**TOPOLOGY, **keys})
    service.startService()
    world.settle(1)
    return service


def sent(world: World, service: Any, *messages: Message) -> list[Any]:
    """Publish messages, and let them be processed."""
    publishing = [service.publish(message) for message in messages]
    world.settle(2)
    return publishing


def test_both_sides(world: World, spans: Spans) -> None:
    """Names, kinds and attributes are those of the table, and both spans are in one trace."""
    message = Message(topic="t.1")
    service = running(world, lambda _: None)
    sent(world, service, message)
    publish, process = spans.one(PUBLISH), spans.one(PROCESS)
    common = {
        SYSTEM: "rabbitmq",
        ROUTING_KEY: "t.1",
        MESSAGE_ID: message.id,
        SERVER_ADDRESS: "localhost",
        SERVER_PORT: 5672,
    }

    assert {
        **common,
        OPERATION: "publish",
        OPERATION_TYPE: "send",
        DESTINATION: "amq.topic:t.1",
        TEMPLATE: "amq.topic",
    } == attributes(publish)
    assert {
        **common,
        OPERATION: "process",
        OPERATION_TYPE: "process",
        DESTINATION: "amq.topic:t.1:q",
        TEMPLATE: "q",
        DELIVERY_TAG: 1,
    } == attributes(process)
    assert (SpanKind.PRODUCER, SpanKind.CONSUMER) == (publish.kind, process.kind)
    assert publish.parent is None
    assert process.parent is not None
    assert ids(publish) == (process.parent.trace_id, process.parent.span_id) == linked(process)[0]
    assert {StatusCode.UNSET} == {span.status.status_code for span in spans.all}
    assert publish.instrumentation_scope is not None
    assert ("fedora_messaging", SCHEMA_URL) == (
        publish.instrumentation_scope.name,
        publish.instrumentation_scope.schema_url,
    )


def test_a_trace_of_its_own(world: World, spans: Spans) -> None:
    """With parent = false a callback begins a trace, with a link to the message's, and keeps its baggage."""
    seen = []
    service = running(
        world,
        lambda _: seen.append(baggage.get_baggage("who")),
        tracing={"enabled": True, "parent": False},
    )
    token = context.attach(baggage.set_baggage("who", "me"))
    sent(world, service, Message(topic="t.1"))
    context.detach(token)
    publish, process = spans.one(PUBLISH), spans.one(PROCESS)

    assert process.parent is None
    assert [ids(publish)] == linked(process)
    assert ids(publish)[0] != ids(process)[0]
    assert ["me"] == seen


def test_the_publishers_context(world: World, spans: Spans) -> None:
    """The span of a publish is a child of the one in which the application publishes."""
    service = running(world, lambda _: None)
    with trace.get_tracer("app").start_as_current_span("outer") as outer:
        sent(world, service, Message(topic="t.1"))
    parent = spans.one(PUBLISH).parent

    assert parent is not None
    assert outer.get_span_context().span_id == parent.span_id


def test_headers_of_the_application(world: World, spans: Spans) -> None:
    """What the application put there is sent as it is, and its span is linked to."""
    seen: list[Any] = []
    service = running(world, lambda message: seen.append(message))
    message = Message(topic="t.1", headers={"traceparent": PARENT, "baggage": "a=b"})
    sent(world, service, message)
    there = 0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331

    assert (PARENT, "a=b") == (seen[0]._headers["traceparent"], seen[0]._headers["baggage"])
    assert [there] == linked(spans.one(PUBLISH)) == linked(spans.one(PROCESS))
    assert message == seen[0]


def test_headers_and_equality(world: World, spans: Spans) -> None:
    """A message is equal to what was published, which tracing has not changed."""
    seen: list[Any] = []
    service = running(world, lambda message: seen.append(message))
    message = Message(topic="t.1", body={"a": 1})
    before = dict(message._headers)
    sent(world, service, message)

    assert "traceparent" in seen[0]._headers
    assert message == seen[0]
    assert before == message._headers


@pytest.mark.parametrize("value", [7, True, "not a traceparent", ["x"], None, {"a": 1}])
def test_headers_of_strangers(world: World, spans: Spans, value: Any) -> None:
    """Headers of another kind, or without sense, begin a trace."""
    service = running(world, lambda _: None)
    sent(world, service, Message(topic="t.1", headers={"traceparent": value}))
    process = spans.one(PROCESS)

    assert process.parent is None
    assert [] == linked(process)


def test_callbacks_are_apart(world: World, spans: Spans) -> None:
    """What a callback publishes belongs to its span, whatever ran before, and the reactor keeps none."""
    service: Any

    def callback(message: Message) -> None:
        if message.topic != "t.end":
            service.publish(Message(topic="t.end"))

    service = running(world, callback)
    sent(world, service, Message(topic="t.1"), Message(topic="t.2"))
    by_topic = {attributes(span)[ROUTING_KEY]: span for span in spans.named(PROCESS)}
    inner = [span for span in spans.named(PUBLISH) if attributes(span)[ROUTING_KEY] == "t.end"]

    assert {ids(by_topic["t.1"])[1], ids(by_topic["t.2"])[1]} == {
        span.parent.span_id for span in inner if span.parent is not None
    }
    assert trace.INVALID_SPAN is trace.get_current_span()


@pytest.mark.parametrize("kind", ["coroutine", "inlineCallbacks"])
def test_callbacks_that_wait(world: World, spans: Spans, kind: str) -> None:
    """The span is the present one after waiting too, and ends with the callback."""
    gates: list[Deferred[None]] = []
    service: Any

    def gate() -> Deferred[None]:
        gates.append(Deferred())
        return gates[-1]

    async def coroutine(message: Message) -> None:
        await gate()
        await service.publish(Message(topic="other"))

    @inlineCallbacks
    def generator(message: Message) -> Any:
        yield gate()
        yield service.publish(Message(topic="other"))

    service = running(world, coroutine if kind == "coroutine" else generator)
    sent(world, service, Message(topic="t.1"))
    assert [] == spans.named(PROCESS)
    assert trace.INVALID_SPAN is trace.get_current_span()
    gates[0].callback(None)
    world.settle(1)
    parent = spans.named(PUBLISH)[-1].parent

    assert parent is not None
    assert ids(spans.one(PROCESS))[1] == parent.span_id


class Own(Exception):
    """An exception of an application whose text cannot be had."""

    def __str__(self) -> str:
        raise OSError


@pytest.mark.parametrize(
    ("raised", "name"),
    [
        (None, None),
        (Nack(), None),
        (Drop(), None),
        (HaltConsumer(), None),
        (HaltConsumer(3), "HaltConsumer"),
        (KeyError("x"), "KeyError"),
        (SystemExit(2), "SystemExit"),
        (Own(), "Own"),
    ],
)
def test_what_a_callback_raises(
    world: World, spans: Spans, raised: BaseException | None, name: str | None
) -> None:
    """An exception is an error, by its class, and what says what becomes of the message is none."""

    def callback(message: Message) -> None:
        if raised is not None:
            raise raised

    service = running(world, callback, nack_delay={"first": 60.0, "cap": 60.0})
    sent(world, service, Message(topic="t.1"))
    process = spans.one(PROCESS)

    assert name == attributes(process).get(ERROR_TYPE)
    assert (StatusCode.UNSET if name is None else StatusCode.ERROR) == process.status.status_code
    events = [(event.attributes or {})["exception.type"] for event in process.events]
    assert ([] if name is None else [name]) == events


def test_an_invalid_message(world: World, spans: Spans) -> None:
    """Its span says so, though no callback was called, and belongs to the publisher's trace."""
    from fedora_messaging._amqp.messages import Encoded

    service = running(world, lambda _: None)
    (publishing,) = sent(world, service, Message(topic="t.1"))
    result_of(publishing)
    encoded = service.publisher.prepare(Message(topic="t.1"))
    service.publisher.publish_encoded(
        Encoded(encoded.exchange, encoded.routing_key, encoded.properties, b"no JSON", b"")
    )
    world.settle(1)
    encoded.span.ended(None)
    process = spans.named(PROCESS)[-1]

    assert "ValidationError" == attributes(process)[ERROR_TYPE]
    assert process.parent is not None
    assert ids(spans.named(PUBLISH)[-1])[1] == process.parent.span_id


def test_what_cannot_be_published(world: World, spans: Spans) -> None:
    """The error's class is that of the exception which the application gets."""
    service = running(world, lambda _: None, mandatory=True)
    refused = [
        *sent(world, service, Message(topic="nobody")),
        service.publish(Message(topic="t.1", body={"a": float("nan")})),
    ]
    given_up = service.publish(Message(topic="t.2"))
    given_up.cancel()
    given_up.addErrback(lambda _: None)
    errors: list[Any] = []
    for each in refused:
        each.addErrback(lambda failure: errors.append(failure.type))
    service.stopService()
    world.settle(1)
    service.publish(Message(topic="t.3")).addErrback(lambda _: None)

    assert [PublishReturned, ValidationError] == errors
    assert {
        "nobody": "PublishReturned",
        "t.1": "ValidationError",
        "t.2": "PublishTimeout",
        "t.3": "ConnectionException",
    } == {attributes(span)[ROUTING_KEY]: attributes(span)[ERROR_TYPE] for span in spans.all}


@pytest.mark.parametrize("wait", ["aside", "in-place", "queue"])
def test_retries_and_quarantine(world: World, spans: Spans, wait: str) -> None:
    """Each attempt is a span with a link to where the message was made, and quarantine keeps its headers."""

    def callback(message: Message) -> None:
        raise Nack

    retry = {"delays": [1.0], "then": "quarantine", "wait": wait, "jitter": 0.0}
    service = running(world, callback, retry=retry)
    sent(world, service, Message(topic="t.1"))
    world.settle(5)
    publish, attempts = spans.one(PUBLISH), spans.named(PROCESS)
    kept: list[Message] = []
    reader = world.service(kept.append, queues={"q.quarantine": TOPOLOGY["queues"]["q"]}, bindings=[])
    reader.startService()
    world.settle()
    reader.abort()

    assert [[ids(publish)]] * 2 == [linked(span) for span in attempts]
    assert f"{ids(publish)[1]:016x}" in kept[0]._headers["traceparent"]


def test_a_queue_named_by_the_broker(world: World, spans: Spans) -> None:
    """Its name is in no span's name."""
    service = running(
        world,
        lambda _: None,
        queues={"": {"durable": False, "auto_delete": True, "exclusive": True, "arguments": {}}},
        bindings=[{"exchange": "amq.topic", "queue": "", "routing_keys": ["t.#"]}],
    )
    sent(world, service, Message(topic="t.1"))
    found = attributes(spans.one("process"))

    assert (True, True) == (found[ANONYMOUS], found[TEMPORARY])
    assert TEMPLATE not in found


def test_the_log_of_a_failure(world: World, spans: Spans, caplog: pytest.LogCaptureFixture) -> None:
    """The line about a failed callback names the span, though it is logged after the callback."""

    def callback(message: Message) -> None:
        raise KeyError("x")

    caplog.set_level(logging.ERROR, "fedora_messaging")
    logging.getLogger("fedora_messaging").propagate = True
    service = running(world, callback)
    sent(world, service, Message(topic="t.1"))
    (record,) = [each for each in caplog.records if getattr(each, "fm_event", "") == "callback_failed"]
    trace_id, span_id = ids(spans.one(PROCESS))

    assert (f"{trace_id:032x}", f"{span_id:016x}") == (record.trace_id, record.span_id)  # type: ignore[attr-defined]
    assert f'"trace_id": "{trace_id:032x}"' in JsonFormatter().format(record)


def test_a_sampler_that_raises(
    world: World, spans: Spans, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Messages are published and processed all the same, and each side says so once."""
    seen = []

    def broken(*_: Any, **__: Any) -> Any:
        raise OSError("broken")

    service = running(world, lambda message: seen.append(message.topic))
    provider: Any = trace.get_tracer_provider()
    monkeypatch.setattr(provider.sampler, "should_sample", broken)
    sent(world, service, Message(topic="t.1"), Message(topic="t.2"))

    assert ["t.1", "t.2"] == seen
    assert [] == spans.all
    assert 2 == sum("broken" in record.getMessage() for record in caplog.records)
