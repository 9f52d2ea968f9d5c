# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Many messages on their way: how many at a time, and what the caller is given in the end."""

from collections import deque
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from fedora_messaging._amqp.messages import Encoded
from fedora_messaging._client.publish_many import BATCH, Batch, ManyPublishes, check_in_flight
from fedora_messaging.exceptions import ConnectionException, PublishReturned, PublishTimeout, ValidationError
from fedora_messaging.message import Message

ENCODED = Encoded(b"e", b"t", b"\0\0", b"{}", b"")


class Wire:
    """Where messages are published: each waits until it is confirmed or refused."""

    def __init__(self) -> None:
        self.sent: list[Deferred[None]] = []

    def send(self, encoded: Encoded, timeout: float | None) -> Deferred[None]:
        self.sent.append(Deferred())
        return self.sent[-1]


def batch(count: int) -> Batch:
    return deque((Message(topic=str(n)), ENCODED) for n in range(count))


def test_there_is_room_when_a_batch_fits() -> None:
    """The caller is kept waiting until another batch fits below the limit."""
    wire = Wire()
    run = ManyPublishes(wire.send, None, 2 * BATCH)
    assert run.feed(batch(BATCH)).called
    room = run.feed(batch(BATCH))
    seen = []
    for each in wire.sent[:BATCH]:
        seen.append(bool(room.called))
        each.callback(None)

    assert [False] * BATCH == seen
    assert room.called
    assert BATCH == run.confirmed


@pytest.mark.parametrize(("in_flight", "size"), [(1, 1), (3, 1), (100, 50), (10_000, BATCH)])
def test_a_limit_below_a_batch(in_flight: int, size: int) -> None:
    """With a small limit batches are smaller, and the next waits until it fits below the limit."""
    wire = Wire()
    run = ManyPublishes(wire.send, None, in_flight)
    room = run.feed(batch(in_flight))
    seen = []
    for each in wire.sent[:size]:
        seen.append(bool(room.called))
        each.callback(None)

    assert size == run.batch
    assert [False] * size == seen
    assert room.called
    assert run.error(None, []) is None


def test_refused_messages_do_not_keep_the_others() -> None:
    """What the broker refuses is listed with its error, and further messages are sent."""
    wire = Wire()
    run = ManyPublishes(wire.send, None, 1000)
    messages = list(batch(3))
    run.feed(deque(messages))
    wire.sent[1].errback(PublishReturned("no"))
    assert not run.is_over()
    for number in (0, 2):
        wire.sent[number].callback(None)
    error = run.error(None, [])

    assert error is not None
    assert [(messages[1][0], PublishReturned)] == [(each, type(why)) for each, why in error.failed]
    assert (2, []) == (error.confirmed, error.unsent)
    assert isinstance(error.__cause__, PublishReturned)


@pytest.mark.parametrize("why", [PublishTimeout("late"), ConnectionException("gone")])
def test_when_the_broker_is_away_no_more_are_drawn(why: Exception) -> None:
    """An error that further messages would have as well ends the drawing; what was drawn is unsent."""
    wire = Wire()
    run = ManyPublishes(wire.send, 5, 1000)
    run.feed(batch(2))
    wire.sent[0].errback(why)
    assert run.is_over()
    wire.sent[1].errback(why)
    left = Message(topic="left")
    error = run.error(None, [left])

    assert error is not None
    assert (0, 2, [left]) == (error.confirmed, len(error.failed), error.unsent)
    assert "0 confirmed, 2 failed, 1 drawn and not sent" in str(error)


def test_too_many_failures_end_it() -> None:
    """As many failures as may be on their way end the drawing: something is wrong with all of them."""
    run = ManyPublishes(Wire().send, None, 3)
    for n in range(3):
        assert not run.is_over()
        run.note(Message(topic=str(n)), ValidationError("bad"))

    assert run.is_over()


def test_giving_up() -> None:
    """Each message on its way is given up, with an error that says so, and nothing more is sent."""
    wire = Wire()
    run = ManyPublishes(wire.send, None, 1000)
    run.feed(batch(3))
    run.give_up()
    left = batch(2)
    run.feed(left)

    assert all(each.called for each in wire.sent)
    assert run.is_over()
    assert 2 == len(left)
    assert ["given up before the broker had confirmed it; it may have arrived"] * 3 == [
        str(why) for _, why in run.failed
    ]


def test_a_message_that_cannot_be_published() -> None:
    """What publishing the first raises is raised; later it is the failure of that message, and final."""

    def refuse(encoded: Encoded, timeout: float | None) -> Deferred[None]:
        if not sent:
            sent.append(1)
            return Deferred()
        raise KeyError("no service")

    sent: list[int] = [1]
    run = ManyPublishes(refuse, None, 1000)
    first = batch(3)
    with pytest.raises(KeyError):
        run.feed(first)
    assert (3, False, []) == (len(first), run.started, run.failed)
    sent.clear()
    run.feed(first)

    assert (1, True, 1) == (len(first), run.is_over(), len(run.failed))
    assert isinstance(run.final, KeyError)


def test_a_reactor_that_stops() -> None:
    """What was on its way when the reactor stopped has failed."""
    run = ManyPublishes(Wire().send, None, 1000)
    run.feed(batch(3))
    run.lose(ConnectionException("the reactor was stopped"))

    assert 3 == len(run.failed)
    assert run.is_over()


@pytest.mark.parametrize("value", [0, -1, 2.5, "many", True, None])
def test_bad_limits(value: Any) -> None:
    """What is no number of messages is refused."""
    with pytest.raises(ValueError, match="in_flight must be a whole number, 1 at least"):
        check_in_flight(value)
