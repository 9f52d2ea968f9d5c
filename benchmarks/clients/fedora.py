# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""fedora_messaging by its public API: this package or release 3.9.1, whichever the interpreter has.

The configuration is in the file that FEDORA_MESSAGING_CONF names.
"""

import contextlib
import itertools
import os
import sys
import time
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any, NoReturn

sys.path.insert(0, str(Path(__file__).parent / "schemas"))
from workload import (
    EXCHANGE,
    QUEUE,
    SCHEMA,
    TOPIC,
    Latency,
    Stopwatch,
    make_body,
    options,
    report,
)

arguments = options()

if arguments.task in ("consume_coroutine", "coroutine_latency"):
    from twisted.internet import asyncioreactor

    asyncioreactor.install()

from bench_schema import Comment  # noqa: E402, after the reactor

from fedora_messaging import api, config, message  # noqa: E402
from fedora_messaging.exceptions import HaltConsumer  # noqa: E402

config.conf.load_config()
config.conf["qos"]["prefetch_count"] = arguments.prefetch
assert message.get_class(SCHEMA) is Comment
BODY = make_body(arguments.size)
ARGUMENTS = {"x-queue-type": arguments.queue_type} if arguments.queue_type else {}
DURABLE = {"durable": True, "auto_delete": False, "exclusive": False, "arguments": ARGUMENTS}
QUEUES = {QUEUE: DURABLE}
BINDINGS = [{"exchange": EXCHANGE, "queue": QUEUE, "routing_keys": ["#"]}]


def _end(code: int = 0) -> NoReturn:
    sys.stdout.flush()
    os._exit(code)


def _failed(failure: Any) -> None:
    failure.printTraceback()
    _end(1)


def _run(start: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run the reactor, and an asynchronous function in it."""
    from twisted.internet import defer
    from twisted.internet import reactor as global_reactor

    reactor: Any = global_reactor

    reactor.callWhenRunning(lambda: defer.ensureDeferred(start()).addErrback(_failed))
    if arguments.profile:
        import cProfile

        cProfile.runctx("reactor.run()", {"reactor": reactor}, {}, arguments.profile)
    else:
        reactor.run()


def _stop() -> None:
    from twisted.internet import reactor as global_reactor

    reactor: Any = global_reactor
    reactor.callLater(0.1, reactor.stop)


def _wait() -> None:
    """Wait for the moment at which several clients begin together, if there is one."""
    time.sleep(max(arguments.at - time.perf_counter(), 0.0))


def _message() -> Comment:
    return Comment(topic=TOPIC, body=BODY)


def publish() -> None:
    """Publish one after the other, each confirmed: api.publish."""
    api.publish(_message())
    watch = Stopwatch()
    for _ in range(arguments.count - 1):
        api.publish(_message())
    watch.report(arguments.count - 1)
    _end()


def publish_many() -> None:
    """Publish with many in flight, from a plain script: api.publish_many."""
    api.publish(_message())
    watch = Stopwatch()
    api.publish_many((_message() for _ in range(arguments.count - 1)), in_flight=arguments.in_flight)
    watch.report(arguments.count - 1)
    _end()


async def _pipelined(count: int) -> None:
    """Publish with many in flight."""
    from twisted.internet import defer

    left = count

    async def one_after_the_other() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await api.twisted_publish(_message())

    await defer.gatherResults(
        [defer.ensureDeferred(one_after_the_other()) for _ in range(arguments.in_flight)]
    )


def pipeline() -> None:
    """Publish with many in flight: api.twisted_publish."""

    async def start() -> None:
        api._init_twisted_service()
        await api.twisted_publish(_message())
        _wait()
        watch = Stopwatch()
        await _pipelined(arguments.count - 1)
        watch.report(arguments.count - 1)
        _stop()

    _run(start)


def growth() -> None:
    """Publish with many in flight, or consume, a lot: what each part costs, and the memory at its end."""
    marks = [n for n in (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000) if n <= arguments.count]

    async def start() -> None:
        api._init_twisted_service()
        await api.twisted_publish(_message())
        done = 1
        for mark in marks:
            watch = Stopwatch()
            await _pipelined(mark - done)
            watch.report(mark - done, until=mark, now_mb=_resident())
            done = mark
        _stop()

    _run(start)


def many_growth() -> None:
    """Publish a lot in one call of api.publish_many: what each part costs, and the memory at its end."""
    marks = [n for n in (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000) if n <= arguments.count]
    api.publish(_message())
    done, watch = 1, Stopwatch()

    def progress(confirmed: int) -> None:
        nonlocal done, watch
        if marks and confirmed + 1 >= marks[0]:
            watch.report(confirmed + 1 - done, until=marks.pop(0), now_mb=_resident())
            done, watch = confirmed + 1, Stopwatch()

    api.publish_many((_message() for _ in range(arguments.count - 1)), progress=progress)
    _end()


def absent() -> None:
    """Publish a lot without waiting while there is no broker: how many are refused, and the memory."""
    from fedora_messaging.exceptions import PublishBacklog

    config.conf["amqp_url"] = "amqp://127.0.0.1:1/"
    config.conf["max_pending"] = 10_000

    async def start() -> None:
        from twisted.internet import defer

        api._init_twisted_service()
        before = _resident()
        refused = 0

        def failed(failure: Any) -> None:
            nonlocal refused
            failure.trap(PublishBacklog, defer.CancelledError)
            refused += bool(failure.check(PublishBacklog))

        watch = Stopwatch()
        for _ in range(arguments.count):
            api.twisted_publish(_message()).addErrback(failed)
        watch.report(arguments.count, refused=refused, grown_mb=round(_resident() - before, 1))
        _end()

    _run(start)


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)


class Counter:
    """A callback that counts, and ends the consumer after so many messages."""

    def __init__(self, count: int | None = None, marks: Iterable[int] = ()) -> None:
        self.got = 0
        self.count = count
        self.watch: Stopwatch | None = None
        self.marks = list(marks)
        self.marked = 1

    def __call__(self, received: Any) -> None:
        """Count a message."""
        self.watch = self.watch or Stopwatch()
        self.got += 1
        if self.marks and self.got == self.marks[0]:
            self._mark(self.marks.pop(0))
        if self.got == self.count:
            raise HaltConsumer

    def report(self) -> None:
        """Print what all but the first took."""
        assert self.watch is not None
        self.watch.report(arguments.count - 1)

    def _mark(self, mark: int) -> None:
        assert self.watch is not None
        self.watch.report(mark - self.marked, until=mark, now_mb=_resident())
        self.marked, self.watch = mark, Stopwatch()


def consume() -> None:
    """Consume: api.consume with a plain callback."""
    counter = Counter(arguments.count)
    _wait()
    with contextlib.suppress(HaltConsumer):
        api.consume(counter, bindings=BINDINGS, queues=QUEUES)
    counter.report()
    time.sleep(0.5)  # 3.9.1 writes its last acknowledgement behind
    _end()


def consume_with_metrics() -> None:
    """Consume while metrics are counted."""
    config.conf["monitoring"] = {"metrics": True}
    consume()


def consume_with_tracing() -> None:
    """Consume with tracing, and no SDK of OpenTelemetry."""
    config.conf["tracing"] = {"enabled": True, "parent": True}
    consume()


def consume_with_policy() -> None:
    """Consume with a failure policy, and nothing that fails."""
    config.conf["retry"] = {
        "on": "any",
        "delays": [10, 60],
        "wait": "queue",
        "then": "quarantine",
        "rest_after": 10,
    }
    consume()


def consume_failing() -> None:
    """Consume messages that all fail, and go to a delay queue each."""
    from fedora_messaging.retry import retry

    counter = Counter()

    @retry(on=(OSError,), delays=(36_000,), wait="queue")
    def callback(received: message.Message) -> None:
        counter(received)
        raise OSError

    async def start() -> None:
        from twisted.internet import defer, task
        from twisted.internet import reactor as global_reactor

        (consumer,) = await api.twisted_consume(callback, bindings=BINDINGS, queues=QUEUES)
        while consumer.stats.retried < arguments.count:
            await task.deferLater(global_reactor, 0.01)
        counter.report()
        await defer.maybeDeferred(consumer.cancel)
        _stop()

    _run(start)


def consume_growth() -> None:
    """Consume a lot: what each part costs, and the memory at its end."""
    marks = [n for n in (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000) if n <= arguments.count]
    with contextlib.suppress(HaltConsumer):
        api.consume(Counter(arguments.count, marks), bindings=BINDINGS, queues=QUEUES)
    _end()


def _consumed(callback: Callable[[message.Message], Any], counter: Counter) -> None:
    async def start() -> None:
        (consumer,) = await api.twisted_consume(callback, bindings=BINDINGS, queues=QUEUES)
        with contextlib.suppress(HaltConsumer):
            await consumer.result
        counter.report()
        _stop()

    _run(start)


def consume_coroutine() -> None:
    """Consume: api.twisted_consume with a coroutine function, under the asyncio reactor."""
    counter = Counter(arguments.count)

    async def callback(received: message.Message) -> None:
        counter(received)

    _consumed(callback, counter)


def consume_plain() -> None:
    """Consume: api.twisted_consume with a plain callback."""
    counter = Counter(arguments.count)
    _consumed(counter, counter)


def consume_queues() -> None:
    """Consume from several queues in one process, plain callbacks in a thread each."""
    import threading

    from twisted.internet import defer, threads

    names = [f"{QUEUE}.{number}" for number in range(arguments.queues)]
    # Counts in one step, without a lock: the threads would wait for each other, not for this package.
    numbers = itertools.count(1)
    all_done = threading.Event()
    watches: list[Stopwatch] = []

    def callback(received: message.Message) -> None:
        number = next(numbers)
        if number == 1:
            watches.append(Stopwatch())
        if number == arguments.count:
            all_done.set()

    async def start() -> None:
        bindings = [{"exchange": EXCHANGE, "queue": name, "routing_keys": [name]} for name in names]
        consumers = await api.twisted_consume(callback, bindings, dict.fromkeys(names, DURABLE))
        await threads.deferToThread(all_done.wait)
        watches[0].report(arguments.count - 1)
        await defer.gatherResults([consumer.cancel() for consumer in consumers])
        _stop()

    _run(start)


def latency() -> None:
    """Publisher and consumer in one process, at a steady rate: api.twisted_publish, api.twisted_consume."""
    took = Latency()

    def callback(received: message.Message) -> None:
        took.add(received.body)
        if len(took.seconds) == arguments.count:
            raise HaltConsumer

    async def start() -> None:
        from twisted.internet import task

        (consumer,) = await api.twisted_consume(callback, bindings=BINDINGS, queues=QUEUES)
        sent = 0

        def tick() -> None:
            nonlocal sent
            if sent < arguments.count:
                sent += 1
                body = dict(BODY, sent=time.perf_counter())
                api.twisted_publish(Comment(topic=TOPIC, body=body)).addErrback(_failed)

        loop = task.LoopingCall(tick)
        loop.start(1 / arguments.rate)
        with contextlib.suppress(HaltConsumer):
            await consumer.result
        loop.stop()
        took.report()
        _stop()

    _run(start)


def script() -> None:
    """One message: report only how much memory it took."""
    api.publish(_message())
    report()


globals()[arguments.task]()
