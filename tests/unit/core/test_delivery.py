# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What a callback's outcome means for its delivery."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedora_messaging._core.delivery import (
    Attempts,
    Delivery,
    InvalidMessage,
    Policy,
    Settlement,
    Verb,
    decide,
    ends_consumer,
)
from fedora_messaging.exceptions import ConsumeException, Drop, HaltConsumer, Nack, ValidationError

DELIVERY = Delivery("q", "amq.topic", b"t", 1, 1, False, 0.0, b"\0\0", b"{}")
HALT, HALT_AND_REQUEUE, SURPRISE = HaltConsumer(3), HaltConsumer(requeue=True), KeyError("surprise")


@pytest.mark.parametrize(
    ("outcome", "settlement"),
    [
        (None, Settlement(Verb.ACK)),
        (Nack(), Settlement(Verb.NACK, requeue=True, delay=1.0, counts="rejected")),
        (Drop(), Settlement(Verb.REJECT, counts="dropped")),
        (InvalidMessage(ValidationError("bad")), Settlement(Verb.REJECT, counts="rejected")),
        (HALT, Settlement(Verb.ACK, ends=HALT)),
        (HALT_AND_REQUEUE, Settlement(Verb.NACK, requeue=True, ends=HALT_AND_REQUEUE, counts="rejected")),
        (SURPRISE, Settlement(Verb.REJECT, requeue=True, ends=SURPRISE, counts="failed")),
    ],
)
def test_decisions(outcome: Exception | None, settlement: Settlement) -> None:
    """Each outcome has one settlement."""
    assert settlement == decide(outcome, DELIVERY, Policy())
    assert (settlement.ends is not None) == (outcome is not None and ends_consumer(outcome))


@given(st.integers(1, 10**6), st.floats(0.1, 10), st.floats(0.1, 100))
def test_only_nack_is_delayed(attempts: int, first: float, cap: float) -> None:
    """Nack waits no longer than the cap; a failure, which ends the consumer, does not wait at all."""
    policy, delivery = Policy(first, cap), DELIVERY._replace(attempts=attempts)

    assert 0 < decide(Nack(), delivery, policy).delay <= cap
    assert {0.0} == {decide(each, delivery, policy).delay for each in (None, Drop(), HALT, SURPRISE)}


class _Own(Nack):
    """An application's own reason to refuse."""


def test_subclasses_of_outcomes_mean_what_their_base_means() -> None:
    """An application may derive from Nack; the base of all of them is a failure like any other."""
    assert decide(Nack(), DELIVERY, Policy()) == decide(_Own(), DELIVERY, Policy())
    assert "failed" == decide(ConsumeException(), DELIVERY, Policy()).counts


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 3)), max_size=60), st.integers(1, 4))
def test_attempts_are_bounded_and_never_go_back(refusals: list[tuple[str, int]], limit: int) -> None:
    """The table keeps the messages refused last, and counts as far as the queue does at least."""
    attempts = Attempts(limit)
    recent: list[str] = []
    known: dict[str, int] = {}
    for key, counted in refusals:
        count = attempts.refused(key, counted)
        assert max(known.get(key, 0) + 1, counted + 1) == count
        known[key] = count
        recent = [each for each in recent if each != key] + [key]
        for forgotten in recent[:-limit]:
            known.pop(forgotten, None)
        recent = recent[-limit:]
        assert len(attempts) == len(recent)


def test_what_is_forgotten_starts_again() -> None:
    """A message that was settled for good begins with the first attempt when it is seen again."""
    attempts = Attempts()
    attempts.refused("a")
    attempts.forget("a")
    attempts.forget("never seen")

    assert 1 == attempts.refused("a")
