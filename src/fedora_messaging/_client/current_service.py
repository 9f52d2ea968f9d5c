# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The service of a client: made when it is needed, replaced when the settings of its connection change."""

from __future__ import annotations

from contextlib import suppress
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .._amqp import messages
from ..config import Config, LazyConfig, conf
from ..exceptions import ConfigurationException, ValidationError
from ..message import Message
from .reactor_thread import reactor_thread
from .settings import ClientSettings

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from .._config.model import Monitoring
    from ..twisted.service import FedoraMessagingService

__all__ = ["CurrentService"]


class CurrentService:
    """Keeps the service for the present configuration.

    Its methods are called in the reactor's thread unless they say otherwise; the attributes may be read in
    any.

    Args:
        config: The configuration; None: follows :data:`fedora_messaging.config.conf`, changes to it included.

    Attributes:
        service: The service; None until it is needed, and again when it has stopped. Setting None makes the
            next call start a new one.
    """

    def __init__(self, config: Config | None) -> None:
        self.service: FedoraMessagingService | None = None
        self._fixed = config
        self._conf: LazyConfig = conf
        self._read: ClientSettings | None = None
        #: The settings that the service's connection was made with.
        self._connection: tuple[Any, ...] = ()
        #: The pages that the service is to serve as soon as it consumes.
        self._pages: Monitoring | None = None
        self._trigger: Any = None

    @property
    def settings(self) -> ClientSettings:
        """The present settings, which are read again when the configuration has changed.

        Raises:
            ConfigurationException: A value cannot be used. The error names the key.
        """
        settings, values = self._read, self._conf
        if settings is None or (
            self._fixed is None and (settings.generation != values.generation or not values.loaded)
        ):
            settings = self._read = ClientSettings.of(self._fixed or values)
        return settings

    def started(self) -> FedoraMessagingService:
        """Return the service, which is started if need be."""
        service = self._present()
        # One that is stopping is not started again: callbacks that still run publish through it.
        if not service.running and not service.stopping:
            service.startService()
        return service

    def for_consumers(self) -> FedoraMessagingService:
        """Return a service that takes consumers; it may have to be started when they are added.

        Raises:
            ConfigurationException: The port of its monitoring pages is in use.
        """
        service = self._present()
        if service.stopping:
            service = self._make(self._connection)
        self._serve_pages(service)
        return service

    def prepare(self, message: Message, exchange: str | None) -> messages.Encoded:
        """Check and encode a message with the present settings; any thread may call it.

        Raises:
            ValidationError: It is not valid; the observers of the service are told, if there is one.
            ConfigurationException: As :attr:`settings`.
        """
        try:
            return messages.prepare(message, exchange, self.settings.publish)
        except ValidationError as error:
            if self.service is not None:
                self.service.publisher.invalid(exchange, error)
            raise

    def stop(self) -> Deferred[None]:
        """Stop the service; until that is done, callbacks that still run can publish."""
        from twisted.internet.defer import succeed

        service = self.service
        if service is None:
            return succeed(None)

        def forget(_: None) -> None:
            if self.service is service:
                self.service = None
                with suppress(ValueError):
                    reactor_thread.closers.remove(self.stop)
                if self._trigger is not None:
                    from ..twisted._clock import global_clock

                    global_clock().removeSystemEventTrigger(self._trigger)
                    self._trigger = None

        return service.stopService().addCallback(forget)

    def abort(self) -> None:
        """Drop the connections of the service now."""
        if self.service is not None:
            self.service.abort()

    def _present(self) -> FedoraMessagingService:
        """Return the service for the present configuration."""
        connection = self.settings.connection
        service = self.service
        if service is not None and connection == self._connection:
            return service
        if service is not None:
            self.stop()
        return self._make(deepcopy(connection))

    def _make(self, connection: tuple[Any, ...]) -> FedoraMessagingService:
        from ..twisted._clock import global_clock
        from ..twisted.service import FedoraMessagingService

        config = self._fixed or self._conf.parsed()
        # Those who only publish, often with the configuration of a consumer, leave the port to the consumer.
        self._pages = config.monitoring
        if config.monitoring is not None:
            config = replace(config, monitoring=replace(config.monitoring, port=None))
        service = FedoraMessagingService(None, config=config)
        self.service, self._connection = service, connection
        if self.stop not in reactor_thread.closers:
            reactor_thread.closers.append(self.stop)
        if self._trigger is None:
            self._trigger = global_clock().addSystemEventTrigger("before", "shutdown", self._at_shutdown)
        return service

    def _serve_pages(self, service: FedoraMessagingService) -> None:
        pages = self._pages
        if pages is None or pages.port is None:
            return
        from ..twisted.monitor import monitor_service

        monitor = monitor_service(service, address=pages.address, port=pages.port)
        try:
            monitor.setServiceParent(service)
        except ConfigurationException:
            monitor.disownServiceParent()
            raise
        self._pages = None

    def _at_shutdown(self) -> Deferred[None]:
        self._trigger = None
        return self.stop()
