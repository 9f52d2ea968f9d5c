# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The service, on a clock and the embedded broker: publishing, consuming, reconnecting, stopping."""

from itertools import pairwise
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from fedora_messaging.broker import Permissions, User
from fedora_messaging.exceptions import (
    BadDeclaration,
    ConfigurationException,
    ConnectionException,
    ConsumerCanceled,
    Drop,
    HaltConsumer,
    Nack,
    PermissionException,
    PublishReturned,
    PublishTimeout,
    ValidationError,
)
from fedora_messaging.message import Message
from support.world import World, result_of

QUEUES = {"q": {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}}
BINDINGS = [{"exchange": "amq.topic", "queue": "q", "routing_keys": ["#"]}]
TOPOLOGY: dict[str, Any] = {"queues": QUEUES, "bindings": BINDINGS}

#: A header whose name is not UTF-8, which the broker passes on.
UNDECODABLE = b"\x20\x00" + b"\0\0\0\x03\x01\xffV"
SERVER_NAMED: dict[str, Any] = {
    "queues": {"": {"exclusive": True, "auto_delete": True}},
    "bindings": [{"exchange": "amq.topic", "queue": "", "routing_keys": ["#"]}],
}


def message(n: int = 0, **arguments: Any) -> Message:
    return Message(topic=f"t.{n}", body={"n": n}, **arguments)


def left(world: World) -> int:
    """How many messages are in the queue."""
    queue = world.broker.queue("q")
    return queue.ready + queue.unacked


def running(world: World, on_message: Any = None, **keys: Any) -> Any:
    service = world.service(on_message, **{**TOPOLOGY, **keys})
    service.startService()
    world.settle()
    return service


def test_a_message_goes_through(world: World) -> None:
    """What is published is received, equal and with the same id, and is acknowledged."""
    received: list[Message] = []
    service = running(world, received.append)
    sent = message()
    published = service.publish(sent)
    world.settle()

    assert result_of(published) is None
    assert [sent] == received
    assert sent.id == received[0].id
    assert "q" == received[0].queue
    assert 0 == left(world)
    assert {
        "published": 1,
        "consumed": {"received": 1, "processed": 1, "dropped": 0, "rejected": 0, "failed": 0},
    } == (service.stats.as_dict())


def test_two_connections(world: World) -> None:
    """Consuming and publishing have a connection each; the second is made when there is something to
    publish."""
    service = running(world, lambda _: None)
    before = world.reactor.connections
    service.publish(message())
    world.settle()

    assert (1, 2) == (before, world.reactor.connections)


def test_a_publish_only_service_connects_at_once(world: World) -> None:
    """Without consumers, starting connects for publishing."""
    service = running(world)

    assert 1 == world.reactor.connections
    assert result_of(service.whenConnected()).is_open
    assert not service.consuming


def test_a_thousand_in_flight(world: World) -> None:
    """Pipelined messages are all in flight at once, and each gets its own outcome."""
    service = running(world)
    world.broker.faults.withhold_confirms()
    outcomes = [service.publish(message(n), "missing" if n == 500 else None) for n in range(1000)]
    world.settle()
    arrived = {each.body for each in world.broker.published}
    settled = [n for n, outcome in enumerate(outcomes) if outcome.called]
    world.broker.faults.release_confirms()
    world.settle()
    failed = []
    for n, outcome in enumerate(outcomes):
        try:
            result_of(outcome)
        except PublishReturned as error:
            failed.append((n, "missing" in str(error)))

    assert (999, [500]) == (len(arrived), settled)
    assert [(500, True)] == failed


def test_exchanges_are_declared_for_publishing(world: World) -> None:
    """A service that only publishes declares the configured exchanges, so that its messages are accepted."""
    service = running(world, exchanges={"mine": {"type": "topic"}}, publish_exchange="mine")
    published = service.publish(message())
    world.settle()

    assert result_of(published) is None


def test_unroutable_messages_come_back_to_their_own_publish(world: World) -> None:
    """With mandatory set, exactly the unroutable ones of many in flight fail, the same message twice
    among them."""
    service = running(world, mandatory=True, queues={}, bindings=[])
    twice = message(7)
    outcomes = [service.publish(twice), service.publish(twice)]
    outcomes += [service.publish(message(n), "" if n % 2 else None) for n in range(100)]
    world.settle()

    for outcome in outcomes:
        with pytest.raises(PublishReturned, match="NO_ROUTE"):
            result_of(outcome)


def test_invalid_messages_are_not_sent(world: World) -> None:
    """A message that is none fails the Deferred with ValidationError."""
    service = running(world)
    for bad in (Message(topic="x" * 256), Message(topic="t", body={"n": float("nan")}), "no message"):
        with pytest.raises(ValidationError):
            result_of(service.publish(bad))
    world.settle()

    assert 0 == len(world.broker.published)


def test_publishing_survives_a_lost_connection(world: World) -> None:
    """What was not confirmed when the link was lost is sent again, with the same id."""
    service = running(world)
    world.broker.faults.withhold_confirms()
    sent = [message(n) for n in range(10)]
    outcomes = [service.publish(each) for each in sent]
    world.settle()
    world.reactor.cut()
    world.broker.faults.release_confirms()
    world.settle(10)

    assert [None] * 10 == [result_of(outcome) for outcome in outcomes]
    assert {each.id for each in sent} == {each.message_id for each in world.broker.published}


def test_a_publish_waits_for_the_broker_until_its_deadline(world: World) -> None:
    """Without a broker it fails with PublishTimeout, which names the state; a later one succeeds when
    it is back."""
    world.reactor.reachable = False
    service = running(world)
    late, patient = service.publish(message(), timeout=5), service.publish(message())
    world.settle(6)
    with pytest.raises(PublishTimeout, match="connecting"):
        result_of(late)
    world.reactor.reachable = True
    world.settle(10)

    assert result_of(patient) is None


def test_a_blocked_publish_names_the_reason(world: World) -> None:
    """While the broker blocks, nothing more is written, and a time-out says why; afterwards all goes on."""
    service = running(world)
    world.broker.faults.block("low on memory")
    first = service.publish(message(1))
    world.settle()
    second = service.publish(message(2), timeout=3)
    world.settle(4)
    with pytest.raises(PublishTimeout, match="blocked by the broker: low on memory"):
        result_of(second)
    world.broker.faults.unblock()
    world.settle(1)

    assert result_of(first) is None


@pytest.mark.parametrize("url", ["amqp://guest:wrong@localhost/%2F", "amqp://guest:guest@localhost/nowhere"])
def test_refused_logins(world: World, url: str) -> None:
    """Publishing fails at once with ConnectionException, consuming with PermissionException, without
    the password."""
    service = running(world, amqp_url=url)
    publishing = service.publish(message())
    consuming = service.consume(lambda _: None)
    world.settle(1)

    with pytest.raises(ConnectionException) as published:
        result_of(publishing)
    with pytest.raises(PermissionException) as consumed:
        result_of(consuming)
    assert "wrong" not in str(published.value) + str(consumed.value)


def test_nacked_messages_are_held_and_come_again(world: World) -> None:
    """Nack delays the redelivery by one second, doubling, while others are acknowledged."""
    times: list[float] = []

    def callback(received: Message) -> None:
        if received.body["n"] == 0:
            times.append(world.reactor.seconds())
            if len(times) < 4:
                raise Nack()

    service = running(world, callback)
    for n in range(5):
        service.publish(message(n))
    world.settle(10)

    assert [1, 2, 4] == [round(after - before) for before, after in pairwise(times)]
    assert 0 == left(world)
    assert 3 == service.stats.consumed.rejected


def test_dropped_messages_are_gone(world: World) -> None:
    """Drop rejects a message without requeueing it."""

    def callback(received: Message) -> None:
        raise Drop()

    service = running(world, callback)
    service.publish(message())
    world.settle()

    assert 0 == left(world)
    assert 1 == service.stats.consumed.dropped


@pytest.mark.parametrize(("requeue", "left"), [(False, 1), (True, 2)])
def test_halting(world: World, requeue: bool, left: int) -> None:
    """HaltConsumer acknowledges or requeues its message, stops the consumer, and nothing more is called."""
    seen: list[int] = []
    service = running(world)

    def callback(received: Message) -> None:
        seen.append(received.body["n"])
        raise HaltConsumer(exit_code=7, requeue=requeue)

    consuming = service.consume(callback)
    world.settle(1)
    service.publish(message())
    service.publish(message())
    world.settle(1)
    (consumer,) = result_of(consuming)
    with pytest.raises(HaltConsumer) as halted:
        result_of(consumer.result)

    assert 7 == halted.value.exit_code
    assert 1 == len(seen)
    assert left == world.broker.queue("q").ready
    assert not consumer.running


def test_a_failing_callback_ends_the_consumer(world: World) -> None:
    """Any other exception requeues the message and comes out of the consumer's result."""
    service = running(world)

    def callback(received: Message) -> None:
        raise KeyError("surprise")

    (consumer,) = result_of_consuming(world, service.consume(callback))
    service.publish(message())
    world.settle(1)
    with pytest.raises(KeyError, match="surprise"):
        result_of(consumer.result)

    assert 1 == world.broker.queue("q").ready
    assert 1 == consumer.stats.failed


def result_of_consuming(world: World, consuming: Deferred[Any]) -> Any:
    world.settle()
    return result_of(consuming)


def test_invalid_messages_are_rejected_and_the_next_is_handled(world: World) -> None:
    """No content stops a consumer."""
    received: list[Message] = []
    service = running(world, received.append)
    encoded = service.publisher.prepare(message(1))
    for body in (b"no JSON", b"\xff", b"null", b"[" * 100_000):
        service.publisher.publish_encoded(encoded._replace(body=body))
    service.publisher.publish_encoded(encoded._replace(properties=UNDECODABLE))
    service.publish(message(2))
    world.settle(1)

    assert [2] == [each.body["n"] for each in received]
    assert 5 == service.stats.consumed.rejected
    assert service.consuming


def test_deferred_callbacks_are_waited_for(world: World) -> None:
    """A message is acknowledged when the callback's Deferred fires, and the next callback starts only
    then."""
    waiting: list[Deferred[None]] = []

    def callback(_: Message) -> Deferred[None]:
        waiting.append(Deferred())
        return waiting[-1]

    service = running(world, callback)
    service.publish(message(1))
    service.publish(message(2))
    world.settle()
    first = len(waiting), world.broker.queue("q").unacked
    waiting[0].callback(None)
    world.settle()

    assert (1, 2) == first
    assert (2, 1) == (len(waiting), world.broker.queue("q").unacked)
    waiting[1].callback(None)


def test_coroutine_callbacks(world: World) -> None:
    """A coroutine function is a callback, and its exceptions count as any other's."""
    seen: list[int] = []

    async def callback(received: Message) -> None:
        seen.append(received.body["n"])
        if received.body["n"] == 1:
            raise Drop()

    service = running(world, callback)
    service.publish(message(1))
    service.publish(message(2))
    world.settle()

    assert [1, 2] == seen
    assert (1, 1) == (service.stats.consumed.dropped, service.stats.consumed.processed)


def test_consuming_goes_on_after_a_lost_connection(world: World) -> None:
    """A cut during a callback leads to one more delivery, never to two callbacks at a time; the late
    ack is dropped."""
    waiting: list[Deferred[None]] = []

    def callback(_: Message) -> Deferred[None]:
        waiting.append(Deferred())
        return waiting[-1]

    service = running(world, callback)
    service.publish(message(1))
    world.settle()
    for _ in range(3):
        world.reactor.cut()
        world.settle(10)
    during = len(waiting), world.broker.queue("q").consumers
    waiting[0].callback(None)
    world.settle(1)

    assert (1, 1) == during
    assert 2 == len(waiting)
    waiting[1].callback(None)
    world.settle()
    assert 0 == left(world)


def test_a_stream_is_not_consumed_from(world: World) -> None:
    """A queue that is configured as a stream is refused with the reason, before anything is declared."""
    queue = {**TOPOLOGY["queues"]["q"], "arguments": {"x-queue-type": "stream"}}
    service = running(world)
    with pytest.raises(ConfigurationException, match="q is a stream, and a stream is not consumed from"):
        service.consume(lambda _: None, queues={"q": queue}, bindings=[])

    assert () == service.consumers


def test_a_deleted_queue_ends_its_consumer(world: World) -> None:
    """The broker cancels the consumer, the queue is looked for, and ConsumerCanceled comes out."""
    service = running(world, lambda _: None)
    (consumer,) = service.consumers
    delete_queue(world, service, "q")
    world.settle(2)

    with pytest.raises(ConsumerCanceled, match="no queue 'q'"):
        result_of(consumer.result)


def delete_queue(world: World, service: Any, name: str) -> None:
    from pika import spec

    protocol = result_of(service.factory.when_connected())
    opened = protocol.open_channel()
    world.settle()
    result_of(opened).call(spec.Queue.Delete(queue=name), spec.Queue.DeleteOk)


def test_a_queue_that_went_with_its_connection_is_declared_again(world: World) -> None:
    """A queue that was only looked for is declared on the next connection: its virtual host may have been
    deleted, and made again without it."""
    service = running(world, lambda _: None)
    (consumer,) = service.consumers
    world.broker.faults.cancel_consumers("q")
    world.settle()
    world.broker.faults.cancel_consumers("q")  # the second time it waits before it looks again
    world.settle()
    waiting = consumer.state
    delete_queue(world, service, "q")
    world.settle()
    world.reactor.cut()
    world.settle(10)

    assert "backoff" == waiting
    assert consumer.running
    assert 1 == world.broker.queue("q").consumers


def test_a_cancelled_consumer_whose_queue_exists_consumes_again(world: World) -> None:
    """A cancel by the broker is not the end when the queue is still there."""
    received: list[Message] = []
    service = running(world, received.append)
    world.broker.faults.cancel_consumers("q")
    world.settle(5)
    service.publish(message())
    world.settle()

    assert service.consuming
    assert 1 == len(received)


def test_refused_declarations_end_a_new_consumer(world: World) -> None:
    """A binding to an exchange that does not exist is BadDeclaration, with the broker's words."""
    service = running(world)
    consuming = service.consume(
        lambda _: None, [{"exchange": "nowhere", "queue": "q", "routing_keys": ["#"]}]
    )
    world.settle(1)

    with pytest.raises(BadDeclaration, match="no exchange 'nowhere'"):
        result_of(consuming)


def test_stopping_finishes_the_callback(world: World) -> None:
    """stopService waits for the callback in flight, acknowledges it, requeues the rest, and closes."""
    waiting: list[Deferred[None]] = []

    def callback(_: Message) -> Deferred[None]:
        waiting.append(Deferred())
        return waiting[-1]

    service = running(world, callback)
    for n in range(5):
        service.publish(message(n))
    world.settle()
    stopped = service.stopService()
    world.settle(2)
    before = stopped.called
    waiting[0].callback(None)
    world.settle(2)

    assert not before
    assert result_of(stopped) is None
    assert (1, 4) == (len(waiting), world.broker.queue("q").ready)
    assert [] == list(world.broker.connections)


def test_stopping_gives_up_on_a_callback_that_never_ends(world: World) -> None:
    """After the grace period the message is left to the broker, which requeues it."""
    service = running(world, lambda _: Deferred(), shutdown_grace=5)
    service.publish(message())
    world.settle()
    stopped = service.stopService()
    world.settle(6)

    assert result_of(stopped) is None
    assert 1 == world.broker.queue("q").ready


def test_a_stopped_service_may_be_started_again(world: World) -> None:
    """After stopService, startService consumes with on_message and publishes as before."""
    received: list[Message] = []
    service = running(world, received.append)
    stopped = service.stopService()
    world.settle(1)
    result_of(stopped)
    service.startService()
    world.settle(1)
    published = service.publish(message())
    world.settle(1)

    assert result_of(published) is None
    assert 1 == len(received)
    assert service.ready


def test_a_stopped_service_publishes_no_more(world: World) -> None:
    """After stopService a publish is ConnectionException."""
    service = running(world)
    stopped = service.stopService()
    world.settle(1)
    result_of(stopped)
    with pytest.raises(ConnectionException, match="stopped"):
        result_of(service.publish(message()))


def test_pausing_returns_what_was_prefetched(world: World) -> None:
    """pauseProducing cancels the AMQP consumer; resumeProducing consumes again."""
    received: list[Message] = []
    service = running(world, received.append)
    protocol = result_of(service.factory.when_connected())
    paused = protocol.pauseProducing()
    world.settle()
    result_of(paused)
    service.publish(message())
    world.settle(1)
    while_paused = len(received), world.broker.queue("q").ready
    resumed = protocol.resumeProducing()
    world.settle(1)
    result_of(resumed)

    assert (0, 1) == while_paused
    assert 1 == len(received)


def test_pausing_an_exclusive_queue_holds_deliveries(world: World) -> None:
    """The AMQP consumer stays, since the queue would go with it, and what arrives waits."""
    received: list[Message] = []
    service = running(world, received.append, **SERVER_NAMED)
    protocol = result_of(service.factory.when_connected())
    protocol.pauseProducing()
    service.publish(message())
    world.settle(1)
    while_paused = len(received)
    protocol.resumeProducing()
    world.settle(1)

    assert (0, 1) == (while_paused, len(received))


def test_the_broker_chooses_a_new_name_after_a_reconnect(world: World) -> None:
    """A queue named by the broker is declared and bound again, and messages arrive."""
    received: list[Message] = []
    service = running(world, received.append, **SERVER_NAMED)
    (consumer,) = service.consumers
    before = consumer.queue
    world.reactor.cut()
    world.settle(10)
    service.publish(message())
    world.settle(2)

    assert before != consumer.queue
    assert consumer.queue.startswith("amq.gen-")
    assert 1 == len(received)


def test_resuming_during_a_callback(world: World) -> None:
    """The callback's channel stays until its outcome is settled, and none is left behind."""
    waiting: list[Deferred[None]] = []

    def callback(_: Message) -> Deferred[None]:
        waiting.append(Deferred())
        return waiting[-1]

    service = running(world, callback)
    for n in range(3):
        service.publish(message(n))
    world.settle(1)
    protocol = result_of(service.factory.when_connected())
    protocol.pauseProducing()
    world.settle(1)
    protocol.resumeProducing()
    world.settle(1)
    for n in range(3):
        waiting[n].callback(None)
        world.settle(1)

    assert 3 == len(waiting)
    assert 0 == left(world)
    assert service.consuming


def test_stopping_while_a_consumer_waits_to_declare(world: World) -> None:
    """With a callback of an earlier connection still running, no new attempt is made while stopping."""
    waiting: list[Deferred[None]] = []

    def callback(_: Message) -> Deferred[None]:
        waiting.append(Deferred())
        return waiting[-1]

    service = running(world, callback)
    service.publish(message())
    world.settle(1)
    world.broker.users["guest"] = User("guest", {"/": Permissions(configure="")})
    world.reactor.cut()
    world.settle(10)
    (consumer,) = service.consumers
    stopped = service.stopService()
    world.settle(10)
    states = consumer.state, stopped.called
    waiting[0].callback(None)
    world.settle(6)

    assert ("draining", False) == states
    assert result_of(stopped) is None
