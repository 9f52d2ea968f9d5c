# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The embedded broker, listening in this process's reactor thread for programs in other processes."""

import json
import threading
import time
from typing import Any

import crochet
from twisted.internet.defer import Deferred

from fedora_messaging.broker import Broker

__all__ = ["Embedded"]


class Embedded:
    """An embedded broker that listens, and what a test wants to know of it.

    Attributes:
        url: Its URL.
    """

    def __init__(self) -> None:
        crochet.setup()
        self.url = ""
        self._broker: Any = None

    def __enter__(self) -> "Embedded":
        @crochet.wait_for(30)  # type: ignore[untyped-decorator, unused-ignore]
        def start() -> Any:
            self._broker = Broker()
            return Deferred.fromCoroutine(self._broker.listen())

        self.url = start()
        return self

    def __exit__(self, *_: object) -> None:
        @crochet.wait_for(30)  # type: ignore[untyped-decorator, unused-ignore]
        def stop() -> Deferred[None]:
            return Deferred.fromCoroutine(self._broker.stop())

        stop()

    def forget(self) -> None:
        """Delete all queues, and forget what was published."""

        @crochet.wait_for(30)  # type: ignore[untyped-decorator, unused-ignore]
        def clear() -> None:
            self._broker.published.clear()
            for vhost in self._broker.vhosts.values():
                for queue in list(vhost.queues.values()):
                    vhost.delete_queue(queue)

        clear()

    def published(self) -> list[tuple[str, Any]]:
        """Topic and body of each message published so far."""
        return [(each.routing_key, json.loads(each.body)) for each in list(self._broker.published)]

    def consumers(self) -> int:
        """How many consumers there are."""
        queues = [queue for vhost in self._broker.vhosts.values() for queue in list(vhost.queues.values())]
        return sum(queue.consumer_count for queue in queues)

    def waiting(self, queue: str) -> int:
        """How many messages wait in a queue, or are not acknowledged."""
        found = self._broker.queue(queue)
        return int(found.ready + found.unacked)

    def wait_for_consumers(self, count: int = 1, timeout: float = 120) -> None:
        """Wait until there are so many consumers."""
        self._wait(lambda: self.consumers() >= count, f"{count} consumers", timeout)

    def wait_for_published(self, count: int = 1, timeout: float = 120) -> list[tuple[str, Any]]:
        """Wait until so many messages have been published, and return them."""
        self._wait(lambda: len(self._broker.published) >= count, f"{count} messages", timeout)
        return self.published()

    def wait_until_settled(self, queue: str, timeout: float = 120) -> None:
        """Wait until a queue is empty, and all that was taken from it acknowledged."""
        self._wait(lambda: self.waiting(queue) == 0, f"the queue {queue} to be empty", timeout)

    def wait_for_waiting(self, queue: str, count: int = 1, timeout: float = 120) -> None:
        """Wait until so many messages are in a queue."""
        self._wait(lambda: self.waiting(queue) >= count, f"{count} messages in {queue}", timeout)

    def connected(self) -> list[int]:
        """The connections there are, each by what tells it from others."""
        return [id(each) for each in list(self._broker.connections)]

    def drop(self) -> None:
        """Cut all connections."""

        @crochet.wait_for(30)  # type: ignore[untyped-decorator, unused-ignore]
        def drop() -> None:
            self._broker.faults.drop_connections()

        drop()

    @staticmethod
    def pause(seconds: float) -> None:
        """Let time go by."""
        threading.Event().wait(seconds)

    def _wait(self, condition: Any, what: str, timeout: float) -> None:
        until = time.monotonic() + timeout
        pause = threading.Event()
        while not condition():
            assert time.monotonic() < until, f"waited {timeout:g} s for {what}"
            pause.wait(0.05)
