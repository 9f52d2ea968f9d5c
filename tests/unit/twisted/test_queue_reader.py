# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Reading a queue without consuming it, and settling what was read, on a clock and the embedded broker."""

from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from pika import spec
from twisted.internet.defer import Deferred, fail, succeed

from fedora_messaging.broker import Permissions, User
from fedora_messaging.exceptions import (
    BadDeclaration,
    ConnectionException,
    ConsumeException,
    ConsumerCanceled,
    PermissionException,
    PublishReturned,
    ValidationError,
)
from fedora_messaging.message import Message
from fedora_messaging.twisted._reading.connecting import connect
from fedora_messaging.twisted._reading.queue_reader import QueueReader
from fedora_messaging.twisted._reading.settling import Settling
from support.world import World, result_of

QUEUES = {"q": {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}}
BINDINGS = [{"exchange": "amq.topic", "queue": "q", "routing_keys": ["#"]}]

T = TypeVar("T")


def done(world: World, work: Coroutine[Any, Any, T], seconds: float = 0) -> T:
    """What a coroutine returns."""
    started = Deferred.fromCoroutine(work)
    world.settle(seconds)
    found: T = result_of(started)
    return found


def filled(world: World, count: int, size: int = 0, arguments: dict[str, Any] | None = None) -> None:
    """A queue with so many messages, whose bodies are at least so large."""
    queues = {"q": {**QUEUES["q"], "arguments": arguments or {}}}
    service = world.service(lambda message: None, queues=queues, bindings=BINDINGS)
    service.startService()
    world.settle()
    done(world, _cancel(service))
    for number in range(count):
        service.publish(Message(topic=f"t.{number}", body={"n": number, "text": "x" * size}))
    world.settle()


async def _cancel(service: Any) -> None:
    await service.factory.cancel(service.consumers)


def opened(world: World, queue: str = "q", url: str = "") -> QueueReader:
    keys = {"amqp_url": url} if url else {}

    async def work() -> QueueReader:
        connection = await connect(world.config(**keys), world.reactor)
        return await QueueReader.open(connection, queue, world.reactor)

    return done(world, work(), 1)  # an address is tried for a while


def topics(world: World) -> list[str]:
    """The topics of all messages of the queue, which are left there, in order."""
    reader = opened(world)
    found: list[str] = []
    while batch := done(world, reader.take()):
        found += [each.routing_key.decode() for each in batch]
    done(world, reader.close())
    return found


def numbered(count: int) -> list[str]:
    return [f"t.{number}" for number in range(count)]


def test_reading_leaves_the_queue_as_it_was(world: World) -> None:
    """Whoever reads again finds the same messages, in the same order."""
    filled(world, 250)

    assert numbered(250) == topics(world)
    assert (250, 0) == (world.broker.queue("q").ready, world.broker.queue("q").unacked)
    assert numbered(250) == topics(world)


@pytest.mark.parametrize("kind", ["classic", "quorum"])
def test_more_messages_than_one_consumer_holds(kind: str, world: World) -> None:
    """One consumer follows the other on the same channel, and the order is kept all the same."""
    filled(world, 4_500, arguments={"x-queue-type": kind})

    for _ in range(2):
        assert numbered(4_500) == topics(world)


def test_messages_are_whole(world: World) -> None:
    """A message has its exchange, properties and body, and the name of the queue."""
    filled(world, 1, size=300_000)  # several frames
    (got,) = done(world, opened(world).take())

    assert ("q", "amq.topic", b"t.0", False) == (got.queue, got.exchange, got.routing_key, got.redelivered)
    assert got.body is not None
    assert 300_000 < len(got.body)
    assert got.properties


@pytest.mark.parametrize(("count", "size"), [(150, 0), (5, 3_000_000)])
def test_what_is_in_memory_is_bounded(count: int, size: int, world: World) -> None:
    """With enough messages, or bytes, nothing is read until they have been taken."""
    filled(world, count, size)
    connection = done(world, connect(world.config(), world.reactor))
    transport: Any = connection.transport
    reader = done(world, QueueReader.open(connection, "q", world.reactor))
    found = len(done(world, reader.take()))
    assert transport.paused

    while batch := done(world, reader.take()):
        found += len(batch)
    assert count == found
    assert not transport.paused
    done(world, reader.close())
    assert count == world.broker.queue("q").ready


def test_what_comes_meanwhile_is_not_taken(world: World) -> None:
    """No more messages are taken than there were at the beginning."""
    filled(world, 3)
    reader = opened(world)
    service = world.service(None)
    service.publish(Message(topic="late", body={}))
    world.settle()
    found = [each.routing_key for _ in range(4) for each in done(world, reader.take())]

    assert [b"t.0", b"t.1", b"t.2"] == found
    done(world, reader.close())
    assert [*numbered(3), "late"] == topics(world)


def test_a_queue_that_another_empties(world: World) -> None:
    """Fewer messages than there were are no error."""
    filled(world, 3)
    reader, other = opened(world), opened(world)
    while batch := done(world, other.take()):
        for each in batch:
            other.ack(each)
    done(world, other.close())

    assert [] == done(world, reader.take(), 15)
    assert 3 == reader.missing
    assert [] == done(world, reader.take())
    done(world, reader.close())


def test_no_such_queue(world: World) -> None:
    """A queue that is not there is BadDeclaration, and so is a name that AMQP does not allow."""
    with pytest.raises(BadDeclaration, match=r"queue nowhere.*NOT_FOUND"):
        opened(world, "nowhere")
    with pytest.raises(BadDeclaration, match="255 bytes"):
        opened(world, "q" * 300)


def test_exchanges_are_looked_for(world: World) -> None:
    """An exchange that is not there is BadDeclaration; the default one always is."""
    filled(world, 0)
    reader = opened(world)
    done(world, reader.expect_exchange("amq.topic"))
    done(world, reader.expect_exchange(""))

    with pytest.raises(BadDeclaration, match=r"exchange gone.*NOT_FOUND"):
        done(world, reader.expect_exchange("gone"))
    assert [] == done(world, reader.take())


def test_no_permission() -> None:
    """A user who may not read the queue gets PermissionException."""
    world = World(users={"guest": User("guest"), "eve": User("e", {"/": Permissions("", ".*", "")})})
    filled(world, 1)
    reader = opened(world, url="amqp://eve:e@localhost/%2F")

    with pytest.raises(PermissionException, match="ACCESS_REFUSED"):
        done(world, reader.take())


def test_a_refused_login(world: World) -> None:
    """A wrong password is PermissionException with the address, and without the password."""
    with pytest.raises(PermissionException, match="localhost") as caught:
        opened(world, url="amqp://guest:secret@localhost/%2F")
    assert "secret" not in str(caught.value)


def test_a_broker_that_is_not_there(world: World) -> None:
    """One attempt is made, and its error names the address."""
    world.reactor.reachable = False

    with pytest.raises(ConnectionException, match=r"localhost.*nothing listens"):
        opened(world)


def test_a_lost_connection(world: World) -> None:
    """Taking fails, nothing can be acknowledged any more, and everything is in the queue again."""
    filled(world, 3)
    reader = opened(world)
    late = opened(world)
    first, *_ = done(world, reader.take())
    world.reactor.cut()
    world.settle()

    with pytest.raises(ConnectionException):
        done(world, late.take())
    with pytest.raises(ConnectionException):
        reader.ack(first)
    done(world, reader.close())
    assert numbered(3) == topics(world)


# Settling


def test_all_are_settled(world: World) -> None:
    """Each message is acted upon once, in order, and leaves the queue."""
    filled(world, 150)
    reader = opened(world)
    seen: list[bytes] = []
    steps: list[int] = []

    def act(delivery: Any) -> Deferred[None]:
        seen.append(delivery.routing_key)
        return succeed(None)

    settling = Settling(reader, act, lambda: steps.append(1))
    done(world, settling.settle_all(lambda: True))
    done(world, reader.close())

    assert [key.encode() for key in numbered(150)] == seen
    assert (150, 0, None) == (settling.done, settling.kept, settling.stopped)
    assert 150 == len(steps)
    assert [] == topics(world)


def test_what_fails_by_itself_stays_in_its_place(world: World) -> None:
    """ValidationError is about one message: the others are settled."""
    filled(world, 10)
    reader = opened(world)

    def act(delivery: Any) -> Deferred[None]:
        refused = delivery.routing_key in (b"t.3", b"t.7")
        return fail(ValidationError("not this one")) if refused else succeed(None)

    settling = Settling(reader, act)
    done(world, settling.settle_all(lambda: True))
    done(world, reader.close())

    assert (8, 2, None) == (settling.done, settling.kept, settling.stopped)
    assert settling.first_kept is not None
    assert b"t.3" == settling.first_kept[0].routing_key
    assert ["t.3", "t.7"] == topics(world)


def test_any_other_error_stops(world: World) -> None:
    """The batch is finished, the rest stays where it was."""
    filled(world, 20)
    reader = opened(world)

    def act(delivery: Any) -> Deferred[None]:
        refused = delivery.routing_key == b"t.4"
        return fail(PublishReturned(reason="312 NO_ROUTE")) if refused else succeed(None)

    settling = Settling(reader, act)
    done(world, settling.settle_all(lambda: True))
    done(world, reader.close())

    assert isinstance(settling.stopped, PublishReturned)
    assert 20 - 1 == settling.done + world.broker.queue("q").ready - 1
    assert "t.4" == topics(world)[0]


def test_nothing_is_acknowledged_before_its_act_is_done(world: World) -> None:
    """A connection that is lost before takes no message along."""
    filled(world, 3)
    reader = opened(world)
    acts: list[Deferred[None]] = []

    def act(delivery: Any) -> Deferred[None]:
        acts.append(Deferred())
        return acts[-1]

    settling = Settling(reader, act)
    ended = Deferred.fromCoroutine(settling.settle_all(lambda: True))
    world.settle()
    assert 3 == world.broker.queue("q").unacked
    world.reactor.cut()
    world.settle()
    for each in acts:
        each.callback(None)
    world.settle()

    assert result_of(ended) is None
    assert 0 == settling.done
    assert isinstance(settling.stopped, ConnectionException)
    assert numbered(3) == topics(world)


def test_asked_to_stop(world: World) -> None:
    """The batch in progress is finished, and no other begun."""
    filled(world, 1000)
    reader = opened(world)
    settling = Settling(reader, lambda each: succeed(None))
    done(world, settling.settle_all(lambda: not settling.done))
    done(world, reader.close())

    assert 0 < settling.done < 1000
    assert numbered(1000)[settling.done :] == topics(world)


def silent(world: World) -> Deferred[Any]:
    """A reader that waits for a queue whose single active consumer is another."""
    arguments = {"x-single-active-consumer": True}
    service = world.service(
        lambda message: Deferred(),
        queues={"q": {**QUEUES["q"], "arguments": arguments}},
        bindings=BINDINGS,
        qos={"prefetch_count": 1},
    )
    service.startService()
    world.settle()
    for number in range(3):
        service.publish(Message(topic=f"t.{number}", body={"n": number}))
    world.settle()
    taking = Deferred.fromCoroutine(opened(world).take())
    world.settle()
    return taking


def test_a_queue_that_is_deleted(world: World) -> None:
    """Taking fails when the broker cancels the consumer."""
    taking = silent(world)

    async def delete() -> None:
        connection = await connect(world.config(), world.reactor)
        channel = await connection.open_channel()
        await channel.call(spec.Queue.Delete(queue="q"), spec.Queue.DeleteOk)

    deleting = Deferred.fromCoroutine(delete())
    world.settle()
    assert result_of(deleting) is None

    with pytest.raises(ConsumerCanceled, match="queue q"):
        result_of(taking)


def test_a_queue_that_gives_out_nothing(world: World) -> None:
    """A queue whose messages go to another consumer alone is an error, after a while."""
    taking = silent(world)
    world.settle(15)

    with pytest.raises(ConsumeException, match="2 messages and gives out none"):
        result_of(taking)
