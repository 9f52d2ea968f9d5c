# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The client: methods that block, and methods that return Deferreds, with a service of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .._amqp import messages as messages_module
from .._reporting.signals import tell
from ..config import Config
from ..message import Message
from ..signals import pre_publish_signal, publish_failed_signal, publish_signal
from .consuming import consume_to_the_end, start_consumers
from .current_service import CurrentService
from .many_blocking import publish_all
from .many_drawing import Drawing
from .process import ended_by_signals
from .publishing import is_taken, publish_and_wait, publish_in_reactor
from .reactor_loop import only_in_reactor
from .reactor_thread import not_in_reactor, reactor_thread, wait

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from ..twisted.consumer import Consumer
    from ..twisted.service import FedoraMessagingService

__all__ = ["Client"]


class Client:
    """Publishes and consumes, blocking or with Deferreds.

    It has its own service, which is started when it is first needed.

    It may be used from any thread, and as a context manager. The functions of :mod:`fedora_messaging.api` are
    the methods of one such client.

    Args:
        config: The configuration. None means :data:`fedora_messaging.config.conf`, including later changes to
            it.
    """

    def __init__(self, config: Config | None = None) -> None:
        self._current = CurrentService(config)
        #: The sender of signals.
        self._sender: Callable[..., None] = self.publish
        #: A callable and its arguments, which make this client's counterpart in another process.
        self._unpickled_by: tuple[Callable[..., Client], tuple[Any, ...]] = Client, (config,)

    def __reduce__(self) -> tuple[Callable[..., Client], tuple[Any, ...]]:
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
            exchange: The name of the exchange. None means the configured ``publish_exchange``.
            timeout: The time limit in seconds for the whole call: connecting, waiting while the broker blocks
                publishers, and waiting for the confirm. None means no limit.

        Raises:
            ValidationError: The message is not valid, not a message, or too large, or its body, topic,
                headers or exchange name cannot be sent. Nothing was sent. Do not try again.
            PublishReturned: The broker refused the message (PublishForbidden: you lack the permission).
            PublishTimeout: The time limit was exceeded. The error names the state of the connection. The
                message may have arrived: if you publish the same message again, consumers can recognise it by
                its id.
            ConnectionException: The broker refused the credentials, the virtual host or TLS; or the process
                was forked after the first use; or the client was closed.
            ConfigurationException: The configuration is not valid. Nothing was sent.
            ValueError: ``timeout`` is neither None nor a number of at least 0. Nothing was sent.
            RuntimeError: Called in the reactor's thread. Use :meth:`twisted_publish` there.
        """
        not_in_reactor("publish", "twisted_publish")
        if is_taken(self._current, message, exchange, timeout):
            return
        try:
            timeout = messages_module.check_timeout(timeout)
            if pre_publish_signal.receivers:
                pre_publish_signal.send(self._sender, message=message)
            encoded = self._current.prepare(message, exchange)
            publish_and_wait(self._current, encoded, timeout)
        except Exception as error:
            if publish_failed_signal.receivers:
                tell(publish_failed_signal, self._sender, message=message, error=error)
            raise
        if publish_signal.receivers:
            tell(publish_signal, self._sender, message=message)

    def publish_many(
        self,
        messages: Iterable[Message],
        exchange: str | None = None,
        timeout: float | None = 30,
        in_flight: int = 1000,
        progress: Callable[[int], object] | None = None,
    ) -> int:
        """Publish many messages, and return when the broker has confirmed all of them.

        They are sent without waiting for each confirm. If a message is not valid, or is refused by the
        broker, the others are still sent. If a message is not confirmed in time, or if more than
        ``in_flight`` messages have failed, no more messages are taken from the iterable.

        Args:
            messages: The messages. They are taken from the iterable when there is room for them: a generator
                may produce any number.
            exchange: The name of the exchange. None means the configured ``publish_exchange``.
            timeout: The time limit in seconds for each message, from when it is taken from the iterable. None
                means no limit.
            in_flight: How many messages may be unconfirmed at a time.
            progress: Called from time to time, in this thread, with the number of confirmed messages.

        Returns:
            The number of messages. All of them are confirmed.

        Raises:
            PublishManyError: Not all messages were published. The error has the number of confirmed messages,
                the messages that failed with their errors, and the messages that were taken from the iterable
                but not sent. Its cause is the first error, or the exception that the iterable raised. If
                another exception ends the call early (KeyboardInterrupt, or one that ``progress`` raised),
                this error is its ``__cause__``.
            ConfigurationException: The configuration is not valid. Nothing was sent.
            ConnectionException: The process was forked after the first use.
            ValueError: ``timeout`` or ``in_flight`` is not a valid number, or ``messages`` is not iterable.
                Nothing was sent.
            RuntimeError: Called in the reactor's thread.
        """
        not_in_reactor("publish_many", "twisted_publish")
        drawing = Drawing(self._current, exchange, timeout, in_flight, self._sender)
        return publish_all(messages, drawing, progress)

    def consume(
        self,
        callback: Callable[[Message], Any],
        bindings: Any = None,
        queues: Any = None,
        *,
        concurrency: int | None = None,
    ) -> None:
        """Call a callback with each message, until SIGTERM, SIGINT, HaltConsumer or an error.

        In the main thread, the first signal stops it in order: running callbacks finish, their messages are
        acknowledged, and all other messages return to the queue. A second signal drops the connections and
        ends it at once. In another thread, signals are only handled after the main thread has ended.

        Args:
            callback: A function, a coroutine function, or a class (or an object) that implements
                ``__call__``.
            bindings: A dictionary, or a list of dictionaries, with ``exchange``, ``routing_keys`` and
                ``queue``. None means those of the configuration.
            queues: A dictionary of queue names and their properties. None means those of the configuration.
            concurrency: How many callbacks may run at a time, in any order. None means the configured number.

        Raises:
            HaltConsumer: The callback raised it.
            ValueError: The callback cannot be called with just a message, or is a generator function; or
                bindings or queues do not have the form described above; or ``concurrency`` is not an integer
                of at least 1.
            PermissionException: The broker refused the credentials, the virtual host or a queue
                (BadDeclaration: it refused a declaration).
            ConsumerCanceled: The queue was deleted.
            ConnectionException: TLS was refused, or the process was forked after the first use.
            Exception: The exception that the callback raised. Its message was returned to the queue. It is
                replaced by CallbackRaised if it is not a subclass of Exception, such as SystemExit, or cannot
                be raised in another thread.
            RuntimeError: Called in the reactor's thread. Use :meth:`twisted_consume` there.
        """
        not_in_reactor("consume", "twisted_consume")
        from ..twisted._callbacks.calling import resolve

        callback = resolve(callback)
        consume_to_the_end(
            lambda: self.twisted_consume(callback, bindings, queues, concurrency=concurrency),
            self._current,
            ended_by_signals,
        )

    def close(self) -> None:
        """Finish what is in progress, and close the connections. The next call opens new ones.

        Raises:
            RuntimeError: Called in the reactor's thread.
        """
        not_in_reactor("close", "its service's stopService")
        if self._current.service is not None:
            wait(reactor_thread.call(self._current.stop), None)

    # On the reactor

    def twisted_publish(
        self, message: Message, exchange: str | None = None, *, timeout: float | None = None
    ) -> Deferred[None]:
        """Publish a message, from the reactor's thread.

        Args:
            message: The message.
            exchange: The name of the exchange. None means the configured ``publish_exchange``.
            timeout: The time limit in seconds. None means no limit.

        Returns:
            A Deferred that fires with None when the broker has confirmed the message. Cancel it to give up.
            It fails with the errors of :meth:`publish`.

        Raises:
            RuntimeError: Not called in the reactor's thread, or called in a coroutine of another event loop.
        """
        return publish_in_reactor(self._current, self._sender, message, exchange, timeout)

    def twisted_consume(
        self,
        callback: Callable[[Message], Any],
        bindings: Any = None,
        queues: Any = None,
        *,
        concurrency: int | None = None,
    ) -> Deferred[list[Consumer]]:
        """Call a callback with each message, from the reactor's thread.

        Functions run in a thread of the consumer, coroutine functions on the reactor.

        Args:
            callback: As for :meth:`consume`.
            bindings: As for :meth:`consume`.
            queues: As for :meth:`consume`.
            concurrency: As for :meth:`consume`.

        Returns:
            A Deferred that fires with a list of consumers, one for each queue, when all of them are
            consuming. The ``result`` of each consumer is a Deferred that fires when the consumer ends. If a
            consumer ends before all of them are consuming, the Deferred fails with its error, and the others
            are cancelled.

        Raises:
            ValueError: The callback is not callable, or bindings or queues do not have the right form.
            RuntimeError: Not called in the reactor's thread, or called in a coroutine of another event loop.
        """
        only_in_reactor("twisted_consume", "consume")
        return self.start_consuming(callback, bindings=bindings, queues=queues, concurrency=concurrency)

    def start_consuming(self, callback: Callable[[Message], Any], **options: Any) -> Deferred[list[Consumer]]:
        """Call a callback with each message, as :meth:`twisted_consume` does.

        Args:
            callback: As for :meth:`consume`.
            options: Any of :meth:`fedora_messaging.twisted.service.FedoraMessagingService.consume`.

        Raises:
            ValueError: As :meth:`twisted_consume`.
            ConfigurationException: The failure policy cannot be used.
        """
        from twisted.internet.defer import Deferred

        from ..twisted._consuming.starting import all_consuming

        return Deferred.fromCoroutine(all_consuming(start_consumers(self._current, callback, **options)))

    @property
    def service(self) -> FedoraMessagingService | None:
        """The client's service; None until it is needed.

        Setting None makes the next call start a new one.
        """
        return self._current.service

    @service.setter
    def service(self, service: FedoraMessagingService | None) -> None:
        self._current.service = service

    def running_service(self) -> FedoraMessagingService:
        """Return the client's service, which is started if need be; for the reactor's thread."""
        return self._current.started()
