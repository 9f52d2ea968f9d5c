# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What differs between the releases of RabbitMQ that the broker can emulate, in one table.

All differences were observed on these releases; the conformance suite compares the broker with them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Emulation:
    """One release of RabbitMQ, as far as clients can tell it from another.

    Attributes:
        version: what ``connection.start`` says.
        protocols: protocol headers that are understood, and ``protocol_reply``, the answer to all others.
        max_message_size: bytes of the largest body; more is 406.
        frame_min: the smallest frame-max a client may ask for.
        excess_body_ends: whether a body longer than announced is an error (501), or never completes.
        unknown_type_ends: whether an unknown exchange type ends the connection (503) or the channel (406).
        typed_headers: whether a headers exchange tells apart values of different AMQP types.
        passive_checked: whether passive declarations need a permission of any kind.
        queue_mode_checked: whether ``x-queue-mode`` has to be one of its two values.
        classic_locator: whether classic queues know ``x-queue-leader-locator``.
        master_locator_ends: whether ``x-queue-master-locator`` ends the connection (541).
        transient_deprecated: whether queues neither durable nor exclusive are deprecated.
        global_qos: whether ``basic.qos`` with the global bit limits the channel, or each new consumer.
        delivery_limit: deliveries a quorum queue allows without ``x-delivery-limit``.
        nack_counts: whether ``basic.nack`` with requeue counts for that limit.
        returns_last: whether a quorum queue puts what a client returns behind the ready messages.
        strict_priorities: whether quorum queues have priorities, and the one of messages without.
        acquired_header: whether quorum queues report all deliveries in ``x-acquired-count``.
        zero_count_on_get: whether ``basic.get`` from a quorum queue reports an ``x-delivery-count`` of 0.
        client_deaths_count: whether ``x-death`` entries that a client published are counted further.
        last_death_headers: whether dead letters have ``x-last-death-...`` headers.
        commit_needs_queues: whether a commit fails (506) when a queue of it was deleted meanwhile.
        local_random: whether there are exchanges of the type ``x-local-random``.
        headers_rewritten: whether headers are sorted, and their values written in one form.
        replies_are_queues: whether an address for direct replies counts as a queue.
        delayed_retry: whether quorum queues know ``x-delayed-retry-...``.
        purges_dead_letters: whether a purge takes dead letters that wait to be accepted.
        unlimited_deliveries: whether a negative delivery limit is none, or as good as 0.
        reject_marks: whether a rejected message is marked as redelivered where it is dead-lettered to.
    """

    version: str
    protocols: tuple[bytes, ...]
    protocol_reply: bytes
    max_message_size: int
    frame_min: int
    excess_body_ends: bool
    unknown_type_ends: bool
    typed_headers: bool
    passive_checked: bool
    queue_mode_checked: bool
    classic_locator: bool
    master_locator_ends: bool
    transient_deprecated: bool
    global_qos: bool
    delivery_limit: int | None
    nack_counts: bool
    returns_last: bool
    strict_priorities: int | None
    acquired_header: bool
    zero_count_on_get: bool
    client_deaths_count: bool
    last_death_headers: bool
    commit_needs_queues: bool
    local_random: bool
    headers_rewritten: bool
    replies_are_queues: bool
    reject_marks: bool
    delayed_retry: bool
    purges_dead_letters: bool
    unlimited_deliveries: bool


RELEASES = {
    "3.10": Emulation(
        version="3.10.8",
        protocols=(b"AMQP\x00\x00\x09\x01", b"AMQP\x01\x01\x00\x09", b"AMQP\x01\x01\x08\x00"),
        protocol_reply=b"AMQP\x00\x00\x09\x01",
        max_message_size=134217728,
        frame_min=4096,
        excess_body_ends=False,
        unknown_type_ends=True,
        typed_headers=True,
        passive_checked=False,
        queue_mode_checked=True,
        classic_locator=False,
        master_locator_ends=False,
        transient_deprecated=False,
        global_qos=True,
        delivery_limit=None,
        nack_counts=True,
        returns_last=True,
        strict_priorities=None,
        acquired_header=False,
        zero_count_on_get=True,
        client_deaths_count=True,
        last_death_headers=False,
        commit_needs_queues=False,
        local_random=False,
        headers_rewritten=False,
        replies_are_queues=False,
        reject_marks=False,
        delayed_retry=False,
        purges_dead_letters=False,
        unlimited_deliveries=False,
    ),
    "4.3": Emulation(
        version="4.3.0",
        protocols=(b"AMQP\x00\x00\x09\x01", b"AMQP\x01\x01\x00\x09"),
        protocol_reply=b"AMQP\x03\x01\x00\x00",
        max_message_size=16777216,
        frame_min=8192,
        excess_body_ends=True,
        unknown_type_ends=False,
        typed_headers=False,
        passive_checked=True,
        queue_mode_checked=False,
        classic_locator=True,
        master_locator_ends=True,
        transient_deprecated=True,
        global_qos=False,
        delivery_limit=20,
        nack_counts=False,
        returns_last=False,
        strict_priorities=4,
        acquired_header=True,
        zero_count_on_get=False,
        client_deaths_count=False,
        last_death_headers=True,
        commit_needs_queues=True,
        local_random=True,
        headers_rewritten=True,
        replies_are_queues=True,
        reject_marks=True,
        delayed_retry=True,
        purges_dead_letters=True,
        unlimited_deliveries=True,
    ),
}


def emulation(release: str) -> Emulation:
    """Return the release with a name.

    Raises:
        ValueError: There is no such release; the text lists those there are.
    """
    if release not in RELEASES:
        raise ValueError(f"no such release to emulate: {release!r}; there are {', '.join(RELEASES)}")
    return RELEASES[release]
