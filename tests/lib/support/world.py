# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A client and a broker on one clock, joined in memory: whole paths without sockets, threads or waiting."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pika
from twisted.internet import task
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionRefusedError, UserError
from twisted.internet.interfaces import IHostnameResolver, IReactorPluggableNameResolver
from twisted.logger import LogLevel, globalLogPublisher
from twisted.python.failure import Failure
from zope.interface import implementer

from fedora_messaging.broker import Broker
from fedora_messaging.config import Config, parse
from fedora_messaging.twisted.service import FedoraMessagingService

PARAMETERS = pika.URLParameters("amqp://guest:guest@localhost/%2F")


class Connector:
    """What Twisted's connectors are to a factory."""

    def __init__(self, reactor: "MemoryReactor", host: str, port: int, factory: Any) -> None:
        self.reactor = reactor
        self.host = host
        self.port = port
        self.factory = factory
        self.state = "disconnected"
        self.pump: Any = None

    def connect(self) -> None:
        self.state = "connecting"
        self.factory.doStart()
        self.factory.startedConnecting(self)
        # The network does not follow a reactor's wall clock.
        getattr(self.reactor, "steady", self.reactor).callLater(0, self._connect)

    def _connect(self) -> None:
        if self.state != "connecting":
            return
        there = self.reactor.nodes.get((self.host, self.port), self.reactor.broker)
        self.reactor.tried.append((self.host, self.port))
        if not self.reactor.reachable or there is None:
            self.state = "disconnected"
            self.factory.clientConnectionFailed(self, Failure(ConnectionRefusedError()))
            self.factory.doStop()
            return
        self.state = "connected"
        protocol = self.factory.buildProtocol(None)
        self.reactor.connections += 1
        lost = protocol.connectionLost

        def connection_lost(reason: Failure) -> None:
            lost(reason)
            self.state = "disconnected"
            self.pump = None
            self.factory.clientConnectionLost(self, reason)
            self.factory.doStop()

        protocol.connectionLost = connection_lost
        made = protocol.makeConnection

        def make_connection(transport: Any) -> None:
            transport.getPeer = self.getDestination
            made(transport)

        protocol.makeConnection = make_connection
        self.pump = there.join(protocol)
        if there in self.reactor.silent:
            there.faults.silence()

    def stopConnecting(self) -> None:
        self.state = "disconnected"
        self.factory.clientConnectionFailed(self, Failure(UserError()))
        self.factory.doStop()

    def getDestination(self) -> IPv4Address:
        return IPv4Address("TCP", self.host, self.port)

    def disconnect(self) -> None:
        if self.pump is not None:
            self.pump.client.loseConnection()


@implementer(IHostnameResolver)
class Loopback:
    """Every name is this machine's, unless it is said to have other addresses."""

    def __init__(self) -> None:
        self.names: dict[str, list[str]] = {}

    def resolveHostName(
        self, receiver: Any, name: str, port: int = 0, types: Any = None, transport: str = "TCP"
    ) -> None:
        receiver.resolutionBegan(self)
        for address in self.names.get(name, ["127.0.0.1"]):
            receiver.addressResolved(IPv4Address("TCP", address, port))
        receiver.resolutionComplete()


@implementer(IReactorPluggableNameResolver)
class MemoryReactor(task.Clock):
    """A clock whose connections lead to an embedded broker.

    Attributes:
        nodes: What is at other addresses and ports: another broker, or None, which refuses connections.
        silent: Brokers that accept connections and say nothing.
        tried: The addresses and ports of all attempts to connect.
    """

    def __init__(self, broker_options: dict[str, Any]) -> None:
        super().__init__()
        self.broker = Broker(clock=self, **broker_options)
        self.nameResolver = Loopback()
        self.reachable = True
        self.nodes: dict[tuple[str, int], Broker | None] = {}
        self.silent: set[Broker] = set()
        self.tried: list[tuple[str, int]] = []
        self.connections = 0
        self.connectors: list[Connector] = []

    def connectTCP(
        self, host: str, port: int, factory: Any, timeout: float = 30, bindAddress: Any = None
    ) -> Connector:
        connector = Connector(self, host, port, factory)
        self.connectors.append(connector)
        connector.connect()
        return connector

    def callFromThread(self, call: Callable[..., Any], *args: Any) -> None:
        self.callLater(0, call, *args)

    def settle(self, seconds: float = 0.0) -> None:
        """Let everything happen that is due within ``seconds``, on both sides."""
        left = seconds
        while True:
            for _ in range(200):
                self._flush()
                due = [call for call in self.calls if call.getTime() <= self.seconds()]
                if not due:
                    break
                self.advance(0)
            if left <= 0:
                return
            step = min(left, 0.25)
            self.advance(step)
            left -= step

    def _flush(self) -> None:
        # What one connection says may make the broker talk on another.
        while any(connector.pump is not None and connector.pump.pump() for connector in self.connectors):
            pass

    def cut(self) -> None:
        """Every link is lost."""
        for connector in self.connectors:
            if connector.pump is not None:
                connector.pump.cut()


class World:
    """A service, or factories, and a broker.

    Args:
        broker: Options of the embedded broker.
    """

    def __init__(self, **broker: Any) -> None:
        self.reactor = MemoryReactor(broker)
        self.broker = self.reactor.broker

    def config(self, **keys: Any) -> Config:
        """A configuration with some keys set."""
        return parse({"amqp_url": "amqp://guest:guest@localhost/%2F", **keys})

    def service(self, on_message: Any = None, **keys: Any) -> FedoraMessagingService:
        """A service on this world's clock, not started."""
        observer = keys.pop("observer", None)
        return FedoraMessagingService(
            on_message, config=self.config(**keys), clock=self.reactor, observer=observer
        )

    def settle(self, seconds: float = 0.0) -> None:
        """Let things happen."""
        self.reactor.settle(seconds)


def result_of(deferred: Deferred[Any]) -> Any:
    """What a Deferred has fired with; its failure is raised, and that it has not fired is an error."""
    results: list[Any] = []
    deferred.addBoth(results.append)
    assert results, "the Deferred has not fired"
    if isinstance(results[0], Failure):
        results[0].raiseException()
    return results[0]


@contextmanager
def no_unhandled_errors() -> Iterator[None]:
    """Nothing is logged as critical, as unhandled errors in Deferreds are, while this is open."""
    critical: list[Any] = []

    def observe(event: Any) -> None:
        if event.get("log_level") is LogLevel.critical:
            critical.append(event.get("log_format"))

    observer: Any = observe
    globalLogPublisher.addObserver(observer)
    gc.freeze()  # only what is made from here on is looked at below, which takes a hundredth of the time
    try:
        yield
        gc.collect()
    finally:
        gc.unfreeze()
        globalLogPublisher.removeObserver(observer)
    assert [] == critical
