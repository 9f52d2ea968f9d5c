# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the dashboard shows of one process, and of several workers together."""

import json
from typing import Any

from fedora_messaging._core.delivery import Delivery, InvalidMessage
from fedora_messaging._core.lifecycle import CloseReason, Scope
from fedora_messaging._metrics.dashboard import view
from fedora_messaging._metrics.history import History
from fedora_messaging._metrics.recent import Recent
from fedora_messaging._metrics.snapshot import NOTHING, Snapshot
from fedora_messaging._metrics.status import MOST_FAILURES, Connection, Consumer, Failure, Status
from fedora_messaging._metrics.table import CALLBACK_RUNNING, PUBLISH_PENDING, RECEIVED
from fedora_messaging.exceptions import Drop, HaltConsumer, Nack, ValidationError


def connection(state: str = "connected", since: float | None = 5.0, reason: str = "") -> Connection:
    """One of a worker."""
    return Connection("consuming", state, "h:5672", "RabbitMQ 4.3.0", since, reason)


def consumer(queue: str = "q", state: str = "consuming", **values: Any) -> Consumer:
    """One of a worker."""
    counts = {"unacknowledged": 3, "waiting": 2, "held": 1}
    return Consumer(**{"name": "", "queue": queue, "state": state, "resting": "", **counts, **values})


def shown(statuses: dict[str, Status], snapshot: Snapshot = NOTHING) -> dict[str, Any]:
    """What is shown of processes."""
    history = History()
    history.add(0, snapshot)
    return view(history, snapshot, statuses, now=9.0, version="4")


def delivery(tag: int = 1, attempts: int = 1) -> Delivery:
    """A message that was delivered."""
    return Delivery("q", "amq.topic", b"t", tag, 1, False, 0.0, b"\0\0", b"{}", attempts)


def test_workers_are_shown_together() -> None:
    """Counts are added up, connections that are alike are one, and states are counted where they differ."""
    gauges: Any = {
        CALLBACK_RUNNING.name: {("q", "0"): 1.5, ("q", "1"): 70.0},
        PUBLISH_PENDING.name: {("0",): 1, ("1",): 2},
    }
    statuses = {
        "ended": Status(failures=(Failure(1.0, "s", "E", 1),)),
        "0": Status((connection(),), (consumer(name="b"),)),
        "1": Status((connection(since=3.0),), (consumer(name="a"),), (Failure(2.0, "s", "E", 2),)),
        "2": Status((connection("not connected", 7.0, "refused"),), (consumer(state="backoff"),)),
    }
    found = shown(statuses, Snapshot(gauges, {}))
    [row] = found["consumers"]

    assert (3, 3, "2 consuming, 1 backoff", "bad") == (
        found["workers"],
        found["publisher"]["pending"],
        row["state"],
        row["level"],
    )
    assert (9, 6, 3, "1 min", ["a", "b"]) == tuple(
        row[key] for key in ("unacknowledged", "waiting", "held", "oldest", "names")
    )
    assert [("connected", 2, 3.0, "good"), ("not connected", 1, 7.0, "bad")] == [
        (each["state"], each["count"], each["since"], each["level"]) for each in found["connections"]
    ]
    assert [2.0, 1.0] == [each["time"] for each in found["failures"]]


def test_one_process_has_no_workers() -> None:
    """It is shown as one, with what it rests for; what is on the way to something is neither good nor bad."""
    statuses = {
        "": Status((connection("not used", None),), (consumer(state="declaring", resting="3 failures"),))
    }
    found = shown(statuses)

    assert (0, "wait", "3 failures", "idle") == (
        found["workers"],
        found["consumers"][0]["level"],
        found["consumers"][0]["resting"],
        found["connections"][0]["level"],
    )


def test_a_consumer_that_has_ended() -> None:
    """Its queue stays, for its counts are still there."""
    [row] = shown({"": Status()}, Snapshot({RECEIVED.name: {("q",): 3}}, {}))["consumers"]

    assert ("q", "stopped", "bad") == (row["queue"], row["state"], row["level"])


def test_a_worker_that_does_not_answer() -> None:
    """What it consumed is shown as silent; what failed before is kept."""
    known = Status((connection(),), (consumer(),), (Failure(1.0, "s", "E", 1),))
    found = shown({"0": known.silent})

    assert ([], "silent", "bad") == (
        found["connections"],
        found["consumers"][0]["state"],
        found["consumers"][0]["level"],
    )
    assert 1 == len(found["failures"])


def test_a_status_survives_the_pipe_between_processes() -> None:
    """A worker tells its parent by JSON."""
    known = Status((connection(),), (consumer(),), (Failure(1.0, "s", "E", 1),))

    assert known == Status.from_data(json.loads(json.dumps(known.as_data())))


def test_the_last_failures_are_remembered() -> None:
    """The last one first, no more than twenty; the attempt is known when it is decided what comes next."""
    times = iter(range(1000))
    recent = Recent(lambda: float(next(times)))
    for tag in range(MOST_FAILURES + 5):
        recent.failed(delivery(tag), {"fedora_messaging_schema": "base.message"}, KeyError("secret"))
    recent.decided(delivery(MOST_FAILURES + 4, attempts=3))
    failures = recent.failures

    assert MOST_FAILURES == len(failures)
    assert Failure(MOST_FAILURES + 4.0, "base.message", "KeyError", 3) == failures[0]
    assert Failure(5.0, "base.message", "KeyError", 1) == failures[-1]


def test_what_a_callback_asks_for_is_no_failure() -> None:
    """Nack, Drop and HaltConsumer say what is to be done; an invalid message is one, of no known schema."""
    recent = Recent(lambda: 1.0)
    for error in (Nack(), Drop(), HaltConsumer()):
        recent.failed(delivery(), {}, error)
    recent.failed(delivery(), None, InvalidMessage(ValidationError("no")))

    assert (Failure(1.0, "", "ValidationError", 1),) == recent.failures


def test_since_when_there_is_no_connection() -> None:
    """Attempts that fail do not make the loss younger; a connection begins anew."""
    times = iter(range(10, 1000))
    recent = Recent(lambda: float(next(times)))
    seen = []
    for kind in ("", "closed", "refused", ""):
        if kind:
            recent.disconnected("consuming", CloseReason(Scope.TRANSPORT, 0, "gone", kind=kind))
        else:
            recent.connected("consuming")
        seen.append(recent.connections["consuming"])

    assert [(10.0, ""), (11.0, "closed"), (11.0, "refused"), (12.0, "")] == seen
