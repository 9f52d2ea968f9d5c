# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A message's dead-letterings, and the headers that list them.

https://www.rabbitmq.com/docs/dlx
"""

from __future__ import annotations

from dataclasses import dataclass

from .._wire.fields import Field, Table, array, nested, string


@dataclass(frozen=True)
class Deaths:
    """The dead-letterings of a message, the latest first, and the origin of the first.

    Attributes:
        entries: the tables of ``x-death``.
        first: exchange, queue and reason, or None where the headers do not contain them.
    """

    entries: tuple[Table, ...]
    first: tuple[Field, Field, Field] | None

    def cycles(self, queue: str) -> bool:
        """Whether a message on its way to a queue is in a cycle without any rejection by a client."""
        for death in self.entries:
            if death_text(death, "reason") == "rejected":
                return False
            if death_text(death, "queue") == queue:
                return True
        return False

    def headers(self, *, last: bool) -> dict[str, Field | None]:
        """The headers that list the dead-letterings.

        Args:
            last: whether there are ``x-last-death-...`` headers.
        """
        changes: dict[str, Field | None] = {"x-death": array([nested(death) for death in self.entries])}
        if self.first is not None:
            changes.update(zip(_named("first"), self.first, strict=True))
        if last:
            changes.update(zip(_named("last"), origin(self.entries[0]), strict=True))
        return changes


def origin(death: Table) -> tuple[Field, Field, Field]:
    """Return exchange, queue and reason of one dead-lettering."""
    nothing = string("")
    return death.get("exchange", nothing), death.get("queue", nothing), death.get("reason", nothing)


def death_text(death: Table, name: str) -> str | None:
    """Return a string from one table of ``x-death``, or None."""
    field = death.get(name)
    return field.text if field is not None and field.kind == b"S" else None


def _named(which: str) -> tuple[str, str, str]:
    return f"x-{which}-death-exchange", f"x-{which}-death-queue", f"x-{which}-death-reason"
