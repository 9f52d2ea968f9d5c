# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Callbacks are timed, whichever worker calls them, and told of several at a time."""

import asyncio
import queue
from collections.abc import Callable, Sequence
from contextvars import copy_context
from typing import Any

import pytest
from twisted.internet import task
from twisted.internet.defer import Deferred

from fedora_messaging._core.delivery import Delivery, InvalidMessage
from fedora_messaging._core.observer import Run
from fedora_messaging.exceptions import ConsumeException, Drop, ValidationError
from fedora_messaging.message import Message
from fedora_messaging.twisted._callbacks.loop_worker import Caller, LoopWorker
from fedora_messaging.twisted._callbacks.reactor_worker import ReactorWorker
from fedora_messaging.twisted._callbacks.thread_worker import ThreadWorker
from fedora_messaging.twisted._callbacks.timer import CallbackTimer


def delivery(tag: int) -> Delivery:
    return Delivery("q", "e", b"t", tag, 1, False, 0.0, b"\0\0", b"{}")


def decode(received: Delivery) -> Message:
    if received.tag == 13:
        raise ValidationError("thirteen")
    return Message(topic=f"t.{received.tag}", headers={"tag": str(received.tag)})


class Told:
    """A timer on a clock, what it tells of, and what the worker says has finished."""

    def __init__(self) -> None:
        self.clock = task.Clock()
        self.runs: list[Run] = []
        self.order: list[str] = []
        self.timer = CallbackTimer(self.clock.seconds, self._processed)
        self.finished = self.timer.telling(
            lambda batch: self.order.extend(f"done {each.tag}" for each, _ in batch)
        )

    def _processed(self, runs: Sequence[Run]) -> None:
        self.runs += runs
        self.order.extend(f"ran {each.tag}" for each, _, _, _ in runs)

    @property
    def brief(self) -> list[tuple[int, str | None, float, type]]:
        """Each run: the delivery's tag, a header, the seconds, and the class of what was raised."""
        return [
            (each.tag, None if headers is None else headers["tag"], seconds, type(error))
            for each, headers, seconds, error in self.runs
        ]


EXPECTED = [(1, "1", 2.0, type(None)), (13, None, 0.0, InvalidMessage), (2, "2", 2.0, Drop)]


def in_thread(told: Told, callback: Callable[[Message], Any]) -> None:
    """Three messages by a thread worker."""
    calls: queue.SimpleQueue[Any] = queue.SimpleQueue()
    worker = ThreadWorker(
        callback,
        decode,
        told.finished,
        lambda *call: calls.put(call),
        "a worker of the tests",
        timer=told.timer,
    )
    for tag in (1, 13, 2):
        worker.put(delivery(tag))
    while len(told.runs) < 3:
        call, *values = calls.get(timeout=60)
        call(*values)
    worker.stop()


def on_reactor(told: Told, callback: Callable[[Message], Any]) -> None:
    """Three messages by a reactor worker."""
    clock = task.Clock()
    worker = ReactorWorker(callback, decode, told.finished, clock.callLater, timer=told.timer)
    for tag in (1, 13, 2):
        worker.put(delivery(tag))
    clock.advance(0)


def on_loop(told: Told, callback: Callable[[Message], Any]) -> None:
    """Three messages by the worker of an event loop, whose reactor is another thread."""

    async def call(message: Message) -> None:
        callback(message)

    async def consume() -> None:
        calls: queue.SimpleQueue[Any] = queue.SimpleQueue()
        caller = Caller(asyncio.get_running_loop(), copy_context())
        worker = LoopWorker(
            call, decode, told.finished, lambda *handed: calls.put(handed), caller, timer=told.timer
        )
        for tag in (1, 13, 2):
            worker.put(delivery(tag))
        while len(told.runs) < 3:
            await asyncio.sleep(0)
            while not calls.empty():
                handed, *values = calls.get()
                handed(*values)

    asyncio.run(consume())


@pytest.mark.parametrize("worker", [in_thread, on_reactor, on_loop])
def test_durations(worker: Callable[[Told, Callable[[Message], Any]], None]) -> None:
    """Each callback has its time, whatever it raises; what is not handed to it has none."""
    told = Told()

    def callback(message: Message) -> None:
        told.clock.advance(2)
        if message.topic == "t.2":
            raise Drop

    worker(told, callback)

    assert told.brief == EXPECTED
    assert 0.0 == told.timer.longest
    assert all(told.order.index(f"ran {tag}") < told.order.index(f"done {tag}") for tag in (1, 13, 2))


def test_the_longest_of_those_that_run() -> None:
    """It is the one that was started first, until it has ended."""
    told, clock = Told(), task.Clock()
    results: list[Deferred[None]] = [Deferred(), Deferred()]
    waiting = iter(results)
    worker = ReactorWorker(
        lambda _: next(waiting), decode, told.finished, clock.callLater, concurrency=2, timer=told.timer
    )
    worker.put(delivery(1))
    clock.advance(0)
    told.clock.advance(5)
    worker.put(delivery(2))
    clock.advance(0)
    told.clock.advance(1)
    longest = [told.timer.longest]
    for each in results:
        each.callback(None)
        longest.append(told.timer.longest)

    assert [6.0, 1.0, 0.0] == longest


def test_a_thread_that_dies() -> None:
    """The delivery that it had is told of as well, with the error that ends the consumer."""
    told = Told()
    calls: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def holds(_: Delivery, __: Exception | None) -> bool:
        raise SystemExit("raised into the thread from outside")

    worker = ThreadWorker(
        lambda _: told.clock.advance(2),
        decode,
        told.finished,
        lambda *call: calls.put(call),
        "a worker of the tests",
        holds=holds,
        timer=told.timer,
    )
    worker.put(delivery(1))
    call, *values = calls.get(timeout=60)
    call(*values)

    assert [(1, "1", 2.0, type(None)), (1, None, 0.0, ConsumeException)] == told.brief
    assert 0.0 == told.timer.longest
