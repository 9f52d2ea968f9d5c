# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Each deadline of client and broker lasts as long as it says, however the wall clock is set."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred

from fedora_messaging._core.lifecycle import CloseReason
from fedora_messaging._core.observer import NullObserver
from fedora_messaging.exceptions import Nack, PublishTimeout
from fedora_messaging.message import Message
from support.jumping import DAY, HOUR, LATE, JumpingWorld
from support.world import no_unhandled_errors

QUEUE: dict[str, Any] = {
    "queues": {"q": {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}},
    "bindings": [{"exchange": "amq.topic", "queue": "q", "routing_keys": ["#"]}],
}
# After how many seconds the wall clock is set, and by how much.
JUMPS = st.lists(
    st.tuples(
        st.sampled_from([0.25, 1.0, 4.0, 20.0, 70.0]),
        st.sampled_from([HOUR, -HOUR, DAY, -DAY, 400 * DAY, -400 * DAY, 3.0, -3.0]),
    ),
    min_size=1,
    max_size=4,
)


@pytest.fixture(autouse=True)
def clean_log() -> Iterator[None]:
    """No test leaves an unhandled error behind."""
    with no_unhandled_errors():
        yield


class Losses(NullObserver):
    """Connections that were lost."""

    def __init__(self) -> None:
        self.lost = 0

    def disconnected(self, connection: str, reason: CloseReason) -> None:
        self.lost += 1


def _running(world: JumpingWorld, callback: Any = None, **keys: Any) -> Any:
    service = world.service(callback or (lambda _: None), **{**QUEUE, **keys})
    service.startService()
    world.settle(1)
    return service


def _outcome(deferred: Deferred[Any]) -> list[Any]:
    outcome: list[Any] = []
    deferred.addBoth(outcome.append)
    return outcome


def _hold(world: JumpingWorld) -> None:
    for connector in world.reactor.connectors:
        if connector.pump is not None:
            connector.pump.held = True


def _back_off(world: JumpingWorld) -> tuple[Callable[[], bool], float, float]:
    """An unreachable broker is tried for again and again."""
    losses = Losses()
    _running(world, observer=losses)
    world.reactor.reachable = False
    world.reactor.cut()
    world.settle(30)
    before = losses.lost
    return lambda: losses.lost >= before + 10, 2.0, 80.0


def _silent_peer(world: JumpingWorld) -> tuple[Callable[[], bool], float, float]:
    """A dead line is noticed after two heartbeats."""
    losses = Losses()
    _running(world, observer=losses)
    world.settle(5)
    _hold(world)
    return lambda: losses.lost > 0, 54.0, 121.0


def _handshake(world: JumpingWorld) -> tuple[Callable[[], bool], float, float]:
    """A peer that accepts the connection and says nothing is given up after handshake_timeout."""
    join, losses = world.broker.join, Losses()

    def held(client: Any) -> Any:
        pump = join(client)
        pump.held = True
        return pump

    world.broker.join = held  # type: ignore[method-assign]
    world.service(None, observer=losses, **QUEUE).startService()
    return lambda: losses.lost > 0, 9.75, 10.5


def _publish_timeout(world: JumpingWorld) -> tuple[Callable[[], bool], float, float]:
    """A message without a confirm is given up at its timeout."""
    service = _running(world)
    world.broker.faults.withhold_confirms()
    outcome = _outcome(service.publish(Message(topic="t", body={}), timeout=20))
    return lambda: bool(outcome) and isinstance(outcome[0].value, PublishTimeout), 19.75, 20.0


def _grace(world: JumpingWorld) -> tuple[Callable[[], bool], float, float]:
    """A callback that does not finish holds a stop for the grace period."""
    service = _running(world, lambda _: Deferred(), shutdown_grace=20)
    service.publish(Message(topic="t", body={}))
    world.settle(1)
    outcome = _outcome(service.stopService())
    return lambda: bool(outcome), 10.0, 20.0


def _nack_delay(world: JumpingWorld) -> tuple[Callable[[], bool], float, float]:
    """A message that is refused comes again after its delay."""
    seen: list[Message] = []

    def refuse(message: Message) -> None:
        seen.append(message)
        raise Nack

    service = _running(world, refuse, nack_delay={"first": 16, "cap": 16})
    service.publish(Message(topic="t", body={}))
    world.settle(1)
    assert len(seen) == 1
    return lambda: len(seen) == 2, 0.0, 16.0


def _time_to_live(world: JumpingWorld) -> tuple[Callable[[], bool], float, float]:
    """A message in the embedded broker expires after its time to live."""
    queues = {"q": {**QUEUE["queues"]["q"], "arguments": {"x-message-ttl": 20_000}}}
    service = _running(world, lambda _: Deferred(), queues=queues, qos={"prefetch_count": 1})
    for _ in range(2):
        service.publish(Message(topic="t", body={}))
    world.settle(1)
    assert world.broker.queue("q").ready == 1
    return lambda: world.broker.queue("q").ready == 0, 18.5, 20.0


DEADLINES = [_back_off, _silent_peer, _handshake, _publish_timeout, _grace, _nack_delay, _time_to_live]


@pytest.mark.parametrize("deadline", DEADLINES)
@settings(max_examples=25)
@given(jumps=JUMPS)
@example(jumps=[(0.25, -HOUR)])
@example(jumps=[(0.25, HOUR)])
@example(jumps=[(1.0, 400 * DAY), (1.0, -400 * DAY)])
def test_a_deadline_survives_jumps(deadline: Any, jumps: list[tuple[float, float]]) -> None:
    """In an application's reactor each deadline takes the same time, however the wall clock is set."""
    world = JumpingWorld()
    reached, least, most = deadline(world)

    assert least - LATE <= world.how_long(reached, jumps) <= most + 2 * LATE


@settings(max_examples=25)
@given(jumps=JUMPS)
@example(jumps=[(4.0, -HOUR)])
@example(jumps=[(4.0, HOUR)])
def test_heartbeats_go_on(jumps: list[tuple[float, float]]) -> None:
    """Client and broker hear of each other all the time, and neither imagines a silent peer."""
    world = JumpingWorld()
    losses = Losses()
    _running(world, observer=losses)
    before = world.reactor.connections
    world.how_long(lambda: world.reactor.elapsed() > 400, jumps)

    assert (losses.lost, world.reactor.connections) == (0, before)
