# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What a process is at one moment, beside its metrics: connections, consumers, and what failed last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

__all__ = ["MOST_FAILURES", "Connection", "Consumer", "Failure", "Status", "latest"]

#: How many failures are remembered.
MOST_FAILURES = 20


@dataclass(frozen=True)
class Connection:
    """One of the connections to the broker.

    Args:
        purpose: "consuming" or "publishing".
        state: "connected", "blocked", "connecting", "not connected" or "not used".
        host: Host and port.
        broker: Product and version as the broker names them; "" while that is not known.
        since: Since when it is in this state, in seconds since 1970; None: not known.
        reason: Why it is blocked, or was lost, in words.
    """

    purpose: str
    state: str
    host: str
    broker: str
    since: float | None
    reason: str


@dataclass(frozen=True)
class Consumer:
    """One consumer.

    Args:
        name: Its name, "" unless it has one.
        queue: Its queue, as labels of metrics name it.
        state: Its state.
        resting: Why it rests, in words; "" unless it does.
        unacknowledged: The number of messages that were delivered to it and are not settled.
        waiting: How many of these are waiting for their callback to start.
        held: How many of these failed, and wait here for their next attempt.
    """

    name: str
    queue: str
    state: str
    resting: str
    unacknowledged: int
    waiting: int
    held: int


@dataclass(frozen=True)
class Failure:
    """A message whose callback failed, or that was not valid.

    Args:
        time: When, in seconds since 1970.
        schema: Its schema; "" if it had none that could be read.
        error: The class of the error.
        attempts: Which attempt it was.
    """

    time: float
    schema: str
    error: str
    attempts: int


@dataclass(frozen=True)
class Status:
    """What a process is at one moment."""

    connections: tuple[Connection, ...] = ()
    consumers: tuple[Consumer, ...] = ()
    failures: tuple[Failure, ...] = ()

    def as_data(self) -> dict[str, Any]:
        """Return it as dictionaries, lists, strings and numbers, for JSON."""
        return asdict(self)

    @property
    def silent(self) -> Status:
        """What is known of a process that does not answer: its consumers, and what failed before."""
        consumers = tuple(replace(each, state="silent", resting="") for each in self.consumers)
        return Status(consumers=consumers, failures=self.failures)

    @staticmethod
    def from_data(data: Mapping[str, Any]) -> Status:
        """Return the status of which :meth:`as_data` made this."""
        return Status(
            tuple(Connection(**each) for each in data["connections"]),
            tuple(Consumer(**each) for each in data["consumers"]),
            tuple(Failure(**each) for each in data["failures"]),
        )


def latest(failures: Iterable[Failure]) -> tuple[Failure, ...]:
    """Return the last failures of several processes, the last one first."""
    return tuple(sorted(failures, key=lambda each: -each.time)[:MOST_FAILURES])
