# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Series of delays."""

from hypothesis import given
from hypothesis import strategies as st

from fedora_messaging._core.backoff import Backoff, doubling


def test_doubling() -> None:
    """One second, doubled up to the cap."""
    assert [1, 2, 4, 8, 16, 30, 30] == [doubling(n, 1, 30) for n in range(1, 8)]


@given(st.integers(-5, 10**30), st.floats(0.001, 1000), st.floats(0.001, 1000))
def test_doubling_stays_within_its_cap(attempt: int, first: float, cap: float) -> None:
    """No attempt number, however large, gives more than the cap or an error."""
    assert 0 < doubling(attempt, first, cap) <= cap


def test_the_bounds_of_full_jitter() -> None:
    """Delays are drawn between zero and a bound of 0.5, 1, 2, 4, 8, 8 ... seconds, again after a reset."""
    drawn: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        drawn.append((low, high))
        return high

    backoff = Backoff(0.5, 8, uniform)
    delays = [backoff.next() for _ in range(6)]
    backoff.reset()

    assert [0.5, 1, 2, 4, 8, 8] == delays
    assert 0.5 == backoff.next()
    assert {0.0} == {low for low, _ in drawn}


@given(st.integers(0, 200))
def test_jitter_without_a_source_of_its_own(attempts: int) -> None:
    """The random source of the standard library is the default, and keeps the bounds."""
    backoff = Backoff()

    assert all(0 <= backoff.next() <= 8 for _ in range(attempts))
