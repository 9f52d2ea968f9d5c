# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Runs a callback as a consumer would, without a consumer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .._amqp import messages, received
from .._core.delivery import QUARANTINE, Delivery, InvalidMessage, Verb, decide
from .._core.retry import Retry, policy_of
from ..exceptions import ConsumeException, ValidationError
from ..message import Message
from ._calling import call_in_reactor

__all__ = ["Outcome", "deliver", "deliver_async"]


@dataclass(frozen=True)
class Outcome:
    """What a consumer would have done with the message.

    Attributes:
        action: ``"ack"``, ``"requeue"``, ``"reject"``, or ``"halt"`` where the callback stopped the consumer;
            with a failure policy also ``"retry"`` (the callback is called again in place, or the message
            waits on the broker) and ``"quarantine"``.
        requeued: Whether the message would have been returned to its queue.
        error: The exception that the callback raised, if any. It is a ValidationError if the message was not
            valid, and the callback was not called.
        delay: Seconds until the message is tried again, without jitter.
    """

    action: str
    requeued: bool = False
    error: Exception | None = None
    delay: float = 0.0


def deliver(
    callback: Callable[[Message], Any],
    message: Message,
    *,
    queue: str = "test",
    timeout: float = 5.0,
    retry: Retry | None = None,
    attempt: int = 1,
) -> Outcome:
    """Run a callback with a message, as a consumer would.

    The message is encoded and decoded as on its way through a broker, so the callback receives a copy, of the
    class that is registered for the message.

    >>> from fedora_messaging import api, exceptions
    >>> def callback(message):
    ...     if message.topic == "bad":
    ...         raise exceptions.Drop()
    >>> deliver(callback, api.Message(topic="good")).action
    'ack'
    >>> deliver(callback, api.Message(topic="bad")).action
    'reject'

    Args:
        callback: A function, a coroutine function, or a class (or an object) that implements ``__call__``.
            If it returns an awaitable, the awaitable is awaited.
        message: The message.
        queue: The queue it comes from.
        timeout: How long a Deferred or a coroutine may take, in seconds.
        retry: The failure policy. None means the policy of the callback, or otherwise that of a consumer
            without a configuration.
        attempt: The number of the attempt for this message: 1, 2, ...

    Returns:
        The outcome.

    Raises:
        Exception: The callback raised an exception that is not covered by the policy. A consumer would return
            the message to the queue and end.
        ValueError: The callback cannot be called with just a message.
    """
    given = _Given(callback, message, queue, retry, attempt)
    if given.received is None:
        return given.outcome(None)
    try:
        _call(given.called, given.received, timeout)
    except Exception as raised:
        return given.outcome(raised)
    return given.outcome(None)


async def deliver_async(
    callback: Callable[[Message], Any],
    message: Message,
    *,
    queue: str = "test",
    timeout: float = 5.0,
    retry: Retry | None = None,
    attempt: int = 1,
) -> Outcome:
    """Do the same as :func:`deliver`, but on the running event loop, like ``fedora_messaging.asyncio``.

    A coroutine function can use objects that belong to the event loop of the test, such as database
    connections. A function runs in another thread.

    >>> import asyncio
    >>> from fedora_messaging import api
    >>> async def callback(message):
    ...     await asyncio.sleep(0)
    >>> asyncio.run(deliver_async(callback, api.Message(topic="good"))).action
    'ack'

    Args:
        callback: As for :func:`deliver`; it cannot await Deferreds.
        message: As for :func:`deliver`.
        queue: As for :func:`deliver`.
        timeout: How long the callback may take, in seconds.
        retry: As for :func:`deliver`.
        attempt: As for :func:`deliver`.

    Returns:
        The outcome.

    Raises:
        TimeoutError: The callback took longer, and was cancelled.
        Exception: As :func:`deliver` raises.
        ValueError: The callback cannot be called with just a message.
    """
    given = _Given(callback, message, queue, retry, attempt)
    if given.received is None:
        return given.outcome(None)
    try:
        await _call_on_loop(given.called, given.received, timeout)
    except asyncio.TimeoutError:
        raise TimeoutError(f"the callback took longer than {timeout:g} s") from None
    except Exception as raised:
        return given.outcome(raised)
    return given.outcome(None)


class _Given:
    """A message as a callback is given it, and what becomes of it."""

    def __init__(
        self,
        callback: Callable[[Message], Any],
        message: Message,
        queue: str,
        retry: Retry | None,
        attempt: int,
    ) -> None:
        from ..twisted._callbacks.calling import resolve

        self.called = resolve(callback)
        self._policy = retry or policy_of(self.called) or Retry()
        encoded = messages.encode(message)
        self._delivery = Delivery(
            queue=queue,
            exchange="amq.topic",
            routing_key=encoded.routing_key,
            tag=1,
            generation=1,
            redelivered=False,
            arrived=0.0,
            properties=encoded.properties,
            body=encoded.body,
            attempts=attempt,
        )
        #: The message; None: it is not valid, and no callback is given it.
        self.received: Message | None = None
        self._invalid: ValidationError | None = None
        try:
            self.received = received.decode(self._delivery)
        except ValidationError as invalid:
            self._invalid = invalid

    def outcome(self, raised: Exception | None) -> Outcome:
        """Return what becomes of it when the callback has raised this, or returned.

        Raises:
            Exception: The same, if the policy does not try again what raised it.
        """
        error = raised if self._invalid is None else self._invalid
        if (
            raised is not None
            and not isinstance(raised, ConsumeException)
            and not self._policy.covers(raised)
        ):
            raise raised
        outcome = raised if self._invalid is None else InvalidMessage(self._invalid)
        settlement = decide(outcome, self._delivery, self._policy)
        if settlement.ends is not None:
            return Outcome("halt", settlement.requeue, error)
        if settlement.forward or settlement.again:
            action = "quarantine" if settlement.forward == QUARANTINE else "retry"
            return Outcome(action, False, error, settlement.delay)
        if settlement.verb is Verb.ACK:
            return Outcome("ack")
        action = "requeue" if settlement.requeue else "reject"
        return Outcome(action, settlement.requeue, error, settlement.delay)


async def _call_on_loop(callback: Callable[[Message], Any], message: Message, timeout: float) -> None:
    from ..twisted._callbacks.awaiting import is_awaitable, wrapped
    from ..twisted._callbacks.calling import runs_on_reactor

    async def called() -> None:
        result = (
            callback(message) if runs_on_reactor(callback) else await asyncio.to_thread(callback, message)
        )
        while is_awaitable(result):
            result = await wrapped(result)

    await asyncio.wait_for(called(), timeout)


def _call(callback: Callable[[Message], Any], message: Message, timeout: float) -> None:
    from ..twisted._callbacks.awaiting import is_awaitable, start_awaitable
    from ..twisted._callbacks.calling import runs_on_reactor

    on_reactor = runs_on_reactor(callback)
    result = None if on_reactor else callback(message)
    if on_reactor or is_awaitable(result):
        call_in_reactor(lambda: start_awaitable(callback(message) if on_reactor else result), timeout)
