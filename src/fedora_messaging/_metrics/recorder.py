# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Counts and measures what observers are told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from .._core.delivery import ACK, Delivery, Settlement
from .._core.lifecycle import CloseReason
from .._core.observer import NullObserver, Run, Timed
from .._core.outgoing import Outgoing
from .._reporting.text import text_of
from .ages import Ages
from .histogram import Histogram
from .outcomes import publish_outcome, settle_outcome
from .recent import Recent
from .snapshot import Series, Snapshot
from .table import (
    CALLBACK_DURATION,
    CALLBACK_RUNNING,
    CONNECTION_FAILURES,
    CONNECTIONS,
    MESSAGE_AGE,
    OTHER,
    PUBLISH_DURATION,
    PUBLISH_OUTCOMES,
    PUBLISHED,
    RECEIVED,
    SETTLE_OUTCOMES,
    SETTLED,
)

__all__ = ["OTHER", "SERVER_NAMED", "Metrics", "queue_label"]

#: What queues are called whose names the broker has made.
SERVER_NAMED = "(server-named)"
#: How many exchanges and queues are told apart; the others are OTHER together.
_MOST = 1000


def queue_label(queue: str) -> str:
    """Return what a queue is called in labels."""
    return SERVER_NAMED if not queue or queue.startswith("amq.gen-") else queue


class _Exchange:
    __slots__ = ("duration", "ended")

    def __init__(self) -> None:
        self.ended = dict.fromkeys(PUBLISH_OUTCOMES, 0)
        self.duration = Histogram(PUBLISH_DURATION)


class _Queue:
    __slots__ = ("by_schema", "received", "settled")

    def __init__(self) -> None:
        self.received = 0
        self.settled = dict.fromkeys(SETTLE_OUTCOMES, 0)
        #: How long callbacks ran, and the age of messages.
        self.by_schema: dict[str, tuple[Histogram, Histogram]] = {}


class Metrics(NullObserver):
    """An observer that counts and measures. Several services may share one.

    Args:
        seconds: The clock by which messages arrive and callbacks run.
        wall: The wall clock, in seconds since 1970, with which ``sent-at`` is compared.
        schema_of: Returns the schema that a message's headers name, as a label for durations and ages. None
            means no such label. The number of different values is limited.

    Attributes:
        gauges: Returns the series of gauges that are read when a snapshot is taken, by their names.
        recent: Remembers what happened last.
    """

    def __init__(
        self,
        seconds: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        schema_of: Callable[[Mapping[str, Any]], str] | None = None,
    ) -> None:
        self.gauges: Callable[[], Mapping[str, Series]] = dict
        self.recent = Recent(wall)
        self._seconds = seconds
        self._schema_of = schema_of
        # Messages are refused, and snapshots may be taken, in other threads: held to add an exchange, a queue
        # or a schema, to count what is published, and to look at them all.
        self._lock = threading.Lock()
        self._exchanges: dict[str, _Exchange] = {}
        self._queues: dict[str, _Queue] = {}
        self._connections: dict[str, int] = {}
        self._failures: dict[tuple[str, ...], int] = {}
        self._publishing: dict[Outgoing, float] = {}
        self._ages = Ages(seconds, wall)
        #: Who says how long callbacks run, with the label of the queue.
        self._timed: WeakKeyDictionary[Timed, str] = WeakKeyDictionary()

    # What an observer is told; see there

    def connected(self, connection: str, peer: str, broker: str) -> None:
        self._connections[connection] = self._connections.get(connection, 0) + 1
        self.recent.connected(connection)

    def disconnected(self, connection: str, reason: CloseReason) -> None:
        key = connection, reason.failure
        self._failures[key] = self._failures.get(key, 0) + 1
        self.recent.disconnected(connection, reason)

    def publish_started(self, outgoing: Outgoing) -> None:
        self._publishing[outgoing] = self._seconds()

    def publish_ended(self, outgoing: Outgoing, error: Exception | None) -> None:
        since = self._publishing.pop(outgoing, None)
        with self._lock:
            exchange = self._exchange(outgoing.exchange.decode("utf-8", "replace"))
            exchange.ended[publish_outcome(error)] += 1
            if since is not None:
                exchange.duration.observe(self._seconds() - since)

    def publish_refused(self, exchange: str, error: Exception) -> None:
        name, outcome = text_of(exchange, 255), publish_outcome(error)
        with self._lock:
            self._exchange(name).ended[outcome] += 1

    def declared(self, queue: str, generation: int) -> None:
        self._queue(queue)

    def timed(self, queue: str, callbacks: Timed) -> None:
        with self._lock:
            self._timed[callbacks] = queue_label(queue)

    def delivered(self, delivery: Delivery) -> None:
        (self._queues.get(delivery.queue) or self._queue(delivery.queue)).received += 1

    # These are called for several messages at a time, so that each costs little.

    def processed(self, runs: Sequence[Run]) -> None:
        queue = self._queue(runs[0][0].queue)
        if self._schema_of is None:
            self._measure(queue, "", runs)
        else:
            by_schema: dict[str, list[Run]] = {}
            for run in runs:
                if run[1] is not None:
                    by_schema.setdefault(self._schema_of(run[1]), []).append(run)
            for schema, some in by_schema.items():
                self._measure(queue, schema, some)
        for delivery, headers, _, error in runs:
            if error is not None:
                self.recent.failed(delivery, headers, error)

    def _measure(self, queue: _Queue, schema: str, runs: Sequence[Run]) -> None:
        """Add how long callbacks ran, and how old their messages were when they arrived."""
        both = queue.by_schema.get(schema)
        if both is None:
            both = Histogram(CALLBACK_DURATION), Histogram(MESSAGE_AGE)
            with self._lock:
                queue.by_schema[schema] = both
        durations, ages = both
        durations.observe_all([seconds for _, headers, seconds, _ in runs if headers is not None])
        ages.observe_all(self._ages.of(runs))

    def held(self, delivery: Delivery, settlement: Settlement) -> None:
        self._queue(delivery.queue).settled[settle_outcome(settlement)] += 1
        self.recent.decided(delivery)

    def settled(self, deliveries: Sequence[Delivery], settlement: Settlement) -> None:
        queue = self._queue(deliveries[0].queue)
        if settlement is ACK:
            queue.settled["acked"] += len(deliveries)
            return
        for delivery in deliveries:
            self.recent.decided(delivery)
        # What is held was counted then: it may go back before its delay is over.
        if settlement.forward or not (settlement.delay or settlement.again):
            queue.settled[settle_outcome(settlement)] += len(deliveries)

    # What is asked

    def snapshot(self) -> Snapshot:
        """Return the current values of all metrics. The gauges are read in the caller's thread."""
        with self._lock:
            exchanges, queues = self._exchanges, self._queues
            series: dict[str, dict[tuple[str, ...], Any]] = {
                PUBLISHED.name: {
                    (name, outcome): count
                    for name, exchange in exchanges.items()
                    for outcome, count in exchange.ended.items()
                },
                PUBLISH_DURATION.name: {
                    (name,): exchange.duration.value() for name, exchange in exchanges.items()
                },
                RECEIVED.name: {(name,): queue.received for name, queue in queues.items()},
                SETTLED.name: {
                    (name, outcome): count
                    for name, queue in queues.items()
                    for outcome, count in queue.settled.items()
                },
                CALLBACK_DURATION.name: self._by_schema(0),
                MESSAGE_AGE.name: self._by_schema(1),
            }
        series[CONNECTIONS.name] = {(name,): count for name, count in self._connections.copy().items()}
        series[CONNECTION_FAILURES.name] = self._failures.copy()
        extra = (
            {} if self._schema_of is None else {CALLBACK_DURATION.name: "schema", MESSAGE_AGE.name: "schema"}
        )
        series[CALLBACK_RUNNING.name] = {(name,): longest for name, longest in self._running().items()}
        return Snapshot({**series, **self.gauges()}, extra)

    @property
    def longest_callback(self) -> float:
        """How long the longest running callback has been running, in seconds. 0 if none is running."""
        return max(self._running().values(), default=0.0)

    def _running(self) -> dict[str, float]:
        """How long the longest callback of each queue has been running, in seconds."""
        with self._lock:
            longest = dict.fromkeys(self._queues, 0.0)
            timed = list(self._timed.items())
        for callbacks, queue in timed:
            if queue not in longest and len(longest) >= _MOST:
                queue = OTHER
            longest[queue] = max(longest.get(queue, 0.0), callbacks.longest)
        return longest

    def _by_schema(self, which: int) -> dict[tuple[str, ...], Any]:
        return {
            (name,) if self._schema_of is None else (name, schema): both[which].value()
            for name, queue in self._queues.items()
            for schema, both in queue.by_schema.items()
            if any(both[which].value().counts)
        }

    def _exchange(self, name: str) -> _Exchange:
        found = self._exchanges.get(name)
        if found is None:
            if len(self._exchanges) >= _MOST:
                name = OTHER
            found = self._exchanges.setdefault(name, _Exchange())
        return found

    def _queue(self, name: str) -> _Queue:
        name = queue_label(name)
        found = self._queues.get(name)
        if found is None:
            with self._lock:
                if len(self._queues) >= _MOST:
                    name = OTHER
                found = self._queues.setdefault(name, _Queue())
        return found
