# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Direct reply-to: answers go straight to the channel that asked, without a queue.

A channel consumes from the pseudo-queue ``amq.rabbitmq.reply-to``. What it then publishes with that name as
``reply_to`` carries an address instead, and whatever is sent to the address through the default exchange is
delivered to it at once, or dropped. An address lives as long as its consumer.

The releases differ in what an address is. For 3.10 it is not a queue: messages are delivered during
routing, and count as unroutable. For 4.3 it is a queue of a special type, which still accepts messages when
its consumer has been cancelled.

https://www.rabbitmq.com/docs/direct-reply-to
"""

from __future__ import annotations

import base64
import secrets
from typing import Protocol

from pika import spec

from .._wire.codec import encode_content, encode_deliver, short_string
from .._wire.errors import AMQPError, kind_in_vhost, not_found, not_implemented, precondition, refused
from .._wire.fields import Malformed
from .._wire.properties import Properties
from . import ports
from .emulation import Emulation
from .message import Message, Target

QUEUE = "amq.rabbitmq.reply-to"
PREFIX = QUEUE + "."
_RAW_QUEUE = QUEUE.encode()
#: What the first part of each address begins with; the second part, after a dot, is a secret.
_MARK = "Zm1i"


class Channel(ports.Channel, Protocol):
    """What direct reply-to needs of a channel."""

    reply_consumer: ReplyConsumer | None

    @property
    def last_tag(self) -> int:
        """The delivery tag that was taken last."""


class ReplyConsumer:
    """The consumer of a channel's replies.

    Attributes:
        tag: its consumer tag.
        name: its address.
    """

    deleted = False

    def __init__(self, channel: Channel, tag: str, *, counted: bool) -> None:
        self.channel = channel
        self.tag = tag
        self.name = f"{PREFIX}{_MARK}{_token(9)}.{_token(16)}"
        self._counted = counted
        self._encoded_tag = short_string(tag)

    def publish(self, message: Message) -> bool:
        """Deliver a reply. Before 4.3 it does not use up the delivery tag that it carries."""
        channel, connection = self.channel, self.channel.connection
        tag = channel.next_tag() if self._counted else channel.last_tag + 1
        connection.send(
            encode_deliver(channel.number, self._encoded_tag, tag, False, message.address),
            *encode_content(channel.number, message.properties, message.body, connection.frame_max),
        )
        return True


class _AbandonedAddress:
    """An address without a consumer, which accepts all messages and drops them."""

    deleted = False

    def __init__(self, name: str) -> None:
        self.name = name

    def publish(self, message: Message) -> bool:
        """Accept a message and drop it."""
        return True


class Replies:
    """The addresses of one broker."""

    def __init__(self, emulation: Emulation) -> None:
        self._queues = emulation.replies_are_queues
        self._live: dict[str, ReplyConsumer] = {}

    def open(self, channel: Channel, tag: str, *, no_ack: bool) -> None:
        """Start the reply consumer of a channel.

        Raises:
            AMQPError: 406, there is one already, or the client wants to acknowledge replies.
        """
        if not no_ack:
            raise precondition("reply consumer cannot acknowledge")
        if channel.reply_consumer is not None:
            raise precondition("reply consumer already set")
        consumer = channel.reply_consumer = ReplyConsumer(channel, tag, counted=self._queues)
        self._live[consumer.name] = consumer

    def close(self, channel: Channel) -> None:
        """Cancel the reply consumer of a channel."""
        if channel.reply_consumer is not None:
            del self._live[channel.reply_consumer.name]
            channel.reply_consumer = None

    def declare(self, channel: Channel, name: str, vhost: str) -> None:
        """Check that an address exists; the pseudo-queue itself always does.

        Raises:
            AMQPError: 404, there is no such address; 541, RabbitMQ has an internal error for this name.
        """
        if name == QUEUE:
            return
        consumer = self._live.get(name)
        own = consumer is not None and consumer.channel is channel
        if consumer is not None and not own:
            return
        fails = not _is_address(name) if self._queues else own or _unreadable(name)
        if fails:
            raise AMQPError(spec.INTERNAL_ERROR)
        raise not_found("queue", name, vhost)

    def route(self, message: Message) -> list[Target]:
        """Return the addresses among a message's routing keys, as far as they count as queues.

        Raises:
            AMQPError: 541, an address is malformed, with 3.10.
        """
        found: list[Target] = []
        for name in message.keys:
            if not name.startswith(PREFIX):
                continue
            consumer = self._live.get(name)
            if self._queues:
                if _is_address(name):
                    found.append(consumer or _AbandonedAddress(name))
            elif consumer is not None:
                consumer.publish(message)
            elif _unreadable(name):
                raise AMQPError(spec.INTERNAL_ERROR)
        return found

    def is_queue(self, name: str) -> bool:
        """Whether a name is an address that counts as a queue."""
        return self._queues and name.startswith(PREFIX) and _is_address(name)

    def check_bind(self, name: str) -> None:
        """Refuse to bind an address.

        Raises:
            AMQPError: 403, for an address.
        """
        if self._queues and name.startswith(PREFIX):
            raise refused("cannot bind or unbind to a volatile (direct reply-to) queue")

    def check_get(self, name: str, vhost: str) -> None:
        """Refuse ``basic.get`` from an address.

        Raises:
            AMQPError: 540, for an address.
        """
        if self.is_queue(name):
            what = kind_in_vhost("queue", name, vhost)
            raise not_implemented(f"basic.get not supported by volatile {what}")

    def check_consume(self, name: str, vhost: str) -> None:
        """Refuse to consume from an address.

        Raises:
            AMQPError: 406, for an address.
        """
        if self.is_queue(name):
            what = kind_in_vhost("queue", name, vhost)
            raise precondition(f"only creator channel may consume from {what}")


def addressed(channel: Channel, properties: bytes) -> bytes:
    """Replace the pseudo-queue's name in ``reply_to`` with the channel's address.

    Raises:
        AMQPError: 406, when the channel does not consume replies.
    """
    if _RAW_QUEUE not in properties:
        return properties
    try:
        parsed = Properties(properties)
    except Malformed:
        return properties
    if parsed.reply_to != QUEUE:
        return properties
    if channel.reply_consumer is None:
        raise precondition("fast reply consumer does not exist")
    return parsed.with_reply_to(channel.reply_consumer.name)


def _token(size: int) -> str:
    return base64.b64encode(secrets.token_bytes(size)).decode()


def _is_address(name: str) -> bool:
    """Whether a name has the form of an address."""
    return name.startswith(PREFIX + _MARK) and "." in name[len(PREFIX) :]


def _unreadable(name: str) -> bool:
    """Whether a name has two parts, as addresses have, but the first is not that of an address."""
    return name.startswith(PREFIX) and "." in name[len(PREFIX) :] and not _is_address(name)
