# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Which reactors are made monotonic, and which are left alone."""

import time

import freezegun
from twisted.internet.base import ReactorBase
from twisted.internet.task import Clock

from fedora_messaging._steady import SteadyClock, make_steady, monotonic, steady
from support.jumping import DAY


class Reactor(ReactorBase):
    """A reactor that waits for nothing, with a wall clock that can be set."""

    def __init__(self) -> None:
        self.wall = 1e9
        super().__init__()

    def seconds(self) -> float:
        return self.wall

    def installWaker(self) -> None:
        """No sockets."""

    def wakeUp(self) -> None:
        """Nobody sleeps."""


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


def test_the_clock_is_the_systems_monotonic_one() -> None:
    """The clock is the system's monotonic one, and goes on where a library freezes time."""
    before = time.monotonic()
    with freezegun.freeze_time("2000-01-01"):
        now = monotonic()

    assert before <= now <= time.monotonic()
