# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A client factory that connects to one of several brokers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..._core.address import Address
from ..._core.backoff import Backoff
from ..._core.clock import Clock
from ..._core.endpoints import Endpoints
from ..._core.observer import Observer
from .brokers import Broker
from .connector import Connector, endpoint
from .managed import ConnectionT
from .reconnecting import Reconnecting

__all__ = ["ChoosingBrokers", "connector"]


class ChoosingBrokers(Reconnecting[ConnectionT]):
    """Keeps a connection to one of several brokers, and says which one is next.

    Args:
        clock: The source of time; None: the global reactor.
        backoff: The delays between rounds of attempts.
        observer: Notified of connections, when given.
        parameters: pika's connection parameters of the broker, until :meth:`set_brokers` names others.
        handshake_timeout: Seconds from the TCP connection to the end of AMQP's handshake.

    Attributes:
        brokers: The brokers that :meth:`next_broker` chooses from.
    """

    def __init__(
        self,
        clock: Clock | None,
        backoff: Backoff,
        observer: Observer | None,
        parameters: Any,
        handshake_timeout: float,
    ) -> None:
        super().__init__(clock, backoff, observer)
        self._longest_pause = backoff.cap
        self._handshake_timeout = handshake_timeout
        self._parameters = parameters
        self.address = Address.of(parameters)
        self.brokers: tuple[Broker, ...] = (Broker(parameters, self.address),)
        self._attempted_at = self._clock.seconds()

    def set_brokers(self, brokers: Sequence[Broker], failover: str) -> None:
        """Set which brokers :meth:`next_broker` chooses from, before the first connection.

        Args:
            brokers: The brokers, one at least.
            failover: In which order they are tried; see :class:`~fedora_messaging._core.endpoints.Endpoints`.
        """
        self.brokers = tuple(brokers)
        self.endpoints = Endpoints(len(self.brokers), failover, self._longest_pause)
        self._use(self.brokers[0])

    def next_broker(self) -> Broker:
        """Begin an attempt to connect: choose the broker that it leads to."""
        self._attempted_at = self._clock.seconds()
        broker = self.brokers[self.endpoints.take(self._attempted_at)]
        self._use(broker)
        return broker

    def address_of(self, index: int) -> Address | None:
        """See :class:`~fedora_messaging.twisted._connection.reconnecting.Reconnecting`."""
        return self.brokers[index].address

    @property
    def has_others(self) -> bool:
        """See :class:`~fedora_messaging.twisted._connection.elsewhere.Elsewhere`."""
        return self.endpoints.has_others

    def leave(self, reason: str) -> None:
        """See :class:`~fedora_messaging.twisted._connection.elsewhere.Elsewhere`."""
        if self._connection is not None and self._connection.alive and self.has_others:
            self._connection.abort(reason)

    def _use(self, broker: Broker) -> None:
        self._parameters, self.address = broker.parameters, broker.address

    def _handshake_limit(self) -> float:
        """Seconds that the handshake may take; with several brokers the TCP connection counts too."""
        if len(self.brokers) == 1:
            return self._handshake_timeout
        left = self._handshake_timeout - (self._clock.seconds() - self._attempted_at)
        return max(round(left, 1), 0.1)


def connector(factory: ChoosingBrokers[Any], reactor: Any, handshake_timeout: float) -> Connector:
    """Make the connector of a factory, which leads to another of its brokers at each attempt.

    Args:
        factory: The factory; its brokers have been set.
        reactor: Makes the connections.
        handshake_timeout: Seconds that an attempt may take when there are other brokers to try; a single one
            has the time that its parameters allow.
    """
    brokers = factory.brokers
    timeout = brokers[0].parameters.socket_timeout or 30.0
    if len(brokers) > 1:
        timeout = handshake_timeout

    def target() -> tuple[Any, str, int]:
        broker = factory.next_broker()
        host, port = broker.parameters.host, broker.parameters.port
        found = endpoint(
            reactor,
            host,
            port,
            timeout=min(broker.parameters.socket_timeout or timeout, timeout),
            tls=broker.tls,
            choose=factory.endpoints.choose,
        )
        return found, host, port

    return Connector(reactor, factory, target, timeout=timeout, reached=factory.endpoints.reached)
