# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The client for asyncio: coroutines, with the same service as the blocking client has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable, Iterable
from types import TracebackType
from typing import Any, TypeVar

from .._amqp import messages
from .._reporting.signals import tell_in_pool
from ..message import Message
from ..signals import pre_publish_signal, publish_failed_signal, publish_signal
from .async_consuming import Consuming
from .current_service import CurrentService
from .event_loop import EventLoop
from .many_async import publish_all
from .many_drawing import Drawing
from .message_stream import MessageStream
from .publishing import is_taken, late, send

__all__ = ["AsyncClient"]

_C = TypeVar("_C", bound="AsyncClient")


class AsyncClient:
    """The methods of :class:`fedora_messaging.asyncio.Client`.

    Args:
        current: The service that publishes and consumes.
    """

    def __init__(self, current: CurrentService) -> None:
        self._current = current
        #: The sender of signals.
        self._sender: Callable[..., Any] = self.publish

    async def __aenter__(self: _C) -> _C:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def publish(
        self, message: Message, exchange: str | None = None, timeout: float | None = 30
    ) -> None:
        """Publish a message, and return when the broker has confirmed it.

        Many tasks may publish at a time. If the task is cancelled before the message was sent, the message is
        not sent.

        Args:
            message: The message.
            exchange: The name of the exchange. None means the configured ``publish_exchange``.
            timeout: The time limit in seconds for the whole call: connecting, waiting while the broker blocks
                publishers, and waiting for the confirm. None means no limit.

        Raises:
            ValidationError: The message is not valid, not a message, or too large, or its body, topic,
                headers or exchange name cannot be sent. Nothing was sent. Do not try again.
            PublishReturned: The broker refused the message (PublishForbidden: you lack the permission).
            PublishBacklog: Twice as many messages as ``max_pending`` allows are waiting. Nothing was sent.
            PublishTimeout: The time limit was exceeded. The error names the state of the connection. The
                message may have arrived: if you publish the same message again, consumers can recognise it by
                its id.
            ConnectionException: The broker refused the credentials, the virtual host or TLS; or the process
                was forked after the first use; or the client was closed.
            ConfigurationException: The configuration is not valid. Nothing was sent.
            ValueError: ``timeout`` is neither None nor a number of at least 0. Nothing was sent.
            RuntimeError: No asyncio event loop is running, or it runs inside a call of Twisted's reactor.
        """
        if is_taken(self._current, message, exchange, timeout):
            return
        loop = EventLoop.running()
        signalled = bool(pre_publish_signal.receivers or publish_failed_signal.receivers)
        if not signalled and not publish_signal.receivers:
            await self._publish(loop, message, exchange, timeout)
            return
        # Receivers may block.
        try:
            if pre_publish_signal.receivers:
                await asyncio.to_thread(pre_publish_signal.send, self._sender, message=message)
            await self._publish(loop, message, exchange, timeout)
        except Exception as error:
            if publish_failed_signal.receivers:
                await asyncio.to_thread(
                    tell_in_pool, publish_failed_signal, self._sender, message=message, error=error
                )
            raise
        if publish_signal.receivers:
            await asyncio.to_thread(tell_in_pool, publish_signal, self._sender, message=message)

    async def publish_many(
        self,
        messages: Iterable[Message] | AsyncIterable[Message],
        exchange: str | None = None,
        timeout: float | None = 30,
        in_flight: int = 1000,
        progress: Callable[[int], object] | None = None,
    ) -> int:
        """Publish many messages, and return when the broker has confirmed all of them.

        They are sent without waiting for each confirm, and other tasks can run meanwhile. If a message is not
        valid, or is refused by the broker, the others are still sent. If a message is not confirmed in time,
        or if more than ``in_flight`` messages have failed, no more messages are taken from the iterable.

        If it is cancelled, it gives up the messages that are not confirmed yet. The ``__cause__`` of the
        CancelledError is then a PublishManyError, which says what happened to each message that was taken
        from the iterable.

        Args:
            messages: The messages. They are taken from the iterable when there is room for them: a generator
                or asynchronous generator may produce any number. Producing one must not block.
            exchange: The name of the exchange. None means the configured ``publish_exchange``.
            timeout: The time limit in seconds for each message, from when it is taken from the iterable. None
                means no limit.
            in_flight: How many messages may be unconfirmed at a time.
            progress: Called from time to time, on the event loop, with the number of confirmed messages.

        Returns:
            The number of messages. All of them are confirmed.

        Raises:
            PublishManyError: Not all messages were published. The error has the number of confirmed messages,
                the messages that failed with their errors, and the messages that were taken from the iterable
                but not sent. Its cause is the first error, or the exception that the iterable raised. If
                another exception ends the call early (it is cancelled, or ``progress`` raises one), this
                error is its ``__cause__``.
            ConfigurationException: The configuration is not valid. Nothing was sent.
            ConnectionException: The process was forked after the first use.
            ValidationError: The name of the exchange cannot be sent; nothing was sent.
            ValueError: ``timeout`` or ``in_flight`` is not a valid number, or ``messages`` is not iterable.
                Nothing was sent.
            RuntimeError: No asyncio event loop is running, or it runs inside a call of Twisted's reactor.
        """
        drawing = Drawing(self._current, exchange, timeout, in_flight, self._sender)
        return await publish_all(messages, drawing, EventLoop.running(), progress)

    async def consume(
        self,
        callback: Callable[[Message], Any],
        bindings: Any = None,
        queues: Any = None,
        *,
        concurrency: int | None = None,
    ) -> None:
        """Call a callback with each message, until it is cancelled, or ends with HaltConsumer or an error.

        Coroutine functions run in tasks of this event loop. Functions may block, because they run in a thread
        of the consumer. If it is cancelled, it stops in order: running callbacks finish within the grace
        period (``shutdown_grace``), their messages are acknowledged, and all other messages return to the
        queue. If it is cancelled again, it ends at once and cancels callbacks that still run; their messages
        return to the queue. It does not handle signals.

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
                replaced by CallbackRaised if it is not a subclass of Exception, such as SystemExit.
            RuntimeError: No asyncio event loop is running, or it runs inside a call of Twisted's reactor.
        """
        consuming = Consuming(
            EventLoop.running(),
            self._current,
            callback,
            bindings=bindings,
            queues=queues,
            concurrency=concurrency,
        )
        await consuming.start()
        await consuming.end()

    def messages(self, bindings: Any = None, queues: Any = None) -> MessageStream:
        """Return the messages of queues as a stream that you iterate over.

        >>> async def main(client):
        ...     async with client.messages() as stream:
        ...         async for message in stream:  # acknowledged when the next is asked for
        ...             print(message)

        Args:
            bindings: As for :meth:`consume`.
            queues: As for :meth:`consume`.

        Returns:
            The stream. It consumes inside its ``async with`` block. Entering the block raises the errors of
            :meth:`consume`.
        """
        return MessageStream(self._current, bindings, queues)

    async def close(self) -> None:
        """Finish what is in progress, and close the connections. The next call opens new ones.

        Consumers stop in order, within the grace period. If it is cancelled, the connections are closed at
        once.
        """
        if self._current.service is None:
            return
        loop = EventLoop.running()
        try:
            await loop.call(self._current.stop).future
        except asyncio.CancelledError:
            loop.begin(self._current.abort)
            raise

    async def _publish(
        self, loop: EventLoop, message: Message, exchange: str | None, timeout: float | None
    ) -> None:
        timeout = messages.check_timeout(timeout)
        encoded = self._current.prepare(message, exchange)
        made = loop.call(send, self._current, encoded)
        await loop.result_in_time(made, timeout, self._late)

    def _late(self, timeout: float) -> Exception:
        return late(self._current, timeout)
