# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""How long messages that failed are held, and what becomes of those that cannot be moved."""

import pytest
from twisted.internet.defer import Deferred

from fedora_messaging.exceptions import Nack
from fedora_messaging.message import Message
from support.policies import ANY, Failing, in_queue, publish, running
from support.world import World, result_of


def test_in_place_is_not_held_until_the_broker_gives_up(world: World) -> None:
    """A message that is tried in place for long goes back with those after it, and is the first again."""
    callback = Failing({1: 30})
    service = running(world, callback, {"on": [ANY], "delays": [10], "wait": "in-place"}, ack_timeout=30)
    publish(service, world, 1, 2, 3)
    world.settle(350)

    assert [1] * 31 + [2, 3] == callback.seen
    assert (0, 0) == in_queue(world)
    assert service.stats.consumed.received >= 3 * 300 / 30
    assert service.ready


def test_in_place_is_not_held_for_long_where_the_queue_goes_with_the_consumer(world: World) -> None:
    """There the consumer stays, and the broker delivers all of them again in their order."""
    callback = Failing({1: 30})
    queues = {"q": {"durable": False, "auto_delete": True, "exclusive": False, "arguments": {}}}
    policy = {"on": [ANY], "delays": [10], "wait": "in-place"}
    service = running(world, callback, policy, queues=queues, ack_timeout=30)
    publish(service, world, 1, 2, 3)
    world.settle(350)

    assert [1] * 31 + [2, 3] == callback.seen
    assert service.stats.consumed.received >= 3 * 300 / 30


@pytest.mark.parametrize("paused", [True, False])
def test_what_is_kept_back_is_not_held_until_the_broker_gives_up(world: World, paused: bool) -> None:
    """Deliveries of a queue that goes with its consumer are held again and again, each time not for long."""
    away = True

    def callback(message: Message) -> None:
        if away:
            raise OSError("the database is away")

    queues = {"q": {"durable": False, "auto_delete": True, "exclusive": False, "arguments": {}}}
    policy = {"on": [ANY], "delays": [1], "rest_after": 3}
    service = running(world, callback, policy, queues=queues, ack_timeout=30)
    consumer = service.consumers[0]
    if paused:
        Deferred.fromCoroutine(consumer.pause())
    publish(service, world, *range(20))
    world.settle(300)
    assert consumer.stats.received >= 10 * 300 / 30
    away = False
    Deferred.fromCoroutine(consumer.resume())
    world.settle(100)

    assert 20 == consumer.stats.processed
    assert (0, 0) == in_queue(world)


def test_a_message_that_cannot_be_moved_is_not_held_until_the_broker_gives_up(world: World) -> None:
    """Half of ack_timeout is for both: the time in which it could not be published, and the pause after."""
    callback = Failing({1: 99})
    service = running(
        world,
        callback,
        {"on": [ANY], "delays": [10], "wait": "queue"},
        ack_timeout=30,
        handshake_timeout=1.0,
    )
    publish(service, world, 1)
    world.broker.faults.block()
    world.settle(200)

    assert len(callback.seen) >= 200 / 16


def test_draining_waits_for_what_goes_to_a_queue(world: World) -> None:
    """A service that stops has either published a message that failed and acknowledged it, or neither."""
    callback = Failing({1: 1})
    service = running(world, callback, {"on": [ANY], "delays": [10], "wait": "queue"})
    published = service.publish(Message(topic="t.1", body={"n": 1}))
    world.settle()
    result_of(published)
    stopped = service.stopService()
    world.settle(1)

    assert result_of(stopped) is None
    assert 1 == sum(sum(in_queue(world, name)) for name in ("q", "q.retry.10s"))


def test_a_message_that_cannot_be_moved_goes_back(world: World) -> None:
    """While the broker takes nothing, a message that failed is neither lost nor tried in a tight loop."""
    callback = Failing({1: 99}, lambda: Nack())
    service = running(
        world, callback, {"delays": [10], "wait": "queue"}, ack_timeout=20.0, handshake_timeout=1.0
    )
    publish(service, world, 1)
    world.settle(11)
    world.broker.faults.block()
    world.settle(60)

    assert len(callback.seen) <= 8
    world.broker.faults.unblock()
    world.settle(60)
    # Written when the broker had just stopped reading, a copy may have been published after all.
    assert 1 <= sum(sum(in_queue(world, name)) for name in ("q", "q.retry.10s")) <= 2
    assert 1 == len({message.id for message in callback.messages})
