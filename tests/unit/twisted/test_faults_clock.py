# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Rows of the fault matrix whose bounds are long, on a clock: outages of minutes, the default heartbeat."""

import gc
import re
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from pika import spec
from twisted.internet.defer import Deferred

from fedora_messaging._core.lifecycle import CloseReason, Scope
from fedora_messaging._core.observer import NullObserver
from fedora_messaging._core.outbox import Outgoing
from fedora_messaging.broker import Permissions, User
from fedora_messaging.exceptions import ConnectionException, PublishReturned, PublishTimeout
from fedora_messaging.message import Message
from fedora_messaging.twisted._connection.channel import ChannelEnded
from fedora_messaging.twisted.protocol import FedoraMessagingProtocol
from support.world import World, result_of

TOPOLOGY: dict[str, Any] = {
    "queues": {"q": {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}},
    "bindings": [{"exchange": "amq.topic", "queue": "q", "routing_keys": ["#"]}],
}


class Times(NullObserver):
    """When connections came and went, and when a consumer began to consume, in seconds."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.then: Callable[[], None] = lambda: None
        self.connects: list[float] = []
        self.losses: list[tuple[float, str]] = []
        self.declares: list[float] = []

    def connected(self, connection: str, peer: str, broker: str) -> None:
        self.connects.append(self._world.reactor.seconds())
        self.then()

    def disconnected(self, connection: str, reason: CloseReason) -> None:
        self.losses.append((self._world.reactor.seconds(), str(reason)))

    def declared(self, queue: str, generation: int) -> None:
        self.declares.append(self._world.reactor.seconds())


class Running:
    """A service that consumes and publishes, and what it has seen."""

    def __init__(self, world: World, callback: Any = None, **keys: Any) -> None:
        self.world = world
        self.received: list[Message] = []
        self.times = Times(world)
        self.service = world.service(
            callback or self.received.append, observer=self.times, **{**TOPOLOGY, **keys}
        )
        self.service.startService()
        world.settle()

    def publish(self, n: int = 0, **arguments: Any) -> Deferred[None]:
        return self.service.publish(Message(topic=f"t.{n}", body={"n": n}), **arguments)

    def seen(self) -> list[int]:
        return [message.body["n"] for message in self.received]


def until(world: World, reached: Callable[[], bool], limit: float) -> float:
    """Let time go by until something holds; returns how long that took, which is limited."""
    began = world.reactor.seconds()
    while not reached():
        assert world.reactor.seconds() - began < limit, f"not within {limit:g} s"
        world.settle(0.25)
        for pump in pumps(world):
            if pump.held and pump.client.aborted:  # which asks nobody, on a dead line too
                pump.cut()
    return world.reactor.seconds() - began


def pumps(world: World) -> list[Any]:
    """The links there are."""
    return [connector.pump for connector in world.reactor.connectors if connector.pump is not None]


def dead(world: World) -> None:
    """Nothing goes through the present links any more, and nobody is told."""
    for pump in pumps(world):
        pump.held = True


@contextmanager
def dead_links(world: World) -> Iterator[None]:
    """While this is open, new links are dead ones."""
    join = world.broker.join

    def held(client: Any) -> Any:
        pump = join(client)
        pump.held = True
        return pump

    world.broker.join = held  # type: ignore[method-assign]
    yield
    world.broker.join = join  # type: ignore[method-assign]


def prepare(world: World) -> None:
    """Have the queue declared, so that what is published before anybody consumes stays."""
    running = Running(world)
    stopped = running.service.stopService()
    world.settle(1)
    result_of(stopped)


def test_a4_an_outage_of_ten_minutes(world: World) -> None:
    """The broker is tried for at intervals of 8 s at most, and all goes on within 30 s of its return."""
    running = Running(world)
    running.publish(1)
    world.settle()
    world.reactor.reachable = False
    world.reactor.cut()
    waiting = running.publish(2)
    world.settle(600)
    tries = [when for when, _ in running.times.losses]
    world.reactor.reachable = True
    until(world, lambda: [1, 2] == running.seen(), 30)

    assert result_of(waiting) is None
    # Two connections, each drawing from 0 to 8 s: 4 on average.
    assert 200 < len(tries) < 450
    assert max(later - earlier for earlier, later in pairwise(tries)) <= 8.25


@pytest.mark.parametrize(("seconds", "most"), [(0.0, 300), (4.0, 120)])
def test_a4_a_connection_alone_is_no_progress(world: World, seconds: float, most: int) -> None:
    """A broker that drops every connection after a moment is not tried for at the base's pace.

    At that pace, 0.25 s on average, two factories would connect 2,400 or 140 times.
    """
    running = Running(world)
    world.broker.faults.withhold_confirms()
    running.publish(1)
    began = world.reactor.seconds()
    connects = len(running.times.connects)

    def more(before: int) -> bool:
        return len(running.times.connects) > before

    while world.reactor.seconds() - began < 300:
        until(world, partial(more, len(running.times.connects)), 30)
        world.settle(seconds)
        world.broker.faults.drop_connections()
    tries = len(running.times.connects) - connects

    assert tries < most


@pytest.mark.parametrize("progress", ["consuming", "confirm"])
def test_a4_progress_starts_again_at_the_base(world: World, progress: str) -> None:
    """After 5 s of consuming, or one confirm, the first delay is half a second at most again."""
    running = Running(world) if progress == "consuming" else None
    if running is None:
        service = world.service(None)
        service.startService()
        world.settle()
    world.reactor.reachable = False
    world.reactor.cut()
    world.settle(120)
    world.reactor.reachable = True
    world.settle(8 + 5 + 1)
    if running is None:
        confirmed = service.publish(Message(topic="t", body={}))
        world.settle()
        result_of(confirmed)
    before = world.reactor.connections
    world.reactor.cut()
    until(world, lambda: world.reactor.connections > before, 0.75)


def test_b1_a_silent_peer_at_the_default_heartbeat(world: World) -> None:
    """At the broker's 60 s it takes 121 s at most, and not less than two heartbeats."""
    running = Running(world)
    running.publish(1)
    world.settle(10)
    dead(world)
    began = world.reactor.seconds()
    until(world, lambda: len(running.times.losses) == 2, 121)
    until(world, lambda: len(running.times.declares) == 2, 30)

    # What was heard last may have been up to half a heartbeat before.
    assert all(90 <= when - began <= 121 and "silent" in reason for when, reason in running.times.losses)


def test_b4_a_peer_that_never_speaks(world: World) -> None:
    """The handshake has 10 s."""
    with dead_links(world):
        running = Running(world)
        until(world, lambda: bool(running.times.losses), 10.25)
    reasons = [reason for _, reason in running.times.losses]
    until(world, lambda: len(running.times.declares) == 1, 30)

    assert ["the broker did not complete the AMQP handshake within 10 s"] == reasons


def changed_on_the_way(world: World, change: Callable[[bytes], bytes]) -> None:
    """Pass what comes from the broker, on the present links, through a function."""
    for pump in pumps(world):
        received = pump.client.protocol.dataReceived
        pump.client.protocol.dataReceived = lambda data, received=received: received(change(data))


def test_b5_a_confirm_of_another_message(world: World) -> None:
    """A confirm of what is not in flight ends the connection, and the message is sent again."""
    running = Running(world)
    first = running.publish(1)
    world.settle(1)
    result_of(first)
    changed_on_the_way(
        world, lambda data: re.sub(rb"(\0\x3c\0\x50).{8}", rb"\1" + struct.pack(">Q", 99), data, flags=re.S)
    )
    published = running.publish(2)
    until(world, lambda: published.called, 5)

    assert result_of(published) is None
    assert ["corrupted frames from the broker: a confirm of 99, which is not in flight"] == [
        reason for _, reason in running.times.losses
    ]


def test_b5_a_delivery_out_of_turn(world: World) -> None:
    """A delivery whose tag is not the next ends the connection, and no other is acknowledged for it."""

    def change(data: bytes) -> bytes:
        at = data.find(b"\0\x3c\0\x3c") + 4
        if at < 4:
            return data
        at += 1 + data[at]
        return data[:at] + struct.pack(">Q", 7) + data[at + 8 :]

    running = Running(world)
    running.publish(1)
    world.settle(1)
    changed_on_the_way(world, change)
    running.publish(2)
    until(world, lambda: running.seen() == [1, 2], 5)

    assert ["corrupted frames from the broker: delivery 7 came after delivery 1"] == [
        reason for _, reason in running.times.losses
    ]


def test_b5_a_frame_that_swallows_others(world: World) -> None:
    """A frame whose size is wrong swallows what follows: heartbeats in it are no sign of life."""
    todo = [True]

    def change(data: bytes) -> bytes:
        return data[:5] + b"\xff" + data[6:] if todo and todo.pop() else data

    running = Running(world)
    first = running.publish(1)
    world.settle(1)
    result_of(first)
    changed_on_the_way(world, change)
    published = running.publish(2)
    until(world, lambda: published.called, 121)

    assert {1, 2} == set(running.seen())
    assert ["corrupted frames from the broker: a heartbeat came within a frame"] == [
        reason for _, reason in running.times.losses
    ]


def test_b6_stopping_while_the_peer_is_silent(world: World) -> None:
    """stopService leaves a second of the grace period to the process, and the message stays the queue's."""
    stuck: list[Message] = []

    def callback(message: Message) -> Deferred[None]:
        stuck.append(message)
        return Deferred()

    running = Running(world, callback)
    running.publish(1)
    world.settle(1)
    dead(world)
    on_its_way = running.publish(2)
    stopped = running.service.stopService()
    took = until(world, lambda: stopped.called, 30)

    assert 29 <= took < 30
    assert result_of(stopped) is None
    with pytest.raises(ConnectionException):
        result_of(on_its_way)
    assert 1 == len(stuck)
    assert 1 == world.broker.queue("q").ready


def test_c1_no_broker_for_an_hour(world: World) -> None:
    """A consumer waits for ever, a publish until its deadline."""
    prepare(world)
    world.reactor.reachable = False
    running = Running(world)
    late = running.publish(1, timeout=600)
    patient = running.publish(2)
    world.settle(599)
    before = late.called
    world.settle(2)
    with pytest.raises(PublishTimeout, match="connecting"):
        result_of(late)
    world.settle(3000)
    world.reactor.reachable = True
    until(world, lambda: [2] == running.seen(), 30)

    assert not before
    assert result_of(patient) is None


def test_c1_messages_given_up_are_forgotten(world: World) -> None:
    """While there is no broker, a publisher whose messages time out or are cancelled keeps none of them."""
    world.reactor.reachable = False
    service = world.service(None)
    service.startService()
    world.settle()
    for n in range(200):
        published = service.publish(Message(topic="t", body={"n": n}), timeout=5)
        published.addErrback(lambda _: None)
        if n % 2:
            published.cancel()
    world.settle(6)
    gc.collect()

    assert [] == [each for each in gc.get_objects() if isinstance(each, Outgoing)]


def test_c2_an_alarm_of_ten_minutes(world: World) -> None:
    """While the broker blocks publishing, consuming goes on; afterwards what waited is published at once."""
    running = Running(world)
    running.publish(1)
    world.settle()
    world.broker.faults.block("low on disk")
    first = running.publish(2)
    world.settle(1)
    waiting = [running.publish(n) for n in range(3, 10)]
    written = len(world.broker.published)
    world.settle(600)
    ready = running.service.factory.ready
    meanwhile = len(world.broker.published)
    world.broker.faults.unblock()
    world.settle(1)

    assert ready
    assert written == meanwhile
    assert [None] * 8 == [result_of(each) for each in (first, *waiting)]
    assert list(range(1, 10)) == running.seen()


def _change_permissions(world: World, configure: str, write: str, read: str) -> None:
    world.broker.users["guest"] = User("guest", {"/": Permissions(configure, write, read)})


def test_d3_an_exchange_missing_for_an_hour(world: World) -> None:
    """The consumer tries for ever, unready, and consumes within 30 s of the exchange's return."""
    bindings = [{"exchange": "ours", "queue": "q", "routing_keys": ["#"]}]
    ours = {"ours": {"type": "topic", "durable": True, "auto_delete": False, "arguments": {}}}
    declares = Running(world, exchanges=ours)
    running = Running(world, bindings=bindings, publish_exchange="ours")
    _delete_exchange(world, declares, "ours")
    world.reactor.cut()
    declares.service.stopService()
    world.settle(3600)
    ready, declared = running.service.factory.ready, len(running.times.declares)
    Running(world, exchanges=ours, bindings=bindings)
    until(world, lambda: len(running.times.declares) == 2, 30)

    assert not ready
    assert 1 == declared


def _delete_exchange(world: World, running: Running, name: str) -> None:
    opened = result_of(running.service.factory.when_connected()).open_channel()
    world.settle()
    deleted = result_of(opened).call(spec.Exchange.Delete(exchange=name), spec.Exchange.DeleteOk)
    world.settle()
    result_of(deleted)


def test_d4_rights_removed_for_an_hour(world: World) -> None:
    """The same when the rights are gone for an hour."""
    running = Running(world)
    _change_permissions(world, "", "", "")
    world.reactor.cut()
    world.settle(3600)
    ready = running.service.factory.ready
    _change_permissions(world, ".*", ".*", ".*")
    until(world, lambda: len(running.times.declares) == 2, 30)

    assert not ready
    assert running.service.factory.ready


def test_d5_another_password_for_an_hour(world: World) -> None:
    """The same when the password is another for an hour; a publish fails at once and says why."""
    running = Running(world)
    world.broker.users["guest"] = User("changed", {"/": Permissions(".*", ".*", ".*")})
    world.reactor.cut()
    world.settle(3600)
    refused = running.publish(1)
    world.settle(10)
    with pytest.raises(ConnectionException, match="ACCESS_REFUSED"):
        result_of(refused)
    _change_permissions(world, ".*", ".*", ".*")
    until(world, lambda: len(running.times.declares) == 2, 30)


def test_d9_the_broker_cancels_though_the_queue_is_there(world: World) -> None:
    """The consumer looks for its queue, finds it and consumes, within 5 s."""
    running = Running(world)
    world.broker.faults.cancel_consumers("q")
    until(world, lambda: len(running.times.declares) == 2, 5)
    running.publish(1)
    world.settle(1)

    assert [1] == running.seen()
    assert 1 == world.broker.queue("q").consumers


def test_d9_declaring_has_a_limit(world: World) -> None:
    """After 90 s without an answer a connection on which nothing is consumed is dropped."""
    running = Running(world, amqp_url="amqp://guest:guest@localhost/%2F?heartbeat=0")
    times = running.times
    times.then = lambda: dead(world)  # what declares comes after this
    world.reactor.cut()
    until(world, lambda: len(times.connects) == 2, 10)
    times.then = lambda: None
    began = world.reactor.seconds()
    losses = len(times.losses)
    until(world, lambda: len(times.losses) > losses, 91)
    until(world, lambda: len(times.declares) == 2, 30)

    when, reason = times.losses[losses]
    assert 89 <= when - began <= 90.5
    assert "declaring took too long" in reason


def test_d9_a_declaration_that_takes_too_long_is_its_consumers_affair(world: World) -> None:
    """Where another consumer consumes on the connection, it stays, and the one that waits tries again."""
    opened: list[int] = []

    class Deaf(FedoraMessagingProtocol):
        def open_channel(self) -> Deferred[Any]:
            opened.append(1)
            return Deferred() if len(opened) == 2 else super().open_channel()

    times = Times(world)
    service = world.service(None, observer=times)
    service.factory.protocol = Deaf
    service.startService()
    consuming = service.consume(lambda _: None, queues={"q1": {}, "q2": {}}, bindings=[])
    world.settle(89)
    ready = service.factory.ready, consuming.called
    until(world, lambda: consuming.called, 2)

    assert (False, False) == ready
    assert 2 == len(result_of(consuming))
    assert service.factory.ready
    assert [] == times.losses


def test_d9_an_attempt_that_took_longer_than_the_pause(world: World) -> None:
    """A cluster that has lost a node answers after a minute: the next attempt follows at once, so that a
    queue is found as soon as it is back."""
    opened: list[float] = []
    down = ChannelEnded(CloseReason(Scope.CHANNEL, 404, "NOT_FOUND - home node is down or inaccessible"))

    class Slow(FedoraMessagingProtocol):
        def open_channel(self) -> Deferred[Any]:
            opened.append(world.reactor.seconds())
            if len(opened) > 3:
                return super().open_channel()
            late: Deferred[Any] = Deferred()
            world.reactor.callLater(64, late.errback, down)
            return late

    service = world.service(None, reconnect={"base": 8.0, "cap": 8.0})
    service.factory.protocol = Slow
    service.startService()
    consuming = service.consume(lambda _: None, queues={"q": {}}, bindings=[])
    until(world, lambda: consuming.called, 200)

    assert [64, 64, 64] == [round(after - before) for before, after in pairwise(opened)]


def test_a_message_that_ends_the_connection(world: World) -> None:
    """It is tried until its deadline, with back-off, and the other messages get through."""
    from fedora_messaging.broker._wire.errors import AMQPError

    running = Running(world)
    published = world.broker.faults.published

    def close() -> Any:
        if world.broker.published[-1].routing_key == "bad":
            for connection in list(world.broker.connections):
                if any(channel.confirms is not None for channel in connection.channels):
                    connection.close(AMQPError(541, "a plugin has failed", hard=True))
        return published()

    world.broker.faults.published = close  # type: ignore[method-assign]
    bad = running.service.publish(Message(topic="bad", body={"n": -1}), timeout=600)
    good = []
    for n in range(600):
        good.append(running.publish(n, timeout=60))
        world.settle(1)
    world.settle(61)

    with pytest.raises(PublishTimeout):
        result_of(bad)
    assert [None] * 600 == [result_of(each) for each in good]
    assert len(running.times.losses) < 600 / 3


def test_a_nack_leaves_it_open(world: World) -> None:
    """The reason of a nacked message is the word alone, for who wants to publish it again."""
    running = Running(world)
    world.broker.faults.nack_publishes(1)
    nacked = running.publish(1)
    world.settle()
    with pytest.raises(PublishReturned) as caught:
        result_of(nacked)

    assert "nacked" == caught.value.reason


def test_the_time_out_for_being_blocked(world: World) -> None:
    """blocked_connection_timeout of the URL ends the blocked connection, and says so."""
    url = "amqp://guest:guest@localhost/%2F?blocked_connection_timeout=20"
    running = Running(world, amqp_url=url)
    world.broker.faults.block("low on memory")
    waiting = running.publish(1)
    until(world, lambda: bool(running.times.losses), 21)
    world.broker.faults.unblock()
    until(world, lambda: waiting.called, 30)

    assert result_of(waiting) is None
    assert "the broker blocked the connection for longer than its time-out" in running.times.losses[0][1]
