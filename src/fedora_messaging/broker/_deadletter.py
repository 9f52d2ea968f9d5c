# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Dead-lettering: why a message left a queue, written into its headers as `x-death`.

https://www.rabbitmq.com/docs/dlx
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ._fields import Field, Malformed, Table, array, long, nested, read_array, read_table, string
from ._properties import Properties

if TYPE_CHECKING:
    from ._message import Entry, Message
    from ._queue import Queue


@dataclass(frozen=True)
class Death:
    """One entry of `x-death`: a queue and a reason, and how often."""

    queue: str
    reason: str
    exchange: str
    keys: tuple[str, ...]
    time: int
    count: int = 1
    expiration: bytes | None = None

    def field(self) -> Field:
        table: Table = {
            "count": long(self.count),
            "reason": string(self.reason),
            "queue": string(self.queue),
            "time": Field(b"T", self.time),
            "exchange": string(self.exchange),
            "routing-keys": array([string(key) for key in self.keys]),
        }
        if self.expiration is not None:
            table["original-expiration"] = string(self.expiration)
        return nested(table)


@dataclass(frozen=True)
class Deaths:
    """How often a message died, the latest first."""

    entries: tuple[Death, ...]
    first: Death

    def cycles(self, queue: str) -> bool:
        """Whether a message on its way to a queue goes round without any client having refused it."""
        for death in self.entries:
            if death.reason == "rejected":
                return False
            if death.queue == queue:
                return True
        return False


def recorded(entry: Entry, queue: Queue, reason: str, now: int) -> Deaths:
    """A message's deaths with this one. Raises: Malformed"""
    message = entry.message
    properties = Properties(message.properties)
    death = Death(
        queue.name,
        reason,
        message.exchange,
        message.keys,
        now,
        expiration=properties.expiration,
    )
    before = message.deaths
    if before is None and queue.vhost.emulation.client_deaths_count:
        before = _read(properties.headers)
    if before is None:
        return Deaths((death,), death)
    for known in before.entries:
        if known.queue == death.queue and known.reason == death.reason:
            others = tuple(each for each in before.entries if each is not known)
            return Deaths((replace(known, count=known.count + 1), *others), before.first)
    return Deaths((death, *before.entries), before.first)


def headers(deaths: Deaths, *, last: bool) -> dict[str, Field | None]:
    """The headers that tell of deaths.

    Args:
        last: whether there are `x-last-death-...` headers.
    """
    changes: dict[str, Field | None] = {
        "x-death": array([death.field() for death in deaths.entries]),
        "x-first-death-exchange": string(deaths.first.exchange),
        "x-first-death-queue": string(deaths.first.queue),
        "x-first-death-reason": string(deaths.first.reason),
    }
    if last:
        latest = deaths.entries[0]
        changes["x-last-death-exchange"] = string(latest.exchange)
        changes["x-last-death-queue"] = string(latest.queue)
        changes["x-last-death-reason"] = string(latest.reason)
    return changes


def _read(table: Table) -> Deaths | None:
    """The deaths that a message's headers tell of; what makes no sense is left out."""
    field = table.get("x-death")
    if field is None or field.kind != b"A" or not isinstance(field.value, bytes):
        return None
    found = []
    for item in read_array(field.value):
        if item.kind != b"F" or not isinstance(item.value, bytes):
            continue
        try:
            values = read_table(item.value)
            queue, reason, exchange = (values[name].text for name in ("queue", "reason", "exchange"))
            count, time, keys = (values[name].value for name in ("count", "time", "routing-keys"))
            names = tuple(key.text for key in read_array(keys)) if isinstance(keys, bytes) else ()
        except (KeyError, Malformed):
            continue
        if isinstance(count, int) and isinstance(time, int):
            original = values.get("original-expiration")
            expiration = (
                original.value if original is not None and isinstance(original.value, bytes) else None
            )
            found.append(Death(queue, reason, exchange, names, time, count, expiration))
    return Deaths(tuple(found), _first(table, found)) if found else None


def _first(table: Table, found: list[Death]) -> Death:
    names = [table.get(f"x-first-death-{name}") for name in ("queue", "reason", "exchange")]
    queue, reason, exchange = (field.text if field is not None else "" for field in names)
    return replace(found[-1], queue=queue, reason=reason, exchange=exchange) if queue else found[-1]


def dead_message(
    message: Message, deaths: Deaths, routing_key: str | None, exchange: str, last: bool
) -> Message:
    """The message as it goes on to the dead-letter exchange. Raises: Malformed"""
    from ._message import Message as Dead

    raw = Properties(message.properties).with_headers(headers(deaths, last=last), expiration=False)
    keys = message.keys if routing_key is None else (routing_key,)
    dead = Dead(exchange, keys[0], raw, message.body)
    dead.keys = keys
    dead.priority = message.priority
    dead.deaths = deaths
    return dead
