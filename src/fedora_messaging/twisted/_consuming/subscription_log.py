# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The log lines about a consumer's subscription."""

from __future__ import annotations

from ..._reporting.log import SafeLog, event
from ..._reporting.loggers import CONSUMER

__all__ = ["log_cancelled", "log_consuming", "log_failed"]

_log = SafeLog(CONSUMER)


def log_consuming(queue: str, preparation: str) -> None:
    """Log that a consumer consumes.

    Args:
        queue: The queue's name.
        preparation: What was done for it, in words.
    """
    _log.info("Consuming from the queue %r%s.", queue, preparation, about=event("consuming", queue=queue))


def log_failed(queue: str, what: str, reason: object, delay: float) -> None:
    """Log that a consumer could not consume, or can no longer.

    Args:
        queue: The queue's name.
        what: What was refused, in words; "" if nothing was.
        reason: Why.
        delay: Seconds until the next attempt.
    """
    _log.warning(
        "Consuming from %r failed%s: %s. Next try in %.1f s.",
        queue,
        what,
        reason,
        delay,
        about=event("consuming_failed", queue=queue, seconds=delay),
    )


def log_cancelled(queue: str) -> None:
    """Log that the broker has cancelled a consumer, for the first time in a while."""
    _log.warning(
        "The broker cancelled the consumer of %r; looking for the queue.",
        queue,
        about=event("consumer_cancelled", queue=queue),
    )
