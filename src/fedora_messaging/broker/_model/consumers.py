# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Consumers, what was delivered to them, and how it is settled."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from .._wire.codec import encode_content, encode_deliver, short_string
from .._wire.errors import precondition
from . import ports
from .message import Entry
from .queue import Queue


class Channel(ports.Channel, Protocol):
    """What a consumer needs of its channel."""

    @property
    def prefetch(self) -> int:
        """The prefetch limit of the next consumer; 0 is none."""

    @property
    def global_limit(self) -> int | None:
        """The prefetch limit of the whole channel, or None."""

    @property
    def in_flight(self) -> int:
        """Deliveries to consumers that count for the channel's limit."""

    @property
    def unsettled(self) -> Unsettled:
        """The channel's deliveries that wait for an acknowledgement."""

    def consumer_cancelled(self, consumer: Consumer) -> None:
        """Forget a consumer that the broker has cancelled, and tell the client."""


class Consumer:
    """One ``basic.consume``.

    Attributes:
        unacked: its deliveries that wait for an acknowledgement.
        prefetch: how many there may be; 0 is any number.
    """

    __slots__ = ("_encoded_tag", "channel", "no_ack", "prefetch", "priority", "queue", "tag", "unacked")

    def __init__(self, channel: Channel, queue: Queue, tag: str, no_ack: bool, priority: int) -> None:
        self.channel = channel
        self.queue = queue
        self.tag = tag
        self.no_ack = no_ack
        self.priority = priority
        self.prefetch = channel.prefetch
        self.unacked = 0
        self._encoded_tag = short_string(tag)

    @property
    def channel_limit(self) -> int | None:
        """The prefetch limit of the consumer's whole channel, or None."""
        return self.channel.global_limit

    def can_take(self) -> bool:
        """Whether the prefetch limits and the connection allow another delivery."""
        channel = self.channel
        if channel.connection.choked:
            return False
        if self.no_ack:
            return True
        limit = channel.global_limit
        return (not self.prefetch or self.unacked < self.prefetch) and (
            not limit or channel.in_flight < limit
        )

    def deliver(self, entry: Entry) -> None:
        """Send one message."""
        channel = self.channel
        message = entry.message
        tag = channel.next_tag()
        connection = channel.connection
        connection.send(
            encode_deliver(channel.number, self._encoded_tag, tag, entry.redelivered, message.address),
            *encode_content(channel.number, self.queue.properties(entry), message.body, connection.frame_max),
        )
        if self.no_ack:
            self.queue.settle((entry,))
        else:
            self.unacked += 1
            channel.unsettled.add(tag, self.queue, entry, self)

    def notify_cancelled(self) -> None:
        """Tell the client that the broker has cancelled the consumer."""
        self.channel.consumer_cancelled(self)


class Delivery(NamedTuple):
    """A message that waits for its acknowledgement."""

    queue: Queue
    entry: Entry
    consumer: Consumer | None


class Unsettled:
    """The deliveries of one channel that wait for acknowledgements, by tag, in order."""

    def __init__(self) -> None:
        self._deliveries: dict[int, Delivery] = {}
        self.in_flight = 0

    def add(self, tag: int, queue: Queue, entry: Entry, consumer: Consumer | None) -> None:
        """Add a delivery."""
        self._deliveries[tag] = Delivery(queue, entry, consumer)
        self.in_flight += consumer is not None

    def take(self, tag: int, multiple: bool) -> list[Delivery]:
        """Take the deliveries that an acknowledgement settles.

        Raises:
            AMQPError: 406, for a tag that is not outstanding.
        """
        return self.settled(list(self.set_aside(tag, multiple).values()))

    def set_aside(self, tag: int, multiple: bool) -> dict[int, Delivery]:
        """Set aside the deliveries of an acknowledgement, by tag; they count as in flight until ``settled``.

        Raises:
            AMQPError: 406, for a tag that is not outstanding.
        """
        waiting = self._deliveries
        if tag == 0 and multiple:
            self._deliveries = {}
            return waiting
        if tag not in waiting:
            raise precondition(f"unknown delivery tag {tag}")
        if not multiple:
            return {tag: waiting.pop(tag)}
        taken = {}
        for each in list(waiting):
            if each > tag:
                break
            taken[each] = waiting.pop(each)
        return taken

    def give_back(self, deliveries: dict[int, Delivery]) -> None:
        """Return deliveries that were set aside, in the order of their tags."""
        self._deliveries = dict(sorted((self._deliveries | deliveries).items()))

    def take_all(self) -> list[Delivery]:
        """Take all deliveries."""
        taken = list(self._deliveries.values())
        self._deliveries.clear()
        return self.settled(taken)

    def of_queue(self, queue: Queue) -> list[Delivery]:
        """Take the deliveries that came from one queue."""
        tags = [tag for tag, delivery in self._deliveries.items() if delivery.queue is queue]
        return self.settled([self._deliveries.pop(tag) for tag in tags])

    def settled(self, deliveries: list[Delivery]) -> list[Delivery]:
        """Stop counting deliveries that were taken or set aside as in flight."""
        for delivery in deliveries:
            if delivery.consumer is not None:
                delivery.consumer.unacked -= 1
                self.in_flight -= 1
        return deliveries


def by_queue(deliveries: Iterable[Delivery]) -> dict[Queue, list[Entry]]:
    """Group deliveries by queue."""
    queues: dict[Queue, list[Entry]] = {}
    for queue, entry, _ in deliveries:
        queues.setdefault(queue, []).append(entry)
    return queues
