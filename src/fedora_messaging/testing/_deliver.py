# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Runs a callback as a consumer would, without a consumer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .._amqp import messages
from .._core.delivery import Delivery, InvalidMessage, Policy, Verb, decide
from ..exceptions import ConsumeException, ValidationError
from ..message import Message

__all__ = ["Outcome", "deliver"]


@dataclass(frozen=True)
class Outcome:
    """What a consumer would have done with the message.

    Attributes:
        action: ``"ack"``, ``"requeue"``, ``"reject"``, or ``"halt"`` where the callback stopped the consumer.
        requeued: Whether the message would have gone back to its queue.
        error: What the callback raised, if anything; a ValidationError for a message that it was never given.
    """

    action: str
    requeued: bool = False
    error: Exception | None = None


def deliver(
    callback: Callable[[Message], Any], message: Message, *, queue: str = "test", timeout: float = 5.0
) -> Outcome:
    """Run a callback with a message, as a consumer would.

    The message goes over the wire and back: the callback is given a copy of the class that is
    registered for it.

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
            Whatever it returns that is awaitable is awaited.
        message: The message.
        queue: The queue it comes from.
        timeout: How long a Deferred or a coroutine may take, in seconds.

    Returns:
        The outcome.

    Raises:
        Exception: Whatever else the callback raises: a consumer would return the message to the queue and
            end.
        ValueError: The callback cannot be called with a message alone.
    """
    from ..twisted._callbacks.calling import resolve

    called = resolve(callback)
    encoded = messages.encode(message)
    delivery = Delivery(
        queue=queue,
        exchange="amq.topic",
        routing_key=encoded.routing_key,
        tag=1,
        generation=1,
        redelivered=False,
        arrived=0.0,
        properties=encoded.properties,
        body=encoded.body,
    )
    error: Exception | None = None
    outcome: Exception | None = None
    try:
        received = messages.decode(delivery)
    except ValidationError as invalid:
        error, outcome = invalid, InvalidMessage(invalid)
    else:
        try:
            _call(called, received, timeout)
        except ConsumeException as raised:
            error = outcome = raised
    settlement = decide(outcome, delivery, Policy())
    if settlement.ends is not None:
        return Outcome("halt", settlement.requeue, error)
    if settlement.verb is Verb.ACK:
        return Outcome("ack")
    return Outcome("requeue" if settlement.requeue else "reject", settlement.requeue, error)


def _call(callback: Callable[[Message], Any], message: Message, timeout: float) -> None:
    from ..twisted._callbacks.awaiting import is_awaitable, start_awaitable
    from ..twisted._callbacks.calling import runs_on_reactor

    on_reactor = runs_on_reactor(callback)
    result = None if on_reactor else callback(message)
    if on_reactor or is_awaitable(result):
        from .._client.reactor_thread import reactor_thread, wait

        wait(
            reactor_thread.call(lambda: start_awaitable(callback(message) if on_reactor else result)), timeout
        )
