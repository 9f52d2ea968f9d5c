# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Callbacks on the event loop of whoever consumes."""

import asyncio
import concurrent.futures
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from fedora_messaging._core.delivery import Delivery
from fedora_messaging.exceptions import ConsumeException, HaltConsumer, Nack
from fedora_messaging.twisted._callbacks.loop_worker import Caller, LoopWorker
from support.loops import LOOPS, each_loop, run


def delivery(tag: int) -> Delivery:
    return Delivery("q", "e", b"t", tag, 1, False, 0.0, b"\0\0", b"{}")


class Worker:
    """A worker, and what it hands to the reactor's thread, which is the test's own."""

    def __init__(
        self, callback: Callable[[Any], Any], loop: Any = None, concurrency: int = 1, holds: Any = None
    ) -> None:
        self.calls: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self.batches: list[list[int]] = []
        self.errors: dict[int, Exception | None] = {}
        self.died: list[ConsumeException] = []
        options = {} if holds is None else {"holds": holds}
        self.worker = LoopWorker(
            callback,
            lambda each: each.tag,  # type: ignore[arg-type, return-value]
            self._finished,
            lambda call, *arguments: self.calls.append((call, arguments)),
            Caller(loop or asyncio.get_running_loop(), copy_context()),
            died=self.died.append,
            concurrency=concurrency,
            **options,
        )

    def _finished(self, batch: list[tuple[Delivery, Exception | None]]) -> None:
        self.batches.append([each.tag for each, _ in batch])
        self.errors.update({each.tag: error for each, error in batch})

    def put(self, *tags: int) -> None:
        for tag in tags:
            self.worker.put(delivery(tag))

    def react(self) -> None:
        """Do what the reactor's thread was asked to do."""
        while self.calls:
            call, arguments = self.calls.popleft()
            call(*arguments)

    async def until(self, count: int) -> None:
        """Let the loop run until the reactor's thread knows of so many outcomes."""
        while len(self.errors) < count:
            await asyncio.sleep(0)
            self.react()


@each_loop
def test_in_tasks_of_the_callers_loop_and_context(loop: str) -> None:
    """Callbacks run in order, in tasks of the loop, each in a copy of the context that the caller had."""
    who = ContextVar("who", default="nobody")
    seen: list[tuple[int, str, bool]] = []

    async def callback(tag: int) -> None:
        seen.append((tag, who.get(), asyncio.current_task() is not None))
        who.set(f"callback {tag}")
        await asyncio.sleep(0)
        assert f"callback {tag}" == who.get()
        if tag == 2:
            raise Nack()

    async def main() -> Worker:
        who.set("the caller")
        worker = Worker(callback)
        # As deliveries come: from another thread.
        await asyncio.get_running_loop().run_in_executor(None, worker.put, 1, 2, 3)
        await worker.until(3)
        return worker

    worker = run(main(), loop)

    assert [(tag, "the caller", True) for tag in (1, 2, 3)] == seen
    assert [None, Nack, None] == [error and type(error) for error in worker.errors.values()]
    assert worker.worker.running is None


def test_outcomes_come_in_batches() -> None:
    """Callbacks that do not wait are one batch, for one wake-up of the reactor."""

    async def callback(tag: int) -> None:
        pass

    async def main() -> Worker:
        worker = Worker(callback)
        worker.worker._longest_burst = 60  # however slow the machine is
        worker.put(*range(1, 41))
        await worker.until(40)
        return worker

    assert [[*range(1, 41)]] == run(main()).batches


@each_loop
def test_several_at_a_time(loop: str) -> None:
    """As many callbacks as allowed run at a time, and what finishes makes room for the next."""
    gates: dict[int, asyncio.Future[None]] = {}

    async def callback(tag: int) -> None:
        gates[tag] = asyncio.get_running_loop().create_future()
        await gates[tag]

    async def main() -> None:
        worker = Worker(callback, concurrency=3)
        worker.put(1, 2, 3, 4, 5)
        for finished, running in ((2, {1, 3, 4}), (4, {1, 3, 5})):
            while finished not in gates:
                await asyncio.sleep(0)
            gates.pop(finished).set_result(None)
            await worker.until(len(worker.errors) + 1)
            while set(gates) != running:
                await asyncio.sleep(0)
        assert worker.worker.running is not None
        assert 1 == worker.worker.running.tag
        for tag in (1, 3, 5):
            gates.pop(tag).set_result(None)
        await worker.until(5)

    run(main(), loop)


def test_nothing_begins_before_the_reactor_has_decided() -> None:
    """After an outcome that ends the consumer nothing is started; the worker goes on when it is told to."""
    seen: list[int] = []

    async def callback(tag: int) -> None:
        seen.append(tag)
        if seen == [1]:
            raise HaltConsumer()

    async def main() -> None:
        worker = Worker(callback)
        worker.put(1, 2, 3)
        await worker.until(1)
        for _ in range(5):
            await asyncio.sleep(0)
        assert [1] == seen
        assert worker.worker.held is not None
        worker.worker.proceed(worker.worker.held)
        await worker.until(3)

    run(main())

    assert [1, 1, 2, 3] == seen


def test_taken_back() -> None:
    """What was not started can be taken back, and is not run then."""
    seen: list[int] = []

    async def callback(tag: int) -> None:
        seen.append(tag)
        await asyncio.sleep(0)

    async def main() -> list[int]:
        worker = Worker(callback)
        worker.put(1, 2, 3)
        while not seen:
            await asyncio.sleep(0)
        taken = worker.worker.take_back()
        await worker.until(1)
        worker.put(4)
        await worker.until(2)
        return [each.tag for each in taken]

    assert [2, 3] == run(main())
    assert [1, 4] == seen


@each_loop
def test_stopped_while_a_callback_runs(loop: str) -> None:
    """Stopping cancels the callback that runs, and no other is started."""
    seen: list[Any] = []

    async def callback(tag: int) -> None:
        seen.append(tag)
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    async def main() -> None:
        worker = Worker(callback)
        worker.put(1, 2)
        while not seen:
            await asyncio.sleep(0)
        worker.worker.stop()
        await worker.until(1)

    run(main(), loop)

    assert [1, "cancelled"] == seen


def test_a_task_that_was_cancelled_before_it_began() -> None:
    """A task that something cancels before it has begun is replaced by another one."""

    async def callback(tag: int) -> None:
        pass

    async def main() -> None:
        worker = Worker(callback)
        worker.put(1)
        before = asyncio.all_tasks()
        while asyncio.all_tasks() == before:
            await asyncio.sleep(0)
            for each in asyncio.all_tasks() - before:
                each.cancel()
        await worker.until(1)

    run(main())


@each_loop
def test_a_loop_that_was_closed(loop: str) -> None:
    """When the loop is closed, callbacks that ran there have failed, and the consumer is told why."""
    made = LOOPS[loop]()

    async def callback(tag: int) -> None:
        await asyncio.Event().wait()

    async def main() -> Worker:
        worker = Worker(callback)
        worker.put(1)
        while worker.worker.running is None:
            await asyncio.sleep(0)
        return worker

    worker = made.run_until_complete(main())
    (task,) = asyncio.all_tasks(made)
    made.close()
    worker.put(2, 3)
    worker.react()
    task._log_destroy_pending = False  # type: ignore[attr-defined]

    (died,) = worker.died
    assert "cannot be used any more" in str(died)
    assert {1: died} == worker.errors
    assert [2, 3] == [each.tag for each in worker.worker.take_back()]
    worker.worker.proceed()
    worker.worker.stop()
    worker.react()
    assert [died] == worker.died


def test_what_a_callback_may_await() -> None:
    """Whatever awaitable a callback returns is awaited in turn; a Deferred belongs to the reactor."""
    future: concurrent.futures.Future[None] = concurrent.futures.Future()
    future.set_exception(KeyError("from the pool"))

    async def nested() -> None:
        raise KeyError("from within")

    async def awaits_deferred() -> None:
        await Deferred()

    results: dict[int, Any] = {1: lambda: future, 2: nested, 3: Deferred, 4: awaits_deferred, 5: lambda: 5}

    async def callback(tag: int) -> Any:
        return results[tag]()

    async def main() -> dict[int, Exception | None]:
        worker = Worker(callback, holds=lambda *_: False)
        worker.put(1, 2, 3, 4, 5)
        await worker.until(5)
        return worker.errors

    errors = run(main())

    assert ["'from the pool'", "'from within'", "None"] == [str(errors[tag]) for tag in (1, 2, 5)]
    for tag in (3, 4):
        assert "use fedora_messaging.asyncio in it" in str(errors[tag])


@pytest.mark.parametrize("error", [SystemExit(3), asyncio.CancelledError(), StopIteration()])
def test_what_is_no_exception(error: BaseException) -> None:
    """A callback that raises SystemExit or the like ends neither the loop nor the worker."""

    async def callback(tag: int) -> None:
        raise error

    async def main() -> str:
        worker = Worker(callback)
        worker.put(1)
        await worker.until(1)
        return str(worker.errors[1])

    assert run(main())
