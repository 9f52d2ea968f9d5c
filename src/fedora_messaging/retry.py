# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What a consumer does with a message whose callback fails.

>>> from fedora_messaging.retry import retry
>>> @retry(on=(OSError,), delays=(10, 60, 600), wait="queue", then="quarantine")
... def callback(message):
...     "Talk to a service that may be away."
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ._core.retry import Retry, Then, Wait
from .exceptions import Nack

__all__ = ["Retry", "Then", "Wait", "retry"]

_F = TypeVar("_F", bound=Callable[..., Any])


def retry(
    *,
    on: tuple[type[BaseException], ...] = (Nack,),
    delays: tuple[float, ...] = (1, 2, 4, 8, 16, 30),
    then: Then = "repeat",
    wait: Wait = "aside",
    jitter: float = 0.1,
    rest_after: int | None = None,
) -> Callable[[_F], _F]:
    """Give a callback a failure policy, which replaces the configured one.

    The decorator returns the same function, with the policy as its attribute ``retry``. A callback class may
    also define this attribute.

    Args:
        on: See :class:`Retry`, also for the other arguments.
        delays: Seconds before the second attempt, the third, and so on.
        then: What happens after the last delay.
        wait: Where the message waits.
        jitter: How much each delay varies at random, as a fraction from 0 to 1.
        rest_after: After how many failures in a row the consumer pauses.

    Raises:
        ValueError: The value of an argument cannot be used. The error names the argument.
    """
    policy = Retry(on, delays, then, wait, jitter, rest_after)

    def decorate(function: _F) -> _F:
        function.retry = policy  # type: ignore[attr-defined]
        return function

    return decorate
