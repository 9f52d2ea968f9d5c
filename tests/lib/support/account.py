# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""An application whose messages carry sequence numbers, and the account of what became of them.

The service runs in the reactor's thread, the test in its own: it breaks things and waits for events.
"""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from faults import FrameProxy, ProxyProcess
from fedora_messaging import exceptions
from fedora_messaging._core.lifecycle import CloseReason
from fedora_messaging._core.observer import NullObserver
from fedora_messaging.config import parse
from fedora_messaging.message import Message

from .amqp import Amqp, Got
from .reactor import in_reactor, outcome

__all__ = ["QUEUE", "SLACK", "Account", "Application", "declare", "fill", "taken", "through"]

#: Added to each bound, in seconds: the machine may be busy with other tests.
SLACK = 5.0

#: The queue of most tests: durable, and what was confirmed stays in it.
QUEUE = "faults"
TOPOLOGY: dict[str, Any] = {
    "queues": {QUEUE: {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}},
    "bindings": [{"exchange": "amq.topic", "queue": QUEUE, "routing_keys": ["faults.#"]}],
}


class _Records(logging.Handler):
    """Everything the package logs, as text, and those records that come with a traceback."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.news = threading.Condition()
        self.lines: list[str] = []
        self.tracebacks: list[str] = []  # but for those of callbacks
        self.callback_errors: list[str] = []
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        with self.news:
            self.lines.append(line)
            self.news.notify_all()
        if record.exc_info or "Traceback" in line:
            known = " The callback " in line.partition("\n")[0]
            (self.callback_errors if known else self.tracebacks).append(line)


class Account(NullObserver):
    """What happened, for both sides of an application. A test waits on it, in its own thread."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self.sent: dict[int, str | None] = {}  # number -> message id
        self.confirmed: dict[int, float] = {}  # number -> when
        self.failed: dict[int, BaseException] = {}
        self.finished: list[tuple[int, str | None]] = []  # what callbacks have finished, in order
        self.finished_at = 0.0
        self.running = 0
        self.most_running = 0
        self.connected_at: list[float] = []
        self.disconnected_at: list[float] = []
        self.reasons: list[str] = []
        self.declared_at: list[float] = []

    def note(self, change: Callable[[], Any]) -> None:
        """Change something, and wake those who wait."""
        with self._news:
            change()
            self._news.notify_all()

    def wait_for(self, what: str, reached: Callable[[], bool], limit: float) -> float:
        """Wait until something holds; it is an error when that takes longer than the limit, in seconds.

        Returns:
            The seconds it took.
        """
        began = time.monotonic()
        with self._news:
            held = self._news.wait_for(reached, limit)
        taken = time.monotonic() - began
        assert held, f"{what}: not within {limit:g} s\n{self}"
        return taken

    def __str__(self) -> str:
        return (
            f"sent {len(self.sent)}, confirmed {len(self.confirmed)}, failed {self.failed}, finished "
            f"{len(self.finished)}, connected {len(self.connected_at)}, disconnected {self.reasons}"
        )

    def numbers(self) -> set[int]:
        """The numbers whose callbacks have finished."""
        return {number for number, _ in self.finished}

    # The observer's calls

    def connected(self, connection: str, peer: str, broker: str) -> None:
        self.note(lambda: self.connected_at.append(time.monotonic()))

    def disconnected(self, connection: str, reason: CloseReason) -> None:
        def note() -> None:
            self.disconnected_at.append(time.monotonic())
            self.reasons.append(str(reason))

        self.note(note)

    def declared(self, queue: str, generation: int) -> None:
        self.note(lambda: self.declared_at.append(time.monotonic()))

    # What must hold

    @property
    def foreign(self) -> list[BaseException]:
        """Failures that are not the package's documented exceptions."""
        return [error for error in self.failed.values() if not isinstance(error, exceptions.BaseException)]

    def check_published(self, queued: Iterable[Got], *, failed: int = 0) -> None:
        """Every confirmed message is in the queue, those there twice have one id, no error is not ours."""
        ids = _ids((_number(got), got.id) for got in queued)
        lost = sorted(set(self.confirmed) - set(ids))

        assert [] == lost, self
        assert [] == self.foreign
        assert {number: {id_} for number, id_ in self.sent.items() if number in ids} == ids
        assert failed == len(self.failed), self.failed
        assert len(self.sent) == len(self.confirmed) + failed

    def check_consumed(self, count: int) -> None:
        """Each of the messages 0 to count reached a callback that finished; one ran at a time."""
        ids = _ids(self.finished)

        assert [] == sorted(set(range(count)) - set(ids)), self
        assert [] == [number for number, each in ids.items() if len(each) > 1]
        assert self.most_running <= 1

    def check_left(self, queued: Iterable[Got]) -> None:
        """What is in the queue after all has been consumed are copies, with the same id, of what was."""
        done = set(self.finished)

        assert [] == [got.topic for got in queued if (_number(got), got.id) not in done]


def _ids(pairs: Iterable[tuple[int, str | None]]) -> dict[int, set[str | None]]:
    ids: dict[int, set[str | None]] = defaultdict(set)
    for number, id_ in pairs:
        ids[number].add(id_)
    return dict(ids)


def _number(got: Got) -> int:
    return int(got.topic.rpartition(".")[2])


class Application:
    """A service with an account. A context manager: started, and at the end stopped in order.

    Args:
        url: The broker, or a list of brokers.
        callback: Consume, and call this with each message's number, in the consumer's own thread; None:
            only publish.
        wait: Wait until it consumes.
        first: The number of the first message published.
        keys: Keys of the configuration; the queue QUEUE and its binding unless they say otherwise.
    """

    def __init__(
        self,
        url: str | list[str],
        callback: Callable[[int], Any] | None = None,
        *,
        wait: bool = True,
        first: int = 0,
        **keys: Any,
    ) -> None:
        self.account = Account()
        self._callback = callback
        self._wait = wait
        self._config = parse({"amqp_url": url, "client_properties": {"app": "tests"}, **TOPOLOGY, **keys})
        self._records = _Records()
        self._next = first
        self._going_on = False
        self._streams = 0
        self._resources = ExitStack()
        self.service: Any = None
        self._consumers: Any = None

    def __enter__(self) -> "Application":
        logger = logging.getLogger("fedora_messaging")
        level = logger.level
        logger.addHandler(self._records)
        logger.setLevel(logging.DEBUG)
        self._resources.callback(logger.setLevel, level)
        self._resources.callback(logger.removeHandler, self._records)
        try:
            in_reactor(self._start)
            if self._callback is not None and self._wait:
                self.account.wait_for("consuming at first", lambda: bool(self.account.declared_at), 60)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._going_on = False
        with self._resources:
            if self.service is not None:
                in_reactor(self._stop)
        if kind is None:
            assert [] == self._records.tracebacks

    async def _start(self) -> None:
        from fedora_messaging.twisted.service import FedoraMessagingService

        self.service = FedoraMessagingService(None, config=self._config, observer=self.account)
        if self._callback is not None:
            self.service.consume(self._received, in_thread=True).addErrback(lambda _: None)
            self._consumers = self.service.consumers
        self.service.startService()

    async def _stop(self) -> None:
        await self.service.stopService()

    @property
    def callback_errors(self) -> list[str]:
        """What was logged, with a traceback, about callbacks that failed."""
        return self._records.callback_errors

    @property
    def log(self) -> str:
        """All that the package has logged, DEBUG included."""
        return "\n".join(self._records.lines)

    def logged(self, words: str, limit: float, count: int = 1) -> None:
        """Wait until these words have been logged that many times."""

        def found() -> int:
            return sum(words in line for line in self._records.lines)

        with self._records.news:
            assert self._records.news.wait_for(lambda: found() >= count, limit), f"{words!r}\n{self.log}"

    @property
    def ready(self) -> bool:
        """What the page /ready says."""
        return bool(self.service.factory.ready)

    # Consuming

    def _received(self, message: Message) -> None:
        account = self.account
        number = int(message.topic.rpartition(".")[2])
        with account._news:
            account.running += 1
            account.most_running = max(account.most_running, account.running)
        try:
            assert self._callback is not None
            self._callback(number)
        finally:

            def ended() -> None:
                account.running -= 1
                account.finished.append((number, message.id))
                account.finished_at = time.monotonic()

            account.note(ended)

    def result(self, limit: float) -> Any:
        """How the first consumer ended: the exception, or the consumer itself; what it takes is limited."""

        async def ended() -> Any:
            return await outcome(consumers[0].result)

        consumers = self._consumers
        return in_reactor(ended, timeout=limit)

    # Publishing

    def publish(
        self,
        count: int = 1,
        *,
        exchange: str | Callable[[int], str | None] | None = None,
        timeout: float | None = None,
        size: int = 0,
        **message: Any,
    ) -> range:
        """Publish that many messages at once; returns their numbers. Their outcomes come into the account.

        Args:
            count: How many.
            exchange: The exchange of all, or a function from a number to that one's.
            timeout: The deadline of each, in seconds.
            size: Characters by which the bodies are filled up.
            message: More arguments of each Message; functions of the number.
        """

        async def start() -> range:
            numbers = range(self._next, self._next + count)
            self._next = numbers.stop
            for number in numbers:
                more = {name: of(number) for name, of in message.items()}
                chosen = exchange(number) if callable(exchange) else exchange
                self._publish(number, chosen, timeout, size, **more)
            return numbers

        return in_reactor(start)

    def _publish(
        self,
        number: int,
        exchange: str | None = None,
        timeout: float | None = None,
        size: int = 0,
        **more: Any,
    ) -> Any:
        arguments = {"topic": f"faults.{number}", "body": {"n": number, "filling": "x" * size}, **more}
        message = Message(**arguments)
        self.account.sent[number] = message.id
        published = self.service.publish(message, exchange, timeout=timeout)
        return published.addCallbacks(self._confirmed, self._failed, (number,), None, (number,))

    def _confirmed(self, _: Any, number: int) -> None:
        self.account.note(lambda: self.account.confirmed.__setitem__(number, time.monotonic()))

    def _failed(self, failure: Any, number: int) -> None:
        self.account.note(lambda: self.account.failed.__setitem__(number, failure.value))

    def settled(self, numbers: Iterable[int], limit: float) -> float:
        """Wait until each of these is confirmed or failed; returns the seconds it took."""
        wanted = set(numbers)
        account = self.account
        return account.wait_for(
            "all settled", lambda: wanted <= account.confirmed.keys() | account.failed.keys(), limit
        )

    def publish_steadily(self, streams: int = 20, pause: float = 0.05, timeout: float | None = None) -> None:
        """Publish until :meth:`publish_no_more`: each stream one message after the other."""

        async def start() -> None:
            from twisted.internet.defer import Deferred

            self._going_on = True
            for _ in range(streams):
                self._streams += 1
                Deferred.fromCoroutine(self._stream(pause, timeout))

        in_reactor(start)

    async def _stream(self, pause: float, timeout: float | None) -> None:
        from twisted.internet import reactor
        from twisted.internet.task import deferLater

        while self._going_on:
            number, self._next = self._next, self._next + 1
            await self._publish(number, timeout=timeout)
            await deferLater(reactor, pause)
        self.account.note(self._stream_ended)

    def _stream_ended(self) -> None:
        self._streams -= 1

    def publish_no_more(self, limit: float) -> None:
        """Stop what :meth:`publish_steadily` began, and wait until all is confirmed or failed."""
        self._going_on = False
        self.account.wait_for("the last ones", lambda: not self._streams, limit)

    def confirmed_again(self, since: float, limit: float) -> float:
        """Wait until a message is confirmed after a moment; returns how long after it that was."""
        account = self.account
        account.wait_for("confirmed again", lambda: max(account.confirmed.values(), default=0) > since, limit)
        return max(account.confirmed.values()) - since

    def consumed_again(self, since: float, limit: float) -> float:
        """Wait until a callback has finished after a moment; returns how long after it that was."""
        account = self.account
        account.wait_for("consumed again", lambda: account.finished_at > since, limit)
        return account.finished_at - since


def through(url: str, proxy: ProxyProcess | FrameProxy, query: str = "") -> str:
    """The URL of the same broker and virtual host behind a proxy."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    netloc = f"{user}@{host.rpartition(':')[0]}:{proxy.port}"
    return urlunsplit(parts._replace(netloc=netloc, query=query))


def declare(url: str) -> None:
    """Make the queue QUEUE, so that what is published before anybody consumes stays."""
    with Amqp(url) as amqp:
        amqp.queue(QUEUE, "faults.#")


def fill(url: str, count: int, arguments: dict[str, Any] | None = None) -> None:
    """Put the messages 0 to count into the queue QUEUE."""
    with Amqp(url) as amqp:
        amqp.queue(QUEUE, "faults.#", arguments=arguments)
        for number in range(count):
            amqp.publish(f"faults.{number}", {"n": number}, message_id=f"id-{number}")


def taken(url: str, count: int = 0) -> list[Got]:
    """What is in the queue QUEUE, taken from it; where the broker has yet to put messages back, wait up to
    half a minute for this many."""
    until = time.monotonic() + 30
    with Amqp(url) as amqp:
        got = amqp.take(QUEUE)
        while len(got) < count and time.monotonic() < until:
            time.sleep(0.05)
            got += amqp.take(QUEUE)
        return got
