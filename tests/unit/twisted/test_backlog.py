# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Publishing without waiting: what is kept, what is in flight, and what is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred

from fedora_messaging.exceptions import PublishBacklog, PublishTimeout
from fedora_messaging.message import Message
from fedora_messaging.twisted._publishing.backlog import Backlog
from support.world import World, result_of


def message(size: int = 1) -> Message:
    return Message(topic="t", body={"text": "x" * size})


def error_of(deferred: Deferred[None]) -> Exception:
    with pytest.raises(Exception) as raised:
        result_of(deferred)
    error: Exception = raised.value
    return error


def started(world: World, **keys: Any) -> Any:
    service = world.service(None, **keys)
    service.startService()
    world.settle()
    return service


def test_refused_at_twice_the_limit() -> None:
    """While the broker is away, twice the limit are kept; the next is refused, and nothing of it is sent."""
    world = World()
    world.reactor.reachable = False
    service = started(world, max_pending=5)
    kept = [service.publish(message()) for _ in range(10)]
    refused = error_of(service.publish(message()))
    assert isinstance(refused, PublishBacklog)
    assert "10 messages" in str(refused)
    assert "max_pending" in str(refused)
    world.reactor.reachable = True
    world.settle(20)

    assert [None] * 10 == [result_of(each) for each in kept]
    assert 10 == len(world.broker.published)
    published = service.publish(message())
    world.settle()
    assert result_of(published) is None


def test_bytes_count_as_well() -> None:
    """Few messages that are large reach the limit of bytes, and the error names its key."""
    world = World()
    world.reactor.reachable = False
    service = started(world, max_pending_bytes=1000)
    kept = [service.publish(message(900)), service.publish(message(900))]
    refused = error_of(service.publish(message(1)))

    assert "max_pending_bytes" in str(refused)
    for each in kept:
        each.addErrback(lambda _: None)


def test_no_more_are_in_flight_than_the_limit() -> None:
    """Messages beyond the limit are written when earlier ones are confirmed."""
    world = World()
    service = started(world, max_pending=3)
    world.broker.faults.withhold_confirms()
    publishing = [service.publish(message()) for _ in range(5)]
    world.settle()
    assert 3 == len(world.broker.published)
    world.broker.faults.release_confirms()
    world.settle()

    assert [None] * 5 == [result_of(each) for each in publishing]


def test_a_timeout_names_the_backlog() -> None:
    """A message that is given up while others are in flight says how many are waiting."""
    world = World()
    service = started(world, max_pending=2)
    world.broker.faults.withhold_confirms()
    publishing = [service.publish(message(), timeout=5) for _ in range(3)]
    world.settle(6)
    errors = [error_of(each) for each in publishing]

    assert {PublishTimeout} == {type(each) for each in errors}
    assert "3 messages are waiting to be published" in str(errors[0])


def test_what_is_given_up_makes_room() -> None:
    """A message whose time is over, or that is cancelled, does not count any more."""
    world = World()
    world.reactor.reachable = False
    service = started(world, max_pending=1)
    late, cancelled = service.publish(message(), timeout=1), service.publish(message())
    assert isinstance(error_of(service.publish(message())), PublishBacklog)
    cancelled.addErrback(lambda _: None)
    cancelled.cancel()
    world.settle(2)
    assert isinstance(error_of(late), PublishTimeout)
    kept = service.publish(message())

    assert not kept.called
    kept.addErrback(lambda _: None)


@given(st.integers(0, 50), st.integers(0, 5000), st.integers(0, 200), st.integers(0, 20_000))
def test_limits(limit: int, size_limit: int, count: int, size: int) -> None:
    """What is refused has to wait as well, and 0 is no limit."""
    backlog = Backlog(limit, size_limit)

    assert not backlog.refuses(count, size) or backlog.is_full(count, size)
    assert not Backlog(0, 0).is_full(count, size)
    assert backlog.is_full(count, size) == bool(
        (limit and count >= limit) or (size_limit and size >= size_limit)
    )
