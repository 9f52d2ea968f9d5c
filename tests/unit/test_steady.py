# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Intervals last as long as they say, however the wall clock is set."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.internet.base import ReactorBase
from twisted.internet.defer import Deferred
from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock, LoopingCall

from fedora_messaging._core.observer import NullObserver
from fedora_messaging._steady import SteadyClock, make_steady, monotonic, steady
from fedora_messaging.exceptions import Nack, PublishTimeout
from fedora_messaging.message import Message
from support.jumping import DAY, HOUR, LATE, JumpingReactor, JumpingWorld
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


class Reactor(ReactorBase):
    """A reactor that waits for nothing, with a wall clock that can be set."""

    def __init__(self) -> None:
        self.wall = 1e9
        super().__init__()

    def seconds(self) -> float:  # type: ignore[override]
        return self.wall

    def installWaker(self) -> None:
        """No sockets."""

    def wakeUp(self) -> None:
        """Nobody sleeps."""


# The clock


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("call"), st.floats(0, 50)),
            st.tuples(st.just("pass"), st.floats(0, 20)),
            st.tuples(st.just("jump"), st.sampled_from([HOUR, -HOUR, DAY, -DAY, 5.0, -5.0])),
            st.tuples(st.just("cancel"), st.floats(0, 1)),
            st.tuples(st.just("reset"), st.floats(0, 1)),
        ),
        max_size=40,
    )
)
@example([("call", 10.0), ("jump", -HOUR), ("pass", 12.0)])
@example([("call", 10.0), ("jump", HOUR), ("pass", 1.0)])
def test_calls_are_made_once_and_in_time(steps: list[tuple[str, float]]) -> None:
    """Whatever is scheduled, moved, cancelled, and however the clock jumps: each call comes at its time."""
    reactor = JumpingReactor()
    clock = reactor.steady
    timers: list[Any] = []
    wanted: dict[int, float] = {}
    made: dict[int, float] = {}

    def called(number: int) -> None:
        assert number not in made
        made[number] = clock.seconds()

    for kind, value in [*steps, ("pass", 60.0)]:
        if kind == "call":
            wanted[len(timers)] = clock.seconds() + value
            timers.append(clock.callLater(value, called, len(timers)))
        elif kind == "pass":
            reactor.settle(value)
        elif kind == "jump":
            reactor.jump(value)
        elif timers:
            number = int(value * (len(timers) - 1))
            if timers[number].active() and kind == "cancel":
                timers[number].cancel()
                del wanted[number]
            elif timers[number].active():
                timers[number].reset(value * 40)
                wanted[number] = clock.seconds() + value * 40

    assert made.keys() == wanted.keys()
    for number, when in made.items():
        assert wanted[number] <= when <= wanted[number] + LATE + 1e-6
    assert [] == clock.getDelayedCalls()


def test_a_remainder_that_rounding_loses() -> None:
    """What is left and too small for the reactor's own time is waited for, not asked for over and over."""
    reactor = JumpingReactor()
    made: list[int] = []
    reactor.steady.callLater(1 + 1e-12, made.append, 1)
    reactor.jump(400 * DAY)
    reactor.settle(1)
    reactor.settle(0.25)

    assert made == [1]


def test_the_reactor_is_asked_again_for_what_is_left() -> None:
    """A wall clock set forward makes no call early."""
    reactor = JumpingReactor()
    made: list[float] = []
    reactor.steady.callLater(10, lambda: made.append(reactor.elapsed()))
    for _ in range(9):
        reactor.jump(DAY)
        reactor.settle(1)
    assert made == []
    reactor.settle(1)

    assert made == [10]


def test_a_timer_is_a_delayed_call() -> None:
    """It can be looked at, put off, and cancelled once, as Twisted's can."""
    reactor = JumpingReactor()
    made: list[str] = []
    early, late, never = (
        reactor.steady.callLater(n, made.append, word) for n, word in ((1, "a"), (2, "b"), (3, "c"))
    )
    early.delay(4)
    never.cancel()
    reactor.settle(2)
    assert (made, early.getTime(), early.active(), late.active()) == (["b"], 5, True, False)
    early.reset(0.5)
    reactor.settle(0.5)

    assert made == ["b", "a"]
    for timer, error in ((never, AlreadyCancelled), (late, AlreadyCalled)):
        for change in (timer.cancel, lambda timer=timer: timer.reset(1), lambda timer=timer: timer.delay(1)):
            with pytest.raises(error):
                change()


def test_calls_made_by_calls() -> None:
    """A call may schedule, cancel and put off others that are due at the same moment."""
    reactor = JumpingReactor()
    clock = reactor.steady
    made: list[str] = []

    def first() -> None:
        made.append("first")
        cancelled.cancel()
        put_off.reset(1)
        clock.callLater(0, made.append, "at once")

    clock.callLater(1, first)
    cancelled = clock.callLater(1, made.append, "cancelled")
    put_off = clock.callLater(1, made.append, "put off")
    clock.callLater(1, made.append, "last")
    reactor.settle(1)
    assert made == ["first", "last", "at once"]
    reactor.settle(1)

    assert made == ["first", "last", "at once", "put off"]


def test_a_call_that_ends_the_loop_loses_none() -> None:
    """What is due with a call that raises KeyboardInterrupt is made the next time."""
    reactor = JumpingReactor()
    made: list[int] = []

    def interrupt() -> None:
        raise KeyboardInterrupt

    reactor.steady.callLater(1, interrupt)
    reactor.steady.callLater(1, made.append, 1)
    with pytest.raises(KeyboardInterrupt):
        reactor.settle(1)
    reactor.settle(0)

    assert made == [1]


def test_many_cancelled_timers_are_not_kept() -> None:
    """A timer for each message that is confirmed in time does not add up."""
    clock = JumpingReactor().steady
    for _ in range(10_000):
        clock.callLater(30, print).cancel()

    assert len(clock._timers) < 200


def test_cancelled_timers_leave_nothing_in_the_reactor() -> None:
    """When no call of the clock is left, the reactor has none for it; trial would refuse it."""
    world = JumpingReactor()
    timers = [world.steady.callLater(delay, print) for delay in (5, 3, 9)]
    timers[0].reset(30)
    asked = [len(world.getDelayedCalls())]
    for timer in timers:
        timer.cancel()
        asked.append(len(world.getDelayedCalls()))

    assert [1, 1, 1, 0] == asked
    world.steady.callLater(1, print)
    assert 1 == len(world.getDelayedCalls())


def test_a_looping_call() -> None:
    """Twisted's own helpers take it for a reactor."""
    reactor = JumpingReactor()
    made: list[float] = []
    loop = LoopingCall(lambda: made.append(reactor.elapsed()))
    loop.clock = reactor.steady
    loop.start(10, now=False)
    for jump in (HOUR, -DAY, DAY):
        reactor.jump(jump)
        reactor.settle(10.5)
    loop.stop()

    assert IReactorTime.providedBy(reactor.steady)
    assert [int(when) for when in made] == [10, 20, 30]


# Reactors


def test_a_reactor_is_made_monotonic() -> None:
    """Its time goes on and follows the wall clock no more, for calls already scheduled as well."""
    reactor = Reactor()
    early = reactor.callLater(0, print)
    late = reactor.callLater(1000, print)
    make_steady(reactor)
    assert abs(reactor.seconds() - 1e9) < 500
    reactor.wall += DAY
    late.reset(2000)
    later = reactor.callLater(10, print)

    assert abs(reactor.seconds() - 1e9) < 500
    assert abs(late.getTime() - 1e9 - 2000) < 500
    assert abs(later.getTime() - 1e9 - 10) < 500
    assert early.getTime() <= reactor.seconds()
    assert steady(reactor) is reactor


def test_what_measures_time_by_itself_is_left_alone() -> None:
    """A reactor that runs belongs to the application; a Clock has a time of its own."""
    clock = Clock()
    make_steady(clock)
    running = Reactor()
    running.running = True
    make_steady(running)
    running.wall += DAY

    assert steady(clock) is clock
    assert running.seconds() == 1e9 + DAY
    assert isinstance(steady(running), SteadyClock)
    assert steady(running) is steady(running)
    assert steady(steady(running)) is steady(running)


def test_the_clock_is_monotonic() -> None:
    """It does not go back."""
    assert monotonic() <= monotonic()


# Every deadline, while the wall clock jumps


class Losses(NullObserver):
    """Connections that were lost."""

    def __init__(self) -> None:
        self.lost = 0

    def disconnected(self, reason: str) -> None:
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
