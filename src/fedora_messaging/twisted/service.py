# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The Twisted service, with a configuration and two factories.

It uses one connection for consuming and one for publishing. During an alarm, RabbitMQ stops reading from
connections that publish, so acknowledgements on them would not arrive.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred

from .._config.model import RetryConfig
from .._core.clock import Clock
from .._core.observer import Observer
from .._tracing.load import process_tracer
from ..config import Config, conf
from ..exceptions import ConfigurationException
from ..message import Message
from ._callbacks.calling import resolve
from ._clock import source_of_time
from ._connection.choosing import connector
from ._connection.waiters import after, first_of
from ._from_config import (
    brokers,
    consuming_options,
    factory_options,
    listed,
    metrics,
    policy_options,
    wanted_topology,
)
from ._renamed import warn_renamed
from .factory import FedoraMessagingFactory
from .protocol import FedoraMessagingProtocol
from .stats import FactoryStatistics

if TYPE_CHECKING:
    from ._callbacks.loop_worker import Caller
    from .consumer import Consumer

__all__ = ["FedoraMessagingService"]

#: The part of the grace period in which the process itself can end, and the most it may be, in seconds.
_RESERVE, _MOST_RESERVED = 0.25, 1.0


class FedoraMessagingService(MultiService):
    """A Twisted service that consumes messages, publishes them, or both.

    Args:
        on_message: Called with each message, on the reactor. It may return a Deferred or be a coroutine
            function. None means that the service only publishes.
        amqp_url: The broker, or several of a cluster. None means those of the configuration.
            ``amqps`` is AMQP over TLS.
        bindings: What to consume, as in the configuration. None means the bindings of the configuration.
        config: The configuration. None means the one that :data:`fedora_messaging.config.conf` holds now.
        confirms: Whether a publish waits for the broker's confirm.
        clock: The reactor to use. None means the global one.
        observer: An observer, or several, which are notified of events in this order.

    Attributes:
        factory: The factory of the consuming connection. Its ``publish`` uses the other one.
        publisher: The factory of the publishing connection.
        metrics: The metrics. None if the configuration has no ``[monitoring]``.
        tracing: What makes the spans of callbacks; None where the configuration does not enable it.

    Raises:
        ConfigurationException: The configuration cannot be used.
        ValueError: The callback cannot be called with a message alone, or is a generator function.
    """

    name = "fedora-messaging"
    #: The class of the factories, one for each connection.
    factoryClass: Any = FedoraMessagingFactory

    def __init__(
        self,
        on_message: Callable[[Message], Any] | None,
        amqp_url: str | Sequence[str] | None = None,
        bindings: Any = None,
        *,
        config: Config | None = None,
        confirms: bool = True,
        clock: Clock | None = None,
        observer: Observer | Sequence[Observer] | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        if config is None:
            config = conf.parsed()
        self.config = config
        self._reactor: Any = source_of_time(clock)
        self._on_message = None if on_message is None else resolve(on_message)
        found = brokers(config, amqp_url)
        # Messages are checked before it is known which broker they are sent to.
        parameters = min((each.parameters for each in found), key=lambda each: each.frame_max)
        bindings, queues = wanted_topology(config, bindings, None)
        self.metrics = metrics(config, self._reactor.seconds)
        self.tracing = process_tracer(config.tracing, lambda: self.factory.address, self._reactor.seconds)
        observers = [each for each in (self.metrics, self.tracing, *listed(observer)) if each is not None]
        options = {
            **factory_options(config, observers, self.tracing),
            "confirms": confirms,
            "clock": self._reactor,
        }
        self.publisher: FedoraMessagingFactory = self.factoryClass(
            parameters, bindings=(), queues=(), **options
        )
        self.factory: FedoraMessagingFactory = self.factoryClass(
            parameters, bindings=bindings, queues=queues, publisher=self.publisher, **options
        )
        self.publisher.purpose = "publishing"
        for factory in (self.publisher, self.factory):
            factory.set_brokers(found, config.failover)
            factory.set_connect(connector(factory, self._reactor, config.handshake_timeout).connect)
        if self.metrics is not None:
            from ._gauges import gauges

            self.metrics.gauges = lambda: gauges(self)
        if config.monitoring is not None and config.monitoring.port is not None:
            from .monitor import monitor_service

            monitor_service(
                self, address=config.monitoring.address, port=config.monitoring.port, reactor=self._reactor
            ).setServiceParent(self)
        grace = config.shutdown_grace
        self._grace = grace - min(_RESERVE * grace, _MOST_RESERVED)
        self._stopping: Deferred[None] | None = None

    def startService(self) -> None:
        """Start consuming, or connect for publishing if there is nothing to consume.

        A service may be started again after it was stopped. It then consumes with ``on_message`` again.
        Consumers that were added by :meth:`consume` ended when it was stopped.
        """
        if self._stopping is not None and self._stopping.called:
            self._stopping = None
            for factory in (self.publisher, self.factory):
                factory.restart()
        super().startService()  # type: ignore[no-untyped-call]
        if self._on_message is not None:
            try:
                consuming = self.factory.consume(self._on_message, **policy_options(self.config, None))
            except ValueError as error:
                raise ConfigurationException(str(error)) from error
            consuming.addErrback(lambda _: None)  # each consumer's result has the error
        elif not self.factory.consumers:
            self.publisher.connect()

    def stopService(self) -> Deferred[None]:
        """Stop consuming and publishing, and close the connections.

        Running callbacks finish, and their messages are settled. Messages that are being published are
        confirmed.

        Returns:
            A Deferred that fires when this is done, but at least one second before the grace period
            (``shutdown_grace``) is over, so that the process can end in time. If the grace period is shorter
            than four seconds, a quarter of it is left. It never fails.
        """
        if self._stopping is None:
            super().stopService()  # type: ignore[no-untyped-call]
            self._stopping = Deferred.fromCoroutine(self._stop(self._grace))
        return after(self._stopping)

    def abort(self) -> None:
        """Drop both connections now. The broker decides what happens to unsettled messages."""
        for factory in (self.factory, self.publisher):
            factory.abort()

    def publish(
        self, message: Message, exchange: str | None = None, *, timeout: float | None = None
    ) -> Deferred[None]:
        """Publish a message; see :meth:`~fedora_messaging.twisted.factory.FedoraMessagingFactory.publish`."""
        return self.publisher.publish(message, exchange, timeout=timeout)

    def update_secret(self, secret: str, reason: str = "the secret expires") -> Deferred[None]:
        """Use a new password or token from now on, for both connections and for later ones.

        See :meth:`~fedora_messaging.twisted.factory.FedoraMessagingFactory.update_secret`.
        """
        return self.factory.update_secret(secret, reason)

    def consume(
        self,
        callback: Callable[[Message], Any],
        bindings: Any = None,
        queues: Any = None,
        *,
        in_thread: bool = False,
        prefetch_count: int | None = None,
        concurrency: int | None = None,
        name: str = "",
        retry: RetryConfig | None = None,
    ) -> Deferred[list[Consumer]]:
        """Add consumers; see :meth:`~fedora_messaging.twisted.factory.FedoraMessagingFactory.consume`.

        If a queue in ``bindings`` is also in the configuration, the configured properties apply. The failure
        policy is that of the callback, or ``retry``, or the configured one, in this order.

        Raises:
            ValueError: The callback is not callable, or bindings or queues are not of the shape named.
            ConfigurationException: An exception that the policy names cannot be imported, or a queue cannot
                be used with the policy.
        """
        return self.factory.consume(
            callback,
            in_thread=in_thread,
            prefetch_count=prefetch_count,
            concurrency=concurrency,
            name=name,
            **consuming_options(self.config, bindings, queues, retry),
        )

    def add_consumers(
        self,
        callback: Callable[[Message], Any],
        bindings: Any = None,
        queues: Any = None,
        *,
        retry: RetryConfig | None = None,
        caller: Caller | None = None,
        **options: Any,
    ) -> list[Consumer]:
        """Add consumers as :meth:`consume` does, and return them at once.

        Args:
            callback: As for :meth:`consume`.
            bindings: As for :meth:`consume`.
            queues: As for :meth:`consume`.
            retry: As for :meth:`consume`.
            caller: The owner of the event loop for coroutine functions. None means the reactor.
            options: The others of :meth:`consume`.

        Raises:
            ValueError: As :meth:`consume`.
            ConfigurationException: As :meth:`consume`.
        """
        return self.factory.add_consumers(
            callback, caller=caller, **options, **consuming_options(self.config, bindings, queues, retry)
        )

    def whenConnected(self) -> Deferred[FedoraMessagingProtocol]:
        """Return a Deferred that fires with the protocol of the first connection that is ready.

        It fails with ConnectionException if the service is stopped earlier.
        """
        return first_of(self.factory.when_connected(), self.publisher.when_connected())

    @property
    def stopping(self) -> bool:
        """Whether it is stopping or has stopped, and was not started again."""
        return self._stopping is not None

    @property
    def consumers(self) -> tuple[Consumer, ...]:
        """The consumers that have not ended."""
        return self.factory.consumers

    @property
    def consuming(self) -> bool:
        """Whether there are consumers, and all of them are consuming now."""
        return self.factory.consuming

    @property
    def ready(self) -> bool:
        """Whether all consumers are consuming. It is true if there are none."""
        return self.factory.ready

    @property
    def stats(self) -> FactoryStatistics:
        """The number of messages published and consumed so far."""
        return self.factory.stats

    async def _stop(self, grace: float) -> None:
        until = self._reactor.seconds() + grace
        await self.factory.stop(grace)
        await self.publisher.stop(max(until - self._reactor.seconds(), 0.0))


# Compatibility with release 3.9.1, until 5.0
def __getattr__(name: str) -> Any:
    """The names that only release 3.9.1 has, imported when they are asked for."""
    if name == "FedoraMessagingServiceV2":
        warn_renamed(name, "FedoraMessagingService")
        from ._compat import FedoraMessagingServiceV2

        return FedoraMessagingServiceV2
    if name in ("_configure_tls_parameters", "_ssl_context_factory"):
        from . import _compat

        return getattr(_compat, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
