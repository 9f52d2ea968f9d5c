# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The delays between attempts to connect."""

import pytest
from twisted.internet.task import Clock

from fedora_messaging._core.backoff import Backoff
from fedora_messaging._core.lifecycle import CloseReason, Scope
from fedora_messaging.twisted._connection.reconnect_pause import ReconnectPause

LOST = CloseReason(Scope.TRANSPORT, 0, "lost")
FAULT = CloseReason(Scope.CONNECTION, 501, "FRAME_ERROR")


class Attempts:
    """The attempts on a clock whose delays are their upper bounds: 1, 2, 4 and 8 s."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.pause = ReconnectPause(self.clock, Backoff(1.0, 8.0, lambda low, high: high))
        self.made = 0

    def fail(self, reason: CloseReason = LOST) -> float:
        """The connection failed: wait for the next attempt; returns its delay."""
        before = self.made
        delay = self.pause.schedule(reason, self.attempt)
        self.clock.advance(delay)
        assert before + 1 == self.made
        return delay

    def attempt(self) -> None:
        self.made += 1


def test_delays_grow() -> None:
    """They double up to the cap, whether there were connections in between or not."""
    attempts = Attempts()
    delays = [attempts.fail(), attempts.fail()]
    attempts.pause.connected()

    assert [1, 2, 4, 8, 8] == [*delays, attempts.fail(), attempts.fail(), attempts.fail()]


def test_progress() -> None:
    """After progress they begin again."""
    attempts = Attempts()
    attempts.fail()
    attempts.fail()
    attempts.pause.made_progress()

    assert 1 == attempts.fail()


@pytest.mark.parametrize(("lasted", "delay"), [(8, 4), (8.5, 1)])
def test_closes_for_an_error_of_the_client(lasted: float, delay: float) -> None:
    """Progress does not shorten the delays after them; a connection that lasts longer than the cap does."""
    attempts = Attempts()
    for _ in range(2):
        attempts.pause.connected()
        attempts.pause.made_progress()
        attempts.fail(FAULT)
    attempts.pause.connected()
    attempts.pause.made_progress()
    attempts.clock.advance(lasted)

    assert delay == attempts.fail(FAULT)


def test_cancelling() -> None:
    """A cancelled attempt is not made; cancelling again, or after it was made, does nothing."""
    attempts = Attempts()
    attempts.fail()
    attempts.pause.cancel()
    attempts.pause.schedule(LOST, attempts.attempt)
    attempts.pause.cancel()
    attempts.pause.cancel()
    timers = list(attempts.clock.getDelayedCalls())

    assert ([], 1) == (timers, attempts.made)
