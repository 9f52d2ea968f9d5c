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
        "Stream queues are refused", "they would need another kind of storage", "connection 540"
    ),
}

#: Differences that no case can show: what there is none of.
MISSING = (
    ("Persistence", "everything is gone after a restart"),
    ("Clustering, mirroring and replication", "a quorum queue has one node"),
    ("The acknowledgement time-out (`consumer_timeout`)", "the tests that need it run on RabbitMQ"),
    ("Limits, policies for exchanges, and the management API", "policies for queues are set in Python"),
    ("Topic permissions", "permissions for names are supported"),
    ("AMQP 1.0 and other protocols", "the package only speaks AMQP 0-9-1"),
)
