# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Calls that tasks of event loops make in the reactor's thread."""

import asyncio
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred

from fedora_messaging._client.event_loop import EventLoop
from fedora_messaging._client.reactor_thread import reactor_thread, wait
from fedora_messaging.exceptions import CallbackRaised, ConnectionException
from support.loops import LOOPS, each_loop, run
from support.reactor import nothing_unhandled


def reactor_is_up_to_date() -> None:
    """What was handed to the reactor's thread before has been done."""
    wait(reactor_thread.call(lambda: None), 30)


async def called(function: Any, *arguments: Any) -> Any:
    loop = EventLoop.running()
    return await loop.result(loop.call(function, *arguments))


def raises(error: BaseException) -> None:
    raise error


@each_loop
def test_results(loop: str) -> None:
    """What a call returns, or its Deferred fires with, is awaited; what it raises is raised."""
    deferred: Deferred[int] = Deferred()

    async def main() -> None:
        assert 3 == await called(lambda a, b: a + b, 1, 2)
        later = asyncio.ensure_future(called(lambda: deferred))
        await called(deferred.callback, 7)
        assert 7 == await later
        assert threading.get_ident() != await called(threading.get_ident)
        with pytest.raises(KeyError, match="gone"):
            await called(raises, KeyError("gone"))
        with pytest.raises(CallbackRaised):  # which no future takes
            await called(raises, StopIteration())

    run(main(), loop)


@each_loop
def test_many_in_order(loop: str) -> None:
    """More calls than are handed over at a time are all made, in order, and each gets its result."""
    made: list[int] = []

    def make(number: int) -> int:
        made.append(number)
        return number

    async def main() -> Any:
        return await asyncio.gather(*(called(make, number) for number in range(2345)))

    assert [*range(2345)] == run(main(), loop)
    assert [*range(2345)] == made


def test_giving_up() -> None:
    """Cancelling the task that waits cancels the Deferred; a call that was not made yet is never made."""
    cancelled: list[Any] = []
    made: list[int] = []
    hold = threading.Event()

    async def main() -> None:
        running = asyncio.ensure_future(called(lambda: Deferred(cancelled.append)))
        await called(lambda: None)
        running.cancel()
        await asyncio.wait([running])
        reactor_thread.call(hold.wait, 30)
        early = asyncio.ensure_future(called(made.append, 1))
        await asyncio.sleep(0)
        early.cancel()
        await asyncio.wait([early])
        hold.set()
        await called(lambda: None)
        assert running.cancelled()
        assert early.cancelled()

    run(main())

    assert 1 == len(cancelled)
    # Both were handed over in order: the call found itself withdrawn only if it had not begun.
    assert made in ([], [1])


def test_in_time() -> None:
    """When the time is over the error that was asked for is raised, and the call given up."""
    cancelled: list[Any] = []

    async def main() -> None:
        loop = EventLoop.running()
        for timeout in (0, 0.01):
            call = loop.call(lambda: Deferred(cancelled.append))
            with pytest.raises(KeyError, match=f"{timeout}"):
                await loop.result_in_time(call, timeout, lambda seconds: KeyError(f"after {seconds}"))
        assert 7 == await loop.result_in_time(loop.call(lambda: 7), 30, lambda _: KeyError())
        assert 8 == await loop.result_in_time(loop.call(lambda: 8), None, lambda _: KeyError())
        task = asyncio.ensure_future(
            loop.result_in_time(loop.call(lambda: Deferred(cancelled.append)), 30, lambda _: KeyError())
        )
        await called(lambda: None)
        task.cancel()
        await asyncio.wait([task])
        await called(lambda: None)

    run(main())

    assert 3 == len(cancelled)


@each_loop
def test_a_loop_that_is_closed_meanwhile(loop: str) -> None:
    """Results that come after the loop was closed are dropped, whatever they are."""
    first: Deferred[None] = Deferred()
    second: Deferred[None] = Deferred()

    async def main() -> None:
        EventLoop.running().call(lambda: first)
        EventLoop.running().call(lambda: second)
        await called(lambda: None)

    with nothing_unhandled():
        run(main(), loop)
        wait(reactor_thread.call(first.callback, None), 30)
        wait(reactor_thread.call(second.errback, KeyError()), 30)


def test_loop_after_loop_and_side_by_side() -> None:
    """Each loop gets its own results, one after another in a thread or several in threads at a time."""

    async def main(number: int) -> Any:
        return await asyncio.gather(*(called(lambda n=n: n) for n in range(number, number + 50)))

    for number in range(3):
        assert [*range(number, number + 50)] == run(main(number))
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda number: run(main(number)), range(8)))

    assert [[*range(number, number + 50)] for number in range(8)] == results


def test_two_loops_in_turn_in_one_thread() -> None:
    """A call that one loop has begun gets its result though another loop ran in between."""
    deferred: Deferred[int] = Deferred()
    loops = [LOOPS["asyncio"](), LOOPS["asyncio"]()]

    async def begin() -> Any:
        return EventLoop.running().call(lambda: deferred).future

    try:
        future = loops[0].run_until_complete(begin())
        loops[1].run_until_complete(called(deferred.callback, 7))

        assert 7 == loops[0].run_until_complete(future)
    finally:
        for each in loops:
            each.close()


def test_no_event_loop() -> None:
    """Without a running event loop the error names what to use instead."""
    coroutine = called(lambda: None)
    with pytest.raises(RuntimeError, match=r"needs a running asyncio event loop.*twisted_publish"):
        coroutine.send(None)


def test_an_event_loop_inside_of_the_reactor() -> None:
    """An event loop that runs while a call of the reactor does would wait forever, and is refused."""

    def inside() -> str:
        try:
            run(called(lambda: None))
        except RuntimeError as error:
            return str(error)
        return ""

    assert "install Twisted's asyncio reactor" in wait(reactor_thread.call(inside), 30)


_START = """
import asyncio, os, sys
from fedora_messaging._client.event_loop import EventLoop
from fedora_messaging.exceptions import ConnectionException

async def called(function, *arguments):
    loop = EventLoop.running()
    try:
        return await asyncio.wait_for(loop.result(loop.call(function, *arguments)), 120)
    except ConnectionException as error:
        return error
"""

_FORKED = """
print(asyncio.run(called(lambda: "in the parent")), flush=True)
child = os.fork()
if child == 0:
    print(asyncio.run(called(lambda: "in the child")), flush=True)
    os._exit(0)
os.waitpid(child, 0)
print(asyncio.run(called(lambda: "in the parent")), flush=True)
"""

_FORKED_BEFORE = """
child = os.fork()
if child == 0:
    print(asyncio.run(called(lambda: "in the child")), flush=True)
    os._exit(0)
os.waitpid(child, 0)
print(asyncio.run(called(lambda: "in the parent")), flush=True)
"""

_NO_REACTOR = """
class Refuses:
    def find_spec(self, name, path=None, target=None):
        if name == "crochet":
            raise SystemExit("no crochet here")

sys.meta_path.insert(0, Refuses())

async def main():
    for each in await asyncio.gather(called(print), called(print)):
        print(each)

asyncio.run(main())
"""

_STOPPED = """
from twisted.internet.defer import Deferred

def stop():
    from twisted.internet import reactor
    reactor.stop()

async def main():
    never = asyncio.ensure_future(called(Deferred))
    await called(stop)
    print(await never)
    print(await called(lambda: None))

asyncio.run(main())
"""

_ON_ITS_LOOP = """
import threading
from twisted.internet import asyncioreactor
loop = asyncio.new_event_loop()
asyncioreactor.install(loop)
from twisted.internet import defer, reactor, threads

async def main():
    print(await called(threading.current_thread) is threading.main_thread(), reactor.running)
    print(await called(threads.deferToThread, lambda: "from the reactor's pool"))
    cancelled = []
    waits = asyncio.ensure_future(called(lambda: defer.Deferred(cancelled.append)))
    await asyncio.sleep(0)
    waits.cancel()
    await asyncio.wait([waits])
    print(len(cancelled), threading.active_count() < 4)

loop.run_until_complete(main())
loop.close()
print(asyncio.run(called(lambda: None)))
"""


def _lines(script: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", _START + script], capture_output=True, text=True, timeout=200, check=False
    )
    assert 0 == done.returncode, done.stderr
    return done.stdout.splitlines()


def test_after_a_fork() -> None:
    """In a child of a process that has made calls, a call is refused with the reason; the parent goes on."""
    first, child, second = _lines(_FORKED)

    assert ["in the parent"] * 2 == [first, second]
    assert "this process was forked after its parent had used fedora_messaging" in child


def test_a_fork_before_the_first_call() -> None:
    """A process may fork before it makes calls, and then both can."""
    assert ["in the child", "in the parent"] == _lines(_FORKED_BEFORE)


def test_a_reactor_that_cannot_be_started() -> None:
    """Everyone who waits is told why."""
    assert ["the reactor could not be started: SystemExit('no crochet here')"] * 2 == _lines(_NO_REACTOR)


def test_a_reactor_that_stops() -> None:
    """Whoever waits when the reactor stops, or calls after that, is told so."""
    assert ["the reactor was stopped"] * 2 == _lines(_STOPPED)


def test_the_reactor_on_the_loop_itself() -> None:
    """The asyncio reactor that is installed on the loop is used, and started; there is no other later."""
    thread, pool, given_up, after = _lines(_ON_ITS_LOOP)

    assert ["True True", "from the reactor's pool", "1 True"] == [thread, pool, given_up]
    assert "the asyncio event loop of Twisted's reactor was closed" in after


def test_the_error_of_one_call_is_its_own() -> None:
    """A call that fails does not touch those that were handed over with it."""

    async def main() -> Any:
        calls = (called(lambda: 1), called(raises, ConnectionException(reason="no")), called(lambda: 3))
        return await asyncio.gather(*calls, return_exceptions=True)

    first, second, third = run(main())

    assert (1, "no", 3) == (first, str(second), third)
    assert not isinstance(second, CancelledError)
