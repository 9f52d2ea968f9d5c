# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the dashboard shows, as data for JSON: that of one process, or of several workers together.

There are names of queues, consumers, schemas, exception classes and hosts, states, counts and times in it; no
body, no topic, no user, no password.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from .history import History, duration
from .snapshot import Snapshot
from .status import Connection, Consumer, Status, latest
from .table import CALLBACK_RUNNING, PUBLISH_IN_FLIGHT, PUBLISH_PENDING

__all__ = ["view"]

#: How good a state is; others are on the way to something.
_IDLE = frozenset({"not used", "idle"})
_GOOD = frozenset({"connected", "consuming"})
_BAD = frozenset({"blocked", "not connected", "backoff", "resting", "silent", "stopped"})


def view(
    history: History, snapshot: Snapshot, statuses: Mapping[str, Status], *, now: float, version: str
) -> dict[str, Any]:
    """Return what is shown.

    Args:
        history: The last minute, this snapshot included.
        snapshot: The metrics of all workers.
        statuses: What each process is, by its name, which is a number for one of several workers.
        now: The time, in seconds since 1970.
        version: The version of this package.
    """
    publishing = history.of_publishing()
    found = statuses.values()
    return {
        "time": now,
        "version": version,
        "workers": sum(name.isdecimal() for name in statuses),
        "connections": list(_connections(each for status in found for each in status.connections)),
        "consumers": list(_consumers(history, snapshot, found)),
        "publisher": {
            "pending": _sum(snapshot, PUBLISH_PENDING.name),
            "in_flight": _sum(snapshot, PUBLISH_IN_FLIGHT.name),
            "rate": _rounded(publishing.ok),
            "failed": _rounded(publishing.failed),
            "p99": publishing.p99,
            "points": publishing.points,
        },
        "failures": [
            {"time": each.time, "schema": each.schema, "error": each.error, "attempts": each.attempts}
            for each in latest(each for status in found for each in status.failures)
        ],
    }


def _connections(connections: Iterable[Connection]) -> Iterable[dict[str, Any]]:
    """Connections that differ in nothing but their age are shown as one."""
    alike: dict[tuple[str, ...], list[Connection]] = {}
    for each in connections:
        alike.setdefault((each.purpose, each.state, each.host, each.broker, each.reason), []).append(each)
    for (purpose, state, host, broker, reason), same in sorted(alike.items()):
        yield {
            "purpose": purpose,
            "state": state,
            "level": _level([state]),
            "host": host,
            "broker": broker,
            "reason": reason,
            "since": min((each.since for each in same if each.since is not None), default=None),
            "count": len(same),
        }


def _consumers(history: History, snapshot: Snapshot, statuses: Iterable[Status]) -> Iterable[dict[str, Any]]:
    """One for each queue: the workers' consumers of it together."""
    by_queue: dict[str, list[Consumer]] = {queue: [] for queue in history.queues()}
    for status in statuses:
        for each in status.consumers:
            by_queue.setdefault(each.queue, []).append(each)
    running: Mapping[tuple[str, ...], Any] = snapshot.series.get(CALLBACK_RUNNING.name, {})
    for queue, consumers in sorted(by_queue.items()):
        rates = history.of_queue(queue)
        states = [each.state for each in consumers] or ["stopped"]
        oldest = max((value for labels, value in running.items() if labels[0] == queue), default=0.0)
        yield {
            "queue": queue,
            "names": sorted({each.name for each in consumers if each.name}),
            "state": _state(states),
            "level": _level(states),
            "in": _rounded(rates.received),
            "ok": _rounded(rates.ok),
            "failed": _rounded(rates.failed),
            "points": rates.points,
            "p50": rates.p50,
            "p99": rates.p99,
            "unacknowledged": sum(each.unacknowledged for each in consumers),
            "waiting": sum(each.waiting for each in consumers),
            "held": sum(each.held for each in consumers),
            "oldest": duration(oldest) if oldest >= 0.001 else "",
            "resting": next((each.resting for each in consumers if each.resting), ""),
        }


def _state(states: list[str]) -> str:
    """One word where all are in the same state; else how many are in which, the most frequent first."""
    counted = Counter(states)
    if len(counted) == 1:
        return states[0]
    return ", ".join(f"{count} {state}" for state, count in counted.most_common())


def _level(states: list[str]) -> str:
    for level, of_level in (("good", _GOOD), ("idle", _IDLE)):
        if all(each in of_level for each in states):
            return level
    return "bad" if any(each in _BAD for each in states) else "wait"


def _rounded(rate: float | None) -> float | None:
    return None if rate is None else round(rate, 1)


def _sum(snapshot: Snapshot, name: str) -> int:
    values: Mapping[tuple[str, ...], Any] = snapshot.series.get(name, {})
    return sum(values.values())
