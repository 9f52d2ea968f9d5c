# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Which callables are callbacks, where they run, and how coroutines are driven."""

import functools
import operator
import os
import subprocess
import sys
import types
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, MagicMock, Mock, create_autospec

import pytest
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.task import Clock

from fedora_messaging.config import parse
from fedora_messaging.twisted._callbacks.awaiting import start_awaitable
from fedora_messaging.twisted._callbacks.calling import resolve, runs_on_reactor
from fedora_messaging.twisted.service import FedoraMessagingService


def plain(message: Any) -> None:
    """A function."""


async def coroutine(message: Any) -> None:
    """A coroutine function."""


@inlineCallbacks
def inline(message: Any) -> Generator[Deferred[None], None, None]:
    """A function of Twisted's older style."""
    yield Deferred()


def generator(message: Any) -> Generator[None, None, None]:
    """A generator function, which nobody would drive elsewhere."""
    yield


class Plain:
    def __call__(self, message: Any) -> None:
        """Called."""

    def method(self, message: Any) -> None:
        """A bound method."""

    async def coroutine(self, message: Any) -> None:
        """A bound coroutine method."""


class Async:
    async def __call__(self, message: Any) -> None:
        """Called."""


class Derived(Async):
    """Inherits its call."""


class NotCallable:
    pass


class NeedsArguments:
    def __init__(self, argument: Any) -> None:
        raise AssertionError("never reached")

    def __call__(self, message: Any) -> None:
        """Called."""


def test_classes_are_instantiated() -> None:
    """A class stands for an instance of it; every other callable for itself."""
    assert isinstance(resolve(Plain), Plain)
    assert isinstance(resolve(Derived), Derived)
    for callback in (plain, coroutine, Plain(), Plain().method, functools.partial(plain), print):
        assert callback == resolve(callback)


@pytest.mark.parametrize("callback", [NotCallable, NotCallable(), None, "module:callback", 7, object])
def test_what_is_not_callable_is_a_value_error(callback: Any) -> None:
    """The error names what was given."""
    name = callback.__name__ if isinstance(callback, type) else type(callback).__name__
    with pytest.raises(ValueError, match=name):
        resolve(callback)


class Broken:
    def __init__(self) -> None:
        raise KeyError("surprise")

    def __call__(self, message: Any) -> None:
        """Called."""


def test_errors_of_constructors_are_the_applications() -> None:
    """What the class itself raises when it is made is passed on; one that needs arguments is not called."""
    with pytest.raises(KeyError):
        resolve(Broken)
    with pytest.raises(ValueError, match="NeedsArguments cannot be made without arguments"):
        resolve(NeedsArguments)


def none() -> None:
    """Takes nothing."""


def two(message: Any, other: Any) -> None:
    """Takes more than there is."""


def keyword_only(*, message: Any) -> None:
    """Takes no position."""


def defaults(message: Any, other: Any = None, *rest: Any, more: int = 1, **others: Any) -> None:
    """Takes one argument, and could take more."""


async def two_async(message: Any, other: Any) -> None:
    """Takes more than there is."""


@inlineCallbacks
def none_inline() -> Generator[Deferred[None], None, None]:
    """Takes nothing."""
    yield Deferred()


async def async_generator(message: Any) -> AsyncGenerator[None, None]:
    """An async generator function."""
    yield


@functools.wraps(two)
def injecting(message: Any) -> None:
    """A decorator's wrapper, which gives its function what that lacks."""
    two(message, 1)


@functools.wraps(two)
def passing(*arguments: Any, **keywords: Any) -> None:
    """A wrapper that may do the same, for all that anybody knows."""
    two(*arguments, **{"other": 1, **keywords})


class CallNumber:
    __call__ = 5


class CallNone:
    __call__ = None


class CallNothing:
    def __call__(self) -> None:
        """Takes nothing."""


class CallGenerator:
    def __call__(self, message: Any) -> Generator[None, None, None]:
        """A generator."""
        yield


class CallStatic:
    @staticmethod
    def __call__(message: Any) -> None:
        """Takes the message as its first argument."""


class CallClass:
    @classmethod
    def __call__(cls, message: Any) -> None:
        """Takes the class, and the message."""


class OddSignature:
    @property
    def __signature__(self) -> Any:
        raise RuntimeError("surprise")

    def __call__(self, message: Any) -> None:
        """Takes the message."""

    def nothing(self) -> None:
        """Takes nothing."""


def recorded(message: Any) -> Generator[None, None, None]:
    """A generator function, which a partial does not hide."""
    yield


def recorded_coroutine(message: Any) -> Generator[None, None, None]:
    """What types.coroutine makes a coroutine function of."""
    yield


@pytest.mark.parametrize(
    "callback",
    [
        none,
        two,
        keyword_only,
        two_async,
        none_inline,
        generator,
        async_generator,
        lambda: None,
        lambda message: (yield),
        OddSignature().nothing,
        functools.partial(plain, 1),
        functools.partial(two, 1, 2),
        functools.partial(keyword_only, message=1),
        functools.partial(recorded),
        CallNumber,
        CallNumber(),
        CallNone(),
        CallNothing,
        CallNothing(),
        CallGenerator,
        CallGenerator(),
        create_autospec(two),
    ],
)
def test_what_cannot_take_a_message_is_refused_at_once(callback: Any) -> None:
    """A ValueError names the callback and what is wrong with it."""
    with pytest.raises(ValueError, match="callback"):
        resolve(callback)


@pytest.mark.parametrize(
    "callback",
    [
        defaults,
        inline,
        injecting,
        passing,
        CallStatic(),
        CallClass(),
        OddSignature(),
        OddSignature().__call__,
        functools.partial(two, 1),
        functools.partial(two, other=1),
        functools.partial(defaults, more=2),
        functools.partial(functools.partial(two, other=1), other=2),
        Plain().coroutine,
        Async(),
        Mock(),
        MagicMock(),
        AsyncMock(),
        Mock(spec=Plain()),
        create_autospec(plain),
        print,
        [].append,
        {}.get,
        operator.itemgetter(0),
        len,
        str.upper,
        types.coroutine(recorded_coroutine),
        functools.lru_cache(plain),
        functools.singledispatch(plain),
    ],
)
def test_what_can_take_a_message_is_a_callback(callback: Any) -> None:
    """What can be called with one argument is a callback, and so is what Python knows no signature of."""
    assert callback is resolve(callback) or callback == resolve(callback)


def test_a_service_refuses_it_when_it_is_made() -> None:
    """A service refuses a callback that cannot take a message when it is made, and starts nothing."""
    clock = Clock()
    with pytest.raises(ValueError, match="two"):
        FedoraMessagingService(two, config=parse({}), clock=clock)  # type: ignore[arg-type]

    assert [] == clock.getDelayedCalls()


@pytest.mark.parametrize(
    ("callback", "expected"),
    [
        (plain, False),
        (coroutine, True),
        (inline, True),
        (generator, True),
        (Plain(), False),
        (Plain().method, False),
        (Plain().coroutine, True),
        (Async(), True),
        (Derived(), True),
        (functools.partial(plain, 1), False),
        (functools.partial(functools.partial(coroutine), 1), True),
        (functools.partial(Async()), True),
        (lambda message: None, False),
        (print, False),
        ([].append, False),
    ],
)
def test_where_callbacks_run(callback: Any, expected: bool) -> None:
    """Whether a callback runs on the reactor is known from the callback alone, before it is called."""
    assert expected is runs_on_reactor(callback)


def test_plain_values_and_deferreds_pass() -> None:
    """What is no coroutine is left as it is."""
    deferred: Deferred[None] = Deferred()

    assert deferred is start_awaitable(deferred)
    assert 7 == start_awaitable(7)


def test_coroutines_become_deferreds() -> None:
    """A coroutine is started at once, and its result or exception is the Deferred's."""
    waited: Deferred[int] = Deferred()

    async def add() -> int:
        return await waited + 1

    async def fail() -> None:
        raise KeyError("surprise")

    results: list[Any] = []
    start_awaitable(add()).addBoth(results.append)
    before = list(results)
    waited.callback(1)
    failed: list[Any] = []
    start_awaitable(fail()).addErrback(failed.append)

    assert ([], [2]) == (before, results)
    assert isinstance(failed[0].value, KeyError)


_ASYNCIO = """
from twisted.internet import asyncioreactor
asyncioreactor.install()
import asyncio
from twisted.internet import defer, reactor, task
from fedora_messaging.twisted._callbacks.awaiting import start_awaitable

async def both():
    assert asyncio.current_task() is not None
    await asyncio.sleep(0.001)
    assert 7 == await task.deferLater(reactor, 0.001, lambda: 7)
    fired = defer.succeed(8)
    assert 8 == await fired
    try:
        await task.deferLater(reactor, 0, lambda: 1 / 0)
    except ZeroDivisionError:
        pass
    async with asyncio.timeout(60) if hasattr(asyncio, "timeout") else _Nothing():
        await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0.001))
    try:
        await asyncio.wait_for(asyncio.sleep(60), 0.001)
    except asyncio.TimeoutError:
        return "both kinds"

class _Nothing:
    async def __aenter__(self): pass
    async def __aexit__(self, *_): pass

async def fails():
    await asyncio.sleep(0)
    raise KeyError("surprise")

async def cancelled():
    await defer.Deferred()

async def main():
    print(await start_awaitable(both()))
    try:
        await start_awaitable(fails())
    except KeyError as error:
        print(repr(error))
    waiting = start_awaitable(cancelled())
    await task.deferLater(reactor, 0.001, lambda: None)
    waiting.cancel()
    try:
        await waiting
    except BaseException as error:
        print(type(error).__name__)

def start():
    done = defer.Deferred.fromCoroutine(main())
    done.addErrback(lambda failure: failure.printTraceback()).addBoth(lambda _: reactor.stop())

reactor.callLater(0, start)
reactor.run()
"""


def test_coroutines_under_asyncio_await_both_kinds() -> None:
    """On the asyncio reactor a callback runs in a task and may await futures and Deferreds alike."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _ASYNCIO],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )

    assert ["both kinds", "KeyError('surprise')", "CancelledError"] == done.stdout.splitlines(), done.stderr
    assert "" == done.stderr


_OTHERS = """
import sys
from twisted.internet import asyncioreactor
asyncioreactor.install()
import asyncio
from twisted.internet import defer, reactor, task
from fedora_messaging._core.delivery import Delivery
from fedora_messaging.exceptions import Nack
from fedora_messaging.twisted._callbacks.reactor_worker import ReactorWorker

eager = getattr(asyncio, "eager_task_factory", None)
if eager is None:  # before Python 3.12, which has none: any future would do for a task
    def eager(loop, coroutine, **_):
        try:
            coroutine.send(None)
        except StopIteration:
            done = loop.create_future()
            done.set_result(None)
            return done
        raise AssertionError("these do not wait")

def later(error):
    failing = defer.Deferred()
    reactor.callLater(0.001, failing.errback, error)
    return failing

async def cancels():
    if hasattr(asyncio.current_task(), "cancelling"):
        asyncio.current_task().cancel()  # and returns before it could notice

callbacks = {
    1: lambda: later(Nack()),
    2: cancels,
    3: lambda: defer.succeed(3),
    4: lambda: later(StopIteration()),
}
outcomes = []

def finished(batch):
    outcomes.extend((each.tag, type(error).__name__) for each, error in batch)
    if len(outcomes) == 4:
        asyncio.get_running_loop().set_task_factory(eager)
        calm.put(Delivery("", "", b"", 5, 1, False, 0.0, b"", b""))
        reactor.callLater(0.01, calm.put, Delivery("", "", b"", 6, 1, False, 0.0, b"", b""))

def calmly_finished(batch):
    outcomes.extend((each.tag, type(error).__name__) for each, error in batch)
    if len(outcomes) == 6:
        reactor.stop()

async def nothing(number):
    pass

worker = ReactorWorker(lambda number: callbacks[number](), lambda each: each.tag, finished, reactor.callLater)
calm = ReactorWorker(nothing, lambda each: each.tag, calmly_finished, reactor.callLater)

def start():
    for number in callbacks:
        worker.put(Delivery("", "", b"", number, 1, False, 0.0, b"", b""))

reactor.callLater(0, start)
reactor.callLater(120, reactor.stop)
reactor.run()
print(outcomes)
"""


def test_odd_callbacks_under_asyncio() -> None:
    """Deferreds that fail in any way, cancelled tasks and eager ones leave no consumer deaf."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _OTHERS],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )

    names = ["Nack", "NoneType", "NoneType", "RuntimeError", "NoneType", "NoneType"]
    assert [str(list(enumerate(names, 1)))] == done.stdout.splitlines(), done.stderr
    assert "" == done.stderr


_BURSTS = """
from twisted.internet import asyncioreactor
asyncioreactor.install()
import asyncio
from contextvars import ContextVar
from twisted.internet import reactor, task
from fedora_messaging._core.delivery import Delivery
from fedora_messaging.exceptions import HaltConsumer, Nack
from fedora_messaging.twisted._callbacks.reactor_worker import ReactorWorker

seen = ContextVar("seen", default=None)
order, batches, tasks = [], [], set()

async def callback(number):
    assert seen.get() is None
    seen.set(number)
    tasks.add(asyncio.current_task())
    order.append(number)
    if number == 5:
        await asyncio.sleep(0.01)
        await task.deferLater(reactor, 0.01, lambda: None)
        assert seen.get() == 5
    if number == 7:
        raise Nack()
    if number == 8:
        asyncio.current_task().cancel()
        await asyncio.sleep(0)

def finished(batch):
    batches.append([(each.tag, type(error).__name__) for each, error in batch])
    if any(each.tag == 8 for each, _ in batch):
        reactor.callLater(0.01, reactor.stop)

worker = ReactorWorker(
    callback, lambda each: each.tag, finished, reactor.callLater, longest_burst=float("inf")
)

def start():
    for number in range(1, 11):
        worker.put(Delivery("", "", b"", number, 1, False, 0.0, b"", b""))

reactor.callLater(0, start)
reactor.run()
print(order)
print(batches)
print(len(tasks), [each.tag for each in worker.take_back()])
"""


def test_a_burst_under_asyncio_is_one_task() -> None:
    """One task runs the callbacks, each in its own context; what has finished is reported while one waits."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _BURSTS],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )

    first = [(number, "NoneType") for number in range(1, 5)]
    then = [[(5, "NoneType"), (6, "NoneType"), (7, "Nack")], [(8, "CallbackRaised")]]
    assert [str([*range(1, 9)]), str([first, *then]), "1 [9, 10]"] == done.stdout.splitlines(), done.stderr
    assert "" == done.stderr


_UNDER_ASYNCIO = """
from twisted.internet import asyncioreactor
asyncioreactor.install()
import asyncio, concurrent.futures, threading
from twisted.internet import reactor, task
from twisted.internet.defer import Deferred, inlineCallbacks
from unit.twisted.test_the_end import METHODS, Spec, logged
from fedora_messaging._core.delivery import Delivery
from fedora_messaging.twisted._callbacks.reactor_worker import ReactorWorker
from fedora_messaging.twisted._consuming.completion import ConsumerCompletion
from fedora_messaging._core.delivery import decide
from fedora_messaging._core.retry import Retry
from fedora_messaging.twisted._consuming.failure_log import FailureLog
from twisted.python.failure import Failure

def spec_errors():
    kinds = [Exception, BaseException, StopIteration, SystemExit, KeyboardInterrupt, GeneratorExit]
    for base in [*kinds, asyncio.CancelledError, concurrent.futures.CancelledError]:
        yield Spec(base), base
        yield Spec(base, grouped=True), base
    for name in METHODS:
        for number in range(len(METHODS[name])):
            yield Spec(Exception, ((name, number),)), Exception

async def awaits_future(error):
    await asyncio.sleep(0)
    raise error

def future(error):
    made = reactor._asyncioEventloop.create_future()
    made.set_exception(error)
    return made

def thread_future(error):
    made = concurrent.futures.Future()
    threading.Timer(0.001, made.set_exception, [error]).start()
    return made

class Awaitable:
    def __init__(self, error):
        self.error = error
    def __await__(self):
        yield from asyncio.sleep(0).__await__()
        raise self.error

def sync(error):
    raise error

async def coroutine(error):
    raise error

@inlineCallbacks
def inline(error):
    yield task.deferLater(reactor, 0)
    raise error

async def main():
    ends = 0
    for style in (sync, coroutine, inline, awaits_future, future, thread_future, Awaitable):
        for spec, base in spec_errors():
            if style is future and base in (StopIteration,):
                continue  # asyncio refuses to carry it
            if style in (future, thread_future, inline) and (spec.methods or base is not Exception):
                continue  # asyncio and Twisted themselves are in the way of those
            error = spec.make()
            done = Deferred()
            worker = ReactorWorker(lambda _: style(error), lambda _: 1, done.callback, reactor.callLater)
            worker.put(Delivery("q", "e", b"t", 1, 1, False, 0.0, b"\\0\\0", b"{}"))
            done.addTimeout(120, reactor)
            batch = await done
            (delivery, outcome), = batch
            assert outcome is not None and worker.running is None, (style, spec)
            with logged() as log:
                settlement = decide(outcome, delivery, Retry())
                FailureLog(style, reactor.seconds).log(batch, [(delivery, settlement)])
            assert 1 == len(log.failures), (style, spec)
            ending = ConsumerCompletion(None)
            results = []
            ending.result().addBoth(results.append)
            ending.end(outcome)
            assert isinstance(results[0], Failure), (style, spec)
            ends += 1
    print(ends > 100)

def start():
    done = Deferred.fromCoroutine(main())
    done.addErrback(lambda failure: failure.printTraceback()).addBoth(lambda _: reactor.stop())

reactor.callLater(0, start)
reactor.run()
"""


def test_under_asyncio_everything_raised_is_an_outcome() -> None:
    """Whatever is raised, in whatever kind of awaitable, is one outcome, one record and one failure."""
    done = subprocess.run(
        [sys.executable, "-c", _UNDER_ASYNCIO],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "lib")},
        capture_output=True,
        text=True,
        timeout=200,
    )

    assert "True" == done.stdout.strip(), done.stdout + done.stderr[-3000:]


_CHAINED_UNDER_ASYNCIO = """
from twisted.internet import asyncioreactor
asyncioreactor.install()
import asyncio, concurrent.futures
from twisted.internet import reactor
from twisted.internet.defer import Deferred, succeed
from fedora_messaging._core.delivery import Delivery
from fedora_messaging.exceptions import Nack
from fedora_messaging.twisted._callbacks.reactor_worker import ReactorWorker

async def nacks():
    await asyncio.sleep(0)
    raise Nack

async def coroutine():
    return nacks()

async def a_task():
    return asyncio.ensure_future(coroutine())

def future():
    made = concurrent.futures.Future()
    made.set_result(coroutine())
    return made

async def main():
    found = set()
    for make in (coroutine, a_task, future, lambda: succeed(coroutine()), lambda: succeed(future())):
        done = Deferred()
        worker = ReactorWorker(lambda _: make(), lambda _: 1, done.callback, reactor.callLater)
        worker.put(Delivery("q", "e", b"t", 1, 1, False, 0.0, b"\\0\\0", b"{}"))
        done.addTimeout(120, reactor)
        (_, outcome), = await done
        found.add(type(outcome).__name__)
    print(found)

def start():
    done = Deferred.fromCoroutine(main())
    done.addErrback(lambda failure: failure.printTraceback()).addBoth(lambda _: reactor.stop())

reactor.callLater(0, start)
reactor.run()
"""


def test_under_asyncio_what_an_awaitable_gives_is_awaited_in_turn() -> None:
    """A callback has ended when nothing awaitable is left of what it returned."""
    done = subprocess.run(
        [sys.executable, "-c", _CHAINED_UNDER_ASYNCIO], capture_output=True, text=True, timeout=200
    )

    assert "{'Nack'}" == done.stdout.strip(), done.stdout + done.stderr[-3000:]
