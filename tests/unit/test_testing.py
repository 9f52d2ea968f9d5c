# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The testing kit: mock_sends, deliver, the guard."""

import asyncio
import threading
from typing import Any

import jsonschema
import pytest
from twisted.internet.defer import Deferred, succeed

from fedora_messaging import api
from fedora_messaging.exceptions import Drop, HaltConsumer, Nack, ValidationError
from fedora_messaging.message import Message
from fedora_messaging.testing import UnmockedPublish, deliver, mock_sends


def test_expected_messages_pass() -> None:
    """Messages are compared in order, an instance by equality and a class by its instances; ids do not
    matter."""
    with mock_sends(Message(topic="a", body={"n": 1}), Message) as sent:
        api.publish(Message(topic="a", body={"n": 1}))
        api.publish(Message(topic="b"))

    assert ["a", "b"] == [each.topic for each in sent]


@pytest.mark.parametrize(("expected", "sent"), [(1, 0), (0, 1), (2, 1)])
def test_counts_are_compared(expected: int, sent: int) -> None:
    """Another number of messages is an AssertionError that says both."""
    words = f"Expected {expected} messages to be sent, but {sent} were sent"

    def publish() -> None:
        with mock_sends(*[Message] * expected):
            for _ in range(sent):
                api.publish(Message(topic="t"))

    with pytest.raises(AssertionError, match=words):
        publish()


def test_another_message_is_shown() -> None:
    """A message that differs is an AssertionError that shows both."""
    with (
        pytest.raises(AssertionError, match=r'(?s)Expected:.*"n": 1.*Sent:.*"n": 2'),
        mock_sends(Message(topic="t", body={"n": 1})),
    ):
        api.publish(Message(topic="t", body={"n": 2}))


def test_invalid_messages_are_found() -> None:
    """jsonschema's error is let through for a message that is not valid."""
    with pytest.raises(jsonschema.ValidationError), mock_sends(Message):
        api.publish(Message(topic="t", body="no object"))  # type: ignore[arg-type]


def test_exceptions_pass_unchanged() -> None:
    """An exception from within is not hidden by what was or was not sent."""
    with pytest.raises(KeyError, match="mine"), mock_sends(Message):
        raise KeyError("mine")


def test_the_inner_of_nested_ones_takes_the_messages() -> None:
    """Each message goes to the innermost."""
    with mock_sends(Message(topic="outer")):
        api.publish(Message(topic="outer"))
        with mock_sends(Message(topic="inner")):
            api.publish(Message(topic="inner"))


def test_a_decorator_may_be_used_again() -> None:
    """As a decorator it checks each call anew, of coroutine functions too."""
    expected = mock_sends(Message(topic="t"))

    @expected
    def publish() -> str:
        api.publish(Message(topic="t"))
        return "done"

    @expected
    async def publish_later() -> str:
        await asyncio.sleep(0)
        api.publish(Message(topic="t"))
        return "done"

    assert ["done", "done", "done"] == [publish(), publish(), asyncio.run(publish_later())]


def test_any_thread_and_twisted_publish() -> None:
    """Messages from other threads and of twisted_publish count; no signal is sent."""
    seen: list[Any] = []

    def receiver(*_: object, **values: object) -> None:
        seen.append(values)

    api.publish_signal.connect(receiver)
    with mock_sends(Message, Message):
        thread = threading.Thread(target=api.publish, args=(Message(topic="t"),))
        thread.start()
        thread.join()
        published = api.twisted_publish(Message(topic="t"))

    results: list[object] = []
    published.addBoth(results.append)
    assert [None] == results
    assert [] == seen


def test_a_client_of_ones_own_is_mocked() -> None:
    """It holds for every Client."""
    with mock_sends(Message):
        api.Client().publish(Message(topic="t"))


def test_an_unmocked_publish_fails_at_once() -> None:
    """Without mock_sends or the broker fixture, a publish says how to mock it; except PublishException
    lets it out."""
    with pytest.raises(UnmockedPublish, match="mock_sends"):
        api.publish(Message(topic="t"))
    failed: list[Any] = []
    api.twisted_publish(Message(topic="t")).addErrback(failed.append)

    assert failed[0].check(UnmockedPublish)


class Callback:
    """A callback as a class."""

    def __call__(self, message: Message) -> None:
        raise Drop()


def nack(_: Message) -> None:
    raise Nack()


def halt(_: Message) -> None:
    raise HaltConsumer(requeue=True)


def later(_: Message) -> Deferred[None]:
    return succeed(None)


@pytest.mark.parametrize(
    ("callback", "action", "requeued"),
    [
        (lambda _: None, "ack", False),
        (nack, "requeue", True),
        (Callback, "reject", False),
        (halt, "halt", True),
        (later, "ack", False),
    ],
)
def test_outcomes(callback: Any, action: str, requeued: bool) -> None:
    """deliver says what a consumer would have done."""
    outcome = deliver(callback, Message(topic="t"))

    assert (action, requeued) == (outcome.action, outcome.requeued)


def test_the_callback_is_given_what_the_wire_gives() -> None:
    """The message is a copy, from a queue."""
    received: list[Message] = []
    sent = Message(topic="t", body={"a": [1]})
    deliver(received.append, sent)

    assert [sent] == received
    assert sent.body is not received[0].body
    assert ("test", sent.id) == (received[0].queue, received[0].id)


def test_other_exceptions_come_out() -> None:
    """What means nothing to a consumer is raised, to be seen in the test."""

    def callback(_: Message) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        deliver(callback, Message(topic="t"))


def test_an_invalid_message_is_rejected() -> None:
    """The callback is not called with what is not valid."""
    outcome = deliver(pytest.fail, Message(topic="t", body=[1]))  # type: ignore[arg-type]

    assert "reject" == outcome.action
    assert isinstance(outcome.error, ValidationError)
