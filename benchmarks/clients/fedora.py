# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""fedora_messaging by its public API: this package or release 3.9.1, whichever the interpreter has.

The configuration is in the file that FEDORA_MESSAGING_CONF names.
"""

import contextlib
import os
import sys
import time
from pathlib import Path

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
DURABLE = {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}
QUEUES = {QUEUE: DURABLE}
BINDINGS = [{"exchange": EXCHANGE, "queue": QUEUE, "routing_keys": ["#"]}]


def _end(code=0):
    sys.stdout.flush()
    os._exit(code)


def _failed(failure):
    failure.printTraceback()
    _end(1)


def _run(start):
    """Run the reactor, and an asynchronous function in it."""
    from twisted.internet import defer, reactor

    reactor.callWhenRunning(lambda: defer.ensureDeferred(start()).addErrback(_failed))
    if arguments.profile:
        import cProfile

        cProfile.runctx("reactor.run()", {"reactor": reactor}, {}, arguments.profile)
    else:
        reactor.run()


def _stop():
    from twisted.internet import reactor

    reactor.callLater(0.1, reactor.stop)


def _message():
    return Comment(topic=TOPIC, body=BODY)


def publish():
    """Publish one after the other, each confirmed: api.publish."""
    api.publish(_message())
    watch = Stopwatch()
    for _ in range(arguments.count - 1):
        api.publish(_message())
    watch.report(arguments.count - 1)
    _end()


async def _pipelined(count):
    """Publish with many in flight."""
    from twisted.internet import defer

    left = count

    async def one_after_the_other():
        nonlocal left
        while left > 0:
            left -= 1
            await api.twisted_publish(_message())

    await defer.gatherResults(
        [defer.ensureDeferred(one_after_the_other()) for _ in range(arguments.in_flight)]
    )


def pipeline():
    """Publish with many in flight: api.twisted_publish."""

    async def start():
        api._init_twisted_service()
        await api.twisted_publish(_message())
        watch = Stopwatch()
        await _pipelined(arguments.count - 1)
        watch.report(arguments.count - 1)
        _stop()

    _run(start)


def growth():
    """Publish with many in flight, or consume, a lot: what each part costs, and the memory at its end."""
    marks = [n for n in (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000) if n <= arguments.count]

    async def start():
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


def _resident():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)


class Counter:
    """A callback that counts, and ends the consumer after so many messages."""

    def __init__(self, count, marks=()):
        self.got = 0
        self.count = count
        self.watch = None
        self.marks = list(marks)
        self.marked = 1

    def __call__(self, received):
        """Count a message."""
        self.watch = self.watch or Stopwatch()
        self.got += 1
        if self.marks and self.got == self.marks[0]:
            self._mark(self.marks.pop(0))
        if self.got == self.count:
            raise HaltConsumer

    def _mark(self, mark):
        self.watch.report(mark - self.marked, until=mark, now_mb=_resident())
        self.marked, self.watch = mark, Stopwatch()


def consume():
    """Consume: api.consume with a plain callback."""
    counter = Counter(arguments.count)
    with contextlib.suppress(HaltConsumer):
        api.consume(counter, bindings=BINDINGS, queues=QUEUES)
    counter.watch.report(arguments.count - 1)
    time.sleep(0.1)  # 3.9.1 writes its last acknowledgement behind
    _end()


def consume_growth():
    """Consume a lot: what each part costs, and the memory at its end."""
    marks = [n for n in (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000) if n <= arguments.count]
    with contextlib.suppress(HaltConsumer):
        api.consume(Counter(arguments.count, marks), bindings=BINDINGS, queues=QUEUES)
    _end()


def _consumed(callback, counter):
    async def start():
        (consumer,) = await api.twisted_consume(callback, bindings=BINDINGS, queues=QUEUES)
        with contextlib.suppress(HaltConsumer):
            await consumer.result
        counter.watch.report(arguments.count - 1)
        _stop()

    _run(start)


def consume_coroutine():
    """Consume: api.twisted_consume with a coroutine function, under the asyncio reactor."""
    counter = Counter(arguments.count)

    async def callback(received):
        counter(received)

    _consumed(callback, counter)


def consume_plain():
    """Consume: api.twisted_consume with a plain callback."""
    counter = Counter(arguments.count)
    _consumed(counter, counter)


def consume_queues():
    """Consume from several queues in one process, plain callbacks in a thread each."""
    import threading

    from twisted.internet import defer, threads

    names = [f"{QUEUE}.{number}" for number in range(arguments.queues)]
    counting = threading.Lock()
    all_done = threading.Event()
    counter = Counter(None)

    def callback(received):
        with counting:
            counter(received)
            if counter.got == arguments.count:
                all_done.set()

    async def start():
        bindings = [{"exchange": EXCHANGE, "queue": name, "routing_keys": [name]} for name in names]
        consumers = await api.twisted_consume(callback, bindings, dict.fromkeys(names, DURABLE))
        await threads.deferToThread(all_done.wait)
        counter.watch.report(arguments.count - 1)
        await defer.gatherResults([consumer.cancel() for consumer in consumers])
        _stop()

    _run(start)


def latency():
    """Publisher and consumer in one process, at a steady rate: api.twisted_publish, api.twisted_consume."""
    took = Latency()

    def callback(received):
        took.add(received.body)
        if len(took.seconds) == arguments.count:
            raise HaltConsumer

    async def start():
        from twisted.internet import task

        (consumer,) = await api.twisted_consume(callback, bindings=BINDINGS, queues=QUEUES)
        sent = 0

        def tick():
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


def script():
    """One message: report only how much memory it took."""
    api.publish(_message())
    report()


globals()[arguments.task]()
