# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The asyncio client without a broker: what a publish and a consumer do around the service."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

import fedora_messaging.asyncio as messaging
from fedora_messaging import api, testing
from fedora_messaging._amqp.messages import Encoded, prepare
from fedora_messaging._client.async_client import AsyncClient
from fedora_messaging._client.reactor_thread import reactor_thread, wait
from fedora_messaging._client.settings import ClientSettings
from fedora_messaging.config import parse
from fedora_messaging.exceptions import (
    ConsumerCanceled,
    HaltConsumer,
    PublishReturned,
    PublishTimeout,
    ValidationError,
)
from fedora_messaging.message import Message
from fedora_messaging.signals import pre_publish_signal, publish_failed_signal, publish_signal
from support.loops import each_loop, run


class Consumer:
    """A consumer that ends when the test says so."""

    def __init__(self, drained: Callable[[], Deferred[None]]) -> None:
        self.results: list[Deferred[Any]] = []
        self.events: list[Any] = []
        self._end: Any = None
        self._drained = drained

    @property
    def result(self) -> Deferred[Any]:
        made: Deferred[Any] = Deferred()
        if self._end is None:
            self.results.append(made)
        else:
            made.callback(self._end)
        return made

    def end(self, error: Exception | None = None) -> None:
        self._end = self if error is None else Failure(error)
        for each in self.results:
            each.callback(self._end)

    def when_consuming(self) -> Deferred[Any]:
        return succeed(self)

    def cancel(self) -> Deferred[None]:
        self.events.append("cancelled")
        return succeed(None)

    async def drain(self, grace: float | None) -> None:
        self.events.append(f"drained within {grace}")
        await self._drained()

    def abort(self) -> None:
        self.events.append("aborted")


class Current:
    """The service of a client, its publisher and its consumers, in the reactor's thread."""

    publishing_state = "waiting for its confirm"
    running = True

    def __init__(self, result: Callable[[], Any] = lambda: succeed(None)) -> None:
        self.result = result
        self.service = self.publisher = self
        self.config = SimpleNamespace(shutdown_grace=30.0)
        self.settings = ClientSettings.of(parse({}))
        self.consumers = [Consumer(result), Consumer(result)]
        self.options: dict[str, Any] = {}
        self.threads: set[int] = set()

    def started(self) -> "Current":
        return self

    for_consumers = started

    def prepare(self, message: Message, exchange: str | None) -> Encoded:
        return prepare(message, exchange, self.settings.publish)

    def publish_encoded(self, encoded: Any, *, timeout: float | None, patient: bool) -> Any:
        self.threads.add(threading.get_ident())
        return self.result()

    def add_consumers(self, callback: Any, **options: Any) -> list[Consumer]:
        self.options = options
        return self.consumers


def client(current: Current) -> AsyncClient:
    return AsyncClient(current)  # type: ignore[arg-type]


def refuse() -> Any:
    raise PublishReturned(reason="no such exchange")


@each_loop
def test_publishing(loop: str) -> None:
    """A publish, made in the reactor's thread, ends with its confirm, or with the error of the broker."""
    current = Current()

    async def main() -> None:
        await client(current).publish(Message())
        await client(current).publish(Message(), "amq.fanout", timeout=None)
        with pytest.raises(PublishReturned, match="no such exchange"):
            await client(Current(refuse)).publish(Message())

    run(main(), loop)

    assert {wait(reactor_thread.call(threading.get_ident), 30)} == current.threads


def test_no_confirm_and_giving_up() -> None:
    """The time-out names what the message was waiting for; that and cancelling give the message up."""
    cancelled: list[Any] = []
    made: list[Deferred[None]] = []

    def publish() -> Deferred[None]:
        made.append(Deferred(cancelled.append))
        return made[-1]

    waits = client(Current(publish))

    async def main() -> None:
        with pytest.raises(PublishTimeout, match=r"0\.01 s.*waiting for its confirm"):
            await waits.publish(Message(), timeout=0.01)
        before = len(made)
        task = asyncio.ensure_future(waits.publish(Message()))
        while len(made) <= before:
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    run(main())
    wait(reactor_thread.call(lambda: None), 30)

    assert len(made) == len(cancelled)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("no message",), ValidationError),
        ((Message(topic="x" * 256),), ValidationError),
        ((Message(), "x" * 256), ValidationError),
        ((Message(), None, -1), ValueError),
        ((Message(), None, "soon"), ValueError),
    ],
)
def test_bad_input(arguments: Any, error: type[Exception]) -> None:
    """What cannot be sent is refused before anything is done."""
    current = Current()
    with pytest.raises(error):
        run(client(current).publish(*arguments))

    assert not current.threads


@pytest.fixture
def events() -> Iterator[list[Any]]:
    """The signals that were sent, by name, and what came with them."""
    seen: list[Any] = []
    main = threading.get_ident()

    def before(sender: Any, message: Message) -> None:
        seen.append(("before", sender, threading.get_ident() == main))

    def after(sender: Any, message: Message) -> None:
        seen.append(("after", sender, threading.get_ident() == main))

    def failed(sender: Any, message: Message, error: Exception) -> None:
        seen.append((str(error), sender, threading.get_ident() == main))

    with (
        pre_publish_signal.connected_to(before),
        publish_signal.connected_to(after),
        publish_failed_signal.connected_to(failed),
    ):
        yield seen


def test_signals(events: list[Any]) -> None:
    """Receivers are called in other threads than the loop's, which they may not stop, before and after."""
    good, bad = client(Current()), client(Current(refuse))

    async def main() -> None:
        await good.publish(Message())
        with pytest.raises(PublishReturned):
            await bad.publish(Message())

    run(main())
    expected = [("before", good), ("after", good), ("before", bad), ("no such exchange", bad)]

    assert [(name, each.publish, False) for name, each in expected] == events


def test_a_receiver_that_raises() -> None:
    """What a receiver of pre_publish_signal raises is raised, and nothing is sent."""
    current = Current()

    def veto(sender: Any, message: Message) -> None:
        raise KeyError("veto")

    with pre_publish_signal.connected_to(veto), pytest.raises(KeyError, match="veto"):
        run(client(current).publish(Message()))

    assert not current.threads


def test_tests_take_messages() -> None:
    """``mock_sends`` takes what the functions and clients publish; the arguments are checked all the same."""

    @testing.mock_sends(Message(topic="a"), Message(topic="b"))
    async def main() -> None:
        await messaging.publish(Message(topic="a"))
        async with messaging.Client(parse({})) as own:
            await own.publish(Message(topic="b"))
            with pytest.raises(ValueError):
                await own.publish(Message(topic="c"), timeout=-1)

    run(main())


def test_the_guard_of_tests() -> None:
    """A publish that the test has not prepared for is an error."""
    with pytest.raises(testing.UnmockedPublish, match="'unexpected' was published"):
        run(messaging.Client(parse({})).publish(Message(topic="unexpected")))


def test_the_functions_share_the_connections_of_the_api() -> None:
    """A process that uses both kinds of functions has one service."""
    assert api._client._current is messaging._client._current


# Consuming


async def nothing(message: Message) -> None:
    pass


@each_loop
def test_consumers_that_end(loop: str) -> None:
    """It returns when all consumers have ended, and is given where callbacks run."""
    current = Current()

    async def main() -> None:
        running = asyncio.get_running_loop()
        task = asyncio.ensure_future(client(current).consume(nothing, concurrency=3))
        for consumer in current.consumers:
            while not consumer.results:
                await asyncio.sleep(0.01)
            assert not task.done()
            reactor_thread.call(consumer.end)
        await task
        assert running is current.options["caller"].loop

    run(main(), loop)

    assert (True, 3) == (current.options["in_thread"], current.options["concurrency"])
    assert [[], []] == [each.events for each in current.consumers]


@pytest.mark.parametrize("error", [HaltConsumer(), ConsumerCanceled("gone"), KeyError("callback")])
def test_one_that_ends_with_an_error(error: Exception) -> None:
    """The error is raised, and the others are cancelled."""
    current = Current()

    async def main() -> None:
        task = asyncio.ensure_future(client(current).consume(nothing))
        while not current.consumers[1].results:
            await asyncio.sleep(0.01)
        reactor_thread.call(current.consumers[1].end, error)
        await task

    with pytest.raises(type(error)):
        run(main())

    assert ["cancelled"] == current.consumers[0].events


def test_bad_callbacks() -> None:
    """What cannot be a callback or a concurrency is refused with the reason."""

    async def main() -> None:
        with pytest.raises(ValueError, match="must be callable with one argument"):
            await messaging.consume(lambda: None)  # type: ignore[arg-type, misc]
        for concurrency in (0, -1, True, 1.5):
            with pytest.raises(ValueError, match="concurrency must be a whole number, 1 at least"):
                await messaging.consume(nothing, concurrency=concurrency)  # type: ignore[arg-type]

    run(main())
    wait(reactor_thread.call(messaging._client._current.stop), 30)


def test_cancelling_once() -> None:
    """The first cancellation drains the consumers, within the grace period, and waits for that."""
    drained: Deferred[None] = Deferred()
    current = Current(lambda: drained)
    both: list[Deferred[None]] = []

    def each() -> Deferred[None]:
        both.append(Deferred())
        return both[-1]

    for consumer in current.consumers:
        consumer._drained = each

    async def main() -> None:
        task = asyncio.ensure_future(client(current).consume(nothing))
        while not all(consumer.results for consumer in current.consumers):
            await asyncio.sleep(0.01)
        task.cancel()
        while len(both) < 2:
            await asyncio.sleep(0.01)
        assert not task.done()
        for waits in both:
            reactor_thread.call(waits.callback, None)
        await asyncio.wait([task])
        assert task.cancelled()

    run(main())

    assert [["drained within 30.0"]] * 2 == [each.events for each in current.consumers]


def test_cancelling_twice() -> None:
    """The second cancellation ends the consumers at once."""
    current = Current(Deferred)

    async def main() -> None:
        task = asyncio.ensure_future(client(current).consume(nothing))
        while not all(consumer.results for consumer in current.consumers):
            await asyncio.sleep(0.01)
        task.cancel()
        while not all(consumer.events for consumer in current.consumers):
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    run(main())
    wait(reactor_thread.call(lambda: None), 30)

    assert [["drained within 30.0", "aborted"]] * 2 == [each.events for each in current.consumers]
