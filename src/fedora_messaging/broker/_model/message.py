# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Messages as the broker keeps them, and entries, their places in queues.

A message is what was published: its address, its raw properties and its body. All queues it is in share it.
"""

from __future__ import annotations

from typing import Protocol

from .._wire.codec import short_string
from .._wire.errors import AMQPError, precondition
from .._wire.fields import Malformed, Table, read_array, text
from .._wire.properties import Properties
from .deaths import Deaths

#: Ten years, in ms.
MAX_TTL = 315360000000


class Target(Protocol):
    """Where a message ends up: a queue, or what takes messages like one."""

    @property
    def name(self) -> str:
        """The name."""

    @property
    def deleted(self) -> bool:
        """Whether the queue is deleted."""

    def publish(self, message: Message) -> bool:
        """Accept a message, or return False."""


class Message:
    """One published message.

    Attributes:
        exchange: the exchange that it was published to.
        routing_key: its routing key.
        properties: the raw bytes of its property list, beginning with the flags.
        body: its body.
        priority: as given, or None.
        ttl: its time to live in ms (``expiration``), or None.
        keys: all routing keys: the one above, and those of the headers ``CC`` and ``BCC``.
        deaths: how it was dead-lettered, if the broker stores this separately from the headers.
        redelivered: whether it is always marked as redelivered.
    """

    __slots__ = (
        "body",
        "deaths",
        "exchange",
        "keys",
        "priority",
        "properties",
        "redelivered",
        "routing_key",
        "ttl",
    )

    def __init__(self, exchange: str, routing_key: str, properties: bytes, body: bytes) -> None:
        self.exchange = exchange
        self.routing_key = routing_key
        self.properties = properties
        self.body = body
        self.priority: int | None = None
        self.redelivered = False
        self.ttl: int | None = None
        self.keys: tuple[str, ...] = (routing_key,)
        self.deaths: Deaths | None = None

    def __repr__(self) -> str:
        return (
            f"Message(exchange={self.exchange!r}, routing_key={self.routing_key!r}, "
            f"properties={self.properties!r}, body={len(self.body)} bytes)"
        )

    @property
    def address(self) -> bytes:
        """Exchange and routing key as two encoded short strings."""
        return short_string(self.exchange) + short_string(self.routing_key)

    @property
    def message_id(self) -> str | None:
        """The property ``message_id``, or None."""
        return Properties(self.properties).message_id


def published(
    exchange: str, routing_key: str, raw_properties: bytes, body: bytes, user: str, *, rewritten: bool = False
) -> tuple[Message, bytes]:
    """Check a message that a client publishes, and read what its routing needs.

    Args:
        exchange: the exchange it is published to.
        routing_key: its routing key.
        raw_properties: its property list as received.
        body: its body.
        user: the user who is logged in; ``user_id`` may name no other.
        rewritten: whether headers are rewritten in RabbitMQ 4.3's form.

    Returns:
        The message, and its properties as ``basic.return`` carries them.

    Raises:
        AMQPError: 406, a property has an invalid value; 541, the properties are malformed.
    """
    try:
        properties = Properties(raw_properties)
        if not properties.check_headers() and rewritten:
            raw_properties = properties.canonical()
            properties = Properties(raw_properties)
        headers = properties.headers if b"CC" in raw_properties else {}
    except Malformed as error:
        raise AMQPError(541, str(error)) from error
    message = Message(exchange, routing_key, raw_properties, body)
    if properties.user_id is not None and properties.user_id != user:
        raise precondition(
            f"user_id property set to '{properties.user_id}' but authenticated user was '{user}'"
        )
    if properties.expiration is not None:
        message.ttl = _ttl(properties.expiration)
    message.priority = properties.priority
    carbons = [*_keys(headers, "CC"), *_keys(headers, "BCC")]
    if carbons:
        message.keys = (routing_key, *carbons)
        if "BCC" in headers:
            message.properties = properties.with_headers({"BCC": None})
    return message, raw_properties


def _ttl(expiration: bytes) -> int:
    try:
        value = int(expiration) if expiration.lstrip(b"+-").isdigit() else None
    except ValueError:  # more digits than Python converts
        value = None
    if value is None:
        raise precondition(f"invalid expiration '{text(expiration)}': no_integer")
    if value < 0:
        raise precondition(f"invalid expiration '{text(expiration)}': {{value_negative,{value}}}")
    if value > MAX_TTL:
        raise precondition(f"invalid expiration '{text(expiration)}': {{value_too_big,{value}}}")
    return value


def _keys(headers: Table, name: str) -> list[str]:
    field = headers.get(name)
    if field is None:
        return []
    if field.kind != b"A" or not isinstance(field.value, bytes):
        raise precondition(f"invalid type for header '{name}'")
    return [value.text for value in read_array(field.value) if value.kind == b"S"]


class Entry:
    """A message's place in one queue.

    Attributes:
        number: which message of the queue it is.
        position: its place in the queue, at first its number; what is requeued goes back to it.
        level: its priority in this queue.
        expires: when it expires, on the broker's clock, or None.
        redelivered: whether a client may have seen it.
        attempts: deliveries that count (``x-delivery-count``).
        acquired: deliveries of all kinds.
    """

    __slots__ = (
        "acquired",
        "attempts",
        "expires",
        "level",
        "message",
        "number",
        "position",
        "redelivered",
    )

    def __init__(self, message: Message, position: int, level: int = 0, expires: float | None = None) -> None:
        self.message = message
        self.number = self.position = position
        self.level = level
        self.expires = expires
        self.redelivered = message.redelivered
        self.attempts = 0
        self.acquired = 0
