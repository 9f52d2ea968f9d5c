# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What runs in the reactor's thread, and the thread that waits for it."""

import threading

import pytest
from twisted.internet.defer import CancelledError, Deferred

from fedora_messaging._client.call import Call
from fedora_messaging.exceptions import ConnectionException


def _made(call: object, *arguments: object) -> tuple[Call, set[Call]]:
    waiting: set[Call] = set()
    return Call(call, arguments, waiting), waiting  # type: ignore[arg-type]


def test_a_value() -> None:
    """What the call returns is what the waiting thread gets, as often as it asks."""
    call, waiting = _made(lambda a, b: a + b, 1, 2)
    call.run()

    assert (call.wait(0), call.wait(None), waiting) == (3, 3, set())


def test_a_deferred_and_another_thread() -> None:
    """A Deferred is waited for, in whichever thread it was asked."""
    deferred: Deferred[int] = Deferred()
    call, _ = _made(lambda: deferred)
    call.run()
    got: list[int] = []
    thread = threading.Thread(target=lambda: got.append(call.wait(30)))
    thread.start()
    deferred.callback(7)
    thread.join(30)

    assert got == [7]


def test_an_error() -> None:
    """What the call raises, or its Deferred fails with, is raised where it is waited for."""
    failing: Deferred[None] = Deferred()
    failing.errback(KeyError("later"))

    def raises() -> None:
        raise KeyError("now")

    for call, words in ((_made(raises)[0], "now"), (_made(lambda: failing)[0], "later")):
        call.run()
        with pytest.raises(KeyError, match=words):
            call.wait(0)


def test_a_timeout_and_giving_up() -> None:
    """A wait that takes too long is a TimeoutError; given up, the Deferred is cancelled."""
    cancelled: list[Deferred[None]] = []
    deferred: Deferred[None] = Deferred(cancelled.append)
    call, waiting = _made(lambda: deferred)
    call.run()
    with pytest.raises(TimeoutError):
        call.wait(0)
    call.cancel()

    assert (cancelled, waiting) == ([deferred], set())
    with pytest.raises(CancelledError):
        call.wait(0)


def test_given_up_before_it_ran() -> None:
    """What was given up before its turn is not called."""
    called: list[int] = []
    call, waiting = _made(called.append, 1)
    call.cancel()
    call.run()

    assert (called, waiting) == ([], set())


def test_a_reactor_that_stops() -> None:
    """When the reactor stops, whoever waits gets a documented error, and what comes later changes nothing."""
    deferred: Deferred[int] = Deferred()
    call, waiting = _made(lambda: deferred)
    call.run()
    call.lost()
    deferred.callback(7)

    assert waiting == set()
    with pytest.raises(ConnectionException, match="the reactor was stopped"):
        call.wait(0)


def test_a_time_that_is_over() -> None:
    """A negative limit is one that is over: what has come is given, nothing else is waited for."""
    done, _ = _made(lambda: 7)
    done.run()
    never: Deferred[None] = Deferred()
    running, _ = _made(lambda: never)
    running.run()

    assert done.wait(-0.5) == 7
    for limit in (-0.5, -1):
        with pytest.raises(TimeoutError):
            running.wait(limit)
