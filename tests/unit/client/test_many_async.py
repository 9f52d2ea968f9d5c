# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Many messages from a task: how they are drawn, handed over and accounted for, without a broker."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed

import fedora_messaging.asyncio as messaging
from fedora_messaging import testing
from fedora_messaging._amqp.messages import Encoded, prepare
from fedora_messaging._client.async_client import AsyncClient
from fedora_messaging._client.event_loop import EventLoop
from fedora_messaging._client.reactor_thread import reactor_thread, wait
from fedora_messaging._client.settings import ClientSettings
from fedora_messaging.config import parse
from fedora_messaging.exceptions import (
    ConfigurationException,
    PublishManyError,
    PublishTimeout,
    ValidationError,
)
from fedora_messaging.message import Message
from fedora_messaging.signals import pre_publish_signal, publish_failed_signal, publish_signal
from support.loops import each_loop, run


class Current:
    """The service of a client, and its publisher: each message waits until the test confirms it."""

    running = True

    def __init__(self, confirms: bool = True) -> None:
        self.service = self.publisher = self
        self.settings = ClientSettings.of(parse({}))
        self.bodies: list[dict[str, int]] = []
        self.waiting: list[Deferred[None]] = []
        self.confirms = confirms
        self.most = 0

    def started(self) -> "Current":
        return self

    def prepare(self, message: Message, exchange: str | None) -> Encoded:
        return prepare(message, exchange, self.settings.publish)

    def publish_encoded(self, encoded: Any, *, timeout: float | None, patient: bool) -> Deferred[None]:
        self.bodies.append(json.loads(encoded.body))
        done: Deferred[None] = Deferred()
        self.waiting.append(done)
        self.most = max(self.most, len(self.waiting))
        if self.confirms and len(self.waiting) == 1:
            reactor_thread.call(self.confirm)
        return done

    def confirm(self) -> None:
        """Confirm all that waits; in the reactor's thread."""
        waiting, self.waiting = self.waiting, []
        for each in waiting:
            each.callback(None)


def client(current: Any) -> AsyncClient:
    return AsyncClient(current)


def numbered(count: int) -> Iterator[Message]:
    for number in range(count):
        yield Message(topic="t", body={"n": number})


async def slowly(count: int, pause: float | None = None) -> AsyncIterator[Message]:
    for message in numbered(count):
        if pause is not None:
            await asyncio.sleep(pause)
        yield message


def bodies(count: int) -> list[dict[str, int]]:
    return [{"n": number} for number in range(count)]


@each_loop
@pytest.mark.parametrize("source", [numbered, slowly, lambda count: slowly(count, 0)])
def test_all_in_order(loop: str, source: Any) -> None:
    """The messages of either kind of iterable are published in order, never more at a time than allowed."""
    current = Current()
    seen: list[int] = []

    assert 1234 == run(client(current).publish_many(source(1234), in_flight=300, progress=seen.append), loop)
    assert bodies(1234) == current.bodies
    assert sorted(seen) == seen
    assert 1234 == seen[-1]
    assert 300 >= current.most


@pytest.mark.parametrize("in_flight", [1, 7])
def test_few_at_a_time(in_flight: int) -> None:
    """A limit below the size of a batch is kept."""
    current = Current()

    assert 50 == run(client(current).publish_many(numbered(50), in_flight=in_flight))
    assert 1 <= current.most <= in_flight


def test_drawn_when_there_is_room() -> None:
    """While nothing is confirmed, no more are drawn than may be on their way, and a batch beside them."""
    current = Current(confirms=False)
    drawn: list[int] = []

    def source() -> Iterator[Message]:
        for message in numbered(100_000):
            drawn.append(1)
            yield message

    async def main() -> None:
        task = asyncio.ensure_future(client(current).publish_many(source(), in_flight=500))
        while len(current.bodies) <= 250:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.wait([task])

    run(main())

    assert 250 < len(current.bodies) <= 500
    assert 750 >= len(drawn)


def test_a_slow_source() -> None:
    """A message is sent though the next one is not there yet."""
    current = Current()
    more = asyncio.Event()

    async def source() -> AsyncIterator[Message]:
        yield Message(body={"n": 0})
        await more.wait()
        yield Message(body={"n": 1})

    async def main() -> int:
        task = asyncio.ensure_future(client(current).publish_many(source()))
        while not current.bodies:
            await asyncio.sleep(0.01)
        more.set()
        return await task

    assert 2 == run(main())
    assert bodies(2) == current.bodies


def test_other_tasks_get_their_turn() -> None:
    """While messages are drawn that are always there, other tasks run, too."""
    turns: list[int] = []

    async def counting() -> None:
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    async def main() -> None:
        task = asyncio.ensure_future(counting())
        await client(Current()).publish_many(numbered(5000))
        task.cancel()

    run(main())

    assert 20 < len(turns)


def test_what_is_not_valid() -> None:
    """A message that cannot be sent does not keep the others, and is listed."""
    bad = Message(topic="x" * 256)
    current = Current()
    none: Any = "no message"
    with pytest.raises(PublishManyError, match="4 confirmed, 2 failed, 0 drawn and not sent") as raised:
        run(client(current).publish_many([*numbered(3), bad, none, Message(body={"n": 3})]))

    assert bodies(4) == current.bodies
    assert [(bad, ValidationError), ("no message", ValidationError)] == [
        (message, type(error)) for message, error in raised.value.failed
    ]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_an_iterable_that_raises(asynchronous: bool) -> None:
    """What was drawn before is published, and the error is the cause."""

    def plain() -> Iterator[Message]:
        yield from numbered(300)
        raise OSError("the disk is gone")

    async def slow() -> AsyncIterator[Message]:
        for message in plain():
            yield message

    current = Current()
    with pytest.raises(PublishManyError, match=r"300 confirmed, 0 failed, 0 drawn.*the disk") as raised:
        run(client(current).publish_many(slow() if asynchronous else plain()))

    assert isinstance(raised.value.__cause__, OSError)
    assert bodies(300) == current.bodies


def test_cancelled() -> None:
    """The cause of the CancelledError says of each message that was drawn what became of it."""
    current = Current(confirms=False)
    causes: list[Any] = []
    drawn: list[Message] = []

    def source() -> Iterator[Message]:
        for message in numbered(10_000):
            drawn.append(message)
            yield message

    async def publishing() -> None:
        try:
            await client(current).publish_many(source(), in_flight=250)
        except asyncio.CancelledError as error:
            causes.append(error.__cause__)
            raise

    async def main() -> None:
        task = asyncio.ensure_future(publishing())
        while len(current.waiting) < 125:
            await asyncio.sleep(0.01)
        reactor_thread.call(lambda: current.waiting.pop(0).callback(None))
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    run(main())
    (error,) = causes

    assert isinstance(error, PublishManyError)
    assert (1, len(current.bodies) - 1) == (error.confirmed, len(error.failed))
    assert drawn == [drawn[0], *(message for message, _ in error.failed), *error.unsent]
    assert "given up" in str(error.failed[0][1])


def test_a_broker_that_is_away() -> None:
    """An error that others would have as well ends the drawing; what was drawn and not sent is listed."""
    current = Current(confirms=False)
    drawn: list[Message] = []

    def source() -> Iterator[Message]:
        for message in numbered(10_000):
            drawn.append(message)
            yield message

    async def main() -> None:
        task = asyncio.ensure_future(client(current).publish_many(source(), in_flight=250))
        while len(current.waiting) <= 125:  # with more, the next batch waits for confirms
            await asyncio.sleep(0.01)
        await EventLoop.running().call(succeed, None).future  # all of this batch has been handed over
        while len(drawn) <= len(current.waiting):
            await asyncio.sleep(0.01)

        def late() -> None:
            for each in current.waiting:
                each.errback(PublishTimeout("late"))

        reactor_thread.call(late)
        await task

    with pytest.raises(PublishManyError, match=r"0 confirmed, \d+ failed, [1-9]\d* drawn and not sent: late"):
        run(main())


def test_a_client_that_cannot_be_started() -> None:
    """What keeps the very first message is raised as it is, and the account is its cause."""
    current = Current()

    def started() -> Any:
        raise ConfigurationException("no such certificate")

    current.started = started  # type: ignore[method-assign]
    with pytest.raises(ConfigurationException, match="no such certificate") as raised:
        run(client(current).publish_many(numbered(10)))

    account = raised.value.__cause__
    assert isinstance(account, PublishManyError)
    assert (0, [], 10) == (account.confirmed, account.failed, len(account.unsent))


def test_progress_that_raises() -> None:
    """What ``progress`` raises ends the call, and the account is its cause."""

    def progress(count: int) -> None:
        raise KeyError("progress")

    with pytest.raises(KeyError, match="progress") as raised:
        run(client(Current()).publish_many(numbered(10), progress=progress))

    assert isinstance(raised.value.__cause__, PublishManyError)
    assert 10 == raised.value.__cause__.confirmed


def test_signals() -> None:
    """Receivers are called for each message, in other threads than the loop's, which they may not stop."""
    seen: list[Any] = []
    main = threading.get_ident()
    own = client(Current())

    def before(sender: Any, message: Any) -> None:
        seen.append(("before", message.body.get("n"), sender == own.publish, threading.get_ident() == main))

    def after(sender: Any, message: Any) -> None:
        seen.append(("after", message.body.get("n"), sender == own.publish, threading.get_ident() == main))

    def failed(sender: Any, message: Any, error: Exception) -> None:
        seen.append(("failed", None, sender == own.publish, threading.get_ident() == main))

    with (
        pre_publish_signal.connected_to(before),
        publish_signal.connected_to(after),
        publish_failed_signal.connected_to(failed),
        pytest.raises(PublishManyError),
    ):
        run(own.publish_many([*numbered(2), Message(topic="x" * 256)]))

    expected = [("before", n, True, False) for n in (0, 1, None)]
    expected += [("after", n, True, False) for n in (0, 1)]
    assert {*expected, ("failed", None, True, False)} == set(seen)
    assert 6 == len(seen)


def test_a_receiver_that_raises() -> None:
    """What a receiver of pre_publish_signal raises is the failure of that message, and ends the drawing."""

    def veto(sender: Any, message: Message) -> None:
        if message.body["n"] == 2:
            raise KeyError("veto")

    with pre_publish_signal.connected_to(veto), pytest.raises(PublishManyError) as raised:
        run(client(Current()).publish_many(numbered(10)))

    assert isinstance(raised.value.__cause__, KeyError)
    accounted = raised.value.confirmed + len(raised.value.unsent)
    assert (2, [{"n": 2}]) == (accounted, [message.body for message, _ in raised.value.failed])


def test_tests_take_messages() -> None:
    """``mock_sends`` takes what is published, and nothing is handed over."""

    async def main() -> None:
        with testing.mock_sends(*numbered(2)):
            assert 2 == await messaging.publish_many(numbered(2))

    run(main())


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"messages": Message()}, ValueError),
        ({"messages": 7}, ValueError),
        ({"in_flight": 0}, ValueError),
        ({"timeout": -1}, ValueError),
        ({"exchange": "x" * 256}, ValidationError),
    ],
)
def test_bad_arguments(arguments: Any, error: type[Exception]) -> None:
    """What cannot be used is refused before anything is drawn."""
    messages = numbered(3)
    with pytest.raises(error):
        run(client(Current()).publish_many(**{"messages": messages, **arguments}))

    assert 3 == len(list(messages))


def test_a_loop_that_ends_meanwhile() -> None:
    """A call that a loop leaves behind is given up when the loop has ended."""
    current = Current(confirms=False)

    async def main() -> None:
        task = asyncio.ensure_future(client(current).publish_many(numbered(10)))
        while len(current.waiting) < 10:
            await asyncio.sleep(0.01)
        assert not task.done()

    asyncio.run(main())
    wait(reactor_thread.call(succeed, None), 30)

    assert all(each.called for each in current.waiting)
