# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A plain AMQP client beside the one that is tested: what is in the queues, and messages of any shape."""

import json
import logging
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, NamedTuple

import pika
from pika.exceptions import ChannelClosedByBroker

__all__ = ["Amqp", "Got"]


class Got(NamedTuple):
    """A message taken from a queue."""

    topic: str
    properties: pika.BasicProperties
    body: bytes

    @property
    def id(self) -> str | None:
        """Its message id."""
        found: str | None = self.properties.message_id
        return found


class Amqp:
    """A connection with one channel; publishes are confirmed.

    Args:
        url: The broker.
    """

    def __init__(self, url: str) -> None:
        logging.getLogger("pika").setLevel(logging.ERROR)  # it warns of every queue that is not there
        parameters = pika.URLParameters(url)
        parameters.heartbeat = 0  # nothing is read or sent while a test waits for something else
        self._connection = pika.BlockingConnection(parameters)
        self.channel = self._connection.channel()
        self.channel.confirm_delivery()

    def __enter__(self) -> "Amqp":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._connection.is_open:
            self._connection.close()

    def queue(self, name: str, *topics: str, arguments: Mapping[str, Any] | None = None) -> str:
        """Declare a durable queue, bound to amq.topic for these topics."""
        self.channel.queue_declare(name, durable=True, arguments=dict(arguments or {}))
        for topic in topics:
            self.channel.queue_bind(name, "amq.topic", topic)
        return name

    def publish(self, topic: str, body: Any = None, exchange: str = "amq.topic", **properties: Any) -> None:
        """Publish a message as it is; a body that is not bytes is sent as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        properties.setdefault("delivery_mode", 2)
        self.channel.basic_publish(exchange, topic, data, pika.BasicProperties(**properties))

    def wait_for_consumers(self, queue: str, count: int = 1, timeout: float = 120) -> None:
        """Return when the queue has so many consumers. The broker tells nobody, so it is asked repeatedly."""
        deadline = time.monotonic() + timeout
        while self._consumers(queue) != count:
            assert time.monotonic() < deadline, f"{queue} has {self._consumers(queue)} consumers, not {count}"
            self._connection.sleep(0.02)  # what is waited for needs the processor, too

    def ready(self, queue: str) -> int:
        """How many messages of a queue are ready; the counts of the node's lists lag behind."""
        count: int = self.channel.queue_declare(queue, passive=True).method.message_count
        return count

    def wait_for_ready(self, queue: str, count: int, timeout: float = 30) -> None:
        """Return when so many messages of a queue are ready; asked repeatedly as well."""
        deadline = time.monotonic() + timeout
        while (ready := self.ready(queue)) != count:
            assert time.monotonic() < deadline, f"{queue} has {ready} messages ready, not {count}"
            self._connection.sleep(0.02)

    def _consumers(self, queue: str) -> int:
        """How many consumers a queue has; 0 when there is no queue."""
        channel = self._connection.channel()
        try:
            count: int = channel.queue_declare(queue, passive=True).method.consumer_count
        except ChannelClosedByBroker:
            return 0
        channel.close()
        return count

    def take(self, queue: str) -> list[Got]:
        """All messages of a queue, taken from it."""
        taken: list[Got] = []
        while True:
            method, properties, body = self.channel.basic_get(queue, auto_ack=True)
            if method is None:
                return taken
            assert properties is not None
            assert body is not None
            taken.append(Got(method.routing_key, properties, body))
