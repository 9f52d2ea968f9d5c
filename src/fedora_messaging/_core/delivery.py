# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the outcome of a callback means for the delivery it was given.

:func:`decide` decides it, and nothing else does. The consumer executes the :class:`Settlement` and knows no
policy; by itself it only gives back what no callback has seen.
"""

from __future__ import annotations

import enum
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from .._reporting.text import text_of
from ..exceptions import Drop, HaltConsumer, Nack, ValidationError, is_delay
from .retry import Retry, delay_name

__all__ = [
    "QUARANTINE",
    "REQUEUE",
    "RETRY",
    "Attempts",
    "Delivery",
    "InvalidMessage",
    "Settlement",
    "Verb",
    "decide",
    "ends_consumer",
]


#: The exchanges and queues that a policy needs have the queue's name, a dot, and one of these; the one for a
#: delay has a further dot and the delay.
RETRY, REQUEUE, QUARANTINE = "retry", "requeue", "quarantine"


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
        delay: Seconds until the next attempt: how long the delivery is held, unacknowledged, before the
            method is sent, or how long the message waits on the broker.
        ends: The consumer stops, with this error.
        counts: The statistic that this outcome adds to.
        again: After the delay the callback is called again instead, and nothing else before it.
        forward: The message is published first, to the exchange of this name after the queue's and a dot; the
            method is sent when the broker has confirmed that.
        headers: The headers that are added to the message that is published.
        exhausted: The policy gives the message up: its attempts need not be remembered.
    """

    verb: Verb
    requeue: bool = False
    delay: float = 0.0
    ends: Exception | None = None
    counts: str = "processed"
    again: bool = False
    forward: str = ""
    headers: Mapping[str, Any] | None = None
    exhausted: bool = False


ACK = Settlement(Verb.ACK)
_DROP = Settlement(Verb.REJECT, counts="dropped")
_INVALID = Settlement(Verb.REJECT, counts="rejected")
_REJECT = Settlement(Verb.REJECT, counts="rejected", exhausted=True)
_QUARANTINE = Settlement(Verb.ACK, counts="quarantined", forward=QUARANTINE, exhausted=True)


def decide(
    outcome: Exception | None, delivery: Delivery, retry: Retry, *, lasting: bool = True
) -> Settlement:
    """Decide how to settle a delivery.

    A :class:`~fedora_messaging.exceptions.Nack` is ``basic.nack``, which quorum queues of RabbitMQ 4.3 do not
    count; an exception that ends the consumer is ``basic.reject``, which they do count, so that a delivery
    limit removes a message that always fails. Where the queue itself delays, both are ``basic.reject``.

    Args:
        outcome: What the callback raised; None: it returned.
        delivery: The delivery, whose ``attempts`` count this one.
        retry: The failure policy.
        lasting: Whether the failure is the message's own: while all messages fail, none is given up.
    """
    if outcome is None:
        return ACK
    kind = type(outcome)  # isinstance() asks the exception's __class__ as well, which may raise
    if issubclass(kind, InvalidMessage):
        return _QUARANTINE if retry.then == "quarantine" and delivery.body is not None else _INVALID
    if retry.covers(outcome):
        return _try_again(outcome, delivery, retry, lasting)
    if issubclass(kind, Drop):
        return _DROP
    if issubclass(kind, HaltConsumer):
        if _asks_requeue(outcome):
            return Settlement(Verb.NACK, requeue=True, ends=outcome, counts="rejected")
        return Settlement(Verb.ACK, ends=outcome)
    return Settlement(Verb.REJECT, requeue=True, ends=outcome, counts="failed")


def _try_again(outcome: Exception, delivery: Delivery, retry: Retry, lasting: bool) -> Settlement:
    delay = retry.delay(delivery.attempts)
    if delay is None:
        if lasting and retry.then == "reject":
            return _REJECT
        if lasting and retry.then == "quarantine":
            return _QUARANTINE
        if lasting and retry.then == "stop":
            return Settlement(Verb.REJECT, requeue=True, ends=outcome, counts="failed", exhausted=True)
        delay = retry.delays[-1]
    asked = _asked_delay(outcome)
    if asked is not None:
        delay = asked
    if retry.wait == "queue":
        name = f"{RETRY}.{delay_name(retry.queue_delay(delay))}"
        return Settlement(Verb.ACK, delay=delay, counts="retried", forward=name)
    if retry.wait == "broker":
        # Rejecting makes the delays of RabbitMQ 4.3 longer, and reaches a delivery limit; a nack neither.
        return Settlement(Verb.REJECT, requeue=True, counts="rejected")
    if retry.wait == "in-place":
        return Settlement(Verb.NACK, requeue=True, delay=delay, counts="retried", again=True)
    return Settlement(Verb.NACK, requeue=True, delay=delay, counts="rejected")


def _asked_delay(outcome: Any) -> float | None:
    """The delay that a Nack asks for; None also where a subclass has something else in its place."""
    if not issubclass(type(outcome), Nack):
        return None
    try:
        delay = outcome.delay
        return delay if is_delay(delay) else None
    except Exception:  # a property, or no such attribute
        return None


def _asks_requeue(halt: Any) -> bool:
    try:
        return bool(halt.requeue)
    except Exception:  # a property, or a value without a truth value: no message may be lost
        return True


def ends_consumer(delivery: Delivery, outcome: Exception | None) -> bool:
    """Whether the consumer ends after this outcome, without a policy."""
    return outcome is not None and not issubclass(type(outcome), (Nack, Drop, InvalidMessage))


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
