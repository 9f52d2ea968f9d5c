# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Remembers what happened last: since when connections are as they are, and which messages failed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .._core.delivery import Delivery, InvalidMessage
from .._core.lifecycle import CloseReason
from .._reporting.text import name_of
from ..exceptions import Drop, HaltConsumer, Nack
from .schemas import schema_of
from .status import MOST_FAILURES, Failure, latest

__all__ = ["Recent"]

#: What callbacks raise to say what is to be done: nothing has failed.
_REQUESTS = (Nack, Drop, HaltConsumer)


@dataclass
class _Failed:
    key: tuple[str, int, int]
    time: float
    schema: str
    error: str
    attempts: int


class Recent:
    """What happened last.

    Args:
        wall: The wall clock, in seconds since 1970.

    Attributes:
        connections: By what a connection is for: since when it is open, or not; and why it is not, in a word.
    """

    def __init__(self, wall: Callable[[], float]) -> None:
        self.connections: dict[str, tuple[float, str]] = {}
        self._wall = wall
        self._failed: deque[_Failed] = deque(maxlen=MOST_FAILURES)

    def connected(self, connection: str) -> None:
        """A connection is open."""
        self.connections[connection] = self._wall(), ""

    def disconnected(self, connection: str, reason: CloseReason) -> None:
        """A connection was lost, or could once more not be made."""
        since, before = self.connections.get(connection, (0.0, ""))
        self.connections[connection] = since if before else self._wall(), reason.failure

    def failed(self, delivery: Delivery, headers: Mapping[str, Any] | None, error: Exception) -> None:
        """A callback has raised an exception.

        Args:
            delivery: The delivery.
            headers: The message's; None: it was not valid, and not handed to the callback.
            error: What was raised.
        """
        kind = type(error)
        if issubclass(kind, _REQUESTS):
            return
        if issubclass(kind, InvalidMessage):
            error = getattr(error, "error", error)
        schema = "" if headers is None else schema_of(headers)
        self._failed.append(_Failed(_key(delivery), self._wall(), schema, name_of(error), delivery.attempts))

    def decided(self, delivery: Delivery) -> None:
        """It is decided what becomes of a delivery that failed, and known which attempt it was."""
        key = _key(delivery)
        for each in self._failed:
            if each.key == key:
                each.attempts = delivery.attempts

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What failed last, the last one first."""
        return latest(
            Failure(each.time, each.schema, each.error, each.attempts) for each in reversed(self._failed)
        )


def _key(delivery: Delivery) -> tuple[str, int, int]:
    return delivery.queue, delivery.generation, delivery.tag
