# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Workers call one callback at a time, and each delivery is run once or given back once."""

import asyncio
import concurrent.futures
import queue
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet import task
from twisted.internet.defer import Deferred, succeed

from fedora_messaging._core.delivery import Delivery, InvalidMessage
from fedora_messaging.exceptions import HaltConsumer, Nack, ValidationError
from fedora_messaging.twisted._callbacks.reactor_worker import ReactorWorker
from fedora_messaging.twisted._callbacks.thread_worker import ThreadWorker


def delivery(tag: int, arrived: float = 0.0) -> Delivery:
    return Delivery("q", "e", b"t", tag, 1, False, arrived, b"\0\0", b"{}")


def decode(received: Delivery) -> Any:
    """The tag stands for the message; the odd one out is none."""
    if received.tag == 13:
        raise ValidationError("thirteen")
    if received.tag == 14:
        raise RuntimeError("a defect in decoding")
    return received.tag


class Reactor:
    """A reactor's thread: the test's own, which runs what other threads hand to it."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.wakeups = 0

    def call_from_thread(self, call: Callable[..., Any], *args: Any) -> None:
        self._calls.put((call, args))

    def turn(self) -> None:
        """Wait for one call and run it."""
        call, args = self._calls.get(timeout=60)
        self.wakeups += 1
        call(*args)


class Outcomes:
    """What a worker says has finished."""

    def __init__(self) -> None:
        self.batches: list[list[tuple[Delivery, Exception | None]]] = []

    def __call__(self, batch: list[tuple[Delivery, Exception | None]]) -> None:
        self.batches.append(batch)

    @property
    def tags(self) -> list[int]:
        return [done.tag for batch in self.batches for done, _ in batch]

    @property
    def errors(self) -> dict[int, Exception | None]:
        return {done.tag: error for batch in self.batches for done, error in batch}


class Threaded:
    """A thread worker and the reactor's thread beside it."""

    def __init__(self, callback: Callable[[Any], Any]) -> None:
        self.reactor = Reactor()
        self.outcomes = Outcomes()
        self.worker = ThreadWorker(
            callback, decode, self.outcomes, self.reactor.call_from_thread, "a worker of the tests"
        )

    def until(self, count: int) -> None:
        while len(self.outcomes.tags) < count:
            self.reactor.turn()


class OnReactor:
    """A reactor worker on a clock."""

    def __init__(self, callback: Callable[[Any], Any]) -> None:
        self.clock = task.Clock()
        self.outcomes = Outcomes()
        self.worker = ReactorWorker(
            callback,
            decode,
            self.outcomes,
            self.clock.callLater,
            from_thread=lambda call, *args: self.clock.callLater(0, call, *args),
        )

    def until(self, count: int) -> None:
        for _ in range(1000):
            if len(self.outcomes.tags) >= count:
                return
            self.clock.advance(0)
        raise AssertionError(f"{self.outcomes.tags} are not {count} outcomes")


kinds = pytest.mark.parametrize("kind", [Threaded, OnReactor])


def raising(error: BaseException) -> Callable[[Any], None]:
    def callback(message: Any) -> None:
        raise error

    return callback


@kinds
def test_in_order(kind: Any) -> None:
    """Callbacks are called in the order of the deliveries, and what they raise is their outcome."""
    seen: list[int] = []

    def callback(tag: int) -> str:
        seen.append(tag)
        if tag == 3:
            raise Nack()
        return "a value that nobody needs"

    tested = kind(callback)
    for tag in range(1, 201):
        tested.worker.put(delivery(tag))
    tested.until(200)

    assert list(range(1, 13)) + list(range(15, 201)) == seen
    assert list(range(1, 201)) == tested.outcomes.tags
    errors = {tag: type(error) for tag, error in tested.outcomes.errors.items() if error is not None}
    assert {3: Nack, 13: InvalidMessage, 14: InvalidMessage} == errors
    tested.worker.stop()


@kinds
@pytest.mark.parametrize(
    "error", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError(), GeneratorExit()]
)
def test_what_is_no_exception_is_a_failure_too(kind: Any, error: BaseException) -> None:
    """A callback that raises SystemExit or the like neither ends the process nor leaves its consumer deaf."""
    tested = kind(raising(error))
    tested.worker.put(delivery(1))
    tested.until(1)
    (outcome,) = tested.outcomes.errors.values()

    assert type(error).__name__ in str(outcome)
    assert error is outcome.__cause__
    assert tested.worker.running is None


@kinds
@pytest.mark.parametrize("error", [HaltConsumer(), KeyError("surprise"), SystemExit()])
def test_nothing_runs_after_the_end(kind: Any, error: BaseException) -> None:
    """After an outcome that ends the consumer no callback is called any more; what is left can be taken
    back."""
    seen: list[int] = []

    def callback(tag: int) -> None:
        seen.append(tag)
        raise error

    tested = kind(callback)
    for tag in (1, 2, 3):
        tested.worker.put(delivery(tag))
    tested.until(1)

    assert [1] == seen
    assert [2, 3] == [each.tag for each in tested.worker.take_back()]


def test_finished_callbacks_come_in_batches() -> None:
    """One wake-up of the reactor brings all that has finished since the last."""
    last = threading.Event()
    tested = Threaded(lambda tag: last.set() if tag == 500 else None)
    for tag in range(101, 501):
        tested.worker.put(delivery(tag))
    assert last.wait(60)
    tested.until(400)

    assert tested.reactor.wakeups < 10
    tested.worker.stop()


def test_one_thread_for_all() -> None:
    """The callbacks of a worker run in one thread of its own, which is named and ends when it is told to."""
    threads: set[threading.Thread] = set()
    tested = Threaded(lambda _: threads.add(threading.current_thread()))
    for tag in range(20, 40):
        tested.worker.put(delivery(tag))
    tested.until(20)
    (thread,) = threads
    tested.worker.stop()
    thread.join(60)

    assert "a worker of the tests" == thread.name
    assert thread.daemon
    assert not thread.is_alive()


def test_deferreds_of_plain_callbacks_are_waited_for() -> None:
    """A plain callback may return a Deferred; its thread waits until the reactor fires it."""
    made: list[Deferred[Any]] = []

    def callback(tag: int) -> Deferred[Any]:
        made.append(Deferred())
        return made[-1]

    tested = Threaded(callback)
    tested.worker.put(delivery(1))
    tested.worker.put(delivery(2))
    tested.reactor.turn()  # adds the callback to the Deferred, in the reactor's thread
    first = len(made), tested.outcomes.tags
    made[0].callback(None)
    tested.until(1)
    while len(made) < 2:
        tested.reactor.turn()
    made[1].errback(Nack())
    tested.until(2)

    assert (1, []) == first
    assert {1: type(None), 2: Nack} == {tag: type(error) for tag, error in tested.outcomes.errors.items()}
    tested.worker.stop()


async def _nacks() -> None:
    raise Nack()


async def _forgets_to_await() -> Any:
    return _nacks()


async def _gives_a_deferred() -> Any:
    return succeed(_forgets_to_await())


def _in_a_future(value: Any) -> Any:
    future: concurrent.futures.Future[Any] = concurrent.futures.Future()
    future.set_result(value)
    return future


async def _gives_a_generator() -> Any:
    return (number for number in range(3))


@kinds
@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (_forgets_to_await, Nack),
        (_gives_a_deferred, Nack),
        (lambda: succeed(_nacks()), Nack),
        (lambda: _in_a_future(_nacks()), Nack),
        (lambda: _in_a_future(succeed(_gives_a_deferred())), Nack),
        (_gives_a_generator, TypeError),
    ],
)
def test_what_an_awaitable_gives_is_awaited_in_turn(kind: Any, make: Any, expected: Any) -> None:
    """A callback has ended when nothing awaitable is left of what it returned: it may have forgotten one."""
    tested = kind(lambda _: make())
    tested.worker.put(delivery(1))
    tested.until(1)
    tested.worker.stop()

    assert expected is type(tested.outcomes.errors[1])


def test_the_reactor_gets_its_turn() -> None:
    """Between bursts of callbacks other events of the reactor come in."""
    seen: list[Any] = []
    tested = OnReactor(seen.append)
    for tag in range(100, 300):
        tested.worker.put(delivery(tag))
    tested.clock.callLater(0, seen.append, "another event")
    tested.until(200)

    assert seen.index("another event") < 100


def test_running_and_oldest() -> None:
    """The delivery that runs, and since when the one that waits longest has been there."""
    waiting: Deferred[None] = Deferred()
    tested = OnReactor(lambda tag: waiting)
    for tag in (1, 2, 3):
        tested.worker.put(delivery(tag, arrived=tag * 10.0))
    tested.clock.advance(0)
    running, oldest = tested.worker.running, tested.worker.oldest
    taken = tested.worker.take_back(before=25)

    assert (1, 20.0) == (running and running.tag, oldest)
    assert [2] == [each.tag for each in taken]
    assert 30.0 == tested.worker.oldest
    waiting.callback(None)


class _Failing:
    """An observer's ``started`` that raises."""

    def __call__(self, started: Delivery, message: Any) -> None:
        raise RuntimeError("the observer is broken")


def test_an_observer_that_raises_is_a_failure_of_the_delivery() -> None:
    """A broken observer ends the consumer with its error rather than leave it deaf."""
    outcomes, clock = Outcomes(), task.Clock()
    worker = ReactorWorker(lambda _: None, decode, outcomes, clock.callLater, _Failing())
    worker.put(delivery(1))
    clock.advance(0)

    assert "the observer is broken" in str(outcomes.errors[1])


@given(st.lists(st.sampled_from(["put", "take back", "turn", "fire"]), max_size=60))
def test_each_delivery_is_run_once_or_given_back_once(steps: list[str]) -> None:
    """Whatever the order of deliveries, turns of the reactor, Deferreds that fire and withdrawals."""
    open_: list[Deferred[None]] = []
    started: list[int] = []
    at_once = 0

    def callback(tag: int) -> Deferred[None]:
        nonlocal at_once
        started.append(tag)
        open_.append(Deferred())
        at_once = max(at_once, len(open_))
        return open_[-1]

    tested = OnReactor(callback)
    put, back = 20, []
    for step in steps:
        if step == "put":
            put += 1
            tested.worker.put(delivery(put))
        elif step == "take back":
            back += [each.tag for each in tested.worker.take_back()]
        elif step == "turn":
            tested.clock.advance(0)
        elif open_:
            open_.pop().callback(None)
    for _ in range(2 * len(steps)):
        tested.clock.advance(0)
        if open_:
            open_.pop().callback(None)
    tested.clock.advance(0)

    assert at_once <= 1
    assert list(range(21, put + 1)) == sorted(started + back)
    assert started == tested.outcomes.tags


def test_a_thread_and_a_reactor_that_want_the_same_delivery() -> None:
    """While the thread works through its deliveries, the reactor takes them back: none is lost, none
    doubled."""
    started: list[int] = []
    tested = Threaded(started.append)
    for tag in range(20, 3020):
        tested.worker.put(delivery(tag))
    taken = [each.tag for _ in range(50) for each in tested.worker.take_back(before=1.0)]
    tested.until(3000 - len(taken))

    assert list(range(20, 3020)) == sorted(started + taken)
    tested.worker.stop()
