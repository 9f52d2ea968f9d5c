# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What is derived from the snapshots of the last minute."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedora_messaging._metrics.history import WINDOW, History, duration, quantile
from fedora_messaging._metrics.snapshot import NOTHING, Distribution, Snapshot
from fedora_messaging._metrics.table import (
    CALLBACK_DURATION,
    PUBLISH_DURATION,
    PUBLISHED,
    RECEIVED,
    SETTLED,
)


def durations(*counts: int) -> Distribution:
    """Callbacks by bucket, beginning with the shortest."""
    return Distribution((*counts, *[0] * (len(CALLBACK_DURATION.buckets) + 1 - len(counts))), 1.0)


def snapshot(received: int = 0, acked: int = 0, failed: int = 0, took: Any = None) -> Snapshot:
    """The counters of a queue."""
    series: dict[str, Any] = {
        RECEIVED.name: {("q",): received},
        SETTLED.name: {("q", "acked"): acked, ("q", "failed"): failed, ("q", "requeued"): failed},
    }
    if took is not None:
        series[CALLBACK_DURATION.name] = {("q", "one"): took, ("q", "two"): took}
    return Snapshot(series, {CALLBACK_DURATION.name: "schema"})


def test_rates_are_of_the_last_five_seconds() -> None:
    """What was long ago shows in the points alone; failed is all that was not acknowledged."""
    history = History()
    for seconds, count in enumerate((0, 1000, 1000, 1000, 1000, 1000, 1000, 1010)):
        history.add(seconds, snapshot(count, count // 2, count // 10))
    rates = history.of_queue("q")

    assert (2.0, 1.0, 0.4) == rates[:3]
    assert (1000, 0, 0, 0, 0, 0, 10) == rates.points


def test_one_snapshot_says_nothing_of_the_rates() -> None:
    """There is no number instead of a wrong one."""
    history = History()
    history.add(0, snapshot(1000))

    assert (None, None, None, (), "", "") == history.of_queue("q")
    assert ["q"] == history.queues()


def test_a_pause_in_which_nobody_looked() -> None:
    """Rates are of the time that has passed, and what is older than a minute is forgotten."""
    history = History()
    history.add(0, snapshot(0))
    history.add(30, snapshot(300))
    after_a_pause = history.of_queue("q")
    history.add(30 + WINDOW + 1, snapshot(900))

    assert (10.0, (10.0,)) == (after_a_pause.received, after_a_pause.points)
    assert None is history.of_queue("q").received


def test_a_queue_that_was_not_there_before() -> None:
    """It begins at nothing."""
    history = History()
    history.add(0, NOTHING)
    history.add(1, snapshot(7, took=durations(0, 7)))

    assert 7.0 == history.of_queue("q").received
    assert "7.5 ms" == history.of_queue("q").p50


def test_publishing() -> None:
    """Confirmed and failed messages of all exchanges, and how long confirms took."""
    history = History()
    counts = Distribution((0, 0, 10, *[0] * (len(PUBLISH_DURATION.buckets) - 2)), 1.0)
    history.add(0, NOTHING)
    published: Any = {("a", "confirmed"): 3, ("b", "confirmed"): 4, ("a", "timeout"): 1, ("b", "backlog"): 1}
    history.add(1, Snapshot({PUBLISHED.name: published, PUBLISH_DURATION.name: {("a",): counts}}, {}))

    assert (0.0, 7.0, 2.0, (7.0,), "3.8 ms", "5 ms") == history.of_publishing()


def test_only_the_last_minute_counts_for_quantiles() -> None:
    """What was slow before shows no more; schemas are added up."""
    history = History()
    history.add(0, snapshot(took=durations(0, 0, 0, 0, 0, 0, 0, 9)))
    history.add(1, snapshot(took=durations(0, 4, 0, 0, 0, 0, 0, 9)))

    assert ("7.5 ms", "10 ms") == history.of_queue("q")[-2:]


@pytest.mark.parametrize(
    ("counts", "part", "words"),
    [
        ([0, 0, 0], 0.5, ""),
        ([5, 0, 0], 0.99, "≤ 1 s"),
        ([0, 4, 0], 0.5, "1.5 s"),
        ([0, 0, 1], 0.5, "> 2 s"),
        ([98, 1, 1], 0.99, "2 s"),
    ],
)
def test_quantiles(counts: list[int], part: float, words: str) -> None:
    """Within a bucket they are interpolated; at both ends only a bound is known."""
    assert words == quantile(counts, [1.0, 2.0], part)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0004, "0.4 ms"),
        (0.00499, "5 ms"),
        (0.25, "250 ms"),
        (1.24, "1.2 s"),
        (59, "59 s"),
        (300, "5 min"),
        (5400, "1.5 h"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    """They have two digits or so, and a unit."""
    assert words == duration(seconds)


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=16), st.floats(0.01, 0.99))
def test_a_quantile_is_words_whatever_was_observed(counts: list[int], part: float) -> None:
    """There is one exactly when there was an observation."""
    bounds = [float(2**place) for place in range(len(counts) - 1)]

    assert bool(sum(counts)) == bool(quantile(counts, bounds, part))
