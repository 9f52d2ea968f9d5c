# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``tx.*``: publishes and acknowledgements that happen together, at the commit, or not at all.

A publish is checked and routed when it comes; its message reaches the queues at the commit, before the
acknowledgements are carried out. An acknowledgement takes its deliveries at once, so that none can be
acknowledged twice, but they count for the prefetch limits until the commit. A rollback gives them back.

https://www.rabbitmq.com/docs/semantics#tx
"""

from __future__ import annotations

from pika import spec

from .._wire.errors import AMQPError, kind_in_vhost, precondition
from .channel import Channel, Methods
from .publishing import hand_over
from .transaction import Publish, Transaction


def _without_deleted(channel: Channel, publish: Publish) -> Publish:
    """Leave out the queues that were deleted since the message was routed."""
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
    """Make the channel transactional."""
    if channel.confirms is not None:
        raise precondition("cannot switch from confirm to tx mode")
    if channel.transaction is None:
        channel.transaction = Transaction()
    channel.reply(spec.Tx.SelectOk())


def commit(channel: Channel, method: spec.Tx.Commit) -> None:
    """Carry out the transaction."""
    publishes, settlements = _transaction(channel).take()
    accepted = True
    for publish in publishes:
        accepted &= hand_over(channel, _without_deleted(channel, publish))
    for deliveries, settle in settlements:
        settle(channel.unsettled.settled(list(deliveries.values())))
    if not accepted:
        raise precondition("partial tx completion")
    channel.reply(spec.Tx.CommitOk())


def roll_back(channel: Channel, method: spec.Tx.Rollback) -> None:
    """Undo the transaction."""
    _transaction(channel).roll_back(channel.unsettled)
    channel.reply(spec.Tx.RollbackOk())


METHODS: Methods = {spec.Tx.Select: select, spec.Tx.Commit: commit, spec.Tx.Rollback: roll_back}
