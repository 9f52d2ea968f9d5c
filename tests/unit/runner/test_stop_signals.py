# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the first and the second signal do."""

import logging

import pytest
from twisted.internet.task import Clock

from fedora_messaging._runner.stop_signals import StopSequence


def test_the_first_and_the_second() -> None:
    """The first signal makes the first call, the second the second, and later ones none."""
    calls: list[tuple[str, int]] = []
    sequence = StopSequence(
        lambda number: calls.append(("first", number)), lambda number: calls.append(("second", number))
    )

    finished = []
    for number in (15, 2, 15):
        sequence.received(number)
        finished.append(sequence.finished)

    assert [False, True, True] == finished
    assert [("first", 15), ("second", 2)] == calls


def test_signals_that_are_one_request() -> None:
    """Signals that follow the first closely are the same request; a later one is the second."""
    calls: list[str] = []
    clock = Clock()
    sequence = StopSequence(
        lambda _: calls.append("first"),
        lambda _: calls.append("second"),
        same_within=0.02,
        seconds=clock.seconds,
    )

    sequence.received(15)
    clock.advance(0.01)
    sequence.received(15)
    assert ["first"] == calls
    clock.advance(0.02)
    sequence.received(15)

    assert ["first", "second"] == calls


def test_a_call_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    """What a call raises is logged, and the next signal makes the next call."""
    calls: list[int] = []

    def fail(number: int) -> None:
        raise RuntimeError("this is logged")

    sequence = StopSequence(fail, calls.append)
    with caplog.at_level(logging.ERROR):
        sequence.received(15)
    sequence.received(2)

    assert "this is logged" in caplog.text
    assert [2] == calls
