# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Declaring what a consumer needs: exchanges, its queue, the bindings, and the subscription itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pika import spec
from twisted.internet.defer import Deferred

from ..._core.lifecycle import CloseReason
from ..._core.retry_topology import RetryObjects
from ..._core.topology import Binding, Exchange, Queue, Subscription
from ..._core.verdict import RETRY_RIGHTS, no_such_queue
from ...exceptions import from_wire
from .channel import Channel, ChannelEnded

if TYPE_CHECKING:
    from pika.amqp_object import Method

__all__ = [
    "Refused",
    "consume",
    "declare",
    "declare_exchanges",
    "declare_retry",
    "exchange_method",
    "find",
    "queue_method",
]


class Refused(Exception):
    """A declaration was not answered. Never leaves this package.

    Args:
        declared: The type of the object and its description.
        reason: How the channel ended.
    """

    def __init__(self, declared: tuple[str, str], reason: CloseReason) -> None:
        super().__init__(f"{declared[0]} {declared[1]}: {reason}")
        self.declared = declared
        self.reason = reason


class _Calls:
    """Calls in flight on one channel, answered in order; the first that fails is the one that was refused."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._calls: list[tuple[tuple[str, str], Deferred[Any]]] = []

    def add(self, kind: str, description: str, method: Method, reply: type[Method]) -> None:
        # The broker may have chosen a queue's name.
        self._calls.append(((kind, from_wire(description)), self._channel.call(method, reply)))

    async def answers(self) -> list[Any]:
        replies, refused = [], None
        for declared, call in self._calls:
            try:
                replies.append(await call)
            except ChannelEnded as error:
                refused = refused or Refused(declared, error.reason)
        if refused is not None:
            raise refused
        return replies


def exchange_method(exchange: Exchange, *, passive: bool = False) -> spec.Exchange.Declare:
    """The method that declares an exchange."""
    return spec.Exchange.Declare(
        exchange=exchange.name,
        type=exchange.type,
        passive=passive,
        durable=exchange.durable,
        auto_delete=exchange.auto_delete,
        arguments=dict(exchange.arguments),
    )


def queue_method(queue: Queue, *, passive: bool = False) -> spec.Queue.Declare:
    """The method that declares a queue."""
    return spec.Queue.Declare(
        queue=queue.name,
        passive=passive,
        durable=queue.durable,
        exclusive=queue.exclusive,
        auto_delete=queue.auto_delete,
        arguments=dict(queue.arguments),
    )


async def declare_exchanges(channel: Channel, exchanges: Iterable[Exchange], *, passive: bool) -> None:
    """Declare exchanges.

    Raises:
        Refused: The broker refused one.
        ValueError: An argument cannot be encoded.
    """
    calls = _Calls(channel)
    for each in exchanges:
        calls.add(
            "exchange",
            each.name,
            exchange_method(each, passive=passive),
            spec.Exchange.DeclareOk,
        )
    await calls.answers()


async def declare(
    open_channel: Callable[[], Deferred[Channel]],
    subscription: Subscription,
    exchanges: Iterable[Exchange],
    *,
    passive: bool,
) -> tuple[Channel, str, bool]:
    """Declare all that a subscription needs, on a channel of its own.

    Args:
        open_channel: Opens a channel; called again where the broker closed the first for an answer.
        subscription: The queue and its bindings.
        exchanges: The exchanges to declare first.
        passive: Exchanges and the queue must exist already.

    Returns:
        The channel, the name of the queue, which the broker chose if it had none, and whether the queue was
        looked for first and declared because it was not there.

    Raises:
        Refused: The broker refused something.
        ChannelEnded: The channel could not be opened.
        ValueError: An argument cannot be encoded.
    """
    channel = await open_channel()
    await declare_exchanges(channel, exchanges, passive=passive)
    queue = subscription.queue
    missing = False
    if queue.existing:
        try:
            name = await _declare_queue(channel, queue, passive=True)
        except Refused as refused:
            if passive or not no_such_queue(refused.reason):
                raise
            missing = True
            channel = await open_channel()
            name = await _declare_queue(channel, queue, passive=False)
    else:
        name = await _declare_queue(channel, queue, passive=passive and bool(queue.name))
    await _bind(channel, [replace(binding, queue=name) for binding in subscription.bindings])
    return channel, name, missing


async def declare_retry(channel: Channel, objects: RetryObjects, *, passive: bool) -> None:
    """Declare the exchanges and queues of a failure policy, and bind them.

    Raises:
        Refused: The broker refused something; :data:`RETRY_RIGHTS` when it does not permit it.
        ValueError: An argument cannot be encoded.
    """
    try:
        await declare_exchanges(channel, objects.exchanges, passive=passive)
        for queue in objects.queues:
            await _declare_queue(channel, queue, passive=passive)
        await _bind(channel, objects.bindings)
    except Refused as refused:
        if refused.reason.code == 403:
            raise Refused((RETRY_RIGHTS, objects.needs), refused.reason) from None
        raise


async def find(open_channel: Callable[[], Deferred[Channel]], name: str) -> tuple[Channel, str]:
    """Look whether a queue still exists, after the broker cancelled its consumer."""
    channel = await open_channel()
    return channel, await _declare_queue(channel, Queue(name=name), passive=True)


async def consume(channel: Channel, name: str, *, prefetch: int, exclusive: bool = False) -> str:
    """Set the prefetch count and subscribe; returns the consumer tag.

    Raises:
        Refused: The broker refused it.
    """
    calls = _Calls(channel)
    calls.add("qos", f"prefetch_count {prefetch}", spec.Basic.Qos(prefetch_count=prefetch), spec.Basic.QosOk)
    calls.add("consumer", name, spec.Basic.Consume(queue=name, exclusive=exclusive), spec.Basic.ConsumeOk)
    _, reply = await calls.answers()
    return str(reply.consumer_tag)


async def _bind(channel: Channel, bindings: Iterable[Binding]) -> None:
    calls = _Calls(channel)
    for binding in bindings:
        for key in binding.routing_keys:
            calls.add(
                "binding",
                f"{binding.queue} to {binding.exchange} with {key!r}",
                spec.Queue.Bind(
                    queue=binding.queue,
                    exchange=binding.exchange,
                    routing_key=key,
                    arguments=dict(binding.arguments),
                ),
                spec.Queue.BindOk,
            )
    await calls.answers()


async def _declare_queue(channel: Channel, queue: Queue, *, passive: bool) -> str:
    calls = _Calls(channel)
    calls.add(
        "queue",
        queue.name or "(named by the broker)",
        queue_method(queue, passive=passive),
        spec.Queue.DeclareOk,
    )
    (reply,) = await calls.answers()
    return str(reply.queue)
