# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A stream of messages without a broker: what becomes of each, however the block is left."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from fedora_messaging._client.message_stream import MessageStream
from fedora_messaging._client.reactor_thread import reactor_thread, wait
from fedora_messaging.exceptions import BadDeclaration, ConsumerCanceled, Drop, HaltConsumer, Nack
from fedora_messaging.message import Message
from support.loops import each_loop, run


class Queue:
    """A consumer of a queue: calls the callback with each message, one after the other, on its loop."""

    running = True
    tracing = None

    def __init__(self, *topics: str, consumes: bool = True) -> None:
        self.service = self
        self.config = SimpleNamespace(shutdown_grace=30.0)
        self.topics = [*topics]
        self.outcomes: list[tuple[str, Exception | None]] = []
        self.aborted = False
        self.options: dict[str, Any] = {}
        self._results: list[Deferred[Any]] = []
        self._end: Any = None
        self._consumes = consumes
        self._task: Any = None
        self._busy = False
        self._callback: Any = None
        self._loop: Any = None

    # As a service

    def for_consumers(self) -> "Queue":
        return self

    def add_consumers(self, callback: Any, *, caller: Any, **options: Any) -> list["Queue"]:
        self.options, self._callback, self._loop = options, callback, caller.loop
        self._loop.call_soon_threadsafe(self._start)
        return [self]

    # As a consumer

    def when_consuming(self) -> Deferred[Any]:
        return succeed(self) if self._consumes else Deferred()

    @property
    def result(self) -> Deferred[Any]:
        made: Deferred[Any] = Deferred()
        if self._end is None:
            self._results.append(made)
        else:
            made.callback(self._end)
        return made

    def cancel(self) -> Deferred[None]:
        return succeed(None)

    async def drain(self, grace: float) -> None:
        self.topics.clear()
        idle: Deferred[None] = Deferred()

        def look() -> None:
            if self._busy:
                self._loop.call_later(0.01, look)
            else:
                reactor_thread.call(idle.callback, None)

        self._loop.call_soon_threadsafe(look)
        await idle
        self.end()

    def abort(self) -> None:
        self.aborted = True
        self.end()

    def end(self, error: Exception | None = None) -> None:
        """End it; in the reactor's thread."""
        if self._end is not None:
            return
        self._end = self if error is None else Failure(error)
        results, self._results = self._results, []
        for each in results:
            each.callback(self._end)

    def _start(self) -> None:
        self._task = asyncio.ensure_future(self._run())

    async def _run(self) -> None:
        while self.topics:
            topic = self.topics.pop(0)
            self._busy = True
            try:
                await self._callback(Message(topic=topic))
                self.outcomes.append((topic, None))
            except Exception as error:
                self.outcomes.append((topic, error))
                if isinstance(error, HaltConsumer):
                    break
            finally:
                self._busy = False

    @property
    def settled(self) -> list[tuple[str, str]]:
        """What became of each message."""
        return [
            (topic, "ack" if error is None else "back" if getattr(error, "requeue", 0) else repr(error))
            for topic, error in self.outcomes
        ]


def stream(queue: Queue) -> MessageStream:
    return MessageStream(queue, None, None)  # type: ignore[arg-type]


@each_loop
def test_acknowledged_when_the_next_is_asked_for(loop: str) -> None:
    """A message is finished when the next is asked for; the last one goes back when the block is left."""
    queue = Queue("a", "b", "c", "d")

    async def main() -> None:
        async with stream(queue) as messages:
            async for message in messages:
                if message.topic == "c":
                    assert [("a", "ack"), ("b", "ack")] == queue.settled
                    break

    run(main(), loop)

    assert [("a", "ack"), ("b", "ack"), ("c", "back")] == queue.settled
    assert 1 == queue.options["concurrency"]


def test_settled_by_hand() -> None:
    """A message may be acknowledged, put back or dropped at once, and only once."""
    queue = Queue("a", "b", "c", "d")

    async def main() -> None:
        async with stream(queue) as messages:
            with pytest.raises(RuntimeError, match="there is no message to settle"):
                await messages.ack()
            await anext(messages)
            await messages.ack()
            with pytest.raises(RuntimeError, match="settled already"):
                await messages.drop()
            await anext(messages)
            await messages.nack(delay=2)
            await anext(messages)
            with pytest.raises(ValueError, match="delay"):
                await messages.nack(delay=-1)
            await messages.drop()
            await anext(messages)
            await messages.ack()

    run(main())

    assert [("a", None), ("b", Nack), ("c", Drop), ("d", None)] == [
        (topic, error and type(error)) for topic, error in queue.outcomes
    ]
    assert 2 == queue.outcomes[1][1].delay  # type: ignore[union-attr]


@pytest.mark.parametrize("error", [KeyError("a defect"), asyncio.CancelledError()])
def test_left_by_an_exception(error: BaseException) -> None:
    """What leaves the block is raised, and the message goes back."""
    queue = Queue("a", "b")

    async def main() -> None:
        async with stream(queue) as messages:
            await anext(messages)
            raise error

    with pytest.raises(type(error)):
        run(main())

    assert [("a", "back")] == queue.settled


def test_cancelled_while_it_waits() -> None:
    """Waiting for the next message may be given up, and begun again, without losing one."""
    queue = Queue()

    async def main() -> None:
        async with stream(queue) as messages:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(anext(messages), 0.05)
            queue.topics[:] = ["a", "b"]
            queue._start()
            assert "a" == (await anext(messages)).topic
            assert "b" == (await anext(messages)).topic
            await messages.ack()

    run(main())

    assert [("a", "ack"), ("b", "ack")] == queue.settled


def test_cancelled_while_it_is_left() -> None:
    """Cancelling the end of the block ends the consumers at once."""
    queue = Queue("a")

    async def never(grace: float) -> None:
        if not queue.aborted:
            await Deferred()

    queue.drain = never  # type: ignore[method-assign]

    async def main() -> None:
        async with stream(queue) as messages:
            await anext(messages)

    async def cancelled() -> None:
        task = asyncio.ensure_future(main())
        while not queue.outcomes:
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    run(cancelled())
    wait(reactor_thread.call(lambda: None), 30)

    assert queue.aborted
    assert [("a", "back")] == queue.settled


def test_cancelled_while_it_is_entered() -> None:
    """What has arrived from one queue while another is waited for goes back."""
    queue = Queue("a", consumes=False)

    async def main() -> None:
        async with stream(queue):
            raise AssertionError

    async def cancelled() -> None:
        task = asyncio.ensure_future(main())
        while not queue._busy:
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    run(cancelled())

    assert [("a", "back")] == queue.settled


@pytest.mark.parametrize("error", [ConsumerCanceled("gone"), BadDeclaration("queue", "q", "no")])
def test_a_consumer_that_ends(error: Exception) -> None:
    """What ends a consumer is raised when the next message is asked for, after those that have arrived."""
    queue = Queue("a")

    async def main() -> None:
        async with stream(queue) as messages:
            assert "a" == (await anext(messages)).topic
            reactor_thread.call(queue.end, error)
            with pytest.raises(type(error)):
                await anext(messages)
            with pytest.raises(type(error)):
                await anext(messages)

    run(main())

    assert [("a", "ack")] == queue.settled


def test_a_client_that_is_closed() -> None:
    """The iteration ends when the consumers end without an error."""
    queue = Queue("a")
    seen: list[str] = []

    async def main() -> None:
        async with stream(queue) as messages:
            async for message in messages:
                seen.append(message.topic)
                reactor_thread.call(queue.end)
            with pytest.raises(StopAsyncIteration):
                await anext(messages)
        with pytest.raises(StopAsyncIteration):
            await anext(messages)

    run(main())

    assert ["a"] == seen


async def _outside(messages: MessageStream) -> None:
    await anext(messages)


async def _twice(messages: MessageStream) -> None:
    async with messages:
        pass
    async with messages:
        pass


async def _two_tasks(messages: MessageStream) -> None:
    async with messages:
        other = asyncio.ensure_future(messages.__anext__())
        await asyncio.sleep(0)
        try:
            await anext(messages)
        finally:
            other.cancel()
            with suppress(asyncio.CancelledError):
                await other


async def _elsewhere(messages: MessageStream) -> None:
    async with messages:
        await asyncio.to_thread(asyncio.run, _outside(messages))


@pytest.mark.parametrize(
    ("use", "match"),
    [
        (_outside, "enter the stream of messages first"),
        (_twice, "can be entered only once"),
        (_two_tasks, "another task waits"),
        (_elsewhere, "belongs to another event loop"),
    ],
)
def test_misuse(use: Callable[[MessageStream], Any], match: str) -> None:
    """Use in another place than the block, or by two at a time, is refused with what to do instead."""
    with pytest.raises(RuntimeError, match=match):
        run(use(stream(Queue())))
