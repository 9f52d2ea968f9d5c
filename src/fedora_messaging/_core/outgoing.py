# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""One message that is to be published, and the errors with which that can end."""

from __future__ import annotations

from typing import Any

from ..exceptions import PublishForbidden, PublishReturned
from .spans import PublishSpan

__all__ = ["Outgoing", "refusal", "timeout_words"]


class Outgoing:
    """One message in the outbox.

    Args:
        exchange: The exchange's name, UTF-8.
        routing_key: The routing key, UTF-8.
        properties: The encoded properties of the content header.
        body: The encoded body.
        message_id: The id within ``properties``, by which a return is recognised; needed of a mandatory one.
        mandatory: The broker is to return it when no queue takes it.
        waiter: An object of the owner for what waits for the outcome; None when nothing waits any more.
        span: Its span; None: there is none.

    Attributes:
        returned: The error of its basic.return, while it is in flight.
    """

    __slots__ = (
        "body",
        "exchange",
        "mandatory",
        "message_id",
        "properties",
        "returned",
        "routing_key",
        "span",
        "waiter",
    )

    def __init__(
        self,
        exchange: bytes,
        routing_key: bytes,
        properties: bytes,
        body: bytes,
        message_id: bytes,
        mandatory: bool,
        waiter: Any = None,
        span: PublishSpan | None = None,
    ) -> None:
        self.exchange = exchange
        self.routing_key = routing_key
        self.properties = properties
        self.body = body
        self.message_id = message_id
        self.mandatory = mandatory
        self.waiter = waiter
        self.span = span
        self.returned: PublishReturned | None = None

    @property
    def size(self) -> int:
        """How many bytes its properties and its body have."""
        return len(self.body) + len(self.properties)

    @property
    def key(self) -> tuple[bytes, bytes, bytes]:
        """What a ``basic.return`` contains to identify the message."""
        return self.message_id, self.exchange, self.routing_key


def refusal(code: int, text: str) -> PublishReturned:
    """Return the documented error for a message that the broker refused with this reply code and text."""
    reason = text if text.startswith(str(code)) else f"{code} {text}"
    return PublishForbidden(reason=reason) if code == 403 else PublishReturned(reason=reason)


def timeout_words(timeout: float, state: str) -> str:
    """Say why a publish was given up."""
    return f"not confirmed within {timeout:g} s; last state: {state}"
