# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Dead-lettering: why a message left a queue, written into its headers as `x-death`.

https://www.rabbitmq.com/docs/dlx
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._wire.fields import Field, Malformed, Table, array, long, nested, read_array, read_table, string
from .._wire.properties import Properties

if TYPE_CHECKING:
    from .message import Message


@dataclass(frozen=True)
class Deaths:
    """How a message died, the latest first; and what the headers say of the first time.

    Attributes:
        entries: the tables of `x-death`.
        first: exchange, queue and reason, or None where the headers say nothing of them.
    """

    entries: tuple[Table, ...]
    first: tuple[Field, Field, Field] | None

    def cycles(self, queue: str) -> bool:
        """Whether a message on its way to a queue goes round without any client having rejected it."""
        for death in self.entries:
            if _text(death, "reason") == "rejected":
                return False
            if _text(death, "queue") == queue:
                return True
        return False

    def headers(self, *, last: bool) -> dict[str, Field | None]:
        """The headers that tell of it.

        Args:
            last: whether there are `x-last-death-...` headers.
        """
        changes: dict[str, Field | None] = {"x-death": array([nested(death) for death in self.entries])}
        if self.first is not None:
            changes.update(zip(_named("first"), self.first, strict=True))
        if last:
            changes.update(zip(_named("last"), _origin(self.entries[0]), strict=True))
        return changes


def recorded(message: Message, queue: str, reason: str, now: int, *, from_headers: bool) -> Deaths:
    """A message's deaths with this one.

    Args:
        now: the time, in seconds.
        from_headers: whether the message's own headers tell of those before, or only the broker's memory.

    Raises: Malformed, for headers that RabbitMQ stumbles over, too.
    """
    properties = Properties(message.properties)
    death: Table = {
        "count": long(1),
        "reason": string(reason),
        "queue": string(queue),
        "time": Field(b"T", now),
        "exchange": string(message.exchange),
        "routing-keys": array([string(key) for key in message.keys]),
    }
    if properties.expiration is not None:
        death["original-expiration"] = string(properties.expiration)
    before = _read(properties.headers) if from_headers else message.deaths
    if before is None:
        return Deaths((death,), _origin(death))
    others = []
    for known in before.entries:
        if _text(known, "queue") == queue and _text(known, "reason") == reason:
            count = known.get("count")
            times = count.value if count is not None and isinstance(count.value, int) else 0
            death = {**known, "count": long(times + 1)}
        else:
            others.append(known)
    return Deaths((death, *others), before.first)


def dead_message(
    message: Message, deaths: Deaths, routing_key: str | None, exchange: str, last: bool
) -> Message:
    """The message as it goes on to the dead-letter exchange, without its own time to live.

    Raises: Malformed
    """
    properties = Properties(message.properties).with_headers(deaths.headers(last=last), expiration=False)
    keys = message.keys if routing_key is None else (routing_key,)
    dead = type(message)(exchange, keys[0], properties, message.body)
    dead.keys = keys
    dead.priority = message.priority
    dead.deaths = deaths
    dead.redelivered = message.redelivered
    return dead


def _read(headers: Table) -> Deaths | None:
    """What a message's headers tell. What is no array is put aside; what is no table in it, is an error."""
    field = headers.get("x-death")
    if field is None:
        return None
    if field.kind != b"A" or not isinstance(field.value, bytes):
        return Deaths((), None)
    entries = []
    for item in read_array(field.value):
        if item.kind != b"F" or not isinstance(item.value, bytes):
            raise Malformed("x-death holds what is no table")
        entries.append(read_table(item.value))
    return Deaths(tuple(entries), None)


def _origin(death: Table) -> tuple[Field, Field, Field]:
    nothing = string("")
    return death.get("exchange", nothing), death.get("queue", nothing), death.get("reason", nothing)


def _named(which: str) -> tuple[str, str, str]:
    return f"x-{which}-death-exchange", f"x-{which}-death-queue", f"x-{which}-death-reason"


def _text(death: Table, name: str) -> str | None:
    field = death.get(name)
    return field.text if field is not None and field.kind == b"S" else None
