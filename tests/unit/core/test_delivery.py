# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What a callback's outcome means for its delivery."""

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedora_messaging._core.delivery import (
    Attempts,
    Delivery,
    InvalidMessage,
    Settlement,
    Verb,
    decide,
    ends_consumer,
)
from fedora_messaging._core.retry import Retry, Then, Wait, doubling_delays
from fedora_messaging.exceptions import ConsumeException, Drop, HaltConsumer, Nack, ValidationError

DEFAULT = Retry(jitter=0)
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
    assert settlement == decide(outcome, DELIVERY, DEFAULT)
    assert (settlement.ends is not None) == ends_consumer(DELIVERY, outcome)


@given(st.integers(1, 10**6), st.floats(0.1, 10), st.floats(0.1, 100))
def test_only_nack_is_delayed(attempts: int, first: float, cap: float) -> None:
    """Nack waits no longer than the cap; a failure, which ends the consumer, does not wait at all."""
    policy, delivery = Retry(delays=doubling_delays(first, cap)), DELIVERY._replace(attempts=attempts)

    assert 0 < decide(Nack(), delivery, policy).delay <= cap
    assert {0.0} == {decide(each, delivery, policy).delay for each in (None, Drop(), HALT, SURPRISE)}


class _Own(Nack):
    """An application's own reason to refuse."""


def test_subclasses_of_outcomes_mean_what_their_base_means() -> None:
    """An application may derive from Nack; the base of all of them is a failure like any other."""
    assert decide(Nack(), DELIVERY, DEFAULT) == decide(_Own(), DELIVERY, DEFAULT)
    assert "failed" == decide(ConsumeException(), DELIVERY, DEFAULT).counts


FAILURE = OSError("the database is away")
POLICY: dict[str, Any] = {"on": (OSError,), "delays": (10, 60)}


@pytest.mark.parametrize(
    ("policy", "attempts", "settlement"),
    [
        ({}, 1, Settlement(Verb.NACK, requeue=True, delay=10, counts="rejected")),
        ({}, 2, Settlement(Verb.NACK, requeue=True, delay=60, counts="rejected")),
        ({}, 9, Settlement(Verb.NACK, requeue=True, delay=60, counts="rejected")),
        (
            {"wait": "in-place"},
            1,
            Settlement(Verb.NACK, requeue=True, delay=10, counts="retried", again=True),
        ),
        ({"wait": "queue"}, 1, Settlement(Verb.ACK, delay=10, counts="retried", forward="retry.10s")),
        ({"wait": "queue"}, 2, Settlement(Verb.ACK, delay=60, counts="retried", forward="retry.60s")),
        ({"wait": "queue"}, 3, Settlement(Verb.ACK, delay=60, counts="retried", forward="retry.60s")),
        ({"wait": "broker"}, 1, Settlement(Verb.REJECT, requeue=True, counts="rejected")),
        ({"then": "reject"}, 2, Settlement(Verb.NACK, requeue=True, delay=60, counts="rejected")),
        ({"then": "reject"}, 3, Settlement(Verb.REJECT, counts="rejected", exhausted=True)),
        (
            {"then": "quarantine"},
            3,
            Settlement(Verb.ACK, counts="quarantined", forward="quarantine", exhausted=True),
        ),
        (
            {"then": "stop"},
            3,
            Settlement(Verb.REJECT, requeue=True, ends=FAILURE, counts="failed", exhausted=True),
        ),
    ],
)
def test_policies(policy: dict[str, Any], attempts: int, settlement: Settlement) -> None:
    """A failure that the policy covers waits as the policy says, and ends as it says when all is used up."""
    delivery = DELIVERY._replace(attempts=attempts)

    assert settlement == decide(FAILURE, delivery, Retry(**{**POLICY, **policy}))


def test_invalid_messages_go_to_quarantine() -> None:
    """An invalid message that was kept goes where messages that failed go; one that was not is rejected."""
    policy = Retry(then="quarantine")
    invalid = InvalidMessage(ValidationError("bad"))

    assert "quarantine" == decide(invalid, DELIVERY, policy).forward
    assert Settlement(Verb.REJECT, counts="rejected") == decide(invalid, DELIVERY._replace(body=None), policy)


def test_a_callback_may_say_how_long_this_time() -> None:
    """The delay of a Nack replaces the policy's; in queues it is the next longer one, or the longest."""
    aside, queues = Retry(delays=(10, 60)), Retry(delays=(10, 60), wait="queue")

    assert 300 == decide(Nack(delay=300), DELIVERY, aside).delay
    assert 0 == decide(Nack(delay=0), DELIVERY, aside).delay
    assert ["retry.10s", "retry.60s", "retry.60s"] == [
        decide(Nack(delay=delay), DELIVERY, queues).forward for delay in (3, 11, 300)
    ]


@pytest.mark.parametrize("delay", ["soon", -1, float("nan"), 10**400, property(lambda _: 1 / 0)])
def test_a_nack_of_another_kind_waits_as_the_policy_says(delay: Any) -> None:
    """An attribute of a subclass that is no number of seconds asks for nothing."""

    class Later(Nack):
        def __init__(self) -> None:
            pass

    Later.delay = delay
    assert 10 == decide(Later(), DELIVERY, Retry(delays=(10, 60))).delay


@given(
    st.lists(st.floats(0.001, 10**6), min_size=1, max_size=20),
    st.sampled_from(["aside", "in-place", "queue"]),
    st.sampled_from(["reject", "quarantine", "stop"]),
)
def test_all_delays_together(delays: list[float], wait: Any, then: Any) -> None:
    """A message that always fails waits for each delay once, and is given up at the next attempt."""
    policy = Retry(delays=tuple(delays), wait=wait, then=then, on=(OSError,))
    settlements = [
        decide(OSError("x"), delivery._replace(attempts=attempt), policy)
        for attempt in range(1, len(delays) + 2)
        for delivery in [Delivery("q", "e", b"t", 1, 1, False, 0.0, b"", b"")]
    ]

    assert sum(delays) == sum(each.delay for each in settlements)
    assert [False] * len(delays) + [True] == [each.exhausted for each in settlements]


def test_no_message_is_given_up_while_all_fail() -> None:
    """While the consumer rests, a message whose delays are used up waits for the longest once more."""
    last = DELIVERY._replace(attempts=3)
    policy = Retry(delays=(10, 60), then="quarantine", wait="queue")

    assert "retry.60s" == decide(Nack(), last, policy, lasting=False).forward


OUTCOMES: list[Exception | None] = [None, Nack(), Nack(delay=7), Drop(), HALT, HALT_AND_REQUEUE, FAILURE]


@given(
    st.sampled_from([*OUTCOMES, SURPRISE, InvalidMessage(ValidationError("bad"))]),
    st.integers(1, 200),
    st.lists(st.floats(0, 1000), min_size=1, max_size=9),
    st.sampled_from(get_args(Then)),
    st.sampled_from(get_args(Wait)),
    st.booleans(),
)
def test_each_outcome_has_exactly_one_settlement(
    outcome: Exception | None, attempts: int, delays: list[float], then: Then, wait: Wait, lasting: bool
) -> None:
    """A message is acknowledged, rejected, or put back or published again, and waits no longer than asked."""
    policy = Retry((OSError,), tuple(delays), then, wait)
    settlement = decide(outcome, DELIVERY._replace(attempts=attempts), policy, lasting=lasting)

    assert settlement.verb is Verb.ACK or not settlement.forward
    assert not settlement.requeue or settlement.verb is not Verb.ACK
    assert 0 <= settlement.delay <= max(*delays, 7)
    if settlement.again:
        assert "in-place" == wait
        assert settlement.requeue
    if settlement.ends is not None:
        assert outcome is settlement.ends
    if outcome is not None and policy.covers(outcome) and lasting and attempts > len(delays):
        assert (settlement.exhausted, settlement.ends is not None) == (then != "repeat", then == "stop")


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
