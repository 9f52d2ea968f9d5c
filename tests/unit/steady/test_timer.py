# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The calls that a clock is to make can be changed as Twisted's."""

import pytest
from twisted.internet.error import AlreadyCalled, AlreadyCancelled

from support.jumping import JumpingReactor


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
