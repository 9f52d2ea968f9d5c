# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""`tx.*`: publishes and acknowledgements that happen together, at the commit, or not at all.

A publish is checked and routed when it comes; its message reaches the queues at the commit, before the
acknowledgements are carried out. An acknowledgement takes its deliveries at once, so that none can be
acknowledged twice, but they count for the prefetch limits until the commit. A rollback gives them back.

https://www.rabbitmq.com/docs/semantics#tx
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pika import spec

from .._wire.errors import AMQPError, kind_in_vhost, precondition
from .publishing import Publish, hand_over

if TYPE_CHECKING:
    from .._model.consumers import Delivery
    from .channel import Channel, Methods

Action = Callable[["Channel", "list[Delivery]"], None]


class Transaction:
    """What a channel has done since its last commit or rollback.

    Attributes:
        publishes: its publishes.
    """

    def __init__(self) -> None:
        self.publishes: list[Publish] = []
        self._settlements: list[tuple[dict[int, Delivery], Action]] = []

    def settle(self, deliveries: dict[int, Delivery], action: Action) -> None:
        """Deliveries, by tag, are acknowledged or returned when the transaction is committed."""
        self._settlements.append((deliveries, action))

    def commit(self, channel: Channel) -> None:
        """Does it all.

        Raises: AMQPError, 406, when a queue refused a message; 506, where a queue that is gone is an error.
        """
        publishes, self.publishes = self.publishes, []
        settlements, self._settlements = self._settlements, []
        accepted = True
        for publish in publishes:
            accepted &= hand_over(channel, _without_deleted(channel, publish))
        for deliveries, action in settlements:
            action(channel, channel.unsettled.settled(list(deliveries.values())))
        if not accepted:
            raise precondition("partial tx completion")

    def roll_back(self, channel: Channel) -> None:
        """Forgets it all; the deliveries can be acknowledged again."""
        self.publishes.clear()
        for deliveries, _ in self._settlements:
            channel.unsettled.give_back(deliveries)
        self._settlements.clear()


def _without_deleted(channel: Channel, publish: Publish) -> Publish:
    """A publish without the queues that were deleted since it was routed."""
    there = [target for target in publish.targets if not target.deleted]
    if len(there) == len(publish.targets):
        return publish
    if channel.broker.emulation.commit_needs_queues:
        gone = next(target.name for target in publish.targets if target.deleted)
        what = kind_in_vhost("queue", gone, channel.vhost.name)
        raise AMQPError(spec.RESOURCE_ERROR, f"failed to deliver message: no {what}")
    return publish._replace(targets=there)


def _transaction(channel: Channel) -> Transaction:
    if channel.transaction is None:
        raise precondition("channel is not transactional")
    return channel.transaction


def select(channel: Channel, method: spec.Tx.Select) -> None:
    if channel.confirms is not None:
        raise precondition("cannot switch from confirm to tx mode")
    if channel.transaction is None:
        channel.transaction = Transaction()
    channel.reply(spec.Tx.SelectOk())


def commit(channel: Channel, method: spec.Tx.Commit) -> None:
    _transaction(channel).commit(channel)
    channel.reply(spec.Tx.CommitOk())


def roll_back(channel: Channel, method: spec.Tx.Rollback) -> None:
    _transaction(channel).roll_back(channel)
    channel.reply(spec.Tx.RollbackOk())


METHODS: Methods = {spec.Tx.Select: select, spec.Tx.Commit: commit, spec.Tx.Rollback: roll_back}
