# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Waiting until several consumers consume."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from twisted.internet.defer import Deferred, gatherResults

__all__ = ["all_consuming"]


class _Starting(Protocol):
    """A consumer that was started."""

    @property
    def result(self) -> Deferred[Any]:
        """Fires when it has ended."""

    def when_consuming(self) -> Deferred[Any]:
        """Fires when it consumes."""

    def cancel(self) -> Deferred[None]:
        """End it."""


_C = TypeVar("_C", bound=_Starting)


async def all_consuming(consumers: list[_C]) -> list[_C]:
    """Wait until each consumes. Cancelling it, or the end of one, cancels them all.

    Raises:
        Exception: The error of the first that has ended.
    """
    decided: Deferred[Any] = Deferred()

    def decide(result: Any) -> None:
        if not decided.called:
            decided.callback(result)

    gatherResults([consumer.when_consuming() for consumer in consumers], consumeErrors=True).addCallbacks(
        decide, lambda failure: decide(failure.value.subFailure)
    )
    # One that ends after it has consumed must be heard, too, while others wait for their queue.
    for consumer in consumers:
        consumer.result.addErrback(decide)
    try:
        await decided
    except BaseException:
        for consumer in consumers:
            consumer.cancel()
        raise
    return consumers
