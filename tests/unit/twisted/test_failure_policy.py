# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What becomes of messages whose callbacks fail, on a clock and the embedded broker."""

from typing import Any

import pytest
from twisted.internet.defer import Deferred

from fedora_messaging.broker import Permissions, User
from fedora_messaging.broker._model.options import Options
from fedora_messaging.exceptions import ConfigurationException, Nack
from fedora_messaging.message import Message
from fedora_messaging.retry import Retry
from support.policies import ANY, BINDINGS, QUEUES, Failing, in_queue, publish, running
from support.world import World, result_of


def test_aside_waits_and_comes_back(world: World) -> None:
    """A failure that the policy names waits for each delay in turn, while others overtake it."""
    callback = Failing({1: 2})
    service = running(world, callback, {"on": [ANY], "delays": [10, 60]})
    publish(service, world, 1, 2)
    assert [1, 2] == callback.seen

    world.settle(9)
    assert [1, 2] == callback.seen
    world.settle(2)
    assert [1, 2, 1] == callback.seen
    world.settle(58)
    assert [1, 2, 1] == callback.seen
    world.settle(3)
    assert [1, 2, 1, 1] == callback.seen
    assert (0, 0) == in_queue(world)
    assert {"processed": 2, "rejected": 2} == {
        name: count
        for name, count in service.stats.consumed.as_dict().items()
        if count and name != "received"
    }


def test_reject_after_the_last_delay(world: World) -> None:
    """Without a quarantine, a message whose delays are used up is rejected."""
    callback = Failing({1: 9})
    service = running(world, callback, {"on": [ANY], "delays": [1, 1], "then": "reject"})
    publish(service, world, 1)
    world.settle(10)

    assert [1, 1, 1] == callback.seen
    assert (0, 0) == in_queue(world)
    assert service.consuming


def test_stop_after_the_last_delay(world: World) -> None:
    """The message goes back, and the consumer ends with what the callback raised."""
    callback = Failing({1: 9})
    service = running(world, callback, {"on": [ANY], "delays": [1], "then": "stop"})
    ended = service.consumers[0].result
    publish(service, world, 1)
    world.settle(10)

    assert [1, 1] == callback.seen
    assert (1, 0) == in_queue(world)
    with pytest.raises(OSError):
        result_of(ended)


@pytest.mark.parametrize("wait", ["queue", "aside"])
def test_a_delay_that_is_too_long(world: World, caplog: pytest.LogCaptureFixture, wait: str) -> None:
    """A callback that asks for one gets the longest that is possible, and one warning."""
    seen: list[int] = []

    def callback(message: Message) -> None:
        seen.append(message.body["n"])
        if seen.count(message.body["n"]) == 1:
            raise Nack(delay=100_000)

    service = running(world, callback, {"delays": [1, 20], "wait": wait, "jitter": 0})
    publish(service, world, 1, 2)
    longest = 20 if wait == "queue" else service.config.ack_timeout / 2
    world.settle(longest - 3)
    before = list(seen)
    world.settle(6)

    assert [1, 2] == before
    assert [1, 2, 1, 2] == seen
    assert 1 == sum("100000 s is too long" in record.getMessage() for record in caplog.records)


def test_in_place_keeps_the_order(world: World) -> None:
    """Nothing else is started until the failing message has been processed."""
    callback = Failing({1: 2})
    service = running(world, callback, {"on": [ANY], "delays": [10], "wait": "in-place"})
    publish(service, world, 1, 2, 3)
    assert [1] == callback.seen
    assert (0, 3) == in_queue(world)
    world.settle(11)
    assert [1, 1] == callback.seen
    world.settle(11)

    assert [1, 1, 1, 2, 3] == callback.seen
    assert (0, 0) == in_queue(world)
    assert 3 == service.stats.consumed.processed


def test_in_place_goes_on_after_a_cut(world: World) -> None:
    """When the connection is lost while a message waits in place, the broker's copy counts."""
    callback = Failing({1: 1})
    service = running(world, callback, {"on": [ANY], "delays": [30], "wait": "in-place"})
    publish(service, world, 1, 2)
    world.reactor.cut()
    world.settle(20)

    assert [1, 1, 2] == callback.seen
    assert (0, 0) == in_queue(world)
    assert service.consuming


@pytest.mark.parametrize("arguments", [{}, {"x-queue-type": "quorum"}])
def test_a_queue_holds_the_message(world: World, arguments: dict[str, Any]) -> None:
    """The message leaves the queue, waits on the broker, and comes back with its topic, body and id."""
    callback = Failing({1: 2})
    queues = {"q": {**QUEUES["q"], "arguments": arguments}}
    service = running(world, callback, {"on": [ANY], "delays": [10, 60], "wait": "queue"}, queues=queues)
    publish(service, world, 1, 2)
    assert [1, 2] == callback.seen
    assert ((0, 0), (1, 0), (0, 0)) == tuple(
        in_queue(world, name) for name in ("q", "q.retry.10s", "q.retry.60s")
    )
    world.settle(11)
    assert [1, 2, 1] == callback.seen
    assert ((0, 0), (0, 0), (1, 0)) == tuple(
        in_queue(world, name) for name in ("q", "q.retry.10s", "q.retry.60s")
    )
    world.settle(61)
    assert [1, 2, 1, 1] == callback.seen
    first, last = callback.messages[0], callback.messages[-1]
    assert (first.id, first.topic, first.body) == (last.id, last.topic, last.body)
    assert first == last
    assert {"processed": 2, "retried": 2} == {
        name: count
        for name, count in service.stats.consumed.as_dict().items()
        if count and name != "received"
    }


QUORUM = {"q": {**QUEUES["q"], "arguments": {"x-queue-type": "quorum"}}}


def test_the_queue_itself_delays(world: World) -> None:
    """A quorum queue with delayed retries holds the message, and its count ends the attempts."""
    world.broker.set_policy("retry", "^q$", {"delayed-retry-type": "failed", "delayed-retry-min": 10_000})
    callback = Failing({1: 9})
    service = running(
        world, callback, {"on": [ANY], "delays": [10, 10], "wait": "broker", "then": "reject"}, queues=QUORUM
    )
    publish(service, world, 1)
    world.settle(9)
    assert [1] == callback.seen
    world.settle(60)

    assert [1, 1, 1] == callback.seen
    assert (0, 0) == in_queue(world)


@pytest.mark.parametrize("wait", ["in-place", "broker"])
def test_messages_that_were_only_returned_have_not_failed(world: World, wait: str) -> None:
    """What goes back untried, as in a pause, is not given up sooner, though its queue has counted it."""
    world.broker.set_policy("retry", "^q$", {"delayed-retry-type": "failed", "delayed-retry-min": 1_000})
    failing = Failing({1: 1, 2: 1})
    slow: Deferred[None] = Deferred()

    def callback(message: Message) -> Any:
        return failing(message) if message.body["n"] else slow

    policy = {"on": [ANY], "delays": [1], "wait": wait, "then": "reject"}
    service = running(world, callback, policy, queues=QUORUM)
    consumer = service.consumers[0]
    publish(service, world, 0, 1, 2)
    for change in (consumer.pause, consumer.resume):
        Deferred.fromCoroutine(change())
        world.settle(0.1)
    slow.callback(None)
    world.settle(10)

    assert 3 == consumer.stats.processed
    assert (0, 0) == in_queue(world)


def test_a_queue_that_does_not_delay(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Without the policy the message comes back at once: the consumer holds it, and says what is missing."""
    callback = Failing({1: 3})
    service = running(world, callback, {"on": [ANY], "delays": [10], "wait": "broker"}, queues=QUORUM)
    publish(service, world, 1)
    world.settle(5)
    assert [1, 1] == callback.seen
    assert 1 == sum("delayed-retry-min" in record.message for record in caplog.records)
    world.settle(60)

    assert [1, 1, 1, 1] == callback.seen
    assert (0, 0) == in_queue(world)


def test_quarantine(world: World) -> None:
    """A message whose delays are used up goes to quarantine, with what happened in its headers."""
    callback = Failing({1: 9}, lambda: OSError("no route to amqp://me:secret@db.example\x1b[31m"))
    service = running(world, callback, {"on": [ANY], "delays": [1], "wait": "queue", "then": "quarantine"})
    publish(service, world, 1)
    world.settle(5)

    assert [1, 1] == callback.seen
    assert (1, 0) == in_queue(world, "q.quarantine")
    kept = Quarantine(world)
    headers = kept.headers
    assert (
        "OSError: no route to amqp://me:***@db.example\\x1b[31m" == headers["fedora_messaging_failure_error"]
    )
    assert 2 == headers["fedora_messaging_failure_attempts"]
    assert "q" == headers["fedora_messaging_failure_queue"]
    assert "policies.py" in headers["fedora_messaging_failure_traceback"]
    assert "secret" not in str(headers)
    assert {"at", "exchange", "host"} <= {name.rpartition("_")[2] for name in headers}
    assert "t.1" == kept.topic
    assert b'{"n":1}' == kept.body
    assert 1 == service.stats.consumed.quarantined


class Quarantine:
    """The first message in quarantine, as the broker has it."""

    def __init__(self, world: World, name: str = "q.quarantine") -> None:
        got: list[Any] = []
        service = world.service(got.append, queues={name: QUEUES["q"]}, bindings=[], max_message_size=2**20)
        service.startService()
        world.settle()
        assert got, "the quarantine is empty"
        self.headers = got[0]._properties.headers
        self.topic = got[0].topic
        self.body = got[0]._encoded_body
        service.abort()
        world.settle()


def test_forged_headers_change_nothing(world: World) -> None:
    """The count of attempts is taken only from a message that came through the exchange of the policy."""
    callback = Failing({1: 2})
    service = running(
        world, callback, {"on": [ANY], "delays": [10, 10], "wait": "queue", "then": "quarantine"}
    )
    forged = {
        "fedora_messaging_attempts": 99,
        "fedora_messaging_failure_error": "nothing",
        "x-death": "many",
        "x-own": "kept",
    }
    message = Message(topic="t.1", body={"n": 1}, headers=forged)
    service.publish(message)
    world.settle(30)

    assert [1, 1, 1] == callback.seen
    assert 0 == service.stats.consumed.quarantined
    assert "kept" == callback.messages[-1]._properties.headers["x-own"]
    assert 2 == callback.messages[-1]._properties.headers["fedora_messaging_attempts"]


def test_a_deleted_delay_queue_is_declared_again(world: World) -> None:
    """A message that the broker returns because its delay queue is gone waits in a new one."""
    callback = Failing({1: 1})
    service = running(world, callback, {"on": [ANY], "delays": [10], "wait": "queue"})
    vhost = world.broker.vhosts["/"]
    vhost.delete_queue(vhost.queue("q.retry.10s"))
    publish(service, world, 1)

    assert (1, 0) == in_queue(world, "q.retry.10s")
    world.settle(11)
    assert [1, 1] == callback.seen


def test_deleted_delay_queues_are_logged_once_a_second(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """However often messages are returned, there is one line."""
    service = running(world, Failing({1: 1, 2: 1}), {"on": [ANY], "delays": [10], "wait": "queue"})
    vhost = world.broker.vhosts["/"]
    for number in (1, 2):
        vhost.delete_queue(vhost.queue("q.retry.10s"))
        publish(service, world, number)

    assert (1, 0) == in_queue(world, "q.retry.10s")
    assert 1 == sum("declaring it again" in record.getMessage() for record in caplog.records)


def made_again(world: World, name: str = "q") -> None:
    """Delete a queue, and make another of its name at once, which is bound to the topic exchange alone."""
    vhost = world.broker.vhosts["/"]
    vhost.delete_queue(vhost.queue(name))
    queue = vhost.add_queue(name, Options(), durable=True, auto_delete=False, owner=None, arguments={})
    vhost.exchange("amq.topic").bind(queue, "#", {})


def test_a_queue_that_was_made_again_gets_back_what_waits(world: World) -> None:
    """A message that waits comes back when its queue was deleted and made again while it is consumed."""
    callback = Failing({1: 1, 2: 1})
    service = running(world, callback, {"on": [ANY], "delays": [10], "wait": "queue"})
    publish(service, world, 1)
    made_again(world)
    world.settle(1)
    publish(service, world, 2)
    world.settle(11)

    assert [1, 2, 1, 2] == callback.seen
    assert (0, 0) == in_queue(world)


def test_a_queue_is_not_gone_when_a_delay_queue_is(world: World) -> None:
    """A consumer that may declare nothing waits for a delay queue that is missing, and does not end."""
    callback = Failing({2: 1})
    policy = {"on": [ANY], "delays": [10], "wait": "queue"}
    declaring = running(world, callback, policy)
    declaring.abort()
    service = running(world, callback, policy, passive_declares=True)
    vhost = world.broker.vhosts["/"]
    vhost.delete_queue(vhost.queue("q.retry.10s"))
    made_again(world)
    world.settle(5)
    assert not service.consumers[0].ended

    running(world, callback, policy)
    world.settle(20)
    publish(service, world, 2)
    world.settle(11)
    assert [2, 2] == callback.seen
    assert service.consuming


def test_no_rights(world: World) -> None:
    """A broker that does not permit what the policy needs ends the consumer at its start, and says what."""
    world = World(
        users={"guest": User("guest", permissions={"/": Permissions(r"^(q|amq\.topic)$", r"^q$", ".*")})}
    )
    service = world.service(
        Failing({}), queues=QUEUES, bindings=BINDINGS, retry={"wait": "queue", "delays": [10]}
    )
    service.startService()
    ended = service.consumers[0].result
    world.settle(5)

    with pytest.raises(ConfigurationException) as refused:
        result_of(ended)
    assert r"retry.wait: the broker has to permit the user configure, write and read on ^q\." in str(
        refused.value
    )


def test_the_policy_of_the_callback_comes_first(world: World) -> None:
    """What a callback says about itself takes the place of the configuration."""
    callback: Any = Failing({1: 9})
    callback.retry = Retry(on=(OSError,), delays=(1,), then="reject")
    service = running(world, callback, {"on": [ANY], "delays": [100]})
    publish(service, world, 1)
    world.settle(5)

    assert [1, 1] == callback.seen
    assert (0, 0) == in_queue(world)


def test_a_wrong_policy_of_a_callback(world: World) -> None:
    """What a callback says about itself is checked before anything is consumed."""
    callback: Any = Failing({})
    callback.retry = {"then": "reject"}
    service = world.service(None, queues=QUEUES, bindings=BINDINGS)

    with pytest.raises(ConfigurationException, match=r"the attribute retry of a callback must be a"):
        service.consume(callback)
