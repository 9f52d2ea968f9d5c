# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Counts and measures what observers are told."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from .._core.delivery import ACK, Delivery, Settlement
from .._core.lifecycle import CloseReason
from .._core.observer import NullObserver
from .._core.outgoing import Outgoing
from .outcomes import publish_outcome, settle_outcome
from .recent import Recent
from .snapshot import Distribution, Series, Snapshot
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
    Metric,
)

__all__ = ["OTHER", "SERVER_NAMED", "Metrics", "queue_label"]

#: What queues are called whose names the broker has made.
SERVER_NAMED = "(server-named)"
#: How many exchanges and queues are told apart; the others are OTHER together.
_MOST = 1000
#: For how many seconds the difference of the clocks is not looked up again.
_COMPARED_FOR = 1.0


def queue_label(queue: str) -> str:
    """Return what a queue is called in labels."""
    return SERVER_NAMED if not queue or queue.startswith("amq.gen-") else queue


class _Histogram:
    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, metric: Metric) -> None:
        self.bounds = metric.buckets
        self.counts = [0] * (len(metric.buckets) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def value(self) -> Distribution:
        return Distribution(tuple(self.counts), self.sum)


class _Exchange:
    __slots__ = ("duration", "ended")

    def __init__(self) -> None:
        self.ended = dict.fromkeys(PUBLISH_OUTCOMES, 0)
        self.duration = _Histogram(PUBLISH_DURATION)


class _Queue:
    __slots__ = ("by_schema", "received", "settled")

    def __init__(self) -> None:
        self.received = 0
        self.settled = dict.fromkeys(SETTLE_OUTCOMES, 0)
        #: How long callbacks ran, and the age of messages.
        self.by_schema: dict[str, tuple[_Histogram, _Histogram]] = {}


class Metrics(NullObserver):
    """An observer that counts and measures. Several services may share one.

    Args:
        seconds: The clock by which messages arrive and callbacks run.
        wall: The wall clock, in seconds since 1970, with which ``sent-at`` is compared.
        schema_of: Returns the schema of a message, as a label for durations and ages. None means no such
            label. The number of different values is limited.

    Attributes:
        gauges: Returns the series of gauges that are read when a snapshot is taken, by their names.
        recent: Remembers what happened last.
    """

    def __init__(
        self,
        seconds: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        schema_of: Callable[[Any], str] | None = None,
    ) -> None:
        self.gauges: Callable[[], Mapping[str, Series]] = dict
        self.recent = Recent(wall)
        self._seconds = seconds
        self._wall = wall
        self._schema_of = schema_of
        self._lock = threading.Lock()  # callbacks run, and messages are refused, in other threads
        self._exchanges: dict[str, _Exchange] = {}
        self._queues: dict[str, _Queue] = {}
        self._connections: dict[str, int] = {}
        self._failures: dict[tuple[str, ...], int] = {}
        self._publishing: dict[Outgoing, float] = {}
        #: The callbacks that run: since when, the queue and the message, by the identity of the delivery.
        self._running: dict[int, tuple[float, str, Any]] = {}
        #: The header that was parsed last.
        self._sent_at: tuple[str, float | None] = ("", None)
        #: How far the wall clock is ahead, and when that was looked up.
        self._ahead, self._compared = 0.0, float("-inf")

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
        with self._lock:
            self._exchange(str(exchange)[:255]).ended[publish_outcome(error)] += 1

    def declared(self, queue: str, generation: int) -> None:
        self._queue(queue)

    def delivered(self, delivery: Delivery) -> None:
        (self._queues.get(delivery.queue) or self._queue(delivery.queue)).received += 1

    # These are called for each message: as little as possible is called in turn.

    def started(self, delivery: Delivery, message: Any) -> None:
        self._running[id(delivery)] = self._seconds(), delivery.queue, message

    def ended(self, delivery: Delivery, error: Exception | None) -> None:
        begun = self._running.pop(id(delivery), None)
        if error is not None:
            self.recent.failed(delivery, None if begun is None else begun[2], error)
        if begun is None:
            return
        since, name, message = begun
        now = self._seconds()
        if not 0 <= now - self._compared < _COMPARED_FOR:
            self._compared, self._ahead = now, self._wall() - now
        sent_at = message._headers.get("sent-at")
        # It has whole seconds: most messages say the same as the one before.
        known, sent = self._sent_at
        if sent_at != known:
            sent = self._parsed(sent_at)
        schema = "" if self._schema_of is None else self._schema_of(message)
        queue = self._queues.get(name) or self._queue(name)
        with self._lock:
            both = queue.by_schema.get(schema)
            if both is None:
                both = queue.by_schema[schema] = _Histogram(CALLBACK_DURATION), _Histogram(MESSAGE_AGE)
            duration, age = both
            seconds = now - since
            duration.counts[bisect_left(duration.bounds, seconds)] += 1
            duration.sum += seconds
            if sent is not None:
                seconds = max(delivery.arrived + self._ahead - sent, 0.0)
                age.counts[bisect_left(age.bounds, seconds)] += 1
                age.sum += seconds

    def held(self, delivery: Delivery, settlement: Settlement) -> None:
        self._queue(delivery.queue).settled[settle_outcome(settlement)] += 1
        self.recent.decided(delivery)

    def settled(self, delivery: Delivery, settlement: Settlement) -> None:
        if settlement is ACK:
            (self._queues.get(delivery.queue) or self._queue(delivery.queue)).settled["acked"] += 1
            return
        self.recent.decided(delivery)
        # What is held was counted then: it may go back before its delay is over.
        if settlement.forward or not (settlement.delay or settlement.again):
            self._queue(delivery.queue).settled[settle_outcome(settlement)] += 1

    # What is asked

    def snapshot(self) -> Snapshot:
        """Return the current values of all metrics. Call it in the reactor's thread."""
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
                CALLBACK_RUNNING.name: {
                    (name,): longest for name, longest in self._longest_by_queue().items()
                },
            }
        series[CONNECTIONS.name] = {(name,): count for name, count in self._connections.items()}
        series[CONNECTION_FAILURES.name] = dict(self._failures)
        extra = (
            {} if self._schema_of is None else {CALLBACK_DURATION.name: "schema", MESSAGE_AGE.name: "schema"}
        )
        return Snapshot({**series, **self.gauges()}, extra)

    @property
    def longest_callback(self) -> float:
        """How long the longest running callback has been running, in seconds. 0 if none is running."""
        return max(self._longest_by_queue().values(), default=0.0)

    def _longest_by_queue(self) -> dict[str, float]:
        now = self._seconds()
        longest = dict.fromkeys(self._queues, 0.0)
        for since, name, _ in self._running.copy().values():
            queue = queue_label(name)
            longest[queue] = max(longest.get(queue, 0.0), now - since)
        return longest

    def _by_schema(self, which: int) -> dict[tuple[str, ...], Any]:
        return {
            (name,) if self._schema_of is None else (name, schema): both[which].value()
            for name, queue in self._queues.items()
            for schema, both in queue.by_schema.items()
            if any(both[which].counts)
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
        with self._lock:
            found = self._queues.get(name)
            if found is None:
                if len(self._queues) >= _MOST:
                    name = OTHER
                found = self._queues.setdefault(name, _Queue())
            return found

    def _parsed(self, sent_at: object) -> float | None:
        """When a message was sent, in seconds since 1970; None when it does not say so."""
        if not isinstance(sent_at, str):
            return None
        try:
            sent = datetime.fromisoformat(sent_at).timestamp()
        except (ValueError, OverflowError, OSError):
            sent = None
        self._sent_at = sent_at, sent
        return sent
