# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Which outcome is counted for an error of publishing, and for what becomes of a delivery."""

from __future__ import annotations

from .._core.delivery import Settlement, Verb
from ..exceptions import (
    PublishBacklog,
    PublishForbidden,
    PublishReturned,
    PublishTimeout,
    ValidationError,
)

__all__ = ["publish_outcome", "settle_outcome"]

#: The first class that fits; of PublishReturned see below.
_PUBLISHING: tuple[tuple[type[Exception], str], ...] = (
    (PublishForbidden, "forbidden"),
    (PublishReturned, "returned"),
    (PublishTimeout, "timeout"),
    (PublishBacklog, "backlog"),
    (ValidationError, "invalid"),
)


def publish_outcome(error: Exception | None) -> str:
    """Return the outcome of publishing that ended with an error, or (None) with a confirm."""
    if error is None:
        return "confirmed"
    kind = type(error)
    found = next((word for each, word in _PUBLISHING if issubclass(kind, each)), "connection")
    if found == "returned" and getattr(error, "reason", None) == "nacked":
        return "nacked"
    return found


def settle_outcome(settlement: Settlement) -> str:
    """Return the outcome that a settlement is counted as."""
    counts = settlement.counts
    if counts in ("retried", "quarantined", "failed"):
        return counts
    if settlement.requeue:
        return "requeued"
    if settlement.verb is Verb.ACK:
        return "acked"
    # What the policy gives up is rejected, as what the callback drops; what else is rejected was not valid.
    return "rejected" if counts == "dropped" or settlement.exhausted else "invalid"
