# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The Twisted service: configuration in, running factories out.

Two connections, one for consuming and one for publishing: RabbitMQ stops reading from a connection that
it has blocked, acknowledgements included, and consumers must go on during an alarm.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from typing import Any

import pika
import pika.connection
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred

from .._config.url import parameters as url_parameters
from .._core import topology
from .._core.address import Address
from .._core.clock import Clock
from .._core.delivery import Policy
from .._core.observer import Observer
from .._core.topology import Binding, Queue
from ..config import Config, conf, parse
from ..exceptions import ConfigurationException
from ..message import Message
from ._callbacks.calling import resolve
from ._clock import source_of_time
from ._connection.connector import Connector, endpoint
from ._consuming.settings import ConsumerSettings
from .consumer import Consumer
from .factory import FedoraMessagingFactory
from .protocol import FedoraMessagingProtocol
from .stats import FactoryStatistics

__all__ = ["FedoraMessagingService"]

_log = logging.getLogger(__name__)

#: What of the grace period is left for the process itself to end: this part, but not more seconds than that.
_RESERVE, _MOST_RESERVED = 0.25, 1.0


class FedoraMessagingService(MultiService):
    """A Twisted service that consumes messages, publishes them, or both.

    Args:
        on_message: Called with each message, on the reactor; may return a Deferred or be a coroutine
            function. None: the service only publishes.
        amqp_url: The broker; None: as configured. ``amqps`` is AMQP over TLS.
        bindings: What to consume, as in the configuration; None: as configured.
        config: The configuration; None: the one that :data:`fedora_messaging.config.conf` holds now.
        confirms: Whether a publish waits for the broker's confirm.
        clock: The reactor to use; None: the global one.
        observer: Notified of what happens.

    Attributes:
        factory: The factory of the consuming connection. Its ``publish`` uses the other one.

    Raises:
        ConfigurationException: The configuration cannot be used.
        ValueError: The callback cannot be called with a message alone, or is a generator function.
    """

    name = "fedora-messaging"
    #: The class of factories that are made, one for each connection.
    factoryClass: Any = FedoraMessagingFactory

    def __init__(
        self,
        on_message: Callable[[Message], Any] | None,
        amqp_url: str | None = None,
        bindings: Any = None,
        *,
        config: Config | None = None,
        confirms: bool = True,
        clock: Clock | None = None,
        observer: Observer | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        if config is None:
            config = conf.parsed()
        self.config = config
        self._reactor: Any = source_of_time(clock)
        self._on_message = None if on_message is None else resolve(on_message)
        self._parameters = connection_parameters(config, amqp_url)
        self._context = None
        if self._parameters.ssl_options is not None:
            from ._connection.tls import client_options

            self._context = client_options(self._parameters.host, config.tls)
        wanted_bindings, wanted_queues = self._topology(bindings, None)
        settings = ConsumerSettings(
            exchanges=config.exchanges,
            passive_declares=config.passive_declares,
            prefetch_count=config.qos.prefetch_count,
            nack_policy=Policy(config.nack_delay.first, config.nack_delay.cap),
            backoff_base=config.reconnect.base,
            backoff_cap=config.reconnect.cap,
            stable=config.reconnect.stable,
            declare_timeout=config.declare_timeout,
            ack_timeout=config.ack_timeout,
            observer=observer,
        )
        options: dict[str, Any] = {
            "queues": wanted_queues,
            "confirms": confirms,
            "publish_exchange": config.publish_exchange,
            "topic_prefix": config.topic_prefix,
            "publish_priority": config.publish_priority,
            "mandatory": config.mandatory,
            "max_message_size": config.max_message_size,
            "handshake_timeout": config.handshake_timeout,
            "settings": settings,
            "clock": self._reactor,
        }
        self.publisher: FedoraMessagingFactory = self.factoryClass(
            self._parameters, bindings=(), **{**options, "queues": ()}
        )
        self.factory: FedoraMessagingFactory = self.factoryClass(
            self._parameters, bindings=wanted_bindings, publisher=self.publisher, **options
        )
        origin = "the argument amqp_url" if amqp_url else config.origin
        for factory in (self.publisher, self.factory):
            factory.address = Address.of(self._parameters, origin)
            factory.set_connect(self._connector(factory).connect)
        if config.monitoring is not None:
            from .monitor import monitor_service

            monitor_service(
                self, address=config.monitoring.address, port=config.monitoring.port, reactor=self._reactor
            ).setServiceParent(self)
        grace = config.shutdown_grace
        self._grace = grace - min(_RESERVE * grace, _MOST_RESERVED)
        self._stopping: Deferred[None] | None = None

    def startService(self) -> None:
        """Start: consume if there is something to consume, and else connect for publishing.

        A service that has stopped may be started again; its consumers were those of its first life, but for
        ``on_message``.
        """
        if self._stopping is not None and self._stopping.called:
            self._stopping = None
            for factory in (self.publisher, self.factory):
                factory.restart()
        super().startService()  # type: ignore[no-untyped-call]
        if self._on_message is not None:
            try:
                consuming = self.factory.consume(self._on_message)
            except ValueError as error:
                raise ConfigurationException(str(error)) from error
            consuming.addErrback(lambda _: None)  # each consumer's result has the error
        elif not self.factory.consumers:
            self.publisher.connect()

    def stopService(self) -> Deferred[None]:
        """Stop: finish the callbacks that run, settle, publish what is on its way, close.

        Returns:
            A Deferred that fires when all is flushed and closed, or when the grace period
            (``shutdown_grace``) is over but for its last second (the last quarter of a short one), in
            which the process can end. It never fails.
        """
        if self._stopping is None:
            super().stopService()  # type: ignore[no-untyped-call]
            self._stopping = Deferred.fromCoroutine(self._stop(self._grace))
        done: Deferred[None] = Deferred()
        self._stopping.addBoth(_pass_on, done)
        return done

    def abort(self) -> None:
        """Drop both connections now; what is in flight is left to the broker."""
        for factory in (self.factory, self.publisher):
            factory.abort()

    def publish(
        self, message: Message, exchange: str | None = None, *, timeout: float | None = None
    ) -> Deferred[None]:
        """Publish a message; see :meth:`~fedora_messaging.twisted.factory.FedoraMessagingFactory.publish`."""
        return self.publisher.publish(message, exchange, timeout=timeout)

    def update_secret(self, secret: str, reason: str = "the secret expires") -> Deferred[None]:
        """Use a new password or token from now on, on both connections and for the next ones.

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
        name: str = "",
    ) -> Deferred[list[Consumer]]:
        """Add consumers; see :meth:`~fedora_messaging.twisted.factory.FedoraMessagingFactory.consume`.

        A queue that is named in ``bindings`` and configured is the configured one.
        """
        wanted_bindings, wanted_queues = self._topology(bindings, queues)
        return self.factory.consume(
            callback,
            bindings=wanted_bindings,
            queues=wanted_queues,
            in_thread=in_thread,
            prefetch_count=prefetch_count,
            name=name,
        )

    def whenConnected(self) -> Deferred[FedoraMessagingProtocol]:
        """A Deferred that fires with the protocol of whichever connection is ready first.

        It fails with ConnectionException when the service is stopped before.
        """
        done: Deferred[FedoraMessagingProtocol] = Deferred()
        first, second = self.factory.when_connected(), self.publisher.when_connected()

        def fired(result: Any, other: Deferred[Any]) -> None:
            if not done.called:
                done.callback(result)
                other.cancel()

        first.addBoth(fired, second)
        second.addBoth(fired, first)
        return done

    @property
    def stopping(self) -> bool:
        """Whether it is stopping or has stopped, and has not been started since."""
        return self._stopping is not None

    @property
    def consumers(self) -> tuple[Consumer, ...]:
        """The consumers that have not ended."""
        return self.factory.consumers

    @property
    def consuming(self) -> bool:
        """Whether there are consumers, and all of them are consuming at this moment."""
        return self.factory.consuming

    @property
    def ready(self) -> bool:
        """Whether everything that is to consume does; true when there is nothing to consume."""
        return self.factory.ready

    @property
    def stats(self) -> FactoryStatistics:
        """What has been published and consumed so far."""
        return self.factory.stats

    def _topology(self, bindings: Any, queues: Any) -> tuple[tuple[Binding, ...], tuple[Queue, ...]]:
        """What is given, and of the configuration what belongs to it."""
        config = self.config
        if bindings is None and queues is None:
            return config.bindings, config.queues
        if bindings is None:
            own_queues = topology.queues(queues)
            names = {queue.name for queue in own_queues}
            return tuple(binding for binding in config.bindings if binding.queue in names), own_queues
        own_bindings = topology.bindings(bindings)
        if queues is not None:
            return own_bindings, topology.queues(queues)
        names = {binding.queue for binding in own_bindings}
        return own_bindings, tuple(queue for queue in config.queues if queue.name in names)

    async def _stop(self, grace: float) -> None:
        until = self._reactor.seconds() + grace
        await self.factory.stop(grace)
        await self.publisher.stop(max(until - self._reactor.seconds(), 0.0))

    def _connector(self, factory: FedoraMessagingFactory) -> Connector:
        host, port = self._parameters.host, self._parameters.port
        timeout = self._parameters.socket_timeout or 30.0

        def target() -> tuple[Any, str, int]:
            return endpoint(self._reactor, host, port, timeout=timeout, tls=self._context), host, port

        return Connector(self._reactor, factory, target, timeout=timeout)


def connection_parameters(config: Config, amqp_url: str | None = None) -> pika.connection.Parameters:
    """The parameters of pika for a configuration.

    Raises:
        ConfigurationException: The URL is malformed.
    """
    parameters = url_parameters(amqp_url or config.amqp_url)
    parameters.client_properties = dict(config.client_properties)
    tls = config.tls
    if parameters.ssl_options is not None:
        if tls.certfile and tls.keyfile:
            parameters.credentials = pika.credentials.ExternalCredentials()
    elif unused := [f"tls.{key}" for key in ("ca_cert", "certfile", "keyfile") if getattr(tls, key)]:
        _log.warning(
            "Not used, because the broker's URL is amqp, not amqps: %s. The connection is not encrypted.",
            ", ".join(unused),
        )
    return parameters


# Applications that connect by themselves call these two.


def _configure_tls_parameters(parameters: pika.connection.Parameters) -> None:
    """Give pika's parameters the configured certificates."""
    from ._connection.tls import configure

    configure(parameters, parse(conf).tls)


def _ssl_context_factory(parameters: pika.connection.Parameters) -> Any:
    """What ``reactor.connectSSL`` takes, with the configured certificates."""
    from ._connection.tls import client_options

    return client_options(parameters.host, parse(conf).tls)


def _pass_on(result: Any, done: Deferred[None]) -> Any:
    done.callback(None)
    return result


def __getattr__(name: str) -> Any:
    """The name that release 3.9.1 has for it, imported when it is asked for."""
    if name == "FedoraMessagingServiceV2":
        warnings.warn(
            f"{name} is the name of release 3.9.1 for FedoraMessagingService; release 5.0 removes it",
            DeprecationWarning,
            stacklevel=2,
        )
        from ._compat import FedoraMessagingServiceV2

        return FedoraMessagingServiceV2
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
