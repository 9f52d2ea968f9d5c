# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The failure policy: what is tried again, after how long, and what happens at the end."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from ..exceptions import CallbackRaised, Drop, HaltConsumer, Nack, excerpt, is_delay
from .backoff import doubling

__all__ = ["Retry", "Then", "Wait", "delay_name", "doubling_delays", "longest_hold", "policy_of"]

#: What happens to a message when all delays are used up.
Then = Literal["repeat", "reject", "quarantine", "stop"]
#: Where a message waits until it is tried again.
Wait = Literal["aside", "in-place", "queue", "broker"]

#: The longest time to live of a queue's messages, in seconds: RabbitMQ's limit of 32 bits of milliseconds.
_LONGEST_TTL = 2**32 // 1000 - 1
_MOST_DELAYS = 100


@dataclass(frozen=True)
class Retry:
    """What a consumer does with a message whose callback fails.

    Args:
        on: The exceptions after which a message is tried again. Nack is always among them. Drop and
            HaltConsumer never are, not even if they are subclasses of a class that is named here.
        delays: Seconds before the second attempt, the third, and so on. After the attempt that follows the
            last delay, ``then`` applies.
        then: ``"repeat"``: the last delay again, for ever; ``"reject"``: ``basic.reject`` without requeue
            (the queue's dead-letter exchange gets the message, if it has one); ``"quarantine"``: the message
            goes to the queue ``QUEUE.quarantine``, and so do invalid messages; ``"stop"``: it goes back to
            its queue, and the consumer ends with the exception.
        wait: ``"aside"``: the consumer keeps the message and returns it after the delay, others overtake it;
            ``"in-place"``: the consumer does nothing else until the callback has been called again;
            ``"queue"``: it waits on the broker, in a queue for its delay; ``"broker"``: it goes back to a
            quorum queue, which delays it by a policy.
        jitter: How much each delay varies at random, as a fraction from 0 to 1. It does not apply to delays
            on the broker.
        rest_after: After how many failures in a row the consumer pauses. None means never.

    Raises:
        ValueError: The value of a field cannot be used. The error names the field.
    """

    on: tuple[type[BaseException], ...] = (Nack,)
    delays: tuple[float, ...] = (1, 2, 4, 8, 16, 30)
    then: Then = "repeat"
    wait: Wait = "aside"
    jitter: float = 0.1
    rest_after: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "on", _exceptions(self.on))
        object.__setattr__(self, "delays", _delays(self.delays))
        for name, known in (("then", get_args(Then)), ("wait", get_args(Wait))):
            value = getattr(self, name)
            if value not in known:
                raise ValueError(f"{name}: must be one of {', '.join(known)}, not {value!r:.80}")
        if not _is_number(self.jitter) or not 0 <= self.jitter <= 1:
            raise ValueError(f"jitter: must be a number from 0 to 1, not {self.jitter!r:.80}")
        rest = self.rest_after
        if rest is not None and (isinstance(rest, bool) or not isinstance(rest, int) or rest < 1):
            raise ValueError(f"rest_after: must be a whole number, 1 at least, not {rest!r:.80}")
        if self.wait == "queue" and max(self.delays) > _LONGEST_TTL:
            raise ValueError(
                f"delays: a queue holds a message for {_LONGEST_TTL} s at most, not {max(self.delays):g}"
            )

    @property
    def on_broker(self) -> bool:
        """Whether the policy needs its own exchanges and queues."""
        return self.wait == "queue" or self.then == "quarantine"

    def covers(self, outcome: BaseException) -> bool:
        """Whether a message is tried again after its callback raised this exception."""
        kind = type(outcome)  # isinstance() asks the exception's __class__ as well, which may raise
        if issubclass(kind, CallbackRaised) and outcome.__cause__ is not None:
            kind = type(outcome.__cause__)
        return issubclass(kind, (Nack, *self.on)) and not issubclass(kind, (Drop, HaltConsumer))

    def delay(self, attempt: int) -> float | None:
        """Return the delay after a failed attempt.

        Args:
            attempt: Its number: 1, 2, ...

        Returns:
            Seconds. None after the last delay.
        """
        return self.delays[attempt - 1] if attempt <= len(self.delays) else None

    def spread(self, delay: float, uniform: Callable[[float, float], float]) -> float:
        """Apply the jitter to a delay. ``uniform`` returns a random number from an interval."""
        return delay * uniform(1 - self.jitter, 1 + self.jitter) if self.jitter and delay else delay

    def queue_delay(self, delay: float) -> float:
        """Return the shortest of the delays that is at least this long, or the longest delay if none is."""
        return min((each for each in self.delays if each >= delay), default=max(self.delays))


def doubling_delays(first: float, cap: float) -> tuple[float, ...]:
    """Return the delays from ``first`` to ``cap`` seconds, each twice the one before."""
    delays = [doubling(1, first, cap)]
    while 0 < delays[-1] < cap and len(delays) < _MOST_DELAYS:
        delays.append(doubling(len(delays) + 1, first, cap))
    return tuple(delays)


def longest_hold(ack_timeout: float) -> float:
    """Return how long a consumer holds a message that failed, in seconds.

    RabbitMQ closes the channel of a consumer that leaves a message unacknowledged for its
    ``consumer_timeout``; half of it leaves time for the callback.
    """
    return ack_timeout / 2


def delay_name(delay: float) -> str:
    """Name a delay, for its queue: ``10s``, or ``1500ms`` where it is not of whole seconds."""
    milliseconds = round(delay * 1000)
    return f"{milliseconds}ms" if milliseconds % 1000 or not milliseconds else f"{milliseconds // 1000}s"


def policy_of(callback: object) -> Retry | None:
    """Return the failure policy that a callback carries; None when it has none.

    Raises:
        ValueError: Its attribute ``retry`` is neither a :class:`Retry` nor a method.
    """
    while isinstance(callback, functools.partial):
        callback = callback.func
    policy = getattr(callback, "retry", None)
    if policy is None or isinstance(policy, Retry):
        return policy
    if callable(policy):  # a method of that name is something else
        return None
    raise ValueError(
        "the attribute retry of a callback must be a fedora_messaging.retry.Retry, "
        f"not {type(policy).__name__}"
    )


def _exceptions(value: object) -> tuple[type[BaseException], ...]:
    classes = value if isinstance(value, (tuple, list)) else (value,)
    for each in classes:
        if not isinstance(each, type) or not issubclass(each, BaseException):
            raise ValueError(f"on: must be exception classes, not {each!r:.80}")
        if issubclass(each, (Drop, HaltConsumer)):
            raise ValueError(f"on: {each.__name__} never means that the message is to be tried again")
    return tuple(classes)


def _delays(value: object) -> tuple[float, ...]:
    if not isinstance(value, (tuple, list)) or not value or len(value) > _MOST_DELAYS:
        raise ValueError(
            f"delays: must be a list of 1 to {_MOST_DELAYS} numbers of seconds, not {value!r:.80}"
        )
    for each in value:
        if not is_delay(each):
            raise ValueError(f"delays: must be numbers of seconds, 0 at least, not {excerpt(each, 80)}")
    return tuple(value)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
