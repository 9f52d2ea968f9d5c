# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Blocking until consumers end: by themselves, with an error, or because their service is stopped."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed

from fedora_messaging._client.consuming import consume_to_the_end
from fedora_messaging.exceptions import ConsumerCanceled, HaltConsumer


class Consumer:
    """A consumer that ends when the test says so."""

    def __init__(self) -> None:
        self.result: Deferred[Any] = Deferred()
        self.cancelled = False

    def cancel(self) -> Deferred[None]:
        self.cancelled = True
        return succeed(None)


class Current:
    """A service that ends its consumers with an error when it is stopped or aborted."""

    def __init__(self, consumers: list[Consumer], error: Exception) -> None:
        self.consumers = consumers
        self.error = error
        self.events: list[str] = []

    def stop(self) -> Deferred[None]:
        self.events.append("stop")
        self._end()
        return succeed(None)

    def abort(self) -> None:
        self.events.append("abort")
        self._end()

    def _end(self) -> None:
        for consumer in self.consumers:
            if not consumer.result.called:
                consumer.result.errback(self.error)


def consume(
    consumers: list[Consumer],
    start: Callable[[], Any] = lambda: None,
    requests: int = 0,
    error: Exception | None = None,
) -> list[str]:
    """Consume to the end, with so many requests to stop; returns what happened to the service.

    ``start`` is called when the consumers have started.
    """
    current = Current(consumers, error or ConsumerCanceled("stopped"))

    @contextmanager
    def requested(first: Callable[[], Any], second: Callable[[], Any]) -> Iterator[None]:
        for call in (first, second)[:requests]:
            call()
        yield

    def started() -> Deferred[Any]:
        return succeed(None).addCallback(lambda _: (start(), consumers)[1])

    consume_to_the_end(started, current, requested)  # type: ignore[arg-type]
    return current.events


def test_all_have_ended() -> None:
    """It returns when all consumers have ended, and leaves the service alone."""
    consumers = [Consumer(), Consumer()]

    def end() -> None:
        for each in consumers:
            each.result.callback(None)

    events = consume(consumers, end)

    assert ([], [False, False]) == (events, [each.cancelled for each in consumers])


def test_one_ends_with_an_error() -> None:
    """Its error is raised, and the others are cancelled."""
    consumers = [Consumer(), Consumer()]
    with pytest.raises(ConsumerCanceled, match="gone"):
        consume(consumers, lambda: consumers[1].result.errback(ConsumerCanceled("gone")))

    assert consumers[0].cancelled


def test_consumers_that_cannot_be_started() -> None:
    """What starting them raises is raised."""

    def start() -> None:
        raise ValueError("no such queue")

    with pytest.raises(ValueError, match="no such queue"):
        consume([], start)


@pytest.mark.parametrize(
    ("requests", "events"), [(1, ["stop", "stop"]), (2, ["stop", "abort", "stop"])], ids=["one", "two"]
)
def test_requests_to_stop(requests: int, events: list[str]) -> None:
    """The errors with which consumers end after a request are not raised; the call waits for the stop."""
    assert events == consume([Consumer()], requests=requests)


def test_a_callback_that_halts_after_a_request_to_stop() -> None:
    """HaltConsumer is raised all the same: the application asked for it."""
    with pytest.raises(HaltConsumer):
        consume([Consumer()], requests=1, error=HaltConsumer())
