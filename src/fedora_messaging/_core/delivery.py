# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the outcome of a callback means for the delivery it was given.

:func:`decide` is the only place that decides it. The consumer executes the :class:`Settlement` and knows no
policy.
"""

from __future__ import annotations

import enum
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, NamedTuple

from .._reporting.text import text_of
from ..exceptions import Drop, HaltConsumer, Nack, ValidationError
from .backoff import doubling

__all__ = [
    "Attempts",
    "Delivery",
    "InvalidMessage",
    "Policy",
    "Settlement",
    "Verb",
    "decide",
    "ends_consumer",
]


class Delivery(NamedTuple):
    """One message as the broker delivered it; a named tuple because one is made for every message."""

    queue: str
    exchange: str
    routing_key: bytes
    tag: int  #: the delivery tag, unique within the channel
    generation: int  #: the consumer's generation; a settlement of an earlier one is dropped
    redelivered: bool
    arrived: float  #: seconds, on the consumer's clock
    properties: bytes  #: the content header's property bytes, as they came
    body: bytes | None  #: None when it was larger than allowed and was not kept
    attempts: int = 1  #: which attempt at this message this is, known once a callback has refused it


class Verb(enum.Enum):
    """The AMQP method that settles a delivery; which one when: see the documentation on guarantees."""

    ACK = "ack"
    NACK = "nack"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Settlement:
    """What to do with a delivery.

    Args:
        verb: The method to send to the broker.
        requeue: With NACK and REJECT: whether the message goes back to the queue.
        delay: Seconds to hold the delivery, unacknowledged, before it is sent.
        ends: The consumer stops, with this error.
        counts: The statistic that this outcome adds to.
    """

    verb: Verb
    requeue: bool = False
    delay: float = 0.0
    ends: Exception | None = None
    counts: str = "processed"


ACK = Settlement(Verb.ACK)
_DROP = Settlement(Verb.REJECT, counts="dropped")
_INVALID = Settlement(Verb.REJECT, counts="rejected")


@dataclass(frozen=True, slots=True)
class Policy:
    """How refused messages are delayed: ``first`` seconds, doubled with each attempt up to ``cap``."""

    first: float = 1.0
    cap: float = 30.0


def decide(outcome: Exception | None, delivery: Delivery, policy: Policy) -> Settlement:
    """Decide how to settle a delivery.

    A :class:`~fedora_messaging.exceptions.Nack` is ``basic.nack``, which quorum queues of RabbitMQ 4.3 do not
    count; any other exception is ``basic.reject``, which they do count, so that a delivery limit removes a
    message that always fails.

    Args:
        outcome: What the callback raised; None: it returned.
        delivery: The delivery.
        policy: How refused messages are delayed.
    """
    if outcome is None:
        return ACK
    kind = type(outcome)  # isinstance() asks the exception's __class__ as well, which may raise
    if issubclass(kind, InvalidMessage):
        return _INVALID
    if issubclass(kind, Nack):
        return Settlement(
            Verb.NACK,
            requeue=True,
            delay=doubling(delivery.attempts, policy.first, policy.cap),
            counts="rejected",
        )
    if issubclass(kind, Drop):
        return _DROP
    if issubclass(kind, HaltConsumer):
        if _asks_requeue(outcome):
            return Settlement(Verb.NACK, requeue=True, ends=outcome, counts="rejected")
        return Settlement(Verb.ACK, ends=outcome)
    return Settlement(Verb.REJECT, requeue=True, ends=outcome, counts="failed")


def _asks_requeue(halt: Any) -> bool:
    try:
        return bool(halt.requeue)
    except Exception:  # a property, or a value without a truth value: no message may be lost
        return True


def ends_consumer(outcome: Exception) -> bool:
    """Whether the consumer ends after this outcome."""
    return not issubclass(type(outcome), (Nack, Drop, InvalidMessage))


class InvalidMessage(Exception):
    """The delivery could not be decoded into a valid message; the callback was not called."""

    def __init__(self, error: ValidationError) -> None:
        super().__init__(text_of(error))
        self.error = error


class Attempts:
    """Counts how often each message was refused, for queues that do not count it themselves.

    Bounded: the message refused longest ago is forgotten first.

    Args:
        limit: How many messages are remembered.
    """

    __slots__ = ("_counts", "_limit")

    def __init__(self, limit: int = 10_000) -> None:
        self._counts: OrderedDict[Hashable, int] = OrderedDict()
        self._limit = limit

    def refused(self, key: Hashable, counted: int = 0) -> int:
        """Count one more refusal.

        Args:
            key: Identifies the message.
            counted: How many refusals the queue has counted.

        Returns:
            How many refusals there were, this one included; more than ``counted``.
        """
        count = max(self._counts.pop(key, 0) + 1, counted + 1)
        self._counts[key] = count
        if len(self._counts) > self._limit:
            self._counts.popitem(last=False)
        return count

    def forget(self, key: Hashable) -> None:
        """Forget a message that was settled for good."""
        self._counts.pop(key, None)

    def __len__(self) -> int:
        return len(self._counts)
