# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The one table of metrics: names, types, units, labels and what each means."""

from __future__ import annotations

from typing import NamedTuple

from .._core.lifecycle import State

__all__ = [
    "BUILD_INFO",
    "CALLBACK_DURATION",
    "CALLBACK_RUNNING",
    "CONNECTED",
    "CONNECTIONS",
    "CONNECTION_BLOCKED",
    "CONNECTION_FAILURES",
    "CONSUMER_STATE",
    "MESSAGE_AGE",
    "METRICS",
    "OTHER",
    "PUBLISHED",
    "PUBLISH_DURATION",
    "PUBLISH_IN_FLIGHT",
    "PUBLISH_OUTCOMES",
    "PUBLISH_PENDING",
    "RECEIVED",
    "SETTLED",
    "SETTLE_OUTCOMES",
    "STATES",
    "UNACKNOWLEDGED",
    "WAITING",
    "Metric",
]

#: The ways in which publishing a message ends.
PUBLISH_OUTCOMES = (
    "confirmed",
    "returned",
    "nacked",
    "forbidden",
    "timeout",
    "connection",
    "invalid",
    "backlog",
)
#: What becomes of a message that was received.
SETTLE_OUTCOMES = ("acked", "requeued", "rejected", "invalid", "retried", "quarantined", "failed")
#: What exchanges, queues and schemas are called that are not told apart.
OTHER = "other"
#: The states of a consumer.
STATES = tuple(state.value for state in State)


class Metric(NamedTuple):
    """One metric.

    Attributes:
        name: Its name, that of a counter with ``_total``.
        kind: "counter", "gauge" or "histogram".
        help: What it is, in a sentence.
        labels: The names of its labels.
        buckets: The upper bounds of a histogram's buckets, but for the infinite one.
    """

    name: str
    kind: str
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def unit(self) -> str:
        """The unit that its name says; "" for a number of things."""
        return "seconds" if self.name.endswith("_seconds") else ""


PUBLISHED = Metric(
    "fedora_messaging_published_total",
    "counter",
    "Messages whose publishing has ended, by outcome.",
    ("exchange", "outcome"),
)
PUBLISH_DURATION = Metric(
    "fedora_messaging_publish_duration_seconds",
    "histogram",
    "Time from accepting a message until it was confirmed or given up.",
    ("exchange",),
    (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
PUBLISH_PENDING = Metric(
    "fedora_messaging_publish_pending", "gauge", "Messages that wait to be sent or confirmed."
)
PUBLISH_IN_FLIGHT = Metric(
    "fedora_messaging_publish_in_flight", "gauge", "Messages that were sent but are not yet confirmed."
)
RECEIVED = Metric(
    "fedora_messaging_received_total",
    "counter",
    "Messages that the broker delivered, including redelivered ones.",
    ("queue",),
)
SETTLED = Metric(
    "fedora_messaging_settled_total",
    "counter",
    "Messages that were settled, by outcome.",
    ("queue", "outcome"),
)
CALLBACK_DURATION = Metric(
    "fedora_messaging_callback_duration_seconds",
    "histogram",
    "Duration of callbacks.",
    ("queue",),
    (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0),
)
CALLBACK_RUNNING = Metric(
    "fedora_messaging_callback_running_seconds",
    "gauge",
    "How long the longest running callback has been running; 0 if none is.",
    ("queue",),
)
MESSAGE_AGE = Metric(
    "fedora_messaging_message_age_seconds",
    "histogram",
    "Time from sending a message (its header sent-at, in whole seconds) until it arrived here.",
    ("queue",),
    (1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 3600.0, 21600.0, 86400.0),
)
UNACKNOWLEDGED = Metric(
    "fedora_messaging_unacknowledged",
    "gauge",
    "Messages that were delivered but are not yet settled.",
    ("queue",),
)
WAITING = Metric(
    "fedora_messaging_waiting",
    "gauge",
    "Messages that were delivered but whose callback has not started.",
    ("queue",),
)
CONSUMER_STATE = Metric(
    "fedora_messaging_consumer_state",
    "gauge",
    "1 for the state that a consumer is in, 0 for all others.",
    ("queue", "state"),
)
CONNECTED = Metric("fedora_messaging_connected", "gauge", "1 while the connection is open.", ("connection",))
CONNECTION_BLOCKED = Metric(
    "fedora_messaging_blocked", "gauge", "1 while the broker blocks the connection.", ("connection",)
)
CONNECTIONS = Metric(
    "fedora_messaging_connections_total", "counter", "Connections that were opened.", ("connection",)
)
CONNECTION_FAILURES = Metric(
    "fedora_messaging_connection_failures_total",
    "counter",
    "Connections that were lost or could not be opened, by reason.",
    ("connection", "reason"),
)
BUILD_INFO = Metric(
    "fedora_messaging_build_info",
    "gauge",
    "Always 1; the labels are the versions of this package, of Python and of the broker.",
    ("version", "python", "broker"),
)

#: All metrics, in the order in which they are shown.
METRICS = (
    PUBLISHED,
    PUBLISH_DURATION,
    PUBLISH_PENDING,
    PUBLISH_IN_FLIGHT,
    RECEIVED,
    SETTLED,
    CALLBACK_DURATION,
    CALLBACK_RUNNING,
    MESSAGE_AGE,
    UNACKNOWLEDGED,
    WAITING,
    CONSUMER_STATE,
    CONNECTED,
    CONNECTION_BLOCKED,
    CONNECTIONS,
    CONNECTION_FAILURES,
    BUILD_INFO,
)
