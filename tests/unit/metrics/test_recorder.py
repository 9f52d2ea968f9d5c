# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What is counted and measured of what observers are told."""

import gc
import json
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedora_messaging._core.delivery import Delivery, InvalidMessage, Settlement, Verb, decide
from fedora_messaging._core.lifecycle import CloseReason, Scope
from fedora_messaging._core.outgoing import Outgoing
from fedora_messaging._core.retry import Retry
from fedora_messaging._metrics.outcomes import publish_outcome, settle_outcome
from fedora_messaging._metrics.recorder import SERVER_NAMED, Metrics
from fedora_messaging._metrics.snapshot import Distribution, Snapshot, combined
from fedora_messaging._metrics.table import (
    CALLBACK_DURATION,
    CALLBACK_RUNNING,
    CONNECTION_FAILURES,
    CONNECTIONS,
    CONSUMER_STATE,
    MESSAGE_AGE,
    METRICS,
    PUBLISH_DURATION,
    PUBLISH_OUTCOMES,
    PUBLISHED,
    RECEIVED,
    SETTLE_OUTCOMES,
    SETTLED,
)
from fedora_messaging.exceptions import (
    ConnectionException,
    Drop,
    HaltConsumer,
    Nack,
    NoFreeChannels,
    PermissionException,
    PublishBacklog,
    PublishForbidden,
    PublishReturned,
    PublishTimeout,
    ValidationError,
)


class Clock:
    """A clock that is set by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def delivery(queue: str = "q", tag: int = 1, arrived: float = 100.0) -> Delivery:
    """A message that was delivered."""
    return Delivery(queue, "amq.topic", b"t", tag, 1, False, arrived, b"\0\0", b"{}")


def outgoing(exchange: str = "amq.topic") -> Outgoing:
    """A message to be published."""
    return Outgoing(exchange.encode(), b"t", b"\0\0", b"{}", b"1", True)


@pytest.fixture
def clock() -> Clock:
    """The clock of the metrics."""
    return Clock()


@pytest.fixture
def metrics(clock: Clock) -> Metrics:
    """Metrics on a clock, in a process that began in 1970."""
    return Metrics(clock, clock)


def counters(snapshot: Snapshot) -> dict[tuple[str, ...], int]:
    """All counters by name and labels."""
    return {
        (metric.name, *labels): int(value)
        for metric in METRICS
        if metric.kind == "counter"
        for labels, value in snapshot.series.get(metric.name, {}).items()
        if not isinstance(value, Distribution)
    }


def changes(metrics: Metrics, before: Snapshot) -> dict[tuple[str, ...], int]:
    """Which counters have grown, and by how much."""
    old = counters(before)
    return {
        key: value - old.get(key, 0)
        for key, value in counters(metrics.snapshot()).items()
        if value != old.get(key, 0)
    }


ERRORS: list[tuple[Exception | None, str]] = [
    (None, "confirmed"),
    (PublishReturned(reason="312 NO_ROUTE"), "returned"),
    (PublishReturned(reason="nacked"), "nacked"),
    (PublishForbidden(reason="403"), "forbidden"),
    (PublishTimeout(reason="late"), "timeout"),
    (ConnectionException(reason="gone"), "connection"),
    (NoFreeChannels(reason="none"), "connection"),
    (PermissionException("connection", "x", "y"), "connection"),
    (ValidationError("bad"), "invalid"),
    (PublishBacklog("many"), "backlog"),
]


@pytest.mark.parametrize(("error", "outcome"), ERRORS)
def test_outcomes_of_publishing(metrics: Metrics, error: Exception | None, outcome: str) -> None:
    """Each error is one outcome, and changes one counter."""
    message, before = outgoing(), metrics.snapshot()
    metrics.publish_started(message)
    metrics.publish_ended(message, error)

    assert outcome == publish_outcome(error)
    assert {(PUBLISHED.name, "amq.topic", outcome): 1} == changes(metrics, before)


def test_all_outcomes_are_reached() -> None:
    """The table of outcomes names no outcome that nothing leads to."""
    assert set(PUBLISH_OUTCOMES) == {outcome for _, outcome in ERRORS}


POLICIES = st.builds(
    Retry,
    delays=st.just((1.0, 5.0)),
    jitter=st.just(0.0),
    wait=st.sampled_from(["aside", "in-place", "queue", "broker"]),
    then=st.sampled_from(["repeat", "reject", "quarantine", "stop"]),
    on=st.sampled_from([(), (OSError,)]),
)
RAISED = st.sampled_from(
    [
        None,
        Nack(),
        Drop(),
        HaltConsumer(),
        HaltConsumer(requeue=True),
        OSError("x"),
        KeyError("x"),
        InvalidMessage(ValidationError("x")),
    ]
)


@given(RAISED, POLICIES, st.integers(1, 4))
def test_every_outcome_changes_one_counter(raised: Exception | None, policy: Retry, attempts: int) -> None:
    """Whatever a callback does and the policy says: one counter grows, by one."""
    metrics = Metrics()
    received = delivery()._replace(attempts=attempts)
    before = metrics.snapshot()
    settlement = decide(raised, received, policy)
    if not settlement.forward and (settlement.delay or settlement.again):
        metrics.held(received, settlement)
    if not settlement.again:
        metrics.settled([received], settlement)

    outcome = settle_outcome(settlement)
    assert outcome in SETTLE_OUTCOMES
    assert {(SETTLED.name, "q", outcome): 1} == changes(metrics, before)


@pytest.mark.parametrize(
    ("settlement", "outcome"),
    [
        (Settlement(Verb.ACK), "acked"),
        (Settlement(Verb.REJECT, counts="dropped"), "rejected"),
        (Settlement(Verb.REJECT, counts="rejected", exhausted=True), "rejected"),
        (Settlement(Verb.REJECT, counts="rejected"), "invalid"),
        (Settlement(Verb.NACK, requeue=True, counts="rejected"), "requeued"),
        (Settlement(Verb.REJECT, requeue=True, counts="failed"), "failed"),
        (Settlement(Verb.ACK, counts="quarantined", forward="quarantine"), "quarantined"),
        (Settlement(Verb.ACK, counts="retried", forward="retry.1s"), "retried"),
    ],
)
def test_outcomes_of_settling(settlement: Settlement, outcome: str) -> None:
    """What becomes of a message, in a word."""
    assert outcome == settle_outcome(settlement)


def test_durations(metrics: Metrics, clock: Clock) -> None:
    """Callbacks and publishing are timed."""
    sent = outgoing()
    metrics.publish_started(sent)
    clock.now += 2
    metrics.publish_ended(sent, None)
    metrics.processed([(delivery(tag=1), {}, 2.0, None), (delivery(tag=2), {}, 0.001, OSError())])
    metrics.processed([(delivery(tag=3), {}, 0.002, None), (delivery(tag=4), {}, 0.003, None)])

    snapshot = metrics.snapshot()
    callbacks = snapshot.value(CALLBACK_DURATION, "q")
    assert 4 == sum(callbacks.counts)
    assert pytest.approx(2.006) == callbacks.sum
    assert (3, 1) == (callbacks.counts[0], callbacks.counts[CALLBACK_DURATION.buckets.index(2.5)])
    assert 2.0 == snapshot.value(PUBLISH_DURATION, "amq.topic").sum


class Callbacks:
    """Callbacks of which the longest has been running for so long."""

    def __init__(self, longest: float) -> None:
        self.longest = longest


def test_the_longest_callback(metrics: Metrics) -> None:
    """It is that of any consumer, as long as there is one; a queue where nothing runs has 0."""
    metrics.declared("q", 1)
    metrics.declared("r", 1)
    before = metrics.longest_callback
    two = [Callbacks(3.0), Callbacks(5.0)]
    for each in two:
        metrics.timed("q", each)
    running, longest = metrics.snapshot().series[CALLBACK_RUNNING.name], metrics.longest_callback
    del each
    two.clear()
    gc.collect()

    assert (0.0, 5.0) == (before, longest)
    assert {("q",): 5.0, ("r",): 0.0} == running
    assert 0.0 == metrics.longest_callback


def test_what_was_received(metrics: Metrics) -> None:
    """Each delivery counts, from when the queue is known."""
    metrics.declared("q", 1)
    before = metrics.snapshot().series[RECEIVED.name]
    metrics.delivered(delivery())

    assert {("q",): 0} == before
    assert {("q",): 1} == metrics.snapshot().series[RECEIVED.name]


def test_odd_headers(clock: Clock) -> None:
    """What a callback makes of the headers of its message harms no other message."""

    class Odd(str):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            raise OSError

        __hash__ = str.__hash__

    from fedora_messaging._metrics.schemas import schema_of

    good = {"sent-at": "1970-01-01T00:01:30+00:00"}
    odd: Any = [{"sent-at": Odd("x")}, "no headers", {"sent-at": []}]
    for labels in (None, schema_of):
        metrics = Metrics(clock, clock, labels)
        metrics.processed([(delivery(), each, 1.0, None) for each in [good, *odd, good]])
        metrics.processed([(delivery(), good, 1.0, None)])
        series = metrics.snapshot().series

        counts = [
            sum(sum(value.counts) for value in series[name].values() if isinstance(value, Distribution))
            for name in (CALLBACK_DURATION.name, MESSAGE_AGE.name)
        ]
        assert [6, 3] == counts


def test_a_snapshot_in_another_thread(clock: Clock) -> None:
    """It can be taken while queues and schemas are added."""
    metrics = Metrics(clock, clock, lambda headers: str(headers["n"]))
    taken: list[Snapshot] = []
    done = threading.Event()

    def take() -> None:
        while not done.is_set():
            taken.append(metrics.snapshot())

    thread = threading.Thread(target=take)
    thread.start()
    try:
        for number in range(900):
            metrics.delivered(delivery(f"q{number}"))
            metrics.processed([(delivery("q"), {"n": number}, 1.0, None)])
    finally:
        done.set()
        thread.join()

    counts = [sum(value for value in each.series[RECEIVED.name].values()) for each in taken]  # type: ignore[misc]
    assert counts == sorted(counts)
    assert 900 == len(metrics.snapshot().series[CALLBACK_DURATION.name])


def test_the_age_of_messages(metrics: Metrics, clock: Clock) -> None:
    """It is the time of arrival minus the time of sending, however long the message then waited here."""
    clock.now = 130.0
    sent: list[list[Any]] = [
        ["1970-01-01T00:01:30+00:00", "1970-01-01T00:01:30+00:00", "soon", 5],
        [None, "1970-01-01T00:02:00+00:00"],
    ]
    for some in sent:
        headers = [{} if each is None else {"sent-at": each} for each in some]
        metrics.processed([(delivery(arrived=100.0), each, 0.0, None) for each in headers])
        clock.now += 5

    ages = metrics.snapshot().value(MESSAGE_AGE, "q")
    assert (3, 20.0) == (sum(ages.counts), ages.sum)
    assert 1 == ages.counts[0]  # sent after it has arrived: a clock is wrong


def test_the_wall_clock_is_set(clock: Clock) -> None:
    """Ages follow it within a second, whether it is set forward or back."""
    wall = Clock()
    metrics = Metrics(clock, wall)
    for wall.now in (100.0, 160.0, 130.0):
        clock.now += 1
        headers = {"sent-at": "1970-01-01T00:01:40+00:00"}
        metrics.processed([(delivery(arrived=clock.now), headers, 0.0, None)])

    assert 90.0 == metrics.snapshot().value(MESSAGE_AGE, "q").sum


def test_an_invalid_message_runs_no_callback(metrics: Metrics) -> None:
    """What was not handed to a callback has no duration, and no age."""
    metrics.processed([(delivery(), None, 0.0, InvalidMessage(ValidationError("x")))])

    assert {} == metrics.snapshot().series[CALLBACK_DURATION.name]
    assert {} == metrics.snapshot().series[MESSAGE_AGE.name]


def test_queues_named_by_the_broker(metrics: Metrics) -> None:
    """They share one label, however many there have been."""
    for number in range(3):
        metrics.delivered(delivery(f"amq.gen-{number}"))

    assert {(SERVER_NAMED,): 3} == metrics.snapshot().series[RECEIVED.name]


def test_labels_are_bounded(metrics: Metrics) -> None:
    """Exchanges and queues beyond the first thousand are one."""
    timed: list[Callbacks] = []
    for number in range(1010):
        metrics.publish_refused(f"e{number}", ValidationError("x"))
        metrics.delivered(delivery(f"q{number}"))
        timed.append(Callbacks(number))
        metrics.timed(f"q{number}", timed[-1])

    series = metrics.snapshot().series[PUBLISH_DURATION.name]
    assert 1001 == len(series) == len(metrics.snapshot().series[RECEIVED.name])
    assert 10 == metrics.snapshot().value(PUBLISHED, "other", "invalid")
    assert 10 == metrics.snapshot().value(RECEIVED, "other")
    assert 1001 == len(metrics.snapshot().series[CALLBACK_RUNNING.name])
    assert 1009 == metrics.snapshot().value(CALLBACK_RUNNING, "other")


def test_connections(metrics: Metrics) -> None:
    """Connections are counted by their purpose, failures by their reason too."""
    metrics.connected("consuming", "localhost:5672", "RabbitMQ 4.3.1")
    metrics.disconnected("consuming", CloseReason(Scope.TRANSPORT, 0, "silent", kind="heartbeat"))
    metrics.disconnected("publishing", CloseReason(Scope.CONNECTION, 403, "no", opened=False))

    series = metrics.snapshot().series
    assert {("consuming",): 1} == series[CONNECTIONS.name]
    assert {("consuming", "heartbeat"): 1, ("publishing", "auth"): 1} == series[CONNECTION_FAILURES.name]


def test_schemas_as_a_label(clock: Clock) -> None:
    """Where it is asked for, durations and ages are told apart by the schema."""
    from fedora_messaging._metrics.schemas import schema_of

    metrics = Metrics(clock, clock, schema_of)
    names: list[Any] = ["base.message", "nobody.knows", 5, None]
    headers = [{} if name is None else {"fedora_messaging_schema": name} for name in names]
    metrics.processed([(delivery(), each, 1.0, None) for each in [*headers, None]])

    snapshot = metrics.snapshot()
    assert ("queue", "schema") == snapshot.labels(CALLBACK_DURATION)
    assert {("q", "base.message"): 1, ("q", "other"): 3} == {
        labels: sum(value.counts)
        for labels, value in snapshot.series[CALLBACK_DURATION.name].items()
        if isinstance(value, Distribution)
    }


def _some(clock: Clock) -> Snapshot:
    metrics = Metrics(clock, clock)
    message = outgoing()
    metrics.publish_started(message)
    metrics.publish_ended(message, None)
    metrics.delivered(delivery())
    metrics.gauges = lambda: {CONSUMER_STATE.name: {("q", "consuming"): 1}}
    return metrics.snapshot()


def test_a_snapshot_is_json(clock: Clock) -> None:
    """It can be sent to another process as JSON, and is the same there."""
    snapshot = _some(clock)

    assert snapshot == Snapshot.from_data(json.loads(json.dumps(snapshot.as_data())))


def test_snapshots_of_several_processes(clock: Clock) -> None:
    """Counters and histograms add up; gauges are told apart by the process."""
    total = combined({"0": _some(clock), "1": _some(clock)})

    assert (
        2
        == total.value(PUBLISHED, "amq.topic", "confirmed")
        == sum(total.value(PUBLISH_DURATION, "amq.topic").counts)
    )
    assert {("q", "consuming", "0"): 1, ("q", "consuming", "1"): 1} == total.series[CONSUMER_STATE.name]
    assert ("queue", "state", "worker") == total.labels(CONSUMER_STATE)


def test_distributions_add_only_to_distributions() -> None:
    """Anything else is a mistake."""
    nothing: Any = 1
    with pytest.raises(TypeError):
        Distribution((1,), 1.0) + nothing
