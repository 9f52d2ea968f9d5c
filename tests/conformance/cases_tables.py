# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Header tables byte by byte, exchanges that choose by chance, and odd topic patterns."""

import struct
from typing import Any

from pika import spec

from .lab import Lab, case, table


def _one(key: bytes, value: int = 1) -> bytes:
    return bytes([len(key)]) + key + b"I" + struct.pack(">i", value)


def _nested(key: bytes, content: bytes, kind: bytes = b"F") -> bytes:
    return bytes([len(key)]) + key + kind + struct.pack(">I", len(content)) + content


def _headers(content: bytes) -> bytes:
    return b"\x20\x00" + struct.pack(">I", len(content)) + content


_BA, _L = _one(b"b") + _one(b"a"), b"\x01aL" + b"\xff" * 8
_TABLES = {
    "in order": _one(b"a") + _one(b"b"),
    "out of order": _BA,
    "by length": _one(b"bb") + _one(b"a") + _one(b"b"),
    "by case": _one(b"a") + _one(b"B"),
    "not UTF-8": _one(b"\xff") + _one(b"a"),
    "an empty key": _one(b"a") + _one(b""),
    "equal keys": _one(b"a", 1) + _one(b"a", 2),
    "equal keys apart": _one(b"b", 1) + _one(b"a", 2) + _one(b"b", 3),
    "nested": _nested(b"n", _BA),
    "nested equal keys": _nested(b"n", _one(b"a", 1) + _one(b"a", 2)),
    "a table in an array": _nested(b"n", b"F" + struct.pack(">I", len(_BA)) + _BA, b"A"),
    "an array": _nested(b"n", b"I\0\0\0\2I\0\0\0\1", b"A"),
    "L": _L,
    "L nested": _nested(b"n", _L),
    "L in an array": _nested(b"n", _L[2:], b"A"),
    "a bool of 255": b"\x01at\xff",
    "a bool of 2 nested": _nested(b"n", b"\x01at\x02"),
    "floats": b"\x01ad" + struct.pack(">d", 1.5) + b"\x01bf" + struct.pack(">f", -1e30),
    "no number": b"\x01ad" + struct.pack(">d", float("nan")),
    "infinite": b"\x01af" + struct.pack(">f", float("-inf")),
    "empty": b"",
}


@table({label: (_headers(content),) for label, content in _TABLES.items()})
def headers_byte_by_byte(lab: Lab, properties: bytes) -> Any:
    """How the headers of a message reach a consumer, and how they return."""
    queue = lab.declare(lab.channel())
    client = lab.raw().connected()
    client.method(1, spec.Confirm.Select())
    client.read()
    client.publish(1, queue, properties, b"x")
    sent = client.ending()
    if sent != "Basic.Ack":
        return sent
    client.method(1, spec.Basic.Get(queue=queue, no_ack=True))
    client.read()
    got = client.read_content()[0]
    client.method(1, spec.Basic.Publish(exchange="", routing_key=lab.name("none"), mandatory=True))
    client.header(1, 1, properties)
    client.frame(3, 1, b"x")
    client.read()
    returned = client.read_content()[0]
    return "as sent" if got == returned == properties else [got.hex(), returned.hex()]


def _keys(properties: bytes) -> list[str]:
    """The keys of the headers, in order."""
    names = (
        b"x-death",
        b"x-first-death-queue",
        b"x-last-death-queue",
        b"\x01zI",
        b"\x01aI",
    )
    return [name.decode() for name in sorted((n for n in names if n in properties), key=properties.index)]


@case
def the_order_of_a_dead_letters_headers(lab: Lab) -> Any:
    """The broker's headers stand among the message's own."""
    channel = lab.channel()
    grave = lab.declare(channel, "grave")
    arguments = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": grave, "x-max-length": 0}
    queue = lab.declare(channel, arguments=arguments)
    client = lab.raw().connected()
    client.publish(1, queue, _headers(_one(b"z") + _one(b"a")), b"x")
    lab.ready(channel, grave, 1)
    client.method(1, spec.Basic.Get(queue=grave, no_ack=True))
    client.read()
    return _keys(client.read_content()[0])


@case
def a_local_random_exchange(lab: Lab) -> Any:
    """The type `x-local-random` is one of 4.3."""
    return lab.attempt(lab.channel().exchange_declare, lab.name("x"), "x-local-random")


@case
def what_a_local_random_exchange_does(lab: Lab) -> Any:
    """Bindings have no key and lead to classic queues; each message goes to one of them."""
    if lab.release == "3.10":
        return "there is none"
    channel = lab.channel()
    exchange, queues = lab.name("x"), [lab.declare(channel, short) for short in ("q", "r")]
    quorum = lab.declare(channel, "s", arguments={"x-queue-type": "quorum"})
    channel.exchange_declare(exchange, "x-local-random")
    unroutable = lab.publish(channel, exchange, "k", mandatory=True)
    outcomes = [
        lab.attempt(lab.channel().queue_bind, queues[0], exchange, "key"),
        lab.attempt(lab.channel().queue_bind, quorum, exchange, ""),
        lab.attempt(lab.channel().exchange_bind, "amq.fanout", exchange, ""),
        lab.attempt(lab.channel().exchange_bind, exchange, "amq.direct", lab.name("k")),
        *(lab.attempt(lab.channel().queue_bind, queue, exchange, "") for queue in queues),
    ]
    lab.publish(channel, exchange, "any", *("x" * 60), mandatory=True)
    counts = [lab.ready(channel, queue) for queue in queues]
    return [unroutable, outcomes, sum(counts), min(counts) > 5]


# The bar stands for the empty one.
_PATTERNS = tuple(
    "| # * #.# *.* #.* *.# #.*.# a.#.a #.a.# *.#.* a.*.#.a #.a.*.a .. .# *# a#".replace("|", "").split(" ")
)
_KEYS = tuple("| a a.a a.a.a a.b.a b . .. # * a.#.a a..a aa.a *# a# b.a.b.a".replace("|", "").split(" "))


@table({pattern or "empty": (pattern,) for pattern in _PATTERNS})
def odd_topic_patterns(lab: Lab, pattern: str) -> Any:
    """Which keys a pattern fits."""
    channel = lab.channel()
    exchange, queue = lab.bound(channel, "topic", pattern)
    for key in _KEYS:
        lab.publish(channel, exchange, key)
    return sorted(each["routing_key"] for each in lab.drain(channel, queue))
