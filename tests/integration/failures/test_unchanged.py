# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Messages that wait on the broker or go to quarantine are the ones that came, whatever they carry."""

import struct
from collections.abc import Iterator
from typing import Any

import pika
import pytest
from pika import spec

from rabbitmq import Vhost
from support.account import Application
from support.amqp import Amqp
from support.failing import KINDS, QUEUE, kept, kinds, topology
from support.reactor import in_reactor
from wire.raw import RawClient

pytestmark = [
    pytest.mark.fedora_messaging_real_broker,
    pytest.mark.usefixtures("no_unhandled_errors"),
]

BODY = b' {"n" : 1,\n "t": "\xc3\xa9\\u00e9", "f": 1.50} '
COPIES = "copies"


def short(text: str) -> bytes:
    """A short string."""
    return bytes([len(text.encode())]) + text.encode()


def long(data: bytes) -> bytes:
    """A long string, or a table or an array without its type."""
    return struct.pack(">I", len(data)) + data


#: A value of each type that RabbitMQ knows.
VALUES = [
    b"t\x01",
    b"b\xff",
    b"B\xff",
    b"s\x80\x00",
    b"u\x80\x00",
    b"I\x80\x00\x00\x00",
    b"i\xff\x00\x00\x00",
    b"l" + b"\x7f" * 8,
    b"f" + struct.pack(">f", 1.5),
    b"d" + struct.pack(">d", 0.1),
    b"D\x02\x00\x00\x00\x7d",
    b"S" + long("é\0\n".encode() * 1000),
    b"x" + long(b"\x00\xff"),
    b"T" + struct.pack(">Q", 1_700_000_000),
    b"V",
    b"A" + long(b"t\x00" + b"S" + long(b"two") + b"F" + long(short("x-inside") + b"V")),
    b"F" + long(short("") + b"I\x00\x00\x00\x01" + short("x-death") + b"A" + long(b"")),
]
FIELDS = [
    short("fedora_messaging_schema") + b"S" + long(b"base.message"),
    *(short(f"own-{n}") + value for n, value in enumerate(VALUES)),
]
TABLE = b"".join(FIELDS)
COUNTED = short("fedora_messaging_attempts") + b"I\x00\x00\x00\x01"
#: What quorum queues of RabbitMQ 3 add.
DELIVERED = short("x-delivery-count") + b"l" + bytes(8)


def properties(table: bytes, *, temporary: bool = False) -> bytes:
    """All properties there are; ``expiration`` and ``user_id`` only of a message before it is moved."""
    flags = 0b1111_1110_1110_1100 | (0b0000_0001_0001_0000 if temporary else 0)
    return b"".join(
        [
            struct.pack(">H", flags),
            short("application/json"),
            short("utf-8"),
            long(table),
            b"\x02",
            b"\x09",
            short("c" * 255),
            short("answers é"),
            short("60000") if temporary else b"",
            short("an id"),
            struct.pack(">Q", 1_700_000_000),
            short("a type"),
            short("guest") if temporary else b"",
            short("an application"),
            short("a cluster"),
        ]
    )


@pytest.fixture
def raw(vhost: Vhost) -> Iterator[RawClient]:
    """A client that sends and shows bytes."""
    client = RawClient(pika.URLParameters(vhost.url)).connected()
    yield client
    client.close()


def got(raw: RawClient, queue: str) -> tuple[str, bytes, bytes]:
    """Topic, properties and body of the first message of a queue."""
    raw.method(1, spec.Basic.Get(queue=queue, no_ack=True))
    found = raw.read()
    assert isinstance(found, spec.Basic.GetOk), found
    return str(found.routing_key), *raw.read_content()


def without_fields(properties: bytes, fields: list[bytes]) -> bytes:
    """Properties with an empty table, which has to consist of these fields, in whichever order: RabbitMQ 4
    sorts them."""
    at = 3 + properties[2]
    at += 1 + properties[at]
    end = at + 4 + int.from_bytes(properties[at : at + 4], "big")
    table = properties[at + 4 : end].replace(DELIVERED, b"")
    for field in fields:
        assert 1 == table.count(field), field
        table = table.replace(field, b"")
    assert b"" == table
    return properties[:at] + long(b"") + properties[end:]


def declared(amqp: Amqp, kind: str) -> None:
    """The queue, and one that gets copies of all its messages."""
    amqp.queue(QUEUE, "t.#", arguments=KINDS[kind])
    amqp.queue(COPIES, "t.#")


def fail_once(vhost: Vhost, amqp: Amqp, kind: str, to: str, count: int = 1, **retry: Any) -> None:
    """Consume until so many messages that failed have reached a queue."""

    def fail(number: int) -> None:
        raise OSError("no")

    policy = {"on": ["builtins:OSError"], "wait": "queue", **retry}
    with Application(vhost.url, fail, **topology(kind), retry=policy):
        amqp.wait_for_ready(f"{QUEUE}.{to}", count)


@kinds
@pytest.mark.parametrize("temporary", [False, True])
def test_byte_for_byte(vhost: Vhost, amqp: Amqp, raw: RawClient, kind: str, temporary: bool) -> None:
    """Topic, body and properties are stored as they came, with the count of attempts; but for an expiration,
    which would end the message while it waits, and a user that may not be the consumer's own."""
    declared(amqp, kind)
    raw.publish(1, "t.1", properties(TABLE, temporary=temporary), BODY, "amq.topic")
    amqp.wait_for_ready(COPIES, 1)
    fail_once(vhost, amqp, kind, "retry.3600s", delays=[3600])
    topic, sent, body = got(raw, COPIES)
    waiting = got(raw, f"{QUEUE}.retry.3600s")

    assert ("t.1", BODY) == (topic, body) == (waiting[0], waiting[2])
    assert without_fields(properties(TABLE, temporary=temporary), FIELDS) == without_fields(sent, FIELDS)
    assert without_fields(properties(TABLE), FIELDS) == without_fields(waiting[1], [*FIELDS, COUNTED])


@kinds
def test_back_from_the_delay(vhost: Vhost, amqp: Amqp, raw: RawClient, kind: str) -> None:
    """What comes back to the queue after its delay is what came first, and says how often it was tried."""
    declared(amqp, kind)
    raw.publish(1, "t.1", properties(TABLE), BODY, "amq.topic")
    amqp.wait_for_ready(COPIES, 1)
    policy = {"on": ["builtins:OSError"], "wait": "queue", "delays": [1]}
    ended: list[Any] = []

    def fail(number: int) -> None:
        async def begin() -> None:
            ended.append(app.service.stopService())

        # Before the message is moved: it must not come back to this consumer, however slow the end is.
        in_reactor(begin)
        raise OSError("no")

    app = Application(vhost.url, fail, **topology(kind), retry=policy)
    with app:
        app.account.wait_for("its failure", lambda: bool(app.account.finished), 60)
    amqp.wait_for_ready(QUEUE, 1)
    (before,), (after,) = amqp.take(COPIES), amqp.take(QUEUE)

    assert kept(before) == kept(after)
    assert 1 == after.properties.headers["fedora_messaging_attempts"]


@kinds
def test_quarantine(vhost: Vhost, amqp: Amqp, raw: RawClient, kind: str) -> None:
    """A message in quarantine is as it was, with headers that say why."""
    declared(amqp, kind)
    raw.publish(1, "t.1", properties(TABLE), BODY, "amq.topic")
    amqp.wait_for_ready(COPIES, 1)
    fail_once(vhost, amqp, kind, "quarantine", delays=[0], then="quarantine")
    (before,), (after,) = amqp.take(COPIES), amqp.take(f"{QUEUE}.quarantine")

    assert kept(before) == kept(after)
    said = {
        name.removeprefix("fedora_messaging_failure_"): value
        for name, value in after.properties.headers.items()
        if name.startswith("fedora_messaging_failure_")
    }
    assert {"error", "traceback", "at", "attempts", "queue", "exchange", "host"} == said.keys()
    assert ("OSError: no", 2, QUEUE) == (said["error"], said["attempts"], said["queue"])
    assert f"{QUEUE}.requeue" == said["exchange"]


INVALID = {
    "not JSON": (properties(TABLE), b"\x00\xff{"),
    "not of its schema": (properties(TABLE), b"[1]"),
    "not UTF-8": (properties(TABLE), b'{"a": "\xff"}'),
    "nothing": (properties(TABLE), b""),
}


@kinds
def test_invalid_messages(vhost: Vhost, amqp: Amqp, raw: RawClient, kind: str) -> None:
    """With a quarantine, invalid messages go there with their bytes, and the callback never sees them."""
    declared(amqp, kind)
    for n, (given, body) in enumerate(INVALID.values()):
        raw.publish(1, f"t.{n}", given, body, "amq.topic")
    amqp.wait_for_ready(COPIES, len(INVALID))
    seen: list[int] = []
    with Application(vhost.url, seen.append, **topology(kind), retry={"then": "quarantine"}):
        amqp.wait_for_ready(f"{QUEUE}.quarantine", len(INVALID))
    before, after = amqp.take(COPIES), amqp.take(f"{QUEUE}.quarantine")

    assert [] == seen
    assert [kept(each) for each in before] == [kept(each) for each in after]
    assert all(each.properties.headers["fedora_messaging_failure_error"] for each in after)
    assert 0 == amqp.ready(QUEUE)
