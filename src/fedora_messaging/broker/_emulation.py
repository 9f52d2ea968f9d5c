# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What differs between the releases of RabbitMQ that the broker can play, in one table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Emulation:
    """One release of RabbitMQ, as far as clients can tell it from another."""

    version: str
    #: Bytes of the largest body; more is 406.
    max_message_size: int
    #: Smallest frame-max a client may ask for, and what happens below: 530, or the connection just ends.
    frame_min: int
    frame_min_silent: bool
    #: Deliveries a quorum queue allows where `x-delivery-limit` says nothing.
    delivery_limit: int | None
    #: Whether `basic.nack` with requeue counts as a delivery attempt.
    nack_counts: bool
    #: Whether `basic.qos` with the global bit limits the channel, or each new consumer.
    global_qos: bool
    #: Whether `x-death` entries that a client published count on.
    client_deaths_count: bool
    #: Whether a headers exchange tells apart values of different AMQP types.
    typed_headers: bool
    #: Whether queues neither durable nor exclusive are an old habit (warned of, or refused if so configured).
    transient_deprecated: bool


RELEASES = {
    "3.10": Emulation(
        version="3.10.8",
        max_message_size=134217728,
        frame_min=4096,
        frame_min_silent=False,
        delivery_limit=None,
        nack_counts=True,
        global_qos=True,
        client_deaths_count=True,
        typed_headers=True,
        transient_deprecated=False,
    ),
    "4.3": Emulation(
        version="4.3.0",
        max_message_size=16777216,
        frame_min=8192,
        frame_min_silent=True,
        delivery_limit=20,
        nack_counts=False,
        global_qos=False,
        client_deaths_count=False,
        typed_headers=False,
        transient_deprecated=True,
    ),
}


def emulation(release: str) -> Emulation:
    """The release with that name. Raises: ValueError, which lists those there are."""
    try:
        return RELEASES[release]
    except KeyError:
        raise ValueError(
            f"no such release to emulate: {release!r}; there are {', '.join(RELEASES)}"
        ) from None
