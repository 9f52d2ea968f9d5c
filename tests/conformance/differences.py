# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Where the embedded broker is not RabbitMQ, on purpose: one table, which the documentation prints.

A case listed here has the outcome given here on the embedded broker, and RabbitMQ's own on RabbitMQ. Where
the releases of RabbitMQ differ from each other, `outcomes.json` says how.
"""

from typing import Any, NamedTuple


class Difference(NamedTuple):
    """What is different, why, and the outcome on the embedded broker.

    Attributes:
        releases: the emulated releases it concerns.
    """

    what: str
    why: str
    outcome: Any
    releases: tuple[str, ...] = ("3.10", "4.3")


DIFFERENCES = {
    "a_stream_queue": Difference(
        "Stream queues are refused", "they are another kind of broker", "connection 540"
    ),
}

#: Differences that no case can show: what there is none of.
MISSING = (
    ("Persistence", "a restart begins with nothing"),
    ("Clustering, mirroring and replication", "a quorum queue has one node"),
    ("The acknowledgement time-out (`consumer_timeout`)", "tests that need it run on RabbitMQ"),
    ("Policies, limits and the management API", "arguments of queues and exchanges do the same"),
    ("Topic permissions", "those for names are there"),
    ("AMQP 1.0 and other protocols", "AMQP 0-9-1 is what the package speaks"),
)
