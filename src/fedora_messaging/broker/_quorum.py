# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Quorum queues, on their one node: what they refuse, how they count deliveries, where returned messages go.

https://www.rabbitmq.com/docs/quorum-queues
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ._errors import kind_in_vhost, not_implemented, precondition
from ._fields import Field, Malformed, long
from ._message import Entry
from ._properties import Properties
from ._queue import Queue

if TYPE_CHECKING:
    from ._consumers import Consumer


def check_declaration(queue: str, vhost: str, *, durable: bool, auto_delete: bool, exclusive: bool) -> None:
    """Raises: AMQPError, 406, for properties that quorum queues do not have."""
    what = kind_in_vhost("queue", queue, vhost)
    if not durable:
        raise precondition(f"invalid property 'non-durable' for {what}")
    if exclusive:
        raise precondition(f"invalid property 'exclusive-owner' for {what}")
    if auto_delete:
        raise precondition(f"invalid property 'auto-delete' for {what}")


class QuorumQueue(Queue):
    """A quorum queue."""

    type = "quorum"

    @property
    def _limit(self) -> int | None:
        limit = self.options.delivery_limit
        return self.vhost.emulation.delivery_limit if limit is None else limit

    def put_back(self, entries: Sequence[Entry], *, counted: bool) -> None:
        kept = []
        limit = self._limit
        for entry in entries:
            entry.acquired += 1
            entry.attempts += counted
            if limit is not None and entry.attempts > limit and not self.deleted:
                self.unacked -= 1
                self.vhost.dead_letter(self, entry, "delivery_limit")
            else:
                kept.append(entry)
        super().put_back(kept, counted=counted)

    def properties(self, entry: Entry) -> bytes:
        counts: dict[str, Field | None] = {}
        if entry.attempts:
            counts["x-delivery-count"] = long(entry.attempts)
        if not counts:
            return entry.message.properties
        try:
            return Properties(entry.message.properties).with_headers(counts)
        except Malformed:
            return entry.message.properties

    def subscribe(self, consumer: Consumer, exclusive: bool) -> None:
        if consumer.channel.global_limit is not None:
            what = kind_in_vhost("queue", self.name, self.vhost.name)
            raise not_implemented(f"{what} does not support global qos")
        super().subscribe(consumer, exclusive)
