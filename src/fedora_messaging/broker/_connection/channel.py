# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""One AMQP channel: its state, and the methods that concern it alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pika import spec

from .._model.consumers import Consumer, Unsettled, by_queue
from .._model.queue import Queue
from .._model.replies import ReplyConsumer
from .._wire.codec import encode_method
from .._wire.errors import AMQPError, not_implemented, precondition
from .confirms import Confirms
from .session import Session
from .transaction import Transaction

Method = Any
Methods = Mapping[type[Any], Callable[["Channel", Method], None]]


class Channel:
    """The broker's end of a channel.

    Attributes:
        number: its number on the connection.
        consumers: its consumers by tag.
        reply_consumer: the consumer of direct replies, or None.
        unsettled: its deliveries that wait for an acknowledgement.
        prefetch: the limit the next consumer gets.
        global_limit: the limit of the whole channel, or None.
        confirms: the numbers of its publishes, or None when it has no confirms.
        transaction: what waits for a commit, or None when it has no transactions.
        last_tag: the last delivery tag.
        last_queue: the queue it declared last, which an empty name stands for.
    """

    def __init__(self, connection: Session, number: int) -> None:
        self.connection = connection
        self.broker = connection.broker
        self.vhost = connection.vhost
        self.number = number
        self.consumers: dict[str, Consumer] = {}
        self.reply_consumer: ReplyConsumer | None = None
        self.unsettled = Unsettled()
        self.prefetch = 0
        self.global_limit: int | None = None
        self.confirms: Confirms | None = None
        self.transaction: Transaction | None = None
        self.last_queue = ""
        self.is_open = True
        self.last_tag = 0

    @property
    def in_flight(self) -> int:
        """Deliveries to consumers that count for the channel's limit."""
        return self.unsettled.in_flight

    def next_tag(self) -> int:
        """Take the next delivery tag."""
        self.last_tag += 1
        return self.last_tag

    def reply(self, method: Method) -> None:
        """Send a method on this channel."""
        self.connection.send(encode_method(self.number, method))

    def confirm(self, number: int, accepted: bool) -> None:
        """Confirm a publish, or reject it with ``basic.nack``; the answer goes out with the next flush."""
        if self.confirms is not None and self.is_open:
            self.confirms.settle(number, accepted)
            self.connection.confirming[self] = None
            self.connection.touched()

    def flush_confirms(self) -> None:
        """Send the confirms that are due."""
        if self.confirms is not None and self.confirms.due:
            self.connection.send(*self.confirms.frames(self.number))

    def consumer_cancelled(self, consumer: Consumer) -> None:
        """Forget a consumer that the broker has cancelled, and tell a client that can be told."""
        self.consumers.pop(consumer.tag, None)
        if self.is_open and self.connection.can("consumer_cancel_notify"):
            self.reply(spec.Basic.Cancel(consumer_tag=consumer.tag, nowait=True))

    def wake_queues(self) -> None:
        """Deliver from the queues of the channel's consumers, because the channel can take more."""
        for queue in dict.fromkeys(consumer.queue for consumer in self.consumers.values()):
            queue.wake()

    def requeue(self, queue: Queue | None = None, *, counted: bool = True) -> None:
        """Requeue unacknowledged deliveries, of one queue or of all."""
        deliveries = self.unsettled.take_all() if queue is None else self.unsettled.of_queue(queue)
        for each, entries in by_queue(deliveries).items():
            each.put_back(entries, counted=counted)
            each.dispatch()
        self.wake_queues()

    def close(self) -> None:
        """Cancel the consumers and requeue what they have not acknowledged."""
        if not self.is_open:
            return
        self.is_open = False
        self.connection.confirming.pop(self, None)
        self.broker.replies.close(self)
        if self.transaction is not None:
            self.transaction.roll_back(self.unsettled)
        consumers, self.consumers = list(self.consumers.values()), {}
        deliveries = by_queue(self.unsettled.take_all())
        for queue, entries in deliveries.items():
            queue.put_back(entries, counted=True, lost=True)
        for consumer in consumers:
            consumer.queue.unsubscribe(consumer)
        for queue in deliveries:
            queue.wake()


def flow(channel: Channel, method: spec.Channel.Flow) -> None:
    """Answer a request to go on; pausing deliveries is not supported, as in RabbitMQ."""
    if not method.active:
        raise not_implemented("active=false")
    channel.reply(spec.Channel.FlowOk(active=True))


def select_confirms(channel: Channel, method: spec.Confirm.Select) -> None:
    """Turn on publisher confirms."""
    if channel.transaction is not None:
        raise precondition("cannot switch from tx to confirm mode")
    if channel.confirms is None:
        channel.confirms = Confirms()
    if not method.nowait:
        channel.reply(spec.Confirm.SelectOk())


def request_access(channel: Channel, method: spec.Access.Request) -> None:
    """Grant access: tickets mean nothing any more."""
    channel.reply(spec.Access.RequestOk(ticket=1))


def nothing(channel: Channel, method: Method) -> None:
    """Ignore an answer that asks for nothing."""


def open_again(channel: Channel, method: Method) -> None:
    """Refuse to open an open channel."""
    raise AMQPError(spec.CHANNEL_ERROR, "second 'channel.open' seen")


METHODS: Methods = {
    spec.Channel.Open: open_again,
    spec.Channel.Flow: flow,
    spec.Channel.FlowOk: nothing,
    spec.Access.Request: request_access,
    spec.Confirm.Select: select_confirms,
    spec.Basic.CancelOk: nothing,
}
