# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Names and arguments in the methods of the classes ``exchange`` and ``queue``."""

from __future__ import annotations

from pika import spec

from .._wire.errors import AMQPError, precondition, refused
from .._wire.fields import WORDS, Table
from .channel import Channel


def without_line_breaks(name: str) -> str:
    """Remove line breaks from a name, as RabbitMQ does."""
    return name.replace("\r", "").replace("\n", "")


def check_not_default(exchange: str) -> None:
    """Refuse an operation on the default exchange."""
    if not exchange:
        raise refused("operation not permitted on the default exchange")


def check_not_reserved(kind: str, name: str) -> None:
    """Refuse a name with the reserved prefix."""
    if name.startswith("amq."):
        raise refused(f"{kind} name '{name}' contains reserved prefix 'amq.*'")


def queue_name(channel: Channel, name: str) -> str:
    """Resolve a queue's name; an empty one is the queue the channel declared last."""
    if name:
        return name
    if not channel.last_queue:
        raise AMQPError(spec.NOT_FOUND, "no previously declared queue")
    return channel.last_queue


def exchange_argument(channel: Channel, arguments: Table, name: str, what: str) -> str | None:
    """Return an argument that names an exchange, or None."""
    field = arguments.get(name)
    if field is None:
        return None
    if field.kind != b"S":
        raise precondition(f"invalid type '{WORDS[field.kind]}' for arg '{name}' in {what}")
    return field.text
