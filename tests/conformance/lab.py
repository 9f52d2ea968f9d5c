# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What a conformance case works with: connections to one broker, and words for what happened.

A case is a function that takes a `Lab` and returns its outcome: plain values, the same on every broker that
behaves the same. Names are made from the case's own, so outcomes need no renaming.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from inspect import signature
from typing import Any, Protocol, TypeVar

import pika
from pika import exceptions, spec
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection

T = TypeVar("T")
Case = Callable[["Lab"], Any]
CASES: dict[str, Case] = {}
#: Seconds to wait for what has to come, and for what must not.
PATIENCE, QUIET = 30.0, 0.15


def case(function: Case) -> Case:
    """Adds a case."""
    assert function.__name__ not in CASES, function.__name__
    assert function.__doc__, f"{function.__name__} states no fact"
    CASES[function.__name__] = function
    return function


def table(rows: dict[str, Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds a case for each row; a row's values (a tuple of them, or one) are the arguments after the lab."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        many = any(p.kind is p.VAR_POSITIONAL for p in signature(function).parameters.values())
        for label, row in rows.items():

            def one(lab: Lab, row: Any = row) -> Any:
                return function(lab, *(row if isinstance(row, tuple) or many else (row,)))

            one.__name__ = f"{function.__name__}[{label}]"
            one.__doc__ = f"{function.__doc__} ({label})"
            one.__module__ = function.__module__
            case(one)
        return function

    return add


def plain(value: Any) -> Any:
    """A value of a header as JSON has it; times are left out."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in sorted(value.items()) if not isinstance(v, datetime)}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value


def delivered(method: Any, properties: Any, body: bytes) -> dict[str, Any]:
    """What arrived: all but the delivery tag and consumer tag."""
    outcome = {
        "exchange": method.exchange,
        "routing_key": method.routing_key,
        "redelivered": method.redelivered,
        "body": body.decode("latin-1"),
    }
    if isinstance(method, spec.Basic.GetOk):
        outcome["left"] = method.message_count
    kept = {k: plain(v) for k, v in vars(properties).items() if v is not None}
    if kept:
        outcome["properties"] = kept
    return outcome


class Control(Protocol):
    """Sets the broker's policies; what it refuses is a ValueError."""

    def set_policy(self, name: str, pattern: str, definition: dict[str, Any], priority: int) -> None: ...

    def clear_policy(self, name: str) -> None: ...


@dataclass
class Lab:
    """One case's view of one broker."""

    url: str
    release: str
    prefix: str
    control: Control | None = None

    def __post_init__(self) -> None:
        self._connections: list[BlockingConnection] = []
        self._sockets: list[Any] = []
        self._start = 0.0

    def name(self, short: str) -> str:
        """A name that no other case has."""
        return f"{self.prefix}.{short}"

    def connect(self, **options: Any) -> BlockingConnection:
        parameters = pika.URLParameters(self.url)
        parameters.heartbeat = 0
        for key, value in options.items():
            setattr(parameters, key, value)
        connection = BlockingConnection(parameters)
        self._connections.append(connection)
        return connection

    def channel(
        self, connection: BlockingConnection | None = None, *, confirms: bool = True
    ) -> BlockingChannel:
        channel = (connection or self.connect()).channel()
        if confirms:
            channel.confirm_delivery()
        return channel

    def raw(self) -> Any:
        """A client that speaks in frames."""
        from wire.raw import RawClient

        client = RawClient(pika.URLParameters(self.url))
        self._sockets.append(client)
        return client

    def close(self) -> None:
        for connection in self._connections:
            with suppress(Exception):
                if connection.is_open:
                    connection.close()
        for client in self._sockets:
            client.close()

    # Policies

    def policy(
        self,
        short: str,
        definition: dict[str, Any],
        *,
        pattern: str | None = None,
        name: str | None = None,
        priority: int = 0,
    ) -> str:
        """Sets a policy for a queue; says whether the broker took it."""
        assert self.control is not None
        pattern = f"^{re.escape(self.name(short))}$" if pattern is None else pattern
        try:
            self.control.set_policy(self.name(name or short), pattern, definition, priority)
        except ValueError:
            return "refused"
        time.sleep(QUIET)  # queues hear of it after the answer
        return "ok"

    def clear_policy(self, short: str) -> None:
        assert self.control is not None
        self.control.clear_policy(self.name(short))
        time.sleep(QUIET)

    # Times

    def in_time(self, milliseconds: int) -> Iterator[int]:
        """Yields a time, then times four times as long until the body took less than it; at most four."""
        for _ in range(4):
            self.from_now()
            yield milliseconds
            if time.monotonic() - self._start < milliseconds / 1000:
                return
            milliseconds *= 4

    def from_now(self) -> None:
        """Starts the time of `in_time` again."""
        self._start = time.monotonic()

    def sign(self, channel: BlockingChannel, queue: str) -> None:
        """Declares an exchange that goes with a queue: looking at a queue may keep it from expiring."""
        channel.exchange_declare(f"{queue}.sign", "fanout", auto_delete=True)
        channel.queue_bind(queue, f"{queue}.sign")

    def expired(self, queue: str) -> bool:
        """Whether a queue with a sign is gone, in a moment; the sign may go first."""
        return self.gone("exchange", f"{queue}.sign") and self.gone("queue", queue)

    # Words for what happened

    def attempt(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """What a call led to: "ok", or what was closed, with which code."""
        try:
            call(*args, **kwargs)
        except exceptions.ChannelClosedByBroker as error:
            return f"channel {error.reply_code}"
        except exceptions.ConnectionClosedByBroker as error:
            return f"connection {error.reply_code}"
        except (exceptions.ProbableAuthenticationError, exceptions.ProbableAccessDeniedError) as error:
            return f"connection {error.args[0]}"
        except exceptions.AMQPConnectionError as error:
            return _connection_error(error)
        return "ok"

    def declare(self, channel: BlockingChannel, short: str = "q", **options: Any) -> str:
        """Declares a durable queue."""
        options.setdefault("durable", True)
        name = self.name(short)
        channel.queue_declare(name, **options)
        return name

    def declare_anew(self, channel: BlockingChannel, short: str = "q", **options: Any) -> str:
        """Declares a durable queue in the place of the one that has the name."""
        channel.queue_delete(self.name(short))
        return self.declare(channel, short, **options)

    def bound(
        self, channel: BlockingChannel, exchange_type: str, *keys: str, **options: Any
    ) -> tuple[str, str]:
        """Declares an exchange and a queue bound to it."""
        exchange, queue = self.name("x"), self.declare(channel)
        channel.exchange_declare(exchange, exchange_type, **options)
        for key in keys:
            channel.queue_bind(queue, exchange, key)
        return exchange, queue

    def publish(
        self,
        channel: BlockingChannel,
        exchange: str,
        key: str,
        *bodies: str,
        mandatory: bool = False,
        **props: Any,
    ) -> Any:
        """Publishes, each confirmed; says what became of the last."""
        result: Any = None
        for body in bodies or ("x",):
            properties = pika.BasicProperties(**props)
            try:
                channel.basic_publish(exchange, key, body.encode("latin-1"), properties, mandatory)
                result = "confirmed"
            except exceptions.UnroutableError as error:
                result = [f"returned {m.method.reply_code}" for m in error.messages]
            except exceptions.NackError:
                result = "nacked"
        return result

    def put(self, channel: BlockingChannel, queue: str, *bodies: str, **props: Any) -> Any:
        """Publishes to a queue."""
        return self.publish(channel, "", queue, *bodies, **props)

    def get(self, channel: BlockingChannel, queue: str, *, auto_ack: bool = False) -> Any:
        """The next message, or None; `tag` is its delivery tag."""
        method, properties, body = channel.basic_get(queue, auto_ack)
        if method is None:
            return None
        assert body is not None
        return Got(method.delivery_tag, delivered(method, properties, body))

    def taken(self, channel: BlockingChannel, queue: str, body: str) -> int:
        """Publishes a message to a waiting consumer, before it can expire; returns its delivery tag."""
        inbox = self.collect(channel, queue)
        self.put(channel, queue, body)
        inbox.arrived(1)
        channel.basic_cancel(inbox.tag)
        return inbox.tags[0]

    def back(self, channel: BlockingChannel, queue: str, seconds: float = 1) -> Got | None:
        """Takes what this channel returned before; None when the queue holds it back for that long.

        Getting comes after the return, in the queue too; the number of ready messages may come before it.
        """
        got: Got | None = self.get(channel, queue, auto_ack=True)
        end = time.monotonic() + seconds
        while got is None and time.monotonic() < end:
            time.sleep(0.02)
            got = self.get(channel, queue, auto_ack=True)
        return got

    def bodies(self, channel: BlockingChannel, queue: str) -> list[str]:
        """All bodies that are ready, in order; takes them."""
        return [each["body"] for each in self.drain(channel, queue)]

    def drain(self, channel: BlockingChannel, queue: str) -> list[dict[str, Any]]:
        """All that is ready, in order; takes it."""
        found = []
        while (got := self.get(channel, queue, auto_ack=True)) is not None:
            found.append(got.outcome)
        return found

    def ready(self, channel: BlockingChannel, queue: str, expected: int | None = None) -> int:
        """How many messages are ready; waits for the expected number, and returns what it is in the end."""

        def count() -> int:
            return int(channel.queue_declare(queue, passive=True).method.message_count)

        return awaited(count, expected)

    def reached(self, channel: BlockingChannel, *queues: str) -> str:
        """The first of these queues that has a message, once one of them has."""
        awaited(lambda: any(self.ready(channel, queue) for queue in queues), True)
        return next((queue for queue in queues if self.ready(channel, queue)), "none")

    def consumers(self, channel: BlockingChannel, queue: str, expected: int | None = None) -> int:
        def count() -> int:
            return int(channel.queue_declare(queue, passive=True).method.consumer_count)

        return awaited(count, expected)

    def exists(self, kind: str, name: str) -> bool:
        channel = self.channel(self._connections[0] if self._connections[0].is_open else None, confirms=False)
        declare = channel.queue_declare if kind == "queue" else channel.exchange_declare
        outcome = self.attempt(declare, name, passive=True)
        if channel.is_open:
            channel.close()
        return bool(outcome == "ok")

    def gone(self, kind: str, name: str) -> bool:
        """Whether it is gone, in a moment."""
        return not awaited(lambda: self.exists(kind, name), False)

    def collect(self, channel: BlockingChannel, queue: str, **options: Any) -> Inbox:
        """Consumes a queue."""
        return Inbox(channel, queue, **options)


class Got:
    """A message that `basic.get` brought."""

    def __init__(self, tag: int, outcome: dict[str, Any]) -> None:
        self.tag = tag
        self.outcome = outcome

    @property
    def body(self) -> str:
        return str(self.outcome["body"])


class Inbox:
    """A consumer and what it got."""

    def __init__(
        self,
        channel: BlockingChannel,
        queue: str,
        *,
        auto_ack: bool = False,
        exclusive: bool = False,
        arguments: dict[str, Any] | None = None,
        tag: str | None = None,
        log: list[str] | None = None,
    ) -> None:
        self.channel = channel
        self.tags: list[int] = []
        self.outcomes: list[dict[str, Any]] = []
        self.cancelled = False
        self._log = log
        channel.add_on_cancel_callback(self._on_cancel)
        self.tag = channel.basic_consume(
            queue, self._on_message, auto_ack, exclusive, consumer_tag=tag, arguments=arguments
        )

    def _on_message(self, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        self.tags.append(method.delivery_tag)
        self.outcomes.append(delivered(method, properties, body))
        if self._log is not None:
            self._log.append(f"{self.tag}:{body.decode()}")

    def _on_cancel(self, method: Any) -> None:
        self.cancelled = True

    @property
    def bodies(self) -> list[str]:
        return [each["body"] for each in self.outcomes]

    def wait(self, count: int) -> list[str]:
        """Waits for that many messages in all, and a moment for more; returns the bodies."""
        self.arrived(count)
        self.quiet()
        return self.bodies

    def arrived(self, count: int) -> None:
        """Waits for that many messages in all."""
        end = time.monotonic() + PATIENCE
        while len(self.outcomes) < count and time.monotonic() < end and not self.cancelled:
            self.channel.connection.process_data_events(0.02)

    def quiet(self) -> None:
        """Lets a moment pass."""
        end = time.monotonic() + QUIET
        while time.monotonic() < end:
            self.channel.connection.process_data_events(0.02)

    def cancelled_soon(self) -> bool:
        end = time.monotonic() + PATIENCE
        while not self.cancelled and time.monotonic() < end:
            self.channel.connection.process_data_events(0.02)
        return self.cancelled


def awaited(look: Callable[[], T], expected: T | None) -> T:
    """What is seen once it is as expected, or when there is no more patience."""
    value = look()
    end = time.monotonic() + PATIENCE
    while expected is not None and value != expected and time.monotonic() < end:
        time.sleep(0.02)
        value = look()
    return value


def _connection_error(error: BaseException) -> str:
    """A connection that was not made, or lost: with a code when the broker gave one."""
    seen: list[BaseException] = [error]
    for each in _causes(error, seen):
        code = getattr(each, "reply_code", None)
        if code is not None:
            return f"connection {code}"
    return "disconnected"


def _causes(error: BaseException, seen: list[BaseException]) -> Iterator[BaseException]:
    yield error
    for each in (
        *getattr(error, "args", ()),
        getattr(error, "exception", None),
        error.__cause__,
        error.__context__,
    ):
        if isinstance(each, BaseException) and each not in seen:
            seen.append(each)
            yield from _causes(each, seen)
