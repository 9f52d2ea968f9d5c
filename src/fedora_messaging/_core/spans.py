# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the package asks of tracing, so that nothing of OpenTelemetry is imported where it is off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from .address import Address
from .delivery import Delivery

__all__ = ["CallbackTracer", "PublishSpan", "PublishTracer"]


class PublishSpan(Protocol):
    """The span of one message that is published."""

    def ended(self, error: BaseException | None, broker: Address | None = None) -> None:
        """End it, whatever has been called before; in any thread. It never raises.

        Args:
            error: Why the message was not published; None: it was.
            broker: Where it was published to, as far as that is known.
        """


class PublishTracer(Protocol):
    """Makes the spans of messages that are published."""

    def begin(
        self, exchange: bytes, routing_key: bytes, message: Any
    ) -> tuple[PublishSpan | None, Mapping[str, str]]:
        """Begin the span of a message, in the thread and context of its publisher. It never raises.

        Args:
            exchange: The exchange's name.
            routing_key: The routing key.
            message: The message.

        Returns:
            The span, None where nobody records it; and the headers that carry it to consumers.
        """


class CallbackTracer(Protocol):
    """Makes the spans of callbacks, as an observer that is called around them."""

    def ids(self, delivery: Delivery) -> Mapping[str, str]:
        """Return ids for a log line about a delivery whose callback has failed; they are given once."""

    def present(self) -> object:
        """Return what :meth:`enter` takes: the span whose callback runs in this context."""

    def enter(self, present: object) -> Callable[[], None]:
        """Make a span the present one of this task, too.

        Returns:
            A function that undoes it, unless the task has another one by then.
        """
