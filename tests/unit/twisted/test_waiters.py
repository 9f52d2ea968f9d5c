# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Deferreds that wait for the same event."""

from contextlib import nullcontext

import pytest
from twisted.internet.defer import CancelledError, Deferred

from fedora_messaging.exceptions import ConnectionException
from fedora_messaging.twisted._connection.waiters import Waiters, after, first_of
from support.world import result_of


def test_an_event() -> None:
    """All who wait get it; who comes later waits for the next one."""
    waiters: Waiters[int] = Waiters()
    first, second = waiters.add(), waiters.add()
    waiters.fire(1)
    third = waiters.add()
    waiters.fire(2)

    assert [1, 1, 2] == [result_of(each) for each in (first, second, third)]
    assert not waiters


def test_waiting_again_when_it_fires() -> None:
    """Who waits again from the callback is not given the same event twice."""
    waiters: Waiters[int] = Waiters()
    again: list[Deferred[int]] = []
    waiters.add().addCallback(lambda _: again.append(waiters.add()))
    waiters.fire(1)

    assert [False] == [each.called for each in again]


def test_no_event() -> None:
    """Whoever waits is given the error."""
    waiters: Waiters[int] = Waiters()
    waiting = waiters.add()
    waiters.fail(ConnectionException(reason="stopped"))

    with pytest.raises(ConnectionException, match="stopped"):
        result_of(waiting)


def test_cancelling() -> None:
    """Whoever cancels waits no more; the others are given the event."""
    waiters: Waiters[int] = Waiters()
    cancelled, waiting = waiters.add(), waiters.add()
    cancelled.cancel()
    waiters.fire(1)

    assert 1 == result_of(waiting)
    with pytest.raises(CancelledError):
        result_of(cancelled)


@pytest.mark.parametrize("which", [0, 1])
def test_whichever_is_first(which: int) -> None:
    """The first outcome of two counts, an error too; the other one is waited for no more."""
    outcomes, left = [], []
    for fails in (False, True):
        waiters: list[Waiters[str]] = [Waiters(), Waiters()]
        done = first_of(waiters[0].add(), waiters[1].add()).addErrback(lambda failure: str(failure.value))
        if fails:
            waiters[which].fail(ConnectionException(reason="stopped"))
        else:
            waiters[which].fire("connected")
        left.append(bool(waiters[1 - which]))
        waiters[1 - which].fire("too late")
        outcomes.append(result_of(done))

    assert ["connected", "stopped"] == outcomes
    assert [False, False] == left


@pytest.mark.parametrize("outcome", ["done", ConnectionException(reason="stopped")])
def test_after_another(outcome: object) -> None:
    """What waits until another Deferred has fired fires with None, and takes nothing from that."""
    other: Deferred[object] = Deferred()
    waiting = [after(other), after(other)]
    before = [each.called for each in waiting]
    if isinstance(outcome, Exception):
        other.errback(outcome)
    else:
        other.callback(outcome)

    assert [False, False] == before
    assert [None, None] == [result_of(each) for each in waiting]
    with pytest.raises(ConnectionException) if isinstance(outcome, Exception) else nullcontext():
        assert outcome == result_of(other)
