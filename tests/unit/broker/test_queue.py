# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Queues, deliveries and dead letters on a clock, through a client in memory."""

from typing import Any

import pika
import pytest
from pika import spec
from twisted.internet.task import Clock

from fedora_messaging.broker import Broker
from wire import Client, Content, joined


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def broker(clock: Clock) -> Broker:
    return Broker(clock=clock)


def _declare(client: Client, name: str = "q", **arguments: Any) -> None:
    named = {key.replace("_", "-"): value for key, value in arguments.items()}
    client.call(spec.Queue.Declare(queue=name, durable=True, arguments=named))


def _properties(**values: Any) -> bytes:
    return b"".join(pika.BasicProperties(**values).encode())


def _bodies(contents: list[Any]) -> list[bytes]:
    return [each.body for each in contents if isinstance(each, Content)]


def test_messages_wait_in_order(broker: Broker) -> None:
    """What is published to a queue is there, in order."""
    client = joined(broker)
    _declare(client)
    for body in (b"1", b"2"):
        client.publish("q", body)
    client.pump.flush()

    assert [b"1", b"2"] == [message.body for message in broker.queue("q").messages]
    assert ["", ""] == [message.exchange for message in broker.published]


def test_a_queue_can_be_looked_at(broker: Broker) -> None:
    """Ready, unacknowledged and consumers are counted."""
    client = joined(broker)
    _declare(client)
    client.call(spec.Basic.Qos(prefetch_count=1))
    client.call(spec.Basic.Consume(queue="q", consumer_tag="t"))
    for _ in range(3):
        client.publish("q")
    client.pump.flush()
    info = broker.queue("q")

    assert (2, 1, 1) == (info.ready, info.unacked, info.consumers)


def test_a_queue_that_is_not_there(broker: Broker) -> None:
    """Looking at an unknown queue is a KeyError."""
    with pytest.raises(KeyError):
        broker.queue("none")


def test_messages_expire_on_the_clock(broker: Broker, clock: Clock) -> None:
    """A queue's time to live counts on the broker's clock."""
    client = joined(broker)
    _declare(client, x_message_ttl=1000)
    client.publish("q")
    client.pump.flush()
    clock.advance(0.9)
    before = broker.queue("q").ready
    clock.advance(0.2)

    assert (1, 0) == (before, broker.queue("q").ready)


def test_a_shorter_time_to_live_behind_the_head_waits(broker: Broker, clock: Clock) -> None:
    """Classic queues expire messages at their head only."""
    client = joined(broker)
    _declare(client)
    client.publish("q", b"long", properties=_properties(expiration="2000"))
    client.publish("q", b"short", properties=_properties(expiration="1000"))
    client.pump.flush()
    clock.advance(1.5)
    before = broker.queue("q").ready
    clock.advance(1)

    assert (2, 0) == (before, broker.queue("q").ready)


def test_an_unused_queue_expires(broker: Broker, clock: Clock) -> None:
    """A queue with `x-expires` goes when nobody has used it for that long."""
    client = joined(broker)
    _declare(client, x_expires=1000)
    clock.advance(0.9)
    client.call(spec.Queue.Declare(queue="q", passive=True))
    clock.advance(0.9)
    there = "q" in broker.vhosts["/"].queues
    clock.advance(0.2)

    assert (True, False) == (there, "q" in broker.vhosts["/"].queues)


def test_a_dead_letter_moves_on_the_clock(broker: Broker, clock: Clock) -> None:
    """An expired message reaches the consumer of the dead-letter queue."""
    client = joined(broker)
    _declare(client, "grave")
    _declare(client, x_message_ttl=100, x_dead_letter_exchange="", x_dead_letter_routing_key="grave")
    client.call(spec.Basic.Consume(queue="grave", consumer_tag="t", no_ack=True))
    client.publish("q", b"m")
    client.pump.flush()
    clock.advance(0.2)
    client.pump.flush()
    (letter,) = client.take()
    properties = pika.BasicProperties()
    properties.decode(letter.properties)

    assert b"m" == letter.body
    assert "expired" == properties.headers["x-death"][0]["reason"]


def test_a_paused_client_gets_no_more(broker: Broker) -> None:
    """A client that reads more slowly than messages come does not fill the broker's memory."""
    client, publisher = joined(broker), joined(broker)
    _declare(client)
    client.call(spec.Basic.Consume(queue="q", consumer_tag="t", no_ack=True))
    client.pump.held = True
    for _ in range(100):
        publisher.publish("q", b"x" * 10000)
        publisher.pump.flush()
    waiting = broker.queue("q").ready
    client.pump.held = False
    client.pump.flush()

    assert 80 < waiting < 100
    assert 100 == len(client.take())


def test_the_head_goes_when_the_queue_is_full(broker: Broker) -> None:
    """A queue with a length keeps the latest."""
    client = joined(broker)
    _declare(client, x_max_length=2)
    for body in (b"1", b"2", b"3"):
        client.publish("q", body)
    client.pump.flush()

    assert [b"2", b"3"] == [message.body for message in broker.queue("q").messages]


def test_bodies_are_shared(broker: Broker) -> None:
    """A message in two queues has one body in memory."""
    client = joined(broker)
    _declare(client, "one")
    _declare(client, "two")
    for queue in ("one", "two"):
        client.call(spec.Queue.Bind(queue=queue, exchange="amq.fanout"))
    client.publish("", b"x" * 1000, exchange="amq.fanout")
    client.pump.flush()
    one, two = (broker.queue(name).messages[0] for name in ("one", "two"))

    assert one.body is two.body


@pytest.mark.parametrize("emulate", ["3.10", "4.3"])
def test_property_bytes_are_passed_on(emulate: str) -> None:
    """Headers that pika cannot decode arrive as they came."""
    client = joined(Broker(clock=Clock(), emulate=emulate))
    _declare(client)
    raw = b"\x20\x00\0\0\0\x0b\x01tT\xff\xff\xff\xff\xff\xff\xff\xff"
    client.publish("q", b"m", properties=raw)
    client.pump.flush()
    got = client.call(spec.Basic.Get(queue="q", no_ack=True))

    assert raw == got.properties


def test_two_clients_share_a_queue(broker: Broker) -> None:
    """Deliveries go round the consumers of two connections."""
    one, two = joined(broker), joined(broker)
    _declare(one)
    for client in (one, two):
        client.call(spec.Basic.Consume(queue="q", consumer_tag="t", no_ack=True))
    for body in (b"1", b"2", b"3", b"4"):
        one.publish("q", body)
    one.pump.flush()
    two.pump.flush()

    assert ([b"1", b"3"], [b"2", b"4"]) == (_bodies(one.take()), _bodies(two.take()))


def test_confirms_are_sent_together(broker: Broker) -> None:
    """Publishes that come together are confirmed together."""
    client = joined(broker)
    _declare(client)
    client.call(spec.Confirm.Select())
    for _ in range(5):
        client.publish("q")
    client.pump.flush()
    (ack,) = client.take()

    assert (5, True) == (ack.delivery_tag, ack.multiple)


def test_the_kind_of_permission_is_named() -> None:
    """A user without rights is refused with RabbitMQ's words."""
    from fedora_messaging.broker import Permissions, User

    users = {"bob": User("secret", {"/": Permissions(configure="", write="x.*", read=".*")})}
    client = joined(Broker(clock=Clock(), users=users), user="bob", password="secret")
    close = client.call(spec.Queue.Declare(queue="q", durable=True))

    assert 403 == close.reply_code
    assert (
        b"ACCESS_REFUSED - configure access to queue 'q' in vhost '/' refused for user 'bob'"
        == close.reply_text.encode()
    )
