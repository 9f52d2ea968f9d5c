# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Consumers that rest while everything fails, and go on when it no longer does."""

from typing import Any

import pytest
from twisted.internet.defer import Deferred

from fedora_messaging._amqp.messages import Encoded
from fedora_messaging.message import Message
from support.policies import ANY, Failing, in_queue, publish, running
from support.world import World


class Database:
    """A callback that fails as long as its database is away."""

    def __init__(self) -> None:
        self.away = True
        self.seen: list[int] = []

    def __call__(self, message: Message) -> None:
        self.seen.append(message.body["n"])
        if self.away:
            raise OSError("the database is away")


def test_rest(world: World) -> None:
    """After several failures in a row the consumer rests, tries one message at a time, and goes on."""
    callback = Database()

    service = running(
        world,
        callback,
        {"on": [ANY], "delays": [1], "rest_after": 3, "then": "quarantine", "wait": "queue"},
    )
    consumer = service.consumers[0]
    publish(service, world, *range(20))
    world.settle(0.5)
    assert 3 == len(callback.seen)
    assert "resting" == consumer.state
    assert "3 failures in a row, last: OSError" == consumer.resting
    assert not service.ready
    world.settle(20)  # tries after 1, 2, 4 and 8 seconds
    assert 3 + 4 == len(callback.seen)
    callback.away = False
    world.settle(30)

    assert (0, 0) == in_queue(world)
    assert (0, 0) == in_queue(world, "q.quarantine")
    assert 20 == service.stats.consumed.processed
    assert service.ready
    assert "" == consumer.resting


def test_rest_across_lost_connections(world: World) -> None:
    """However often the connection is lost, before and during a rest, the consumer goes on in the end."""
    callback = Database()

    policy = {"on": [ANY], "delays": [1], "rest_after": 3, "then": "quarantine", "wait": "queue"}
    service = running(world, callback, policy)
    publish(service, world, *range(20))
    for seconds in (0, 0.3, 0.9, 0.1, 1.5, 0, 3):
        world.reactor.cut()
        world.settle(seconds)
    callback.away = False
    world.settle(90)

    assert (0, 0) == in_queue(world)
    assert (0, 0) == in_queue(world, "q.quarantine")
    assert set(range(20)) == set(callback.seen)
    assert service.ready


def test_callbacks_beside_each_other_rest_once(world: World) -> None:
    """Callbacks that fail together begin one rest, of the first length, not one each."""
    waiting: list[Any] = []

    def callback(message: Message) -> Any:
        waiting.append(Deferred())
        return waiting[-1]

    policy = {"on": [ANY], "delays": [1], "rest_after": 2, "wait": "queue"}
    service = running(world, callback, policy, qos={"concurrency": 5})
    publish(service, world, *range(10))
    assert 5 == len(waiting)
    for each in waiting[:5]:
        each.errback(OSError("the database is away"))
    world.settle(0.5)
    assert 5 == len(waiting)
    assert "resting" == service.consumers[0].state
    world.settle(1)
    assert 6 == len(waiting)
    waiting[5].callback(None)
    world.settle(1)

    assert "" == service.consumers[0].resting
    assert 5 <= len(waiting) - 6
    for each in waiting[6:]:
        each.callback(None)
    world.settle(5)


def test_rest_on_an_exclusive_queue(world: World) -> None:
    """A queue that goes with its consumer keeps it: deliveries are held meanwhile, and none is lost."""
    callback = Database()

    service = running(
        world,
        callback,
        {"on": [ANY], "delays": [1], "rest_after": 3},
        queues={"": {"exclusive": True, "auto_delete": True}},
        bindings=[{"exchange": "amq.topic", "queue": "", "routing_keys": ["#"]}],
    )
    publish(service, world, *range(20))
    world.settle(20)
    assert len(callback.seen) <= 3 + 5
    callback.away = False
    world.settle(60)

    assert 20 == service.stats.consumed.processed
    assert service.ready


def test_one_bad_message_does_not_keep_a_consumer_at_rest(world: World) -> None:
    """When only one message fails, the failure is its own: it goes to quarantine, and the others go on."""
    callback = Failing({1: 99})
    service = running(
        world, callback, {"on": [ANY], "delays": [1, 1, 1, 1], "rest_after": 3, "then": "quarantine"}
    )
    publish(service, world, 1)
    world.settle(60)
    publish(service, world, 2)
    world.settle(60)

    assert (1, 0) == in_queue(world, "q.quarantine")
    assert 2 == callback.seen[-1]
    assert service.ready


@pytest.mark.parametrize(("wait", "prefetch"), [("aside", 10), ("aside", 1), ("queue", 10)])
def test_few_bad_messages_do_not_keep_a_consumer_at_rest(world: World, wait: str, prefetch: int) -> None:
    """Messages that always fail, and come first in their queue, do not keep the others from being tried."""
    callback = Failing(dict.fromkeys(range(4), 999))
    service = running(
        world,
        callback,
        {"on": [ANY], "delays": [1, 1, 1, 1], "rest_after": 3, "then": "quarantine", "wait": wait},
        qos={"prefetch_count": prefetch},
    )
    publish(service, world, *range(4))
    world.settle(40)
    assert "resting" == service.consumers[0].state
    for number in range(4, 20):
        publish(service, world, number)
        world.settle(100)

    assert 16 == service.stats.consumed.processed
    assert (4, 0) == in_queue(world, "q.quarantine")
    assert (0, 0) == in_queue(world)
    assert service.ready


def test_a_database_that_is_away_while_little_is_published(world: World) -> None:
    """Messages that fail one after the other, each with all its delays, are kept but for the first."""
    callback = Database()

    policy = {"on": [ANY], "delays": [1, 1], "rest_after": 3, "wait": "queue", "then": "quarantine"}
    service = running(world, callback, policy)
    for number in range(5):
        publish(service, world, number)
        world.settle(300)
    assert (1, 0) == in_queue(world, "q.quarantine")
    callback.away = False
    world.settle(300)

    assert 4 == service.stats.consumed.processed


def test_an_invalid_message_does_not_keep_a_consumer_at_rest(world: World) -> None:
    """Where deliveries are held, another is tried in place of one that is none for the callback."""
    callback = Database()

    service = running(
        world,
        callback,
        {"on": [ANY], "delays": [1], "rest_after": 3},
        queues={"": {"exclusive": True, "auto_delete": True}},
        bindings=[{"exchange": "amq.topic", "queue": "", "routing_keys": ["#"]}],
    )
    publish(service, world, *range(3))
    service.factory.publish_encoded(Encoded(b"amq.topic", b"t.3", b"\0\0", b"not JSON", b""))
    publish(service, world, *range(4, 20))
    callback.away = False
    world.settle(30)

    assert 19 == service.stats.consumed.processed
    assert service.ready
