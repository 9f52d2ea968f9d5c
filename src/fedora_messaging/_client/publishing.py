# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Publishing a message of a client: waiting for its confirm, and with signals around it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._amqp import messages
from .._core.outbox import timeout_words
from .._reporting.signals import tell_in_pool
from ..exceptions import ConnectionException, PublishTimeout
from ..message import Message
from ..signals import pre_publish_signal, publish_failed_signal, publish_signal
from .interception import interception
from .reactor_loop import only_in_reactor
from .reactor_thread import reactor_thread, wait

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from .._amqp.messages import Encoded
    from .current_service import CurrentService

__all__ = ["is_taken", "late", "publish_and_wait", "publish_in_reactor", "publish_signalled", "send"]


def is_taken(current: CurrentService, message: Message, exchange: str | None, timeout: float | None) -> bool:
    """Whether a test takes the message; the arguments are checked as without a test."""
    if interception.takers:
        messages.check_timeout(timeout)
        if exchange is not None:
            messages.encoded_exchange(exchange)
    return interception.takes(message, connected=current.service is not None)


def late(current: CurrentService, timeout: float) -> PublishTimeout:
    """Make the error of a publish whose time is over, which names the state of the connection."""
    service = current.service
    state = "starting" if service is None else service.publisher.publishing_state
    return PublishTimeout(reason=timeout_words(timeout, state))


def send(
    current: CurrentService, encoded: Encoded, timeout: float | None = None, patient: bool = False
) -> Deferred[None]:
    """Publish an encoded message, in the reactor's thread.

    Args:
        current: The client's service.
        encoded: The message.
        timeout: Seconds for all of it; None: no limit.
        patient: Never refuse it because too many others wait.
    """
    try:
        return current.started().publisher.publish_encoded(encoded, timeout=timeout, patient=patient)
    except Exception as error:
        if encoded.span is not None:
            encoded.span.ended(error)
        raise


def publish_and_wait(current: CurrentService, encoded: Encoded, timeout: float | None) -> None:
    """Publish an encoded message, and wait for its confirm; in any other thread than the reactor's.

    Args:
        current: The client's service.
        encoded: The message.
        timeout: Seconds for all of it; None: no limit.

    Raises:
        PublishTimeout: The time is over; the error names the state of the connection.
        Exception: As the Deferred of :func:`send` fails.
    """
    try:
        publishing = reactor_thread.call(send, current, encoded, None, True)
    except ConnectionException as refused:
        if encoded.span is not None:
            encoded.span.ended(refused)
        raise
    try:
        wait(publishing, timeout)
    except TimeoutError:
        error = late(current, timeout or 0)
        reactor_thread.cancel(publishing)
        raise error from None
    except KeyboardInterrupt:
        reactor_thread.cancel(publishing)
        raise


def publish_in_reactor(
    current: CurrentService,
    sender: Callable[..., Any],
    message: Message,
    exchange: str | None,
    timeout: float | None,
) -> Deferred[None]:
    """Publish a message in the reactor's thread; see :meth:`fedora_messaging.api.Client.twisted_publish`.

    Args:
        current: The client's service.
        sender: The sender of the signals.
        message: The message.
        exchange: The name of the exchange; None: the configured one.
        timeout: Seconds for all of it; None: no limit.

    Raises:
        RuntimeError: Called in another thread.
    """
    try:
        taken = is_taken(current, message, exchange, timeout)
    except Exception as error:
        return _failed(error)
    if taken:
        from twisted.internet.defer import succeed

        return succeed(None)
    only_in_reactor("twisted_publish", "publish")
    try:
        timeout = messages.check_timeout(timeout)
        if pre_publish_signal.receivers or publish_failed_signal.receivers or publish_signal.receivers:
            return publish_signalled(
                sender, message, lambda: send(current, current.prepare(message, exchange), timeout)
            )
        return send(current, current.prepare(message, exchange), timeout)
    except Exception as error:
        return _failed(error)


def _failed(error: Exception) -> Deferred[None]:
    from twisted.internet.defer import fail

    return fail(error)


def publish_signalled(
    sender: Callable[..., None], message: Message, publish: Callable[[], Deferred[None]]
) -> Deferred[None]:
    """Publish a message in the reactor's thread; receivers of signals are called in its thread pool.

    Args:
        sender: The sender of the signals.
        message: The message.
        publish: Publishes it, after the receivers of ``pre_publish_signal`` have been called.

    Returns:
        A Deferred that fires as the one of ``publish`` does, when the receivers have been called. It also
        fails with what ``publish`` or a receiver of ``pre_publish_signal`` raises.
    """
    from twisted.internet.defer import Deferred
    from twisted.internet.threads import deferToThread

    async def in_pool(call: Callable[..., Any], *arguments: Any, **values: Any) -> None:
        # Receivers may block.
        await deferToThread(call, *arguments, message=message, **values)

    async def signalled() -> None:
        try:
            if pre_publish_signal.receivers:
                await in_pool(pre_publish_signal.send, sender)
            await publish()
        except Exception as error:
            if publish_failed_signal.receivers:
                await in_pool(tell_in_pool, publish_failed_signal, sender, error=error)
            raise
        if publish_signal.receivers:
            await in_pool(tell_in_pool, publish_signal, sender)

    return Deferred.fromCoroutine(signalled())
