# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Dead letters of delay queues and of quorum queues: what arrives, and what is kept until it can."""

import time
from typing import Any

import pika
from pika import spec

from .lab import Lab, case, table

_CLASSIC: dict[str, Any] = {}
_QUORUM: dict[str, Any] = {
    "x-queue-type": "quorum",
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",
}


def _quorum(lab: Lab, channel: Any, short: str = "q", **arguments: Any) -> str:
    named = {name.replace("_", "-"): value for name, value in arguments.items()}
    return lab.declare(channel, short, arguments={"x-queue-type": "quorum", **named})


def _letters(lab: Lab, channel: Any, grave: str, count: int = 1) -> list[dict[str, Any]]:
    lab.ready(channel, grave, count)
    return lab.drain(channel, grave)


def _delay(lab: Lab, channel: Any, kind: dict[str, Any], ttl: int = 50) -> tuple[str, str]:
    """A queue, and a fanout exchange that leads back to it after a time."""
    queue = lab.declare(channel, "q", arguments={"x-queue-type": kind.get("x-queue-type", "classic")})
    wait, back = lab.name("wait"), lab.name("back")
    for exchange in (wait, back):
        channel.exchange_declare(exchange, "fanout", durable=True)
    arguments = {"x-message-ttl": ttl, "x-dead-letter-exchange": back, **kind}
    channel.queue_bind(lab.declare(channel, "wait", arguments=arguments), wait)
    channel.queue_bind(queue, back)
    return queue, wait


@table({"classic": _CLASSIC, "quorum": _QUORUM})
def a_delay_queue_between_fanout_exchanges(lab: Lab, kind: dict[str, Any]) -> Any:
    """A message comes back by fanout exchanges with its own routing key."""
    channel = lab.channel()
    queue, wait = _delay(lab, channel, kind)
    lab.publish(channel, wait, "org.topic.one", "1", headers={"a": 1}, message_id="id")
    lab.publish(channel, wait, "org.topic.two", "2", priority=3)
    return _letters(lab, channel, queue, 2)


@table({"classic": _CLASSIC, "quorum": _QUORUM})
def a_message_that_is_delayed_twice(lab: Lab, kind: dict[str, Any]) -> Any:
    """A client publishes what came back to the delay again, with its headers and without the broker's."""
    channel = lab.channel()
    queue, wait = _delay(lab, channel, kind)
    found = []
    for stripped in (False, True):
        lab.publish(channel, wait, "key", "m", headers={"attempts": 0})
        for attempts in (1, 2, 3):
            lab.ready(channel, queue, 1)
            method, properties, body = channel.basic_get(queue, True)
            assert method is not None
            assert properties is not None
            assert body is not None
            headers = {k: v for k, v in properties.headers.items() if not stripped or k[:2] != "x-"}
            properties.headers = {**headers, "attempts": attempts}
            channel.basic_publish(wait, method.routing_key, body, properties)
        found += _letters(lab, channel, queue)
    return found


@table({"classic": _CLASSIC, "quorum": _QUORUM})
def a_delay_queue_is_first_in_first_out(lab: Lab, kind: dict[str, Any]) -> Any:
    """Many messages come back in their order."""
    channel = lab.channel()
    queue, wait = _delay(lab, channel, kind)
    lab.publish(channel, wait, "", *(str(number) for number in range(200)))
    lab.ready(channel, queue, 200)
    return lab.bodies(channel, queue) == [str(number) for number in range(200)]


@table({"classic": _CLASSIC, "quorum": _QUORUM})
def the_bytes_of_a_delayed_message(lab: Lab, kind: dict[str, Any]) -> Any:
    """Properties keep their bytes in a delay queue, but for the broker's own headers."""
    channel = lab.channel()
    queue, wait = _delay(lab, channel, kind)
    client = lab.raw().connected()
    table_ = b"".join(
        bytes((len(name),)) + name + value
        for name, value in (
            (b"b", b"b\x01"),
            (b"d", b"d\x3f\xf0\0\0\0\0\0\0"),
            (b"l", b"l\0\0\0\0\0\0\0\x07"),
            (b"none", b"V"),
            (b"raw", b"x\0\0\0\x02\xff\xfe"),
            (b"text", b"S\0\0\0\x02\xc3\xa9"),
        )
    )
    # Content type, headers, delivery mode, correlation id, message id, timestamp, type and app id.
    flags, before = b"\xb4\xe8", b"\x03a/b" + len(table_).to_bytes(4, "big") + table_ + b"\x02"
    after = b"\x01c\x01m\0\0\0\0\x65\x53\xf1\0\x01t\x01p"
    client.publish(1, "k", flags + before + after, b"body", exchange=wait)
    lab.ready(channel, queue, 1)
    client.method(1, spec.Basic.Get(queue=queue, no_ack=True))
    client.read()
    properties, body = client.read_content()
    start = 2 + 4
    size = int.from_bytes(properties[start : start + 4], "big")
    headers = properties[start + 4 : start + 4 + size]
    return [
        properties[:start].hex(),
        headers[: len(table_)] == table_,
        properties[start + 4 + size :].hex(),
        body.decode(),
    ]


@table({"classic": _CLASSIC, "quorum": _QUORUM})
def a_delay_queue_that_is_deleted(lab: Lab, kind: dict[str, Any]) -> Any:
    """The messages in a delay queue go with it."""
    channel = lab.channel()
    queue, wait = _delay(lab, channel, kind, ttl=60000)
    lab.publish(channel, wait, "", "1", "2")
    lab.ready(channel, lab.name("wait"), 2)
    deleted = channel.queue_delete(lab.name("wait")).method.message_count
    outcome = lab.publish(channel, wait, "", "3", mandatory=True)
    return [deleted, outcome, lab.ready(channel, queue)]


@table({"classic": _CLASSIC, "quorum": _QUORUM})
def a_delay_queue_that_expires(lab: Lab, kind: dict[str, Any]) -> Any:
    """An expiring queue takes its messages along, which are no dead letters."""
    channel = lab.channel()
    queue, wait = _delay(lab, channel, {"x-expires": 1000, **kind}, ttl=60000)
    lab.sign(channel, lab.name("wait"))
    lab.publish(channel, wait, "", "1", "2")
    there = not lab.expired(lab.name("wait"))
    time.sleep(0.3)
    return [there, lab.ready(channel, queue)]


@table(
    {
        "strategy": {"x-dead-letter-strategy": "at-least-once"},
        "overflow": {"x-overflow": "reject-publish"},
        "both": {"x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish"},
        "at most once": {"x-dead-letter-strategy": "at-most-once", "x-overflow": "reject-publish"},
        "dropping": {"x-dead-letter-strategy": "at-least-once", "x-overflow": "drop-head"},
        "text": {"x-dead-letter-strategy": 1},
    }
)
def a_strategy_for_dead_letters(lab: Lab, arguments: dict[str, Any]) -> Any:
    """Which strategies a quorum queue takes, and that dead letters arrive."""
    channel = lab.channel()
    grave = lab.declare(channel, "grave")
    more = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": grave, **arguments}
    declared = lab.attempt(_quorum, lab, channel, **more)
    if declared != "ok":
        return declared
    queue = lab.name("q")
    lab.put(channel, queue, "m", headers={"mine": 1})
    channel.basic_reject(lab.get(channel, queue).tag, False)
    return [lab.attempt(_quorum, lab, channel, **more), _letters(lab, channel, grave)]


def _free_places(lab: Lab, channel: Any, queue: str) -> int:
    """How many messages a queue takes until it refuses."""
    taken = 0
    while taken < 9 and lab.put(channel, queue, str(taken)) == "confirmed":
        taken += 1
        lab.ready(channel, queue)  # answered after the queue has told the channel that it is full
    return taken


@table(
    {
        "none": {},
        "at most once": {"x-dead-letter-strategy": "at-most-once"},
        "at least once": {"x-dead-letter-strategy": "at-least-once"},
    }
)
def a_dead_letter_that_cannot_be_routed(lab: Lab, arguments: dict[str, Any]) -> Any:
    """At least once, a dead letter without a way stays, counts for the length, and is not ready again."""
    channel = lab.channel()
    queue = _quorum(
        lab,
        channel,
        x_overflow="reject-publish",
        x_max_length=3,
        x_dead_letter_exchange=lab.name("missing"),
        **arguments,
    )
    lab.put(channel, queue, "m")
    channel.basic_reject(lab.get(channel, queue).tag, False)
    time.sleep(0.2)
    ready = lab.ready(channel, queue, 0)
    free = _free_places(lab, channel, queue)
    lab.ready(channel, queue, free)
    return [ready, free, channel.queue_delete(queue).method.message_count]


@case
def a_dead_letter_that_cannot_be_routed_and_a_purge(lab: Lab) -> Any:
    """Whether a purge takes dead letters that wait for their exchange."""
    channel = lab.channel()
    queue = _quorum(
        lab,
        channel,
        x_overflow="reject-publish",
        x_max_length=3,
        x_dead_letter_strategy="at-least-once",
        x_dead_letter_exchange=lab.name("missing"),
    )
    lab.put(channel, queue, "1", "2")
    channel.basic_reject(lab.get(channel, queue).tag, False)
    time.sleep(0.2)
    count = channel.queue_purge(queue).method.message_count
    time.sleep(0.1)
    return [count, _free_places(lab, channel, queue)]


@case
def a_later_dead_letter_overtakes(lab: Lab) -> Any:
    """What cannot be routed holds up nothing that can."""
    channel = lab.channel()
    exchange, grave = lab.bound(channel, "direct", "good")
    queue = _quorum(
        lab,
        channel,
        "source",
        x_overflow="reject-publish",
        x_dead_letter_strategy="at-least-once",
        x_dead_letter_exchange=exchange,
    )
    channel.exchange_declare(lab.name("in"), "fanout")
    channel.queue_bind(queue, lab.name("in"))
    for key in ("bad", "good", "bad", "good"):
        lab.publish(channel, lab.name("in"), key, key)
        lab.ready(channel, queue, 1)
        channel.basic_reject(lab.get(channel, queue).tag, False)
    lab.ready(channel, grave, 2)
    return [(each["routing_key"], each["body"]) for each in lab.drain(channel, grave)]


@case
def a_dead_letter_to_a_full_queue(lab: Lab) -> Any:
    """At least once, a dead letter that a full queue refuses keeps its room in its own."""
    channel = lab.channel()
    grave = lab.declare(channel, "grave", arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
    queue = _quorum(
        lab,
        channel,
        x_overflow="reject-publish",
        x_max_length=3,
        x_dead_letter_strategy="at-least-once",
        x_dead_letter_exchange="",
        x_dead_letter_routing_key=grave,
    )
    for body in "12":
        lab.put(channel, queue, body)
        channel.basic_reject(lab.get(channel, queue).tag, False)
        lab.ready(channel, grave, 1)
    time.sleep(0.2)
    return [lab.bodies(channel, grave), _free_places(lab, channel, queue)]


@case
def a_cycle_at_least_once(lab: Lab) -> Any:
    """At least once, a message that would go round by itself takes its room."""
    channel = lab.channel()
    queue = lab.name("q")
    _quorum(
        lab,
        channel,
        x_message_ttl=30,
        x_overflow="reject-publish",
        x_max_length=3,
        x_dead_letter_strategy="at-least-once",
        x_dead_letter_exchange="",
        x_dead_letter_routing_key=queue,
    )
    outcomes = []
    for body in "12345":
        outcomes.append(lab.put(channel, queue, body))
        lab.ready(channel, queue, 0)
        time.sleep(0.1)
    return [outcomes, lab.ready(channel, queue)]


@table({"drop-head": "drop-head", "reject-publish": "reject-publish"})
def a_full_quorum_queue_and_its_dead_letters(lab: Lab, overflow: str) -> Any:
    """What a full quorum queue drops is dead-lettered, what it refuses is not."""
    channel = lab.channel()
    grave = lab.declare(channel, "grave")
    queue = _quorum(
        lab,
        channel,
        x_max_length=2,
        x_overflow=overflow,
        x_dead_letter_exchange="",
        x_dead_letter_routing_key=grave,
    )
    outcomes = []
    for body in "12345":
        outcomes.append(lab.put(channel, queue, body))
        lab.ready(channel, queue)  # answered after the queue has told the channel that it is full
    dropped = 3 if overflow == "drop-head" else 0
    return [outcomes, _letters(lab, channel, grave, dropped), lab.bodies(channel, queue)]


@table(
    {
        "shorter": ({"x-message-ttl": 60000}, "50"),
        "longer": ({"x-message-ttl": 50}, "60000"),
        "only its own": ({}, "50"),
    }
)
def a_time_to_live_in_a_quorum_queue(lab: Lab, arguments: dict[str, Any], expiration: str) -> Any:
    """The shorter time to live holds, and the message's own ends."""
    channel = lab.channel()
    grave = lab.declare(channel, "grave")
    more = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": grave, **arguments}
    queue = _quorum(lab, channel, **more)
    lab.put(channel, queue, "m", expiration=expiration)
    return [_letters(lab, channel, grave), lab.ready(channel, queue, 0)]


@table({"expired": "expired", "rejected": "rejected", "maxlen": "maxlen", "limit": "delivery_limit"})
def a_quorum_queue_without_a_key_for_dead_letters(lab: Lab, reason: str) -> Any:
    """Whatever the reason, a dead letter goes on with the key it was published with."""
    channel = lab.channel()
    exchange, grave = lab.bound(channel, "topic", "#")
    limits = {"expired": {"x-message-ttl": 50}, "maxlen": {"x-max-length": 1}}
    more = {"x-dead-letter-exchange": exchange, "x-delivery-limit": 0, **limits.get(reason, {})}
    queue = _quorum(lab, channel, "source", **more)
    channel.exchange_declare(lab.name("in"), "fanout")
    channel.queue_bind(queue, lab.name("in"))
    lab.publish(channel, lab.name("in"), "org.topic", "1", app_id="me")
    if reason == "maxlen":
        time.sleep(0.05)
        lab.publish(channel, lab.name("in"), "org.topic", "2")
    elif reason != "expired":
        lab.ready(channel, queue, 1)
        channel.basic_reject(lab.get(channel, queue).tag, requeue=reason == "delivery_limit")
    return _letters(lab, channel, grave)


@case
def a_dead_letter_with_the_deaths_of_another(lab: Lab) -> Any:
    """A client's own `x-death` and `x-first-death-...` headers in a message that goes to a delay queue."""
    channel = lab.channel()
    queue, wait = _delay(lab, channel, _CLASSIC)
    death = {"queue": "elsewhere", "reason": "expired", "count": 7, "exchange": "e", "routing-keys": ["k"]}
    headers = {
        "x-death": [death],
        "x-first-death-queue": "elsewhere",
        "x-first-death-reason": "expired",
        "x-first-death-exchange": "e",
        "x-last-death-queue": "forged",
        "x-delivery-count": 9,
        "x-acquired-count": 9,
    }
    lab.publish(channel, wait, "k", "m", headers=headers)
    return _letters(lab, channel, queue)


@table({f"{kind} {way}": (kind, way) for kind in ("classic", "quorum") for way in ("nack", "reject")})
def forged_counts(lab: Lab, kind: str, way: str) -> Any:
    """What a publisher writes into the headers that count deliveries, before and after a redelivery."""
    channel = lab.channel()
    queue = lab.declare(channel, arguments={"x-queue-type": kind})
    lab.put(channel, queue, "m", headers={"x-delivery-count": 9, "x-acquired-count": 9})
    inbox = lab.collect(channel, queue)
    inbox.wait(1)
    (channel.basic_nack if way == "nack" else channel.basic_reject)(inbox.tags[0])
    inbox.wait(2)
    return inbox.outcomes[:2]


@table({"nack": "nack", "recover": "recover"})
def returned_priorities_of_a_quorum_queue(lab: Lab, way: str) -> Any:
    """Where returned messages go among those of other priorities."""
    channel, watcher = lab.channel(), lab.channel()
    queue = _quorum(lab, channel)
    for body, priority in (("low", 1), ("lower", 0)):
        lab.put(channel, queue, body, priority=priority)
    got = lab.get(channel, queue)
    lab.put(channel, queue, "high", priority=9)
    if way == "nack":
        channel.basic_nack(got.tag)
    else:
        channel.basic_recover(True)
    lab.ready(watcher, queue, 3)
    return lab.bodies(watcher, queue)


@case
def dead_letters_reach_a_consumer(lab: Lab) -> Any:
    """A consumer of a queue gets what comes back from its delay queue."""
    channel = lab.channel()
    queue, wait = _delay(lab, channel, _CLASSIC)
    inbox = lab.collect(channel, queue, auto_ack=True)
    channel.basic_publish(wait, "k", b"m", pika.BasicProperties(expiration="60000"))
    inbox.wait(1)
    return inbox.outcomes
