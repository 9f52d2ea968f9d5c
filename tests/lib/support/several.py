# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A service and several embedded brokers, in memory and on a clock."""

from typing import Any

from twisted.internet.defer import Deferred

from fedora_messaging.broker import Broker
from fedora_messaging.config import parse
from fedora_messaging.message import Message
from fedora_messaging.twisted.service import FedoraMessagingService

from .world import MemoryReactor

__all__ = ["SECRET", "TOPOLOGY", "Several"]

SECRET = "canary-7Lq2"
TOPOLOGY: dict[str, Any] = {
    "queues": {"q": {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}},
    "bindings": [{"exchange": "amq.topic", "queue": "q", "routing_keys": ["#"]}],
}


class Several:
    """A service and several brokers, at the ports 1, 2, 3 ... of one host.

    Each user's password is the canary; the user "mallory" is not known to any broker.
    """

    def __init__(self, *users: str, names: dict[str, list[str]] | None = None, **keys: Any) -> None:
        self.reactor = MemoryReactor({})
        self.brokers = [Broker(clock=self.reactor, users={"ann": SECRET, "bob": SECRET}) for _ in users]
        self.urls = [f"amqp://{user}:{SECRET}@h:{port}/%2F" for port, user in enumerate(users, 1)]
        self.reactor.nodes = {("127.0.0.1", port): each for port, each in enumerate(self.brokers, 1)}
        values = {"amqp_url": self.urls, "failover": "in-order", **keys}
        self.received: list[Message] = []
        self._waiting: Deferred[None] | None = None
        self.service = FedoraMessagingService(
            self._received if "queues" in keys else None, config=parse(values), clock=self.reactor
        )

    def start(self) -> "Several":
        self.service.startService()
        self.reactor.settle(1.0)  # a third of it for each that refuses: Twisted's endpoints look on a timer
        return self

    def stop(self, port: int) -> None:
        """The broker at this port loses its connections, and refuses others."""
        self.reactor.nodes["127.0.0.1", port] = None
        self.brokers[port - 1].faults.drop_connections()
        self.reactor.settle()

    def __getitem__(self, index: int) -> Broker:
        return self.brokers[index]

    def pause_callbacks(self) -> None:
        """Callbacks from now on do not return before :meth:`go_on` is called."""
        self._waiting = Deferred()

    def go_on(self) -> None:
        """Let callbacks return."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.callback(None)

    def _received(self, message: Message) -> Deferred[None] | None:
        self.received.append(message)
        return self._waiting

    def publish(self, timeout: float | None = None) -> Any:
        return self.service.publish(Message(topic="t", body={}), timeout=timeout)

    @property
    def ports(self) -> list[int]:
        """The ports that were tried, in order."""
        return [port for _, port in self.reactor.tried]
