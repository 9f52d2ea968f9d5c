# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Delay queues, delayed retries and dead letters that wait, on a clock, through a client in memory."""

from typing import Any

import pika
import pytest
from pika import spec
from twisted.internet.task import Clock

from fedora_messaging.broker import Broker
from wire import Client, Content, joined

_KEEPING = {"x_dead_letter_strategy": "at-least-once", "x_overflow": "reject-publish"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def broker(clock: Clock) -> Broker:
    return Broker(clock=clock)


@pytest.fixture
def client(broker: Broker) -> Client:
    return joined(broker)


def _declare(client: Client, name: str = "q", **arguments: Any) -> None:
    named = {key.replace("_", "-"): value for key, value in arguments.items()}
    client.call(spec.Queue.Declare(queue=name, durable=True, arguments=named))


def _retrying(client: Client, **more: Any) -> None:
    _declare(client, x_queue_type="quorum", x_delayed_retry_type="all", x_delayed_retry_min=10_000, **more)


def _put(client: Client, *bodies: bytes, queue: str = "q") -> None:
    for body in bodies:
        client.publish(queue, body)
    client.pump.flush()


def _get(client: Client, queue: str = "q") -> Content:
    got = client.call(spec.Basic.Get(queue=queue))
    assert isinstance(got, Content), got
    return got


def _reject(client: Client, queue: str = "q", *, requeue: bool = True) -> None:
    client.send(spec.Basic.Reject(_get(client, queue).method.delivery_tag, requeue=requeue))
    client.pump.flush()


def _headers(content: Content) -> dict[str, Any]:
    properties = pika.BasicProperties()
    properties.decode(content.properties)
    return dict(properties.headers or {})


def _bodies(broker: Broker, queue: str = "q") -> list[bytes]:
    return [message.body for message in broker.queue(queue).messages]


def _counts(broker: Broker, queue: str = "q") -> tuple[int, int]:
    info = broker.queue(queue)
    return info.ready, info.delayed


def _advance(client: Client, clock: Clock, seconds: float) -> None:
    clock.advance(seconds)
    client.pump.flush()


@pytest.mark.parametrize("emulate", ["3.10", "4.3"])
@pytest.mark.parametrize("kind", ["classic", "quorum"])
def test_a_message_comes_back_from_a_delay_queue(clock: Clock, kind: str, emulate: str) -> None:
    """By way of two fanout exchanges a message waits as long as its queue says, and keeps its key."""
    broker = Broker(clock=clock, emulate=emulate)
    client = joined(broker)
    for exchange in ("q.retry.10s", "q.requeue"):
        client.call(spec.Exchange.Declare(exchange=exchange, type="fanout", durable=True))
    _declare(client, x_queue_type=kind)
    _declare(
        client,
        "q.retry.10s",
        x_queue_type=kind,
        x_message_ttl=10_000,
        x_dead_letter_exchange="q.requeue",
        **(_KEEPING if kind == "quorum" else {}),
    )
    client.call(spec.Queue.Bind(queue="q", exchange="q.requeue"))
    client.call(spec.Queue.Bind(queue="q.retry.10s", exchange="q.retry.10s"))
    client.publish("org.topic", b"m", exchange="q.retry.10s")
    client.pump.flush()
    _advance(client, clock, 9.9)
    before = _bodies(broker)
    _advance(client, clock, 0.2)
    got = _get(client)

    assert [] == before
    assert (b"m", "q.requeue", "org.topic") == (got.body, got.method.exchange, got.method.routing_key)


def test_a_rejected_message_is_held_back(broker: Broker, client: Client, clock: Clock) -> None:
    """A quorum queue with delayed retries delivers a returned message again after its time."""
    _retrying(client)
    _put(client, b"m")
    _reject(client)
    held = _counts(broker)
    _advance(client, clock, 9.9)
    still = _counts(broker)
    _advance(client, clock, 0.2)

    assert [(0, 1), (0, 1), (1, 0)] == [held, still, _counts(broker)]
    assert {"x-delivery-count": 1, "x-acquired-count": 1} == _headers(_get(client))


def test_the_delay_grows_with_the_failures(broker: Broker, client: Client, clock: Clock) -> None:
    """The delay is the minimum times the failures, up to the maximum."""
    _retrying(client, x_delayed_retry_max=25_000)
    _put(client, b"m")
    waited = []
    for _ in range(4):
        _reject(client)
        start = clock.seconds()
        while not broker.queue("q").ready:
            _advance(client, clock, 1)
        waited.append(clock.seconds() - start)

    assert [10, 20, 25, 25] == waited


def test_a_shorter_delay_ends_first(broker: Broker, client: Client, clock: Clock) -> None:
    """A message that has failed once comes back before one that has failed twice, and both do."""
    _retrying(client, x_delayed_retry_max=20_000)
    _put(client, b"twice")
    _reject(client)
    _advance(client, clock, 10.1)
    _reject(client)
    _put(client, b"once")
    _reject(client)
    _advance(client, clock, 10.1)
    first = _bodies(broker)
    _advance(client, clock, 10)

    assert ([b"once"], [b"once", b"twice"]) == (first, _bodies(broker))


def test_a_purge_takes_delayed_messages(broker: Broker, client: Client, clock: Clock) -> None:
    """A purge counts and takes what is held back."""
    _retrying(client)
    _put(client, b"1", b"2")
    _reject(client)
    answer = client.call(spec.Queue.Purge(queue="q"))
    _advance(client, clock, 20)

    assert (2, (0, 0)) == (answer.message_count, _counts(broker))


def test_messages_come_back_to_a_consumer(client: Client, clock: Clock) -> None:
    """A consumer gets what was held back without asking, those due together in their order."""
    _retrying(client)
    client.call(spec.Basic.Qos(prefetch_count=2))
    client.call(spec.Basic.Consume(queue="q", consumer_tag="t"))
    _put(client, b"1", b"2")
    client.send(spec.Basic.Nack(client.take()[1].method.delivery_tag, multiple=True))
    client.pump.flush()
    meanwhile = client.take()
    _advance(client, clock, 10.1)

    assert [] == meanwhile
    assert [b"1", b"2"] == [each.body for each in client.take()]


def test_a_deleted_queue_forgets_its_delayed_messages(broker: Broker, client: Client, clock: Clock) -> None:
    """Deleting a queue leaves no timer behind."""
    _retrying(client)
    _put(client, b"m")
    _reject(client)
    client.call(spec.Queue.Delete(queue="q"))

    assert [] == clock.getDelayedCalls()


def test_3_10_delays_nothing(clock: Clock) -> None:
    """As 3.10 the arguments for delayed retries mean nothing."""
    broker = Broker(clock=clock, emulate="3.10")
    client = joined(broker)
    _retrying(client)
    _put(client, b"m")
    _reject(client)

    assert (1, 0) == _counts(broker)


def _keeping(client: Client) -> None:
    _declare(client, x_queue_type="quorum", x_dead_letter_exchange="x", **_KEEPING)


def test_a_dead_letter_waits_for_its_exchange(broker: Broker, client: Client, clock: Clock) -> None:
    """At least once, a dead letter that could not be routed is sent again after three minutes."""
    _keeping(client)
    _put(client, b"m")
    _reject(client, requeue=False)
    _declare(client, "grave")
    client.call(spec.Exchange.Declare(exchange="x", type="fanout"))
    client.call(spec.Queue.Bind(queue="grave", exchange="x"))
    _advance(client, clock, 179)
    before = _bodies(broker, "grave")
    _advance(client, clock, 2)

    assert ([], [b"m"]) == (before, _bodies(broker, "grave"))
    assert [] == clock.getDelayedCalls()


def test_a_refused_dead_letter_goes_to_that_queue_alone(broker: Broker, client: Client, clock: Clock) -> None:
    """Of two queues only the one that refused a dead letter is offered it again."""
    client.call(spec.Exchange.Declare(exchange="x", type="fanout"))
    _declare(client, "full", x_max_length=1, x_overflow="reject-publish")
    _declare(client, "other")
    for queue in ("full", "other"):
        client.call(spec.Queue.Bind(queue=queue, exchange="x"))
    _keeping(client)
    _put(client, b"1", b"2")
    for _ in range(2):
        _reject(client, requeue=False)
    before = _bodies(broker, "full"), _bodies(broker, "other")
    _advance(client, clock, 181)
    refused_again = _bodies(broker, "full")
    client.call(spec.Queue.Purge(queue="full"))
    _advance(client, clock, 180)

    assert ([b"1"], [b"1", b"2"]) == before
    assert [b"1"] == refused_again
    assert ([b"2"], [b"1", b"2"]) == (_bodies(broker, "full"), _bodies(broker, "other"))


def test_a_policy_that_ends_the_keeping(broker: Broker, client: Client, clock: Clock) -> None:
    """Dead letters that wait are dropped when a queue's policy no longer has it keep them."""
    _declare(client, x_queue_type="quorum")
    policy = {
        "dead-letter-exchange": "x",
        "dead-letter-strategy": "at-least-once",
        "overflow": "reject-publish",
    }
    broker.set_policy("p", "^q$", policy)
    _put(client, b"m")
    _reject(client, requeue=False)
    waiting = len(clock.getDelayedCalls())
    broker.clear_policy("p")

    assert (1, 0) == (waiting, len(clock.getDelayedCalls()))


def test_a_quorum_queue_expires_when_it_looks(broker: Broker, client: Client, clock: Clock) -> None:
    """A quorum queue looks every 5 s whether it has expired, and takes its messages along."""
    _declare(client, "grave")
    _declare(
        client,
        x_queue_type="quorum",
        x_expires=1000,
        x_dead_letter_exchange="",
        x_dead_letter_routing_key="grave",
    )
    _put(client, b"m")
    _advance(client, clock, 4.9)
    there = "q" in broker.vhosts["/"].queues
    _advance(client, clock, 0.2)

    assert (True, False) == (there, "q" in broker.vhosts["/"].queues)
    assert [] == _bodies(broker, "grave")


def test_a_quorum_queue_that_is_read_does_not_expire(broker: Broker, client: Client, clock: Clock) -> None:
    """A queue that somebody has got messages from stays."""
    _declare(client, x_queue_type="quorum", x_expires=6000)
    for _ in range(5):
        _advance(client, clock, 3)
        client.call(spec.Basic.Get(queue="q"))
    there = "q" in broker.vhosts["/"].queues
    _advance(client, clock, 12)

    assert (True, False) == (there, "q" in broker.vhosts["/"].queues)
