# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Several worker processes: which is started, restarted and ended, and when."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedora_messaging._core.workers import (
    Ended,
    Finish,
    Kill,
    Restart,
    Spawn,
    Supervision,
    TellReady,
    Terminate,
    WorkerState,
)

GRACE = 30.0


def started(count: int = 2) -> Supervision:
    supervision = Supervision(count, GRACE)
    supervision.start(0.0)
    return supervision


def test_all_are_started_at_once() -> None:
    """The start is that of all workers, and none of them is ready by that."""
    supervision = Supervision(3, GRACE)

    assert [Spawn(0), Spawn(1), Spawn(2)] == supervision.start(0.0)
    assert not supervision.ready


@pytest.mark.parametrize("code", [1, 2, 10, 11, 12, 15])
def test_codes_that_end_everything(code: int) -> None:
    """What a restart does not mend ends the others, and the parent has its code."""
    supervision = started()

    assert [Terminate((0,), GRACE)] == supervision.ended(1, Ended(code), 1.0)
    assert [Finish(code)] == supervision.ended(0, Ended(0), 2.0)


@pytest.mark.parametrize("code", [0, 13, 14, 3, 120, 143, 255, None])
def test_codes_that_are_restarted(code: int | None) -> None:
    """A callback that raised, a lost connection, a signal, and an end that nobody asked for are restarted."""
    assert [Restart(1, 1.0)] == started().ended(1, Ended(code), 1.0)


@pytest.mark.parametrize("code", [0, 7, 13, 14])
def test_a_worker_that_halts(code: int) -> None:
    """HaltConsumer ends everything with its code, also with one that is restarted otherwise."""
    supervision = started()

    assert [Terminate((1,), GRACE)] == supervision.ended(0, Ended(code, halted=code), 1.0)
    assert [Finish(code)] == supervision.ended(1, Ended(13), 2.0)


def test_the_back_off() -> None:
    """The delay doubles from 1 s to 60 s, and begins again after 60 s of life."""
    supervision, now, delays = started(), 0.0, []
    for lived in [*[5.0] * 8, 59.9, 60.0, 5.0]:
        now += lived
        [restart] = supervision.ended(0, Ended(13), now)
        assert isinstance(restart, Restart)
        delays.append(restart.delay)
        now += restart.delay
        assert [Spawn(0)] == supervision.due(0, now)

    assert [1, 2, 4, 8, 16, 32, 60, 60, 60, 1, 2] == delays
    assert 11 == supervision.restarts(0)
    assert 0 == supervision.restarts(1)


def test_ready_is_told_once() -> None:
    """All are ready when the last one is; what is restarted later is not told again."""
    supervision, ready, told = started(), [], []
    told += supervision.consuming(1)
    ready.append(supervision.ready)
    told += supervision.consuming(0)
    ready.append(supervision.ready)
    supervision.ended(0, Ended(None), 5.0)
    ready.append(supervision.ready)
    supervision.due(0, 6.0)
    told += supervision.consuming(0)
    ready.append(supervision.ready)

    assert [TellReady()] == told
    assert [False, True, False, True] == ready


def test_a_signal() -> None:
    """All are told at once, the grace period is counted once, and what is left is killed."""
    supervision = started(3)
    supervision.ended(2, Ended(13), 1.0)

    assert [Terminate((0, 1), GRACE)] == supervision.stop()
    assert [] == supervision.stop()
    assert [] == supervision.due(2, 2.0)
    assert [] == supervision.ended(0, Ended(0), 3.0)
    assert [Kill((1,))] == supervision.grace_over()
    assert [Finish(0)] == supervision.ended(1, Ended(None), 31.0)
    assert [] == supervision.grace_over()


def test_a_signal_while_none_runs() -> None:
    """When all wait to be restarted there is nobody to wait for."""
    supervision = started(1)
    supervision.ended(0, Ended(None), 1.0)

    assert [Finish(0)] == supervision.stop()


def test_a_worker_that_fails_while_it_drains() -> None:
    """After a signal the exit code is that of the first worker that did not end with 0."""
    supervision = started(3)
    supervision.stop()
    supervision.ended(0, Ended(0), 1.0)
    supervision.ended(1, Ended(13), 1.0)

    assert [Finish(13)] == supervision.ended(2, Ended(10), 1.0)


_EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["due", "consuming", "ended", "ended", "ended", "stop", "grace_over"]),
        st.integers(0, 2),
        st.sampled_from([0, 1, 7, 10, 13, 14, None]),
        st.sampled_from([None, None, None, 0, 7]),
        st.floats(0, 100),
    ),
    max_size=60,
)


@given(_EVENTS)
def test_whatever_happens(events: list[tuple[str, int, int | None, int | None, float]]) -> None:
    """No worker has two processes, nothing starts after the end has begun, and all ends exactly once."""
    supervision, now = Supervision(3, GRACE), 0.0
    running: set[int] = set()
    finished: list[int] = []
    stopping = False

    def do(actions: list[Any]) -> None:
        nonlocal stopping
        for action in actions:
            match action:
                case Spawn(worker):
                    assert worker not in running
                    assert not stopping
                    running.add(worker)
                case Restart(worker, delay):
                    assert worker not in running
                    assert not stopping
                    assert 1 <= delay <= 60
                case Terminate(workers, grace):
                    assert not stopping
                    assert (set(workers), grace) == (running, GRACE)
                case Kill(workers):
                    assert set(workers) == running
                case Finish(code):
                    assert not running
                    finished.append(code)
        stopping = supervision.stopping

    do(supervision.start(now))
    for event, worker, code, halted, later in events:
        now += later
        if event == "ended":
            if worker in running:
                running.discard(worker)
                do(supervision.ended(worker, Ended(code, halted), now))
        elif event == "due":
            do(supervision.due(worker, now))
        elif event == "consuming":
            do(supervision.consuming(worker))
        else:
            do(getattr(supervision, event)())
        assert running == {
            each for each in range(3) if supervision.state(each) in (WorkerState.STARTING, WorkerState.READY)
        }
        assert bool(finished) == (stopping and not running)
    do(supervision.stop())
    for worker in sorted(running):
        running.discard(worker)
        do(supervision.ended(worker, Ended(None), now))

    assert 1 == len(finished)
