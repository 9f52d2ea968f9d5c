# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The end always comes: whatever a callback raises or a listener does, the message is settled, the consumer
ends, and it is said once."""

import asyncio
import builtins
import concurrent.futures
import logging
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.python.failure import Failure

from fedora_messaging import exceptions
from fedora_messaging._core.delivery import Delivery
from fedora_messaging._core.observer import guarded
from fedora_messaging._reporting.log import SafeLog, Tally
from fedora_messaging._reporting.text import name_of, shown, text_of, traceback_of
from fedora_messaging._runner.callbacks import CallbackFailed
from fedora_messaging._runner.exit_codes import exit_code
from fedora_messaging.message import Message
from fedora_messaging.twisted._callbacks.thread_worker import ThreadWorker
from support.world import World

TOPOLOGY: dict[str, Any] = {
    "queues": {"q": {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}},
    "bindings": [{"exchange": "amq.topic", "queue": "q", "routing_keys": ["#"]}],
}


class Collected(logging.Handler):
    """The records of the package's loggers."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)
        self.format(record)

    @property
    def failures(self) -> list[logging.LogRecord]:
        return [record for record in self.records if record.exc_info]


@contextmanager
def logged(*handlers: logging.Handler) -> Iterator[Collected]:
    logger = logging.getLogger("fedora_messaging")
    collected, level, propagates = Collected(), logger.level, logger.propagate
    added = [collected, *handlers]
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    for each in added:
        logger.addHandler(each)
    try:
        yield collected
    finally:
        logger.setLevel(level)
        logger.propagate = propagates
        for each in added:
            logger.removeHandler(each)


# Exceptions of all kinds


def raiser(error: type[BaseException]) -> Callable[..., Any]:
    def method(*_: Any) -> Any:
        raise error("raised by a method")

    return method


def endless(self: Any) -> str:
    return str(self)


METHODS: dict[str, list[Any]] = {
    "__str__": [
        raiser(ValueError),
        raiser(SystemExit),
        raiser(KeyboardInterrupt),
        lambda self: None,
        lambda self: 7,
        lambda self: "x" * 100_000,
        lambda self: "\x1b[31m\nERROR forged",
        lambda self: "\ud800",
        endless,
    ],
    "__repr__": [raiser(RuntimeError), lambda self: None, endless],
    "__eq__": [raiser(ValueError), lambda self, other: True],
    "__hash__": [raiser(TypeError), None],
    "__bool__": [raiser(ValueError), lambda self: False],
    "__len__": [raiser(ValueError), lambda self: 0],
    "__setattr__": [raiser(AttributeError)],
    "__traceback__": [property(raiser(ValueError)), property(lambda self: None)],
    "__cause__": [property(raiser(ValueError))],
    "__class__": [property(raiser(ValueError)), property(lambda self: exceptions.Drop)],
    "with_traceback": [raiser(ValueError), lambda self, traceback: None],
    "__reduce__": [raiser(ValueError)],
    "args": [property(raiser(ValueError))],
    "message": [property(raiser(ValueError)), 7],
    "__notes__": [property(raiser(ValueError)), 7],
}
BASES: list[type[BaseException]] = [
    Exception,
    BaseException,
    ValueError,
    OSError,
    KeyError,
    StopIteration,
    StopAsyncIteration,
    SystemExit,
    KeyboardInterrupt,
    GeneratorExit,
    asyncio.CancelledError,
    concurrent.futures.CancelledError,
    MemoryError,
    RecursionError,
    exceptions.BaseException,
    exceptions.ValidationError,
    exceptions.PublishTimeout,
]


class Spec(NamedTuple):
    """How an error is made; what is made may not be fit to be shown by Hypothesis."""

    base: type[BaseException]
    methods: tuple[tuple[str, int], ...] = ()
    grouped: bool = False

    def make(self) -> BaseException:
        methods = {name: METHODS[name][number % len(METHODS[name])] for name, number in self.methods}
        if issubclass(self.base, exceptions.BaseException):
            methods.pop("__setattr__", None)  # with which it could not be made
        error: BaseException = type("Odd", (self.base,), methods)("something")
        grouped: BaseException
        group: Any = getattr(builtins, "BaseExceptionGroup", None)  # from Python 3.11 on
        if self.grouped and group is not None:
            with suppress(ValueError):  # Python asks it whether it may be in a group
                grouped = group("a group", [error, ValueError("another")])
                return grouped
        return error


methods = st.lists(
    st.tuples(st.sampled_from(sorted(METHODS)), st.integers(0, 8)),
    max_size=3,
    unique_by=lambda each: each[0],
)
errors = st.builds(Spec, st.sampled_from(BASES), methods.map(tuple), st.sampled_from([False] * 4 + [True]))


def made(**methods: Any) -> BaseException:
    """An error of a class with these methods."""
    error: BaseException = type("Odd", (Exception,), methods)("something")
    return error


def sync(error: BaseException) -> Callable[[Any], Any]:
    def callback(message: Any) -> None:
        raise error

    return callback


def coroutine(error: BaseException) -> Callable[[Any], Any]:
    async def callback(message: Any) -> None:
        raise error

    return callback


def returned_coroutine(error: BaseException) -> Callable[[Any], Any]:
    return lambda message: coroutine(error)(message)


def deferred(error: BaseException) -> Callable[[Any], Any]:
    def callback(message: Any) -> Deferred[None]:
        done: Deferred[None] = Deferred()
        done.errback(Failure(error))
        return done

    return callback


def inline(error: BaseException) -> Callable[[Any], Any]:
    @inlineCallbacks
    def callback(message: Any) -> Any:
        yield None
        raise error

    return callback


STYLES = [sync, coroutine, returned_coroutine, deferred, inline]


class Turning:
    """A clock's callFromThread that a test can wait on."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.calls: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def __call__(self, call: Callable[..., Any], *args: Any) -> None:
        self.calls.put((call, args))

    def turn(self, until: Callable[[], bool]) -> None:
        self.world.settle(0.1)
        while not until():
            call, args = self.calls.get(timeout=30)  # queue.Empty: nothing would ever happen
            call(*args)
            self.world.settle(10)


def consume(callback: Any, in_thread: bool, **keys: Any) -> tuple[Any, Any, World]:
    """Publish a message and consume with a callback until the consumer has ended; how, and the consumer."""
    world = World()
    turning = Turning(world)
    world.reactor.callFromThread = turning  # type: ignore[method-assign]
    service = world.service(None, **TOPOLOGY, **keys)
    service.consume(callback, in_thread=in_thread).addErrback(lambda _: None)
    (consumer,) = service.consumers
    outcomes: list[Any] = []
    consumer.result.addBoth(outcomes.append)
    service.startService()
    world.settle(1)
    service.publish(Message(topic="some.topic", body={})).addErrback(lambda _: None)
    turning.turn(lambda: bool(outcomes))
    service.stopService()
    world.settle(60)
    return outcomes[0], consumer, world


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(errors, st.sampled_from(STYLES), st.booleans())
@example(Spec(Exception, (("__str__", 0),)), sync, True)
@example(Spec(Exception, (("__str__", 3),)), sync, True)
@example(Spec(Exception, (("__traceback__", 0),)), coroutine, False)
@example(Spec(Exception, (("__setattr__", 0),)), coroutine, False)
@example(Spec(StopIteration), sync, False)
def test_whatever_a_callback_raises_ends_its_consumer(
    spec: Spec, style: Callable[[BaseException], Any], in_thread: bool
) -> None:
    """The message goes back, the consumer is stopped and says why, and one log record contains all of it."""
    error = spec.make()
    try:
        callback = style(error)
        with suppress(BaseException):
            if style is deferred:  # Twisted cannot make a failed Deferred of each
                callback(None).addErrback(lambda _: None)
        with logged() as log:
            outcome, consumer, world = consume(callback, in_thread)
    except KeyboardInterrupt:  # raised by a method of the test's, outside of the package
        raise AssertionError("a KeyboardInterrupt came out") from None

    assert "stopped" == consumer.state
    assert isinstance(outcome, Failure)
    assert (1, 0) == (consumer.stats.failed, consumer.stats.processed)
    assert 1 == world.broker.queue("q").ready
    (record,) = log.failures
    assert "topic some.topic" in record.getMessage()
    assert "queue q" in record.getMessage()
    assert "\n" not in record.getMessage()
    assert 13 == exit_code(outcome.value) or issubclass(type(error), exceptions.BaseException)
    assert isinstance(outcome.value, Exception)
    assert str(CallbackFailed(outcome.value))


def test_one_record_with_traceback_id_topic_and_queue() -> None:
    """An ordinary exception is logged once, with everything that is needed to find its message."""

    def callback(message: Message) -> None:
        raise KeyError("surprise")

    with logged() as log:
        outcome, _, world = consume(callback, True)
    (record,) = log.failures
    text = logging.Formatter().format(record)
    (published,) = world.broker.published

    assert isinstance(outcome.value, KeyError)
    assert "Traceback" in text
    assert 'raise KeyError("surprise")' in text
    assert "some.topic" in text
    assert "queue q" in text
    assert str(published.message_id) in text
    assert 1 == sum("surprise" in each.getMessage() for each in log.records)


def test_a_huge_text_is_cut() -> None:
    """An exception with a text of 100 MB makes a record of a few kilobytes."""

    class Huge(Exception):
        def __str__(self) -> str:
            return "x" * 100_000_000

    with logged() as log:
        consume(sync(Huge()), True)
    (record,) = log.failures

    assert len(logging.Formatter().format(record)) < 70_000


class BrokenHandler(logging.Handler):
    def __init__(self, error: type[BaseException]) -> None:
        super().__init__()
        self.error = error

    def handle(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("fedora_messaging.broker"):  # which is not what is tested
            return True
        raise self.error("the handler is broken")


class BrokenFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        raise RuntimeError("the filter is broken")


@pytest.mark.parametrize("in_thread", [False, True])
@pytest.mark.parametrize("error", [RuntimeError, SystemExit, KeyboardInterrupt])
def test_a_handler_that_raises(
    in_thread: bool, error: type[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    """The consumer ends all the same, and what the handler has not taken is on stderr."""
    with logged(BrokenHandler(error)):
        outcome, consumer, world = consume(sync(KeyError("surprise")), in_thread)

    assert isinstance(outcome.value, KeyError)
    assert ("stopped", 1) == (consumer.state, world.broker.queue("q").ready)
    written = capsys.readouterr().err
    assert "the handler is broken" in written
    assert "failed with message" in written


def test_a_filter_that_raises() -> None:
    """A filter of a logger is code of the application's as well."""
    logger = logging.getLogger("fedora_messaging.consumer")
    broken = BrokenFilter()
    logger.addFilter(broken)
    try:
        outcome, consumer, _ = consume(sync(KeyError("surprise")), True)
    finally:
        logger.removeFilter(broken)

    assert isinstance(outcome.value, KeyError)
    assert "stopped" == consumer.state


class Unshowable:
    def __str__(self) -> str:
        raise ValueError("no text")

    __repr__ = __str__

    def __bool__(self) -> bool:
        raise ValueError("neither")

    def __eq__(self, other: object) -> bool:
        raise ValueError("not comparable")

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize("in_thread", [False, True])
@pytest.mark.parametrize("reason", [Unshowable(), [Unshowable()], ""])
def test_halting_for_a_reason_that_cannot_be_shown(in_thread: bool, reason: Any) -> None:
    """The consumer halts, with the exit code that it was given."""
    outcome, consumer, world = consume(sync(exceptions.HaltConsumer(3, reason=reason)), in_thread)

    assert isinstance(outcome.value, exceptions.HaltConsumer)
    assert 3 == exit_code(outcome.value)
    assert str(outcome.value)
    assert ("stopped", 0) == (consumer.state, world.broker.queue("q").ready)


def test_halting_with_a_requeue_that_is_neither_true_nor_false() -> None:
    """The message goes back rather than be lost."""
    outcome, _, world = consume(sync(exceptions.HaltConsumer(requeue=Unshowable())), True)  # type: ignore[arg-type]

    assert isinstance(outcome.value, exceptions.HaltConsumer)
    assert 1 == world.broker.queue("q").ready


@pytest.mark.parametrize("code", ["three", None, Unshowable(), 300])
def test_exit_codes_are_numbers(code: Any) -> None:
    """What is no number is 1, as for sys.exit()."""
    expected = {"three": 1, None: 0, 300: 300}.get(code, 1) if not isinstance(code, Unshowable) else 1

    assert expected == exit_code(exceptions.HaltConsumer(code))


@pytest.mark.parametrize("cls", [getattr(exceptions, name) for name in exceptions.__all__])
def test_every_error_of_the_package_can_be_shown(cls: Any) -> None:
    """Each error of the package has a text, whatever it was given."""
    assert str(cls(Unshowable()))


# What decoding raises


def odd_decode(error: BaseException) -> Callable[[Delivery], Any]:
    def decode(received: Delivery) -> Any:
        if received.tag == 1:
            raise error
        return received.tag

    return decode


class Kind(BaseException):
    """Neither Exception nor any that Python has."""


@pytest.mark.parametrize(
    "error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), Kind(), made(__str__=lambda self: None)]
)
def test_decoding_may_raise_anything(error: BaseException) -> None:
    """The message is rejected, and the thread handles the next one."""
    calls: queue.SimpleQueue[Any] = queue.SimpleQueue()
    done: list[tuple[int, str]] = []
    seen: list[Any] = []

    def finished(batch: Any) -> None:
        done.extend((delivery.tag, type(outcome).__name__) for delivery, outcome in batch)

    worker = ThreadWorker(seen.append, odd_decode(error), finished, lambda *call: calls.put(call), "tests")
    for tag in (1, 2):
        worker.put(Delivery("q", "e", b"t", tag, 1, False, 0.0, b"\0\0", b"{}"))
    while len(done) < 2:
        call, *args = calls.get(timeout=60)
        call(*args)
    worker.stop()

    assert [(1, "InvalidMessage"), (2, "NoneType")] == done
    assert [2] == seen


def test_a_thread_that_dies_ends_its_consumer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no thread can be started, the consumer ends with an error that says so."""

    def start(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    outcome, consumer, world = consume(lambda message: None, True)

    assert isinstance(outcome.value, exceptions.ConsumeException)
    assert "can't start new thread" in str(outcome.value)
    assert ("stopped", 1) == (consumer.state, world.broker.queue("q").ready)


def test_an_exception_from_outside_ends_the_consumer() -> None:
    """What is raised into the worker's thread while it waits for work is not the end of the thread alone."""
    calls: queue.SimpleQueue[Any] = queue.SimpleQueue()
    died: list[Exception] = []
    worker = ThreadWorker(
        lambda message: None,
        lambda delivery: 1,  # type: ignore[arg-type, return-value]
        lambda batch: None,
        lambda *call: calls.put(call),
        "tests",
        died=died.append,
    )
    worker._tickets.put("no ticket")  # type: ignore[arg-type]
    worker._waiting.claim = raiser(Kind)  # type: ignore[method-assign]
    worker.put(Delivery("q", "e", b"t", 1, 1, False, 0.0, b"\0\0", b"{}"))
    while not died:
        call, *args = calls.get(timeout=60)
        call(*args)

    assert isinstance(died[0], exceptions.ConsumeException)
    assert "Kind" in str(died[0])


# Listeners


class BrokenObserver:
    def __getattr__(self, name: str) -> Any:
        return raiser(SystemExit)


def test_observers_stop_nothing() -> None:
    """An observer that raises at each call: messages are published, confirmed and consumed."""
    world = World()
    seen: list[Any] = []
    confirmed: list[Any] = []
    with logged() as log:
        service = world.service(seen.append, observer=BrokenObserver(), **TOPOLOGY)
        service.startService()
        world.settle(1)
        for _ in range(3):
            service.publish(Message(topic="t", body={})).addBoth(confirmed.append)
        world.settle(1)
        world.reactor.cut()
        world.settle(10)

    assert (3, [None] * 3) == (len(seen), confirmed)
    assert service.consuming
    assert 1 == len([record for record in log.failures if "BrokenObserver" in record.getMessage()])
    assert 1 == len(log.failures)


def test_a_guarded_observer_is_guarded_once() -> None:
    """Passing it on does not wrap it again."""
    observer = guarded(BrokenObserver())

    assert observer is guarded(observer)
    assert guarded(None) is None


# Texts


@settings(max_examples=60, deadline=None)
@given(errors)
def test_everything_has_a_text(spec: Spec) -> None:
    """Showing an exception gives text and raises nothing."""
    error = spec.make()
    for text in (
        text_of(error),
        shown(error),
        traceback_of(error),
        name_of(error),
        exceptions.excerpt(error),
        str(CallbackFailed(error)),  # type: ignore[arg-type]
    ):
        assert type(text) is str
        assert text
    assert len(traceback_of(error)) < 70_000
    assert len(exceptions.excerpt(error)) < 400


def test_a_subclass_of_str_is_made_one() -> None:
    """The text is no object of somebody else's class any more."""

    class Text(str):
        __len__ = raiser(ValueError)
        __getitem__ = raiser(ValueError)
        __str__ = raiser(ValueError)
        __format__ = raiser(ValueError)

    class Error(Exception):
        def __str__(self) -> str:
            return Text("words")

    assert "Error: words" == shown(Error())
    assert "words" == exceptions.excerpt(Error())


def test_a_log_names_the_place_of_the_call() -> None:
    """A record comes from where it was written, not from the module that makes it safe."""
    with logged() as log:
        SafeLog("fedora_messaging.tests").warning("a word of %s", "mine")

    assert ["a word of mine"] == [record.getMessage() for record in log.records]
    assert __file__ == log.records[0].pathname
    assert "test_a_log_names_the_place_of_the_call" == log.records[0].funcName


def test_a_tally_says_so_now_and_then() -> None:
    """The first time, and then at powers of ten from 1,000 on, for each thing by itself."""
    tally = Tally(limit=2)
    said = [count for count in (tally.due("a") for _ in range(20_000)) if count]

    assert [1, 1000, 10_000] == said
    assert [1, 1, 1] == [tally.due("b"), tally.due("c"), tally.due("a")]
