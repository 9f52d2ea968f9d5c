# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Several callbacks of one consumer at a time."""

import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet import task
from twisted.internet.defer import Deferred

from fedora_messaging._core.delivery import Delivery
from fedora_messaging.exceptions import ConfigurationException, HaltConsumer
from fedora_messaging.message import Message
from fedora_messaging.retry import Retry
from fedora_messaging.twisted._callbacks.reactor_worker import ReactorWorker
from fedora_messaging.twisted._callbacks.thread_worker import ThreadWorker
from support.world import World, no_unhandled_errors, result_of

QUEUE = {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}
TOPOLOGY: dict[str, Any] = {
    "queues": {"q": QUEUE},
    "bindings": [{"exchange": "amq.topic", "queue": "q", "routing_keys": ["#"]}],
}


def delivery(tag: int, generation: int = 1) -> Delivery:
    return Delivery("q", "e", b"t", tag, generation, False, 0.0, b"\0\0", b"{}")


class Threads:
    """A worker of several threads, whose callbacks wait until they are let go."""

    def __init__(self, concurrency: int) -> None:
        self.calls: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.entered: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.gates: dict[int, threading.Event] = {}
        self.errors: dict[int, Exception] = {}
        self.done: list[int] = []
        self.worker = ThreadWorker(
            self.callback,
            lambda each: each.tag,  # type: ignore[arg-type, return-value]
            lambda batch: self.done.extend(each.tag for each, _ in batch),
            lambda call, *args: self.calls.put((call, args)),
            "a worker of the tests",
            concurrency=concurrency,
        )

    def put(self, *tags: int) -> None:
        for tag in tags:
            self.gates[tag] = threading.Event()
            self.worker.put(delivery(tag))

    def callback(self, tag: Any) -> None:
        self.entered.put(tag)
        assert self.gates[tag].wait(30)
        if tag in self.errors:
            raise self.errors[tag]

    def enters(self, count: int) -> set[int]:
        return {self.entered.get(timeout=30) for _ in range(count)}

    def finish(self, *tags: int) -> None:
        """Let callbacks go on, until the reactor's thread knows of each."""
        wanted = len(self.done) + len(tags)
        for tag in tags:
            self.gates[tag].set()
        while len(self.done) < wanted:
            call, args = self.calls.get(timeout=30)
            call(*args)


@pytest.fixture
def threads() -> Iterator[Threads]:
    """Three at a time."""
    made = Threads(3)
    yield made
    made.worker.stop()


def test_as_many_as_allowed_run_at_a_time(threads: Threads) -> None:
    """Three callbacks run at a time; each that finishes, in any order, lets another one begin."""
    for tag in (1, 2, 3):  # one after the other, so that the first is started first
        threads.put(tag)
        assert {tag} == threads.enters(1)
    threads.put(4, 5)
    assert threads.entered.empty()
    threads.finish(2)
    assert {4} == threads.enters(1)
    threads.finish(4)
    assert {5} == threads.enters(1)
    assert threads.worker.running is not None
    assert 1 == threads.worker.running.tag
    threads.finish(1, 3, 5)

    assert {1, 2, 3, 4, 5} == set(threads.done)
    assert threads.worker.running is None


def test_nothing_begins_after_one_halts(threads: Threads) -> None:
    """When one callback ends the consumer, those beside it finish, and no other begins."""
    threads.errors[2] = HaltConsumer()
    threads.put(1, 2, 3, 4, 5, 6)
    assert {1, 2, 3} == threads.enters(3)
    threads.finish(2)
    assert threads.worker.held is not None
    threads.finish(1, 3)

    assert threads.entered.empty()
    assert [4, 5, 6] == [each.tag for each in threads.worker.take_back()]


def test_going_on_after_a_hold(threads: Threads) -> None:
    """When the reactor's thread has dealt with what held them, all threads go on."""
    threads.errors[1] = HaltConsumer()
    threads.put(1, 2, 3, 4, 5)
    threads.enters(3)
    threads.finish(1)
    threads.finish(2)
    assert threads.entered.empty()
    threads.worker.proceed()
    assert {4, 5} == threads.enters(2)
    threads.finish(3, 4, 5)

    assert {1, 2, 3, 4, 5} == set(threads.done)


def test_on_the_reactor() -> None:
    """Callbacks that return Deferreds run as many at a time as allowed, across channels too."""
    clock = task.Clock()
    waiting: dict[int, Deferred[None]] = {}
    done: list[int] = []

    def callback(tag: Any) -> Deferred[None]:
        waiting[tag] = Deferred()
        return waiting[tag]

    worker = ReactorWorker(
        callback,
        lambda each: each.tag * each.generation,  # type: ignore[arg-type, return-value]
        lambda batch: done.extend(each.tag * each.generation for each, _ in batch),
        clock.callLater,
        from_thread=lambda call, *args: clock.callLater(0, call, *args),
        concurrency=2,
    )
    worker.put(delivery(1))
    worker.put(delivery(1, 10))
    worker.put(delivery(1, 100))
    clock.advance(0)
    assert [1, 10] == list(waiting)
    waiting[10].callback(None)
    clock.advance(0)
    assert [1, 10, 100] == list(waiting)
    waiting[1].callback(None)
    waiting[100].callback(None)
    clock.advance(0)

    assert [10, 1, 100] == done


_UNDER_ASYNCIO = """
import asyncio
from twisted.internet import asyncioreactor
asyncioreactor.install()
from twisted.internet import reactor
from fedora_messaging._core.delivery import Delivery
from fedora_messaging.twisted._callbacks.reactor_worker import ReactorWorker

most = running = 0
done = []

async def callback(tag):
    global most, running
    running += 1
    most = max(most, running)
    await asyncio.sleep(0.001 if tag % 7 else 0.05)
    running -= 1

def finished(batch):
    done.extend(each.tag for each, _ in batch)
    if len(done) == 200:
        reactor.stop()

worker = ReactorWorker(callback, lambda each: each.tag, finished, reactor.callLater, concurrency=4)
for tag in range(200):
    worker.put(Delivery("q", "e", b"t", tag, 1, False, 0.0, b"", b""))
reactor.callLater(120, reactor.stop)
reactor.run()
print(most, sorted(done) == list(range(200)), done != sorted(done))
"""


def test_under_asyncio() -> None:
    """Coroutines run as tasks, as many at a time as allowed, and one that waits does not keep the others."""
    run = subprocess.run(
        [sys.executable, "-c", _UNDER_ASYNCIO], capture_output=True, text=True, timeout=200, check=False
    )

    assert "4 True True" == run.stdout.strip(), run.stderr


def test_prefetch_is_raised(caplog: pytest.LogCaptureFixture) -> None:
    """A consumer prefetches a message for each callback that may run, and warns once where it was fewer."""
    with no_unhandled_errors():
        world = World()
        waiting: list[Deferred[None]] = []

        def callback(message: Message) -> Deferred[None]:
            waiting.append(Deferred())
            return waiting[-1]

        service = world.service(callback, **TOPOLOGY, qos={"prefetch_count": 2, "concurrency": 5})
        service.startService()
        world.settle()
        for n in range(9):
            service.publish(Message(topic="t", body={"n": n}))
        world.settle()
        assert 5 == len(waiting)
        stopped = service.stopService()
        world.settle(1)
        for each in waiting:
            each.callback(None)
        world.settle(1)

        assert result_of(stopped) is None
        assert 5 == service.stats.consumed.processed
        assert 4 == world.broker.queue("q").ready
    assert 1 == sum("less than the concurrency" in each.message for each in caplog.records)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"retry": Retry(wait="in-place")}, '"in-place" keeps the order'),
        ({"queues": {"q": {**QUEUE, "arguments": {"x-single-active-consumer": True}}}}, "single active"),
    ],
)
def test_where_the_order_counts(values: dict[str, Any], text: str) -> None:
    """A consumer that is to keep the order refuses to run callbacks beside each other."""
    world = World()
    service = world.service(None, **TOPOLOGY)

    with pytest.raises(ConfigurationException) as refused:
        service.factory.consume(print, concurrency=2, **{**TOPOLOGY, **values})
    assert text in str(refused.value)


@pytest.mark.parametrize("concurrency", [0, -1, 1.5, "two", True])
def test_bad_concurrency(concurrency: Any) -> None:
    """What is no number of callbacks is refused before anything is consumed."""
    service = World().service(None, **TOPOLOGY)

    with pytest.raises(ValueError, match="concurrency must be a whole number, 1 at least"):
        service.consume(print, concurrency=concurrency)
    assert () == service.consumers
