# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What observers are told, and in which order."""

import itertools
from collections.abc import Callable
from typing import Any, cast

import pytest
from twisted.internet.defer import Deferred

from fedora_messaging._core.observer import NullObserver, Observer, guarded, implemented
from fedora_messaging.exceptions import (
    HaltConsumer,
    Nack,
    PublishBacklog,
    PublishReturned,
    PublishTimeout,
    ValidationError,
)
from fedora_messaging.message import Message
from support.world import World

TOPOLOGY: dict[str, Any] = {
    "queues": {"q": {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}},
    "bindings": [{"exchange": "amq.topic", "queue": "q", "routing_keys": ["t.#"]}],
}
CALLS = [name for name in vars(NullObserver) if not name.startswith("_")]


class Recording:
    """Notes each call with its values."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name not in CALLS:
            raise AttributeError(name)
        return lambda *values: self.calls.append((name, values))

    def of(self, *names: str) -> list[tuple[Any, ...]]:
        """The values of the calls of these names."""
        return [values for name, values in self.calls if name in names]

    @property
    def names(self) -> list[str]:
        """The names of the calls."""
        return [name for name, _ in self.calls]


def running(world: World, on_message: Any, *observers: Any, **keys: Any) -> Any:
    """A service that consumes."""
    service = world.service(on_message, observer=list(observers), **{**TOPOLOGY, **keys})
    service.startService()
    world.settle(1)
    return service


def test_one_message_there_and_back(world: World) -> None:
    """Each event of a message is told once, in the order in which it happens."""
    seen = Recording()
    service = running(world, lambda _: None, seen)
    before = len(seen.calls)
    service.publish(Message(topic="t.1", body={}))
    world.settle(1)

    told = [name for name in seen.names[before:] if name != "connected"]
    assert ["publish_started", "publish_ended"] == [each for each in told if each.startswith("publish")]
    assert ["delivered", "started", "ended", "processed", "settled"] == [
        each for each in told if not each.startswith("publish")
    ]
    assert (seen.of("publish_started")[0][0], None) == seen.of("publish_ended")[0]
    assert "t.1" == seen.of("started")[0][1].topic


def test_connections_are_told_by_their_purpose(world: World) -> None:
    """With the address, the broker's version, and what ended them."""
    seen = Recording()
    service = running(world, lambda _: None, seen)
    service.publish(Message(topic="t.1", body={}))
    world.settle(1)
    world.reactor.reachable = False
    world.reactor.cut()
    world.settle(2)

    connected, lost = seen.of("connected"), seen.of("disconnected")
    assert {"consuming", "publishing"} == {values[0] for values in connected}
    assert all("localhost" in peer and broker for _, peer, broker in connected)
    assert {"closed", "refused"} == {reason.failure for _, reason in lost}


def test_states_blocks_holds_and_rests(world: World) -> None:
    """A consumer's states are told as pairs that join up; so are blocks, holds and rests."""
    seen = Recording()

    def fail(message: Message) -> None:
        raise OSError if message.topic == "t.fail" else Nack

    policy = {"on": ["builtins:OSError"], "delays": [1], "rest_after": 2, "then": "repeat", "jitter": 0}
    service = running(world, fail, seen, retry=policy)
    for _ in range(3):
        service.publish(Message(topic="t.fail", body={}))
    world.settle(1)
    world.broker.faults.block("low on memory")
    service.publish(Message(topic="t.nack", body={}))
    world.settle(1)
    world.broker.faults.unblock()
    world.settle(1)

    states = [(before.value, after.value) for _, _, before, after in seen.of("state_changed")]
    assert [("idle", "connecting"), ("connecting", "declaring"), ("declaring", "consuming")] == states[:3]
    assert all(after == before for (_, after), (before, _) in itertools.pairwise(states))
    assert ("consuming", "resting") in states
    assert [("publishing", "low on memory"), ("publishing", None)] == seen.of("blocked")
    assert seen.of("held")
    queue, seconds, reason = seen.of("rested")[0]
    assert ("q", 1.0, "2 failures in a row, last: OSError") == (queue, seconds, reason)


def test_each_publish_ends_once(world: World) -> None:
    """Confirmed, returned, timed out, given up, refused or invalid: one end for each."""
    seen = Recording()
    service = running(world, lambda _: None, seen, mandatory=True, max_pending=2)
    service.publish(Message(topic="t.1", body={}))
    service.publish(Message(topic="nowhere", body={})).addErrback(lambda _: None)
    world.settle(1)
    world.broker.faults.block()
    service.publish(Message(topic="t.2", body={}), timeout=1).addErrback(lambda _: None)
    given_up: Deferred[None] = service.publish(Message(topic="t.3", body={}))
    given_up.addErrback(lambda _: None)
    given_up.cancel()
    for _ in range(4):
        service.publish(Message(topic="t.4", body={}), timeout=1).addErrback(lambda _: None)
    world.settle(3)
    service.publish(Message(topic="t.5", body=cast(Any, "no object"))).addErrback(lambda _: None)

    started = [values[0] for values in seen.of("publish_started")]
    ended = [values[0] for values in seen.of("publish_ended")]
    kinds = [type(error) for _, error in seen.of("publish_ended")]
    assert sorted(map(id, started)) == sorted(map(id, ended))
    assert [type(None), PublishReturned] == kinds[:2]
    assert {PublishTimeout} == set(kinds[2:])
    assert [PublishBacklog, ValidationError] == [type(error) for _, error in seen.of("publish_refused")]
    assert {"amq.topic"} == {exchange for exchange, _ in seen.of("publish_refused")}


class Broken(NullObserver):
    """Raises in one call, and counts how often."""

    count = 0

    def delivered(self, delivery: Any) -> None:
        self.count += 1
        raise SystemExit(3)


def test_several_observers(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Each is told everything, also after one that raises, which is logged once."""
    first, broken, last = Recording(), Broken(), Recording()
    service = running(world, lambda _: None, first, broken, last)
    for _ in range(3):
        service.publish(Message(topic="t.1", body={}))
    world.settle(1)

    assert first.names == last.names
    assert 3 == broken.count == sum(len(deliveries) for deliveries, _ in last.of("settled"))
    assert ["delivered() raised SystemExit: 3"] == [
        record.getMessage().partition("its ")[2].partition(". ")[0]
        for record in caplog.records
        if "Broken" in record.getMessage()
    ]


def test_no_observer_is_none() -> None:
    """Where nothing observes, nothing is called."""
    assert guarded(None) is None
    assert guarded([]) is None
    assert implemented(None, "settled") is None


def test_a_callback_that_ends_the_consumer(world: World) -> None:
    """Its message is told of with what was decided, apart from those before it."""
    seen = Recording()

    def callback(message: Message) -> None:
        if message.topic == "t.3":
            raise HaltConsumer

    service = running(world, callback, seen)
    service.consumers[0].result.addErrback(lambda _: None)
    for number in range(1, 4):
        service.publish(Message(topic=f"t.{number}", body={}))
    world.settle(1)

    told = [(each.routing_key, settlement.ends) for some, settlement in seen.of("settled") for each in some]
    assert [(b"t.1", None), (b"t.2", None)] == told[:2]
    assert b"t.3" == told[2][0]
    assert isinstance(told[2][1], HaltConsumer)


@pytest.mark.parametrize("name", CALLS)
def test_calls_that_nobody_implements(name: str) -> None:
    """What an observer inherits from NullObserver is not called, and need not be."""
    observer: Observer | None = guarded(NullObserver())

    assert implemented(observer, name) is None
    assert implemented(guarded([NullObserver(), Recording()]), name) is not None
    assert getattr(observer, name)("takes", "anything") is None
