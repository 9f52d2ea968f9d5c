# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Many messages from a plain script: all arrive, or the error says of each what became of it."""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fedora_messaging import api
from fedora_messaging.exceptions import (
    PublishManyError,
    PublishReturned,
    PublishTimeout,
    ValidationError,
)
from fedora_messaging.signals import publish_failed_signal, publish_signal
from fedora_messaging.testing import mock_sends
from rabbitmq.ports import free_port
from support.amqp import Amqp

pytestmark = [pytest.mark.fedora_messaging_real_broker, pytest.mark.usefixtures("no_unhandled_errors")]

Clients = Callable[..., api.Client]


def numbered(count: int) -> Iterator[api.Message]:
    for n in range(count):
        yield api.Message(topic="many.t", body={"n": n})


def test_all_arrive_in_order(client: Clients, amqp: Amqp) -> None:
    """Messages of a generator are in the queue in their order, and the progress is reported."""
    amqp.queue("q", "many.#")
    seen: list[int] = []

    assert 3000 == client().publish_many(numbered(3000), progress=seen.append)
    assert seen == sorted(seen)
    assert 3000 == seen[-1]
    assert list(range(3000)) == [json.loads(each.body)["n"] for each in amqp.take("q")]


def test_those_that_fail_are_listed(client: Clients, amqp: Amqp) -> None:
    """An invalid message and one that no queue takes are listed; the others are published."""
    amqp.queue("q", "many.#")
    invalid = api.Message(topic="many.t", body={"n": object()})
    lost = api.Message(topic="nowhere")
    messages = [*numbered(300), invalid, lost, *numbered(300)]

    with pytest.raises(PublishManyError) as raised:
        client(mandatory=True).publish_many(messages)
    error = raised.value
    assert {invalid.id: ValidationError, lost.id: PublishReturned} == {
        message.id: type(why) for message, why in error.failed
    }
    assert (600, []) == (error.confirmed, error.unsent)
    assert 600 == len(amqp.take("q"))


def test_an_iterable_that_raises(client: Clients, amqp: Amqp) -> None:
    """What was drawn before the iterable raised is published, and its error is the cause."""
    amqp.queue("q", "many.#")

    def source() -> Iterator[api.Message]:
        yield from numbered(700)
        raise OSError("the disk is gone")

    with pytest.raises(PublishManyError, match="700 confirmed, 0 failed, 0 drawn and not sent") as raised:
        client().publish_many(source())
    assert isinstance(raised.value.__cause__, OSError)
    assert 700 == len(amqp.take("q"))


def test_no_broker(client: Clients) -> None:
    """When nothing confirms in time, no more than the limit are drawn, and each that was is accounted for."""
    drawn: list[api.Message] = []

    def source() -> Iterator[api.Message]:
        for message in numbered(100_000):
            drawn.append(message)
            yield message

    absent = client(amqp_url=f"amqp://localhost:{free_port()}")
    with pytest.raises(PublishManyError) as raised:
        absent.publish_many(source(), timeout=4, in_flight=500)
    error = raised.value
    assert 0 == error.confirmed
    assert {PublishTimeout} == {type(why) for _, why in error.failed}
    assert len(drawn) == len(error.failed) + len(error.unsent) <= 1000
    assert isinstance(error.__cause__, PublishTimeout)


def test_signals_and_tests(client: Clients, amqp: Amqp) -> None:
    """Receivers of signals are called in the caller's thread for each message; a test takes them all."""
    amqp.queue("q", "many.#")
    good: list[Any] = []
    bad: list[Any] = []

    def published(sender: Any, message: api.Message) -> None:
        good.append((message.body["n"], threading.current_thread()))

    def failed(sender: Any, message: api.Message, error: Exception) -> None:
        bad.append(message.topic)

    publish_signal.connect(published)
    publish_failed_signal.connect(failed)
    try:
        with pytest.raises(PublishManyError):
            client(mandatory=True).publish_many([*numbered(3), api.Message(topic="nowhere")])
    finally:
        publish_signal.disconnect(published)
        publish_failed_signal.disconnect(failed)
    assert {(n, threading.current_thread()) for n in range(3)} == set(good)
    assert ["nowhere"] == bad
    with mock_sends(api.Message, api.Message):
        assert 2 == client().publish_many(numbered(2))


def test_bad_arguments(client: Clients) -> None:
    """What cannot be iterated over, or is no limit, is refused before anything is drawn."""
    with pytest.raises(ValueError, match="messages must be an iterable"):
        client().publish_many(api.Message())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="in_flight"):
        client().publish_many(numbered(3), in_flight=0)
    with pytest.raises(ValueError, match="timeout"):
        client().publish_many(numbered(3), timeout=-1)
