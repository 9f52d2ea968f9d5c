# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What happens around a publish: the wait for its confirm, and the signals."""

from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed

from fedora_messaging._client.publishing import publish_and_wait, publish_signalled
from fedora_messaging._client.reactor_thread import reactor_thread, wait
from fedora_messaging.exceptions import ConnectionException, PublishTimeout
from fedora_messaging.message import Message
from fedora_messaging.signals import pre_publish_signal, publish_failed_signal, publish_signal


class Current:
    """A service, and its publisher, that publishes what the test says."""

    publishing_state = "waiting for its confirm"

    def __init__(self, result: Deferred[None]) -> None:
        self.result = result
        self.service = self.publisher = self

    def started(self) -> "Current":
        return self

    def publish_encoded(self, encoded: Any, *, timeout: float | None, patient: bool) -> Deferred[None]:
        return self.result


def test_a_confirm() -> None:
    """The wait ends with the confirm."""
    publish_and_wait(Current(succeed(None)), None, 30)  # type: ignore[arg-type]


def test_a_failure() -> None:
    """The error of the publish is raised."""
    with pytest.raises(ConnectionException, match="refused"):
        publish_and_wait(Current(fail(ConnectionException(reason="refused"))), None, 30)  # type: ignore[arg-type]


def test_no_confirm() -> None:
    """The time-out names what the message was waiting for, and gives the message up."""
    cancelled: list[Any] = []
    with pytest.raises(PublishTimeout, match="waiting for its confirm"):
        publish_and_wait(Current(Deferred(cancelled.append)), None, 0)  # type: ignore[arg-type]
    wait(reactor_thread.call(lambda: None), 30)  # the cancellation is called before this

    assert 1 == len(cancelled)


@pytest.fixture
def events() -> Iterator[list[Any]]:
    """The signals that were sent, by name, and the errors that came with them."""
    seen: list[Any] = []

    def before(sender: Any, message: Message) -> None:
        seen.append("before")

    def published(sender: Any, message: Message) -> None:
        seen.append("published")

    def failed(sender: Any, message: Message, error: Exception) -> None:
        seen.append(error)

    with (
        pre_publish_signal.connected_to(before),
        publish_signal.connected_to(published),
        publish_failed_signal.connected_to(failed),
    ):
        yield seen


def _signalled(publish: Any) -> None:
    def sender() -> None:
        """The sender of the signals."""

    wait(reactor_thread.call(publish_signalled, sender, Message(topic="t"), publish), 30)


def test_signals_of_a_publish(events: list[Any]) -> None:
    """One comes before the message is published, the other when it is confirmed."""

    def publish() -> Deferred[None]:
        events.append("confirmed")
        return succeed(None)

    _signalled(publish)

    assert ["before", "confirmed", "published"] == events


@pytest.mark.parametrize("raises", [False, True])
def test_signals_of_a_publish_that_fails(events: list[Any], raises: bool) -> None:
    """The error is sent with the signal of the failure, and is the result."""
    error = ConnectionException(reason="refused")

    def publish() -> Deferred[None]:
        if raises:
            raise error
        return fail(error)

    with pytest.raises(ConnectionException, match="refused"):
        _signalled(publish)

    assert ["before", error] == events
