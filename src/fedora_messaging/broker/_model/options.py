# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What a queue's arguments and its policy say together.

https://www.rabbitmq.com/docs/policies
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

#: The types of a delayed retry: whether messages that failed, or were only returned, are held back.
RETRIES = {
    "disabled": (False, False),
    "all": (True, True),
    "failed": (True, False),
    "returned": (False, True),
}


@dataclass(frozen=True)
class Options:
    """A queue's arguments, parsed, or merged with its policy."""

    type: str = "classic"
    expires: int | None = None
    ttl: int | None = None
    dead_letter_exchange: str | None = None
    dead_letter_routing_key: str | None = None
    dead_letter_strategy: str | None = None
    max_length: int | None = None
    max_bytes: int | None = None
    max_priority: int | None = None
    overflow: str | None = None
    single_active: bool = False
    delivery_limit: int | None = None
    retry_type: str | None = None
    retry_min: int | None = None
    retry_max: int | None = None

    @property
    def drops_head(self) -> bool:
        """Whether a full queue drops its oldest messages, rather than refuse new ones."""
        return self.overflow in (None, "drop-head")

    @property
    def keeps_dead_letters(self) -> bool:
        """Whether dead letters stay until they have arrived (``at-least-once``)."""
        return (
            self.dead_letter_strategy == "at-least-once"
            and self.overflow == "reject-publish"
            and self.dead_letter_exchange is not None
        )

    def holds(self, count: int, size: int) -> bool:
        """Whether a queue may hold so many messages, with so many bytes of bodies."""
        return (self.max_length is None or count <= self.max_length) and (
            self.max_bytes is None or size <= self.max_bytes
        )

    def retry_delay(self, attempts: int, *, failed: bool) -> int | None:
        """How long a quorum queue holds a message back that is returned to it.

        Args:
            attempts: deliveries that count (``x-delivery-count``), this one included if it does.
            failed: whether the delivery counts, or the message was only returned.

        Returns:
            The delay in ms, or None for none.
        """
        shortest = self.retry_min or 0
        of_failed, of_returned = RETRIES.get(self.retry_type or "disabled", (False, False))
        if shortest <= 0 or not (of_failed if failed else of_returned):
            return None
        longest = self.retry_max if self.retry_max is not None and self.retry_max > 0 else shortest
        return min(shortest * max(1, attempts), longest)

    def merged(self, policy: Mapping[str, Any]) -> Options:
        """Return these options with those of a policy, by field, beside them.

        Of two limits the smaller one holds (a negative one is none), of anything else the argument; but the
        policy's type of delayed retry.
        """
        changes = {}
        for name, value in policy.items():
            own = getattr(self, name)
            if own is None or name == "retry_type":
                changes[name] = value
            elif isinstance(own, int):
                changes[name] = min((each for each in (own, value) if each >= 0), default=own)
        return replace(self, **changes)
