# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The testing kit: mock_sends, deliver, the guard."""

import asyncio
import concurrent.futures
import functools
import subprocess
import sys
import threading
from typing import Any
from unittest import mock

import blinker
import jsonschema
import pytest
from twisted.internet import defer
from twisted.internet.defer import Deferred, succeed

from fedora_messaging import api, exceptions
from fedora_messaging._reporting.signals import tell, tell_in_pool
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
        pytest.raises(AssertionError, match=r'(?s)-    "n": 1.*\+    "n": 2'),
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
    """Of nested mock_sends the innermost takes a message, and the outer ones do not see it."""
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
    """mock_sends takes what any Client publishes."""
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
    outcome = deliver(callback, Message(topic="t"), timeout=60)

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


def test_messages_are_kept_as_they_were_sent() -> None:
    """A message that is changed and sent again is there twice, each time as it was."""
    message: Any = api.Message(topic="t", body={"steps": [1]})
    message.lock = threading.Lock()  # which cannot be copied
    with mock_sends(
        api.Message(topic="t", body={"steps": [1]}), api.Message(topic="u", body={"steps": [1, 2]})
    ) as sent:
        api.publish(message)
        message.body["steps"].append(2)
        message.topic = "u"
        api.publish(message)
        message.body = {}

    assert [[1], [1, 2]] == [each.body["steps"] for each in sent]
    assert ["t", "u"] == [each.topic for each in sent]
    assert [api.Message] * 2 == [type(each) for each in sent]
    assert [message.id] * 2 == [each.id for each in sent]


def test_what_was_valid_when_it_was_sent_is_valid() -> None:
    """A message that is spoilt after it was sent was sent all the same."""
    with mock_sends(api.Message) as sent:
        message = api.Message(topic="t", body={})
        api.publish(message)
        message.body = "not an object"

    assert {} == sent[0].body


def test_the_difference_is_shown() -> None:
    """The lines of a message that differ are marked, the class as well, and messages that are too many."""
    with pytest.raises(AssertionError) as one, mock_sends(api.Message(topic="t", body={"a": 1, "b": 2})):
        api.publish(api.Message(topic="t", body={"a": 1, "b": 3}))
    with pytest.raises(AssertionError) as other, mock_sends(api.Message(topic="t"), api.Message):
        api.publish(api.Message(topic="t"))
    with pytest.raises(AssertionError) as none, mock_sends():
        api.publish(api.Message(topic="t"))

    lines = str(one.value).splitlines()
    assert ['-    "b": 2', '+    "b": 3'] == [line for line in lines if line[0] in "+-" and line[1] == " "]
    assert "-Message" in str(other.value).splitlines()
    assert "+Message(topic='t', body={})" in str(none.value).splitlines()


class Receivers:
    """Receivers of signals that raise, and what they have heard."""

    def __init__(self, error: type[BaseException]) -> None:
        self.error = error
        self.heard: list[Any] = []

    def one(self, sender: Any, **values: Any) -> None:
        self.heard.append(values)
        raise self.error("a receiver is broken")

    def other(self, sender: Any, **values: Any) -> None:
        self.one(sender, **values)


def test_every_receiver_hears_and_none_raises(caplog: pytest.LogCaptureFixture) -> None:
    """What receivers of news raise is logged with tracebacks, one record each."""
    receivers = Receivers(GeneratorExit)
    signal = blinker.Signal()
    signal.connect(receivers.one)
    signal.connect(receivers.other)
    with caplog.at_level("ERROR"):
        tell(signal, None, message=1)

    assert [{"message": 1}] * 2 == receivers.heard
    assert ["a receiver is broken"] * 2 == [
        str(record.exc_info and record.exc_info[1]) for record in caplog.records
    ]


def test_receivers_may_end_the_program() -> None:
    """In the caller's thread sys.exit() and Ctrl-C mean what they say; in a pool's thread they are logged."""
    receivers = Receivers(SystemExit)
    signal = blinker.Signal()
    signal.connect(receivers.one)
    with pytest.raises(SystemExit):
        tell(signal, None, message=1)
    tell_in_pool(signal, None, message=2)

    assert [{"message": 1}, {"message": 2}] == receivers.heard


@pytest.mark.fedora_messaging_real_broker  # it gets no further than the check of the message
def test_a_receiver_of_the_failure_does_not_hide_it(caplog: pytest.LogCaptureFixture) -> None:
    """The caller gets the error of the publish, whatever a receiver makes of it."""
    receivers = Receivers(KeyError)
    with api.publish_failed_signal.connected_to(receivers.one), pytest.raises(exceptions.ValidationError):
        api.publish(api.Message(topic="t", body="not an object"))  # type: ignore[arg-type]

    assert exceptions.ValidationError is type(receivers.heard[0]["error"])
    (record,) = [record for record in caplog.records if record.exc_info]
    assert "publish_failed_signal" in record.getMessage()


# What callbacks return


async def drop() -> None:
    raise exceptions.Drop()


class Awaitable:
    """Neither a coroutine nor a Deferred."""

    def __await__(self) -> Any:
        return drop().__await__()


def failed_future(_: Any) -> Any:
    future: concurrent.futures.Future[None] = concurrent.futures.Future()
    future.set_exception(exceptions.Drop())
    return future


@pytest.mark.parametrize(
    "callback",
    [
        lambda message: drop(),
        functools.partial(lambda message, more: drop(), more=1),
        functools.wraps(drop)(lambda *arguments: drop()),
        lambda message: Awaitable(),
        lambda message: defer.fail(exceptions.Drop()),
        failed_future,
        mock.Mock(side_effect=lambda message: drop()),
        mock.AsyncMock(side_effect=exceptions.Drop()),
    ],
)
def test_whatever_is_awaitable_is_awaited(callback: Any) -> None:
    """A message whose callback has not run to its end is not acknowledged."""
    assert "reject" == deliver(callback, api.Message(topic="t"), timeout=60).action


_SLOW_START = """
import sys, time

class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "crochet":
            time.sleep(1)

sys.meta_path.insert(0, Slow())
from fedora_messaging import testing
from fedora_messaging.message import Message

async def callback(message):
    pass

print(testing.deliver(callback, Message(), timeout=0.5).action)
"""


def test_the_start_of_the_reactor_takes_nothing_from_the_callback() -> None:
    """The time that a callback has begins once the reactor runs."""
    run = subprocess.run(
        [sys.executable, "-c", _SLOW_START], capture_output=True, text=True, timeout=200, check=False
    )

    assert "ack\n" == run.stdout, run.stderr


@pytest.mark.parametrize("callback", [mock.Mock(), mock.MagicMock(), mock.AsyncMock(), print, [].append])
def test_mocks_and_builtins_are_callbacks(callback: Any) -> None:
    """What they return is nothing to wait for."""
    assert "ack" == deliver(callback, api.Message(topic="t"), timeout=60).action


def test_a_generator_that_is_returned_is_an_error() -> None:
    """Nobody would run it, so it does not count as done."""
    with pytest.raises(TypeError, match="returned a generator"):
        deliver(lambda message: (each for each in [1]), api.Message(topic="t"))
