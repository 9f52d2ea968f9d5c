# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Rows F of the matrix: messages that are none, and callbacks that never take them."""

import json
import struct
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pika
import pytest
from pika import BasicProperties, spec

from fedora_messaging import exceptions
from fedora_messaging._message.message import registry
from fedora_messaging.message import Message
from rabbitmq import Vhost
from support.account import QUEUE, SLACK, Application, taken
from support.amqp import Amqp
from wire.raw import RawClient

pytestmark = [
    pytest.mark.fedora_messaging_real_broker,
    pytest.mark.usefixtures("no_unhandled_errors"),
]

SCHEMA = "fedora_messaging_schema"
MiB = 1024 * 1024


def raw(**properties: Any) -> bytes:
    properties.setdefault("content_encoding", "utf-8")
    return b"".join(BasicProperties(**properties).encode())


def table(*entries: tuple[bytes, bytes]) -> bytes:
    """A table of (name, value with its type octet), as raw bytes."""
    data = b"".join(bytes((len(name),)) + name + value for name, value in entries)
    return struct.pack(">I", len(data)) + data


def headers(*entries: tuple[bytes, bytes]) -> bytes:
    return struct.pack(">H", BasicProperties.FLAG_HEADERS) + table(*entries)


def nested_tables(depth: int) -> bytes:
    inner = b"F" + table()
    for _ in range(depth):
        inner = b"F" + table((b"a", inner))
    return inner


def nested_arrays(depth: int) -> bytes:
    inner = b"A" + struct.pack(">I", 0)
    for _ in range(depth):
        inner = b"A" + struct.pack(">I", len(inner)) + inner
    return inner


class RaisesWhenMade(Message):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise LookupError("this class cannot be made")


class RaisesForItsSchema(Message):
    @property
    def body_schema(self) -> Any:  # type: ignore[override]
        raise LookupError("this schema is not there")


class HasABrokenSchema(Message):
    body_schema = {"type": "no such type"}  # noqa: RUF012


class RaisesInAccessors(Message):
    @property
    def usernames(self) -> list[str]:
        raise LookupError("an accessor")

    @property
    def summary(self) -> str:
        raise LookupError("an accessor")


for _each in (RaisesWhenMade, RaisesForItsSchema, HasABrokenSchema, RaisesInAccessors):
    registry.add(f"faults.{_each.__name__}", _each, "tests")

PLAIN = raw(headers={SCHEMA: "base.message"}, message_id="an-id")

#: What is no message, by name: property bytes and body.
HOSTILE: dict[str, tuple[bytes, bytes]] = {
    "unknown encoding": (raw(content_encoding="klingon"), b"{}"),
    "gzip": (raw(content_encoding="gzip"), b"\x1f\x8b{}"),
    "hex": (raw(content_encoding="hex"), b"7b7d"),
    "schema header a table": (raw(headers={SCHEMA: {"a": 1}}), b"{}"),
    "schema header a list": (raw(headers={SCHEMA: ["a"]}), b"{}"),
    "schema header a number": (raw(headers={SCHEMA: 7}), b"{}"),
    "severity a text": (raw(headers={"fedora_messaging_severity": "high"}), b"{}"),
    "not JSON": (PLAIN, b"this is not JSON"),
    "empty": (PLAIN, b""),
    "invalid UTF-8": (PLAIN, b'{"a": "\xff\xfe"}'),
    "NaN": (PLAIN, b'{"a": NaN}'),
    "100,000 levels deep": (PLAIN, b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "100,000 arrays": (PLAIN, b"[" * 100_000 + b"]" * 100_000),
    "null": (PLAIN, b"null"),
    "zero": (PLAIN, b"0"),
    "array": (PLAIN, b"[]"),
    "false": (PLAIN, b"false"),
    "string": (PLAIN, b'"a string"'),
    "bare null": (b"\0\0", b"null"),
    "tables 500 deep": (headers((b"a", nested_tables(500))), b"{}"),
    "arrays 500 deep": (headers((b"a", nested_arrays(500))), b"{}"),
    "header name not UTF-8": (headers((b"\xff\xfe", b"t\1")), b"{}"),
    "message_id not UTF-8": (struct.pack(">HB", BasicProperties.FLAG_MESSAGE_ID, 2) + b"\xff\xfe", b"{}"),
    "class raises when made": (raw(headers={SCHEMA: "faults.RaisesWhenMade"}), b"{}"),
    "class raises for its schema": (raw(headers={SCHEMA: "faults.RaisesForItsSchema"}), b"{}"),
    "class has a broken schema": (raw(headers={SCHEMA: "faults.HasABrokenSchema"}), b"{}"),
    "16 MB": (PLAIN, b"\x07\n" * 8_000_000),
    "16 MB of a string": (PLAIN, b'"' + b"x" * 15_999_998 + b'"'),
    "newline in the id": (raw(message_id="a\nCRITICAL root forged", headers={SCHEMA: "base.message"}), b"no"),
}

#: What is odd, and handled all the same.
ODD: dict[str, tuple[bytes, bytes]] = {
    "no headers": (b"\0\0", b"{}"),
    "newline in the id": (raw(message_id="a\nCRITICAL root forged", headers={}), b"{}"),
    "unknown schema": (raw(headers={SCHEMA: "no.such\nschema"}), b"{}"),
    "timestamp 2^40": (headers((b"when", b"T" + struct.pack(">Q", 2**40))), b"{}"),
    "timestamp 2^63": (headers((b"when", b"T" + struct.pack(">Q", 2**63))), b"{}"),
    "headers of every type": (
        headers(
            (b"b", b"b\xff"),
            (b"B", b"B\xff"),
            (b"s", b"s\xff\xff"),
            (b"u", b"u\xff\xff"),
            (b"I", b"I" + b"\xff" * 4),
            (b"i", b"i" + b"\xff" * 4),
            (b"l", b"l" + b"\xff" * 8),
            (b"f", b"f" + struct.pack(">f", 1.5)),
            (b"d", b"d" + struct.pack(">d", 1.5)),
            (b"D", b"D\x02" + struct.pack(">I", 150)),
            (b"S", b"S" + struct.pack(">I", 2) + b"\xff\xfe"),
            (b"x", b"x" + struct.pack(">I", 2) + b"\xff\xfe"),
            (b"A", nested_arrays(3)),
            (b"T", b"T" + struct.pack(">Q", 1_700_000_000)),
            (b"F", nested_tables(3)),
            (b"t", b"t\1"),
            (b"V", b"V"),
        ),
        b"{}",
    ),
    "class raises in accessors": (raw(headers={SCHEMA: "faults.RaisesInAccessors"}), b"{}"),
}


def with_dead_letters(url: str, arguments: dict[str, Any]) -> None:
    """The queue QUEUE, with a dead-letter exchange that leads to the queue "dead"."""
    with Amqp(url) as amqp:
        amqp.channel.exchange_declare("dlx", "fanout", durable=True)
        amqp.queue("dead")
        amqp.channel.queue_bind("dead", "dlx", "")
        amqp.queue(QUEUE, "faults.#", arguments={"x-dead-letter-exchange": "dlx", **arguments})


def topology(arguments: dict[str, Any]) -> dict[str, Any]:
    return {
        "queues": {
            QUEUE: {
                "durable": True,
                "auto_delete": False,
                "exclusive": False,
                "arguments": {"x-dead-letter-exchange": "dlx", **arguments},
            }
        }
    }


class Publisher:
    """Publishes raw frames to a queue, each confirmed."""

    def __init__(self, url: str) -> None:
        self._client = RawClient(pika.URLParameters(url)).connected()
        self._client._socket.settimeout(20)
        self._client.method(1, spec.Confirm.Select())
        self._client.read()

    def publish(self, topic: str, properties: bytes, body: bytes) -> None:
        # Frames of frame_max bytes at most.
        client = self._client
        client.method(1, spec.Basic.Publish(exchange="amq.topic", routing_key=topic))
        client.header(1, len(body), properties)
        for at in range(0, len(body), 131_000):
            client.frame(3, 1, body[at : at + 131_000])
        reply = client.read()
        assert isinstance(reply, spec.Basic.Ack), reply

    def __enter__(self) -> "Publisher":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._client.close()


def check_log(app: Application) -> None:
    """Every line is one record's, of less than a kilobyte, without control characters."""
    for line in app.log.split("\n"):
        assert line.isprintable()
        assert line.startswith(("DEBUG fed", "INFO fed", "WARNING fed", "ERROR fed"))
        assert len(line.encode()) <= 1024, f"{line[:200]}... ({len(line)})"


@pytest.mark.parametrize("kind", ["classic", "quorum"])
def test_f1_hostile_messages(vhost: Vhost, kind: str, measured: Callable[..., None]) -> None:
    """Each is rejected to the dead-letter exchange and counted, and the message after it is handled."""
    arguments = {"x-queue-type": "quorum"} if kind == "quorum" else {}
    with_dead_letters(vhost.url, arguments)
    with (
        Publisher(vhost.url) as publisher,
        Application(vhost.url, lambda _: None, **topology(arguments)) as app,
    ):
        for number, (properties, body) in enumerate(HOSTILE.values()):
            publisher.publish("faults.hostile", properties, body)
            publisher.publish(f"faults.{number}", PLAIN, b"{}")
        began = time.monotonic()
        app.account.wait_for("the good ones", lambda: len(app.account.finished) == len(HOSTILE), 60)
        measured(kinds=len(HOSTILE), after=time.monotonic() - began)
        assert app.service.consuming
        check_log(app)

    assert {
        "received": 2 * len(HOSTILE),
        "processed": len(HOSTILE),
        "dropped": 0,
        "rejected": len(HOSTILE),
        "failed": 0,
    } == app.service.stats.consumed.as_dict()
    assert list(range(len(HOSTILE))) == [number for number, _ in app.account.finished]
    assert 1 == len(app.account.declared_at)
    assert [] == taken(vhost.url)
    with Amqp(vhost.url) as amqp:  # a quorum queue dead-letters what was rejected some time later
        amqp.wait_for_ready("dead", len(HOSTILE))
    assert [body for _, body in HOSTILE.values()] == dead_bodies(vhost.url)


def dead_bodies(url: str) -> list[bytes]:
    """What has been dead-lettered; read as raw frames, since no client library reads all of it."""
    client = RawClient(pika.URLParameters(url)).connected()
    bodies = []
    while True:
        client.method(1, spec.Basic.Get(queue="dead", no_ack=True))
        reply = client.read()
        if not isinstance(reply, spec.Basic.GetOk):
            break
        bodies.append(client.read_content()[1])
    client.close()
    return bodies


def test_f1_odd_messages(vhost: Vhost) -> None:
    """What is merely odd is handled, and nothing that it holds breaks a log line."""
    with_dead_letters(vhost.url, {})
    with Publisher(vhost.url) as publisher, Application(vhost.url, lambda _: None, **topology({})) as app:
        for number, (properties, body) in enumerate(ODD.values()):
            publisher.publish(f"faults.{number}", properties, body)
        app.account.wait_for("all", lambda: len(app.account.finished) == len(ODD), 60)
        check_log(app)

    assert list(range(len(ODD))) == [number for number, _ in app.account.finished]
    assert [] == dead_bodies(vhost.url)


def test_f1_without_a_dead_letter_exchange(vhost: Vhost) -> None:
    """Where there is none, a hostile message is gone, and the consumer goes on."""
    with Application(vhost.url, lambda _: None) as app, Publisher(vhost.url) as publisher:
        for properties, body in HOSTILE.values():
            if len(body) < MiB:
                publisher.publish("faults.hostile", properties, body)
        publisher.publish("faults.1", PLAIN, b"{}")
        app.account.wait_for("the good one", lambda: bool(app.account.finished), 60)

    assert [] == taken(vhost.url)


def test_f2_a_huge_body_is_one_short_line(vhost: Vhost, measured: Callable[..., None]) -> None:
    """Sixteen megabytes of line breaks, and texts that look like log lines, take less than 1 kB each."""
    forged = b"\r\nERROR root forged\x1b[31m\x00" * 700_000
    with Publisher(vhost.url) as publisher, Application(vhost.url, lambda _: None) as app:
        publisher.publish("faults." + "x" * 240, raw(message_id="\n\x1b" * 100), forged[:16_000_000])
        publisher.publish("faults.\x1b\nERROR root forged", PLAIN, b'{"' + forged[:1_000_000] + b'": 1}')
        publisher.publish("faults.1", PLAIN, b"{}")
        app.account.wait_for("the good one", lambda: bool(app.account.finished), 60)
    check_log(app)
    lines = [line for line in app.log.split("\n") if "invalid message" in line]
    measured(longest=max(len(line.encode()) for line in lines))

    assert 2 == len(lines)
    assert 2 == app.service.stats.consumed.rejected


@pytest.mark.parametrize("kind", ["classic", "quorum"])
def test_f3_nack_for_ever(vhost: Vhost, kind: str, measured: Callable[..., None]) -> None:
    """A message that is nacked for ever comes again after 1 s, 2 s, 4 s ..., the others go on meanwhile,
    and at the end it is in the queue."""
    arguments = {"x-queue-type": "quorum", "x-delivery-limit": 100} if kind == "quorum" else {}
    queues = {QUEUE: {"durable": True, "auto_delete": False, "exclusive": False, "arguments": arguments}}
    times: list[float] = []

    def callback(number: int) -> None:
        if number == 0:
            times.append(time.monotonic())
            raise exceptions.Nack()

    with Application(vhost.url, callback, queues=queues) as app:
        app.settled(app.publish(200), 60)
        app.account.wait_for("the others", lambda: len(app.account.numbers()) == 200, 60)
        in_between = time.monotonic()
        app.account.wait_for("four times", lambda: len(times) == 4, 7 + SLACK)
        app.settled(app.publish(10), 5)
        app.account.wait_for("the others", lambda: len(app.account.numbers()) == 210, 5)
        began = time.monotonic()
    stopped = time.monotonic() - began
    delays = [after - before for before, after in pairwise(times)]
    measured(delays=delays, stopped=stopped, others_after=in_between - times[0])

    # On its way to the broker and back it may be held up, but not for as long again.
    assert all(wait <= delay + 0.05 < 2 * wait for wait, delay in zip((1, 2, 4), delays, strict=True)), delays
    assert ["faults.0"] == [got.topic for got in taken(vhost.url, 1)]
    assert app.account.most_running == 1


def test_f3_many_messages_nacked_for_ever(vhost: Vhost, measured: Callable[..., None]) -> None:
    """However many messages are nacked for ever, callbacks run no more than ten times a second."""
    times: list[float] = []

    def callback(number: int) -> None:
        times.append(time.monotonic())
        raise exceptions.Nack()

    with Application(vhost.url, callback) as app:
        app.settled(app.publish(200), 60)
        app.account.wait_for("some seconds", lambda: bool(times) and times[-1] - times[0] > 6, 10 + SLACK)
        rate = (len(times) - 10) / (times[-1] - times[0])
        measured(rate=rate)

    assert rate <= 10
    assert list(range(200)) == sorted(json.loads(got.body)["n"] for got in taken(vhost.url, 200))
