# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The blocking client: Twisted runs in a thread, and callers wait on its Deferreds.

:mod:`fedora_messaging._client.reactor_thread` runs the reactor. This module has the
public methods, and maps errors.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .._amqp import messages
from .._core.outbox import timeout_words
from .._reporting.signals import tell, tell_in_pool
from ..config import Config, LazyConfig, conf
from ..exceptions import HaltConsumer, PublishTimeout
from ..message import Message
from ..signals import pre_publish_signal, publish_failed_signal, publish_signal
from .interception import interception
from .reactor_thread import ended_by_signals, not_in_reactor, reactor_thread, wait
from .settings import ClientSettings

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from ..twisted.consumer import Consumer
    from ..twisted.service import FedoraMessagingService

__all__ = ["Client"]


class Client:
    """Publishes and consumes, blocking or with Deferreds.

    It has a service of its own, which is started when it is first needed.

    May be used from any thread, and as a context manager. The functions of :mod:`fedora_messaging.api`
    are the methods of one instance.

    Args:
        config: The configuration; None: follows :data:`fedora_messaging.config.conf`, changes to it included.
    """

    def __init__(self, config: Config | None = None) -> None:
        self._fixed = config
        self._conf: LazyConfig = conf
        self._service: FedoraMessagingService | None = None
        self._connection_keys: tuple[Any, ...] = ()
        self._read: ClientSettings | None = None
        self._trigger: Any = None
        self._sender: Callable[..., None] = self.publish
        self._unpickled_by: tuple[Callable[..., Client], tuple[Any, ...]] = Client, (config,)

    def __reduce__(self) -> tuple[Callable[..., Client], tuple[Any, ...]]:
        # For another process, where it connects by itself.
        return self._unpickled_by

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # Blocking

    def publish(self, message: Message, exchange: str | None = None, timeout: float | None = 30) -> None:
        """Publish a message, and return when the broker has confirmed it.

        Args:
            message: The message.
            exchange: The name of the exchange; None: the configured ``publish_exchange``.
            timeout: Seconds for all of it: connecting, waiting while the broker blocks, the confirm.
                None: no limit.

        Raises:
            ValidationError: The message is not valid, not a message, or too large; or its body, its topic, a
                header or the name of the exchange cannot be sent. Nothing was sent; do not try again.
            PublishReturned: The broker refused it (PublishForbidden: for lack of permission).
            PublishTimeout: The time is over; the error names the state of the connection. The message may
                have arrived: publish the same one again, and consumers can recognise it by its id.
            ConnectionException: The broker refused the credentials, the virtual host or TLS; the
                process was forked after the first use; or the client was closed.
            ConfigurationException: The configuration cannot be used; nothing was sent.
            ValueError: ``timeout`` is neither None nor a number of seconds, 0 at least; nothing was sent.
            RuntimeError: Called in the reactor's thread, where :meth:`twisted_publish` belongs.
        """
        not_in_reactor("publish", "twisted_publish")
        if self._is_taken(message, exchange, timeout):
            return
        try:
            timeout = messages.check_timeout(timeout)
            if pre_publish_signal.receivers:
                pre_publish_signal.send(self._sender, message=message)
            self._publish_and_wait(messages.prepare(message, exchange, self._settings.publish), timeout)
        except Exception as error:
            if publish_failed_signal.receivers:
                tell(publish_failed_signal, self._sender, message=message, error=error)
            raise
        if publish_signal.receivers:
            tell(publish_signal, self._sender, message=message)

    def consume(self, callback: Callable[[Message], Any], bindings: Any = None, queues: Any = None) -> None:
        """Call a callback with each message, until SIGTERM, SIGINT, HaltConsumer or an error.

        In the main thread both signals end it in order: the callback in flight finishes and its message is
        acknowledged, all other messages go back to the queue; a second signal ends it at once. In any other
        thread this holds once the main thread has ended; before that, signals are not handled.

        Args:
            callback: A function, a coroutine function, or a class (or an object) that implements
                ``__call__``.
            bindings: A dictionary or a list of them, each with ``exchange``, ``routing_keys`` and
                ``queue``; None: as configured.
            queues: A dictionary of queue names and their properties; None: as configured.

        Raises:
            HaltConsumer: The callback raised it.
            ValueError: The callback cannot be called with a message alone, or is a generator function;
                bindings or queues are not of the shape named.
            PermissionException: The broker refused credentials, virtual host or queue (BadDeclaration:
                a declaration).
            ConsumerCanceled: The queue was deleted.
            ConnectionException: TLS was refused, or the process was forked after the first use.
            Exception: Whatever the callback raised; its message went back to the queue. CallbackRaised stands
                for what is not an Exception (SystemExit, for example), or cannot be raised in another thread.
            RuntimeError: Called in the reactor's thread, where :meth:`twisted_consume` belongs.
        """
        not_in_reactor("consume", "twisted_consume")
        from ..twisted._callbacks.calling import resolve

        callback = resolve(callback)
        stopping: list[int] = []
        consuming = reactor_thread.call(self._consume_to_the_end, callback, bindings, queues)

        def stop() -> None:
            stopping.append(1)
            reactor_thread.call(self._stop)

        def abort() -> None:
            reactor_thread.call(self._abort)

        with ended_by_signals(stop, abort):
            try:
                wait(consuming, None)
            except Exception as error:
                if not stopping or issubclass(type(error), HaltConsumer):
                    raise
            if stopping:
                wait(reactor_thread.call(self._stop), None)

    def close(self) -> None:
        """Finish what is in flight and close the connections. The next call opens new ones.

        Raises:
            RuntimeError: Called in the reactor's thread.
        """
        not_in_reactor("close", "its service's stopService")
        if self._service is not None:
            wait(reactor_thread.call(self._stop), None)

    # On the reactor

    def twisted_publish(
        self, message: Message, exchange: str | None = None, *, timeout: float | None = None
    ) -> Deferred[None]:
        """Publish a message, from the reactor's thread.

        Args:
            message: The message.
            exchange: The name of the exchange; None: the configured ``publish_exchange``.
            timeout: Seconds for all of it; None: no limit.

        Returns:
            A Deferred that fires with None when the broker has confirmed the message; cancelling it
            gives up. It fails as :meth:`publish` does.
        """
        try:
            if self._is_taken(message, exchange, timeout):
                from twisted.internet.defer import succeed

                return succeed(None)
            timeout = messages.check_timeout(timeout)
            if pre_publish_signal.receivers or publish_failed_signal.receivers or publish_signal.receivers:
                return self._publish_signalled(message, exchange, timeout)
            return self._send(messages.prepare(message, exchange, self._settings.publish), timeout)
        except Exception as error:
            from twisted.internet.defer import fail

            return fail(error)

    def _publish_signalled(
        self, message: Message, exchange: str | None, timeout: float | None
    ) -> Deferred[None]:
        from twisted.internet.defer import Deferred
        from twisted.internet.threads import deferToThread

        async def in_pool(call: Callable[..., Any], *arguments: Any, **values: Any) -> None:
            # Receivers may block.
            await deferToThread(call, *arguments, message=message, **values)

        async def publish() -> None:
            try:
                if pre_publish_signal.receivers:
                    await in_pool(pre_publish_signal.send, self._sender)
                await self._send(messages.prepare(message, exchange, self._settings.publish), timeout)
            except Exception as error:
                if publish_failed_signal.receivers:
                    await in_pool(tell_in_pool, publish_failed_signal, self._sender, error=error)
                raise
            if publish_signal.receivers:
                await in_pool(tell_in_pool, publish_signal, self._sender)

        return Deferred.fromCoroutine(publish())

    def twisted_consume(
        self, callback: Callable[[Message], Any], bindings: Any = None, queues: Any = None
    ) -> Deferred[list[Consumer]]:
        """Call a callback with each message, from the reactor's thread.

        Plain callbacks run in a thread of their own, coroutine functions on the reactor.

        Args:
            callback: As for :meth:`consume`.
            bindings: As for :meth:`consume`.
            queues: As for :meth:`consume`.

        Returns:
            A Deferred that fires with a list of consumers, one for each queue, when each is consuming.
            The ``result`` of each consumer fires when that consumer ends. The Deferred fails with the error
            of the first consumer that has ended by then; the others are cancelled.

        Raises:
            ValueError: The callback is not callable, or bindings or queues are not of the shape named.
        """
        service = self._ready_service()
        if service.stopping:
            service = self._new_service(self._connection_keys)
        consuming = service.consume(callback, bindings, queues, in_thread=True)
        # Started only now: a service without consumers connects for publishing.
        if not service.running:
            try:
                service.startService()
            except Exception:
                consuming.addErrback(lambda _: None)  # the error that is raised here is the reason
                raise
        return consuming

    @property
    def service(self) -> FedoraMessagingService | None:
        """The client's service; None until it is needed.

        Setting None makes the next call start a new one.
        """
        return self._service

    @service.setter
    def service(self, service: FedoraMessagingService | None) -> None:
        self._service = service

    def running_service(self) -> FedoraMessagingService:
        """Return the client's service, which is started if need be; for the reactor's thread."""
        service = self._ready_service()
        # One that is stopping is not started again: callbacks that still run publish through it.
        if not service.running and not service.stopping:
            service.startService()
        return service

    # Internals

    @property
    def _settings(self) -> ClientSettings:
        settings, values = self._read, self._conf
        if settings is None or (
            self._fixed is None and (settings.generation != values.generation or not values.loaded)
        ):
            settings = self._read = ClientSettings.of(self._fixed or values)
        return settings

    def _is_taken(self, message: Message, exchange: str | None, timeout: float | None) -> bool:
        """Whether a test takes the message; the arguments are checked as without a test."""
        if interception.takers:
            messages.check_timeout(timeout)
            if exchange is not None:
                messages.encoded_exchange(exchange)
        return interception.takes(message, connected=self._service is not None)

    def _send(self, encoded: messages.Encoded, timeout: float | None = None) -> Deferred[None]:
        return self.running_service().publisher.publish_encoded(encoded, timeout=timeout)

    def _publish_and_wait(self, encoded: messages.Encoded, timeout: float | None) -> None:
        publishing = reactor_thread.call(self._send, encoded)
        try:
            wait(publishing, timeout)
        except TimeoutError:
            service = self._service
            state = "starting" if service is None else service.publisher.publishing_state
            reactor_thread.cancel(publishing)
            raise PublishTimeout(reason=timeout_words(timeout or 0, state)) from None
        except KeyboardInterrupt:
            reactor_thread.cancel(publishing)
            raise

    def _ready_service(self) -> FedoraMessagingService:
        """Return the service for the present configuration; in the reactor's thread."""
        keys = self._settings.connection
        service = self._service
        if service is not None and keys == self._connection_keys:
            return service
        if service is not None:
            self._stop()
        return self._new_service(deepcopy(keys))

    def _new_service(self, keys: Any) -> FedoraMessagingService:
        from ..twisted._clock import global_clock
        from ..twisted.service import FedoraMessagingService

        service = FedoraMessagingService(None, config=self._fixed or self._conf.parsed())
        self._service, self._connection_keys = service, keys
        if self._stop not in reactor_thread.closers:
            reactor_thread.closers.append(self._stop)
        if self._trigger is None:
            self._trigger = global_clock().addSystemEventTrigger("before", "shutdown", self._at_shutdown)
        return service

    def _at_shutdown(self) -> Deferred[None]:
        self._trigger = None
        return self._stop()

    def _stop(self) -> Deferred[None]:
        """Stop the service; until that is done, callbacks that still run can publish."""
        from twisted.internet.defer import succeed

        service = self._service
        if service is None:
            return succeed(None)

        def forget(_: None) -> None:
            if self._service is service:
                self._service = None
                with suppress(ValueError):
                    reactor_thread.closers.remove(self._stop)
                if self._trigger is not None:
                    from ..twisted._clock import global_clock

                    global_clock().removeSystemEventTrigger(self._trigger)
                    self._trigger = None

        return service.stopService().addCallback(forget)

    def _abort(self) -> None:
        if self._service is not None:
            self._service.abort()

    def _consume_to_the_end(
        self, callback: Callable[[Message], Any], bindings: Any, queues: Any
    ) -> Deferred[None]:
        from twisted.internet.defer import Deferred, DeferredList, FirstError

        async def consume() -> None:
            consumers = await self.twisted_consume(callback, bindings, queues)
            results = [consumer.result for consumer in consumers]
            try:
                await DeferredList(results, fireOnOneErrback=True, consumeErrors=True)
            except FirstError as first:
                await DeferredList([consumer.cancel() for consumer in consumers])
                first.subFailure.raiseException()

        return Deferred.fromCoroutine(consume())
