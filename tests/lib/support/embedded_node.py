# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Where there is no RabbitMQ: virtual hosts of an embedded broker that runs in a process of its own.

A test that asks for more than the embedded broker has (rabbitmqctl, policies, TLS, Erlang expressions) ends
there, as skipped, with `NEEDS_RABBITMQ` as the reason; those are counted in the summary as not run.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn
from urllib.parse import quote

import pytest

from rabbitmq.guard import NEEDS_RABBITMQ

__all__ = ["EmbeddedNode", "EmbeddedVhost"]


def _needs_rabbitmq(*_: object, **__: object) -> NoReturn:
    """End the test that runs: what it asks for, only RabbitMQ has."""
    pytest.skip(NEEDS_RABBITMQ)


class EmbeddedNode:
    """One embedded broker. Use it as a context manager.

    Attributes:
        port: Where it listens on 127.0.0.1.
    """

    def __init__(self) -> None:
        self.port = 0
        self._made = 0
        self._turn = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.embedded_node"],
            cwd=Path(__file__).resolve().parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "EmbeddedNode":
        assert self._process.stdout is not None
        port = self._process.stdout.readline()
        if not port:
            self._process.communicate()
            raise RuntimeError("the embedded broker did not start")
        self.port = int(port)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def __getattr__(self, name: str) -> Any:
        """Everything else that a test asks of RabbitMQ's nodes."""
        if name.startswith("__"):
            raise AttributeError(name)
        return _needs_rabbitmq

    def url(self, vhost: str = "/", *, user: str = "guest", password: str = "guest", query: str = "") -> str:
        """The AMQP URL of this broker."""
        who = f"{quote(user, safe='')}:{quote(password, safe='')}"
        return f"amqp://{who}@127.0.0.1:{self.port}/{quote(vhost, safe='')}{'?' if query else ''}{query}"

    def list_queues(self, vhost: str = "/") -> dict[str, int]:
        """Name and number of messages, ready and unacknowledged, of each queue."""
        found: dict[str, int] = self._ask("queues", vhost)
        return found

    def take(self) -> "EmbeddedVhost":
        """An empty virtual host."""
        self._made += 1
        name = f"t{self._made}"
        self._ask("add", name)
        return EmbeddedVhost(name, self)

    def _ask(self, what: str, vhost: str) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._turn:
            self._process.stdin.write(json.dumps([what, vhost]) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())


class EmbeddedVhost:
    """What `rabbitmq.Vhost` is, of an embedded broker."""

    def __init__(self, name: str, node: EmbeddedNode) -> None:
        self.name = name
        self.node = node

    @property
    def url(self) -> str:
        """Its AMQP URL, for guest."""
        return self.node.url(self.name)

    def queues(self) -> dict[str, int]:
        """Name and number of messages, ready and unacknowledged, of each queue."""
        return self.node.list_queues(self.name)

    def set_policy(
        self, name: str, pattern: str, definition: Mapping[str, Any], apply_to: str = "all"
    ) -> None:
        """The embedded broker has no policies."""
        _needs_rabbitmq()


def _serve() -> None:
    """Listen, print the port, and answer one line of JSON for each line that comes."""
    from twisted.internet import defer, stdio
    from twisted.protocols import basic

    from fedora_messaging.broker import Broker

    reactor: Any = import_module("twisted.internet.reactor")
    receiver: Any = basic.LineReceiver
    broker = Broker()

    class Orders(receiver):  # type: ignore[misc]
        delimiter = b"\n"

        def lineReceived(self, line: bytes) -> None:
            what, name = json.loads(line)
            answer: dict[str, int] = {}
            if what == "add":
                broker.add_vhost(name)
            else:
                for queue in broker.vhosts[name].queues:
                    found = broker.queue(queue, vhost=name)
                    answer[queue] = found.ready + found.unacked
            self.sendLine(json.dumps(answer).encode())

        def connectionLost(self, reason: object = None) -> None:
            if reactor.running:
                reactor.stop()

    async def start() -> None:
        url = await broker.listen()
        print(url.rpartition(":")[2].partition("/")[0], flush=True)
        stdio.StandardIO(Orders())

    defer.ensureDeferred(start())
    reactor.run()


if __name__ == "__main__":
    _serve()
