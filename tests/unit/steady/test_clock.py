# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The clock of an application's reactor makes each call in time, however the wall clock is set."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

from support.jumping import DAY, HOUR, LATE, JumpingReactor
from support.world import no_unhandled_errors


@pytest.fixture(autouse=True)
def clean_log() -> Iterator[None]:
    """No test leaves an unhandled error behind."""
    with no_unhandled_errors():
        yield


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
    made: list[tuple[int, float]] = []

    def called(number: int) -> None:
        made.append((number, clock.seconds()))

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

    assert sorted(wanted) == sorted(number for number, _ in made)
    for number, when in made:
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
    loop: Any = LoopingCall(lambda: made.append(reactor.elapsed()))
    loop.clock = reactor.steady
    loop.start(10, now=False)
    for jump in (HOUR, -DAY, DAY):
        reactor.jump(jump)
        reactor.settle(10.5)
    loop.stop()

    assert IReactorTime.providedBy(reactor.steady)
    assert [int(when) for when in made] == [10, 20, 30]
