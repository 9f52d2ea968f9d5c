# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The failure policy as a value, and what it needs on the broker."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedora_messaging._core.retry import Retry, delay_name, doubling_delays, policy_of
from fedora_messaging._core.retry_topology import check_policy, retry_objects
from fedora_messaging._core.topology import Queue
from fedora_messaging.exceptions import CallbackRaised, ConfigurationException, Drop, HaltConsumer, Nack
from fedora_messaging.retry import retry


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"wait": "elsewhere"}, "wait: must be one of aside, in-place, queue, broker, not 'elsewhere'"),
        ({"then": "panic"}, "then: must be one of repeat, reject, quarantine, stop, not 'panic'"),
        ({"delays": ()}, "delays: must be a list of 1 to 100 numbers of seconds"),
        ({"delays": 3}, "delays: must be a list"),
        ({"delays": (1, -1)}, "delays: must be numbers of seconds, 0 at least, not -1"),
        ({"delays": (1, True)}, "not True"),
        ({"delays": (float("nan"),)}, "not nan"),
        ({"delays": (10**400,)}, "delays: must be numbers of seconds, 0 at least, not <a very long"),
        ({"delays": (5_000_000,), "wait": "queue"}, "delays: a queue holds a message for 4294966 s at most"),
        ({"on": ("OSError",)}, "on: must be exception classes, not 'OSError'"),
        ({"on": (Drop,)}, "on: Drop never means"),
        ({"on": (HaltConsumer,)}, "on: HaltConsumer never means"),
        ({"jitter": 1.5}, "jitter: must be a number from 0 to 1"),
        ({"rest_after": 0}, "rest_after: must be a whole number, 1 at least, not 0"),
        ({"rest_after": True}, "rest_after"),
    ],
)
def test_bad_values(values: dict[str, Any], text: str) -> None:
    """A value that cannot be used is refused, and the field named."""
    with pytest.raises(ValueError) as refused:
        Retry(**values)
    assert text in str(refused.value)


def test_what_is_covered() -> None:
    """Nack is tried again, and so are the classes named; Drop and HaltConsumer never are."""
    some, every = Retry(on=(OSError,)), Retry(on=(Exception,))

    assert all(some.covers(each) for each in (Nack(), OSError(), ConnectionRefusedError()))
    assert not any(some.covers(each) for each in (KeyError(), Drop(), HaltConsumer()))
    assert every.covers(KeyError())
    assert not any(every.covers(each) for each in (Drop(), HaltConsumer()))
    assert Retry(on=(SystemExit,)).covers(CallbackRaised(SystemExit(3)))
    assert not some.covers(CallbackRaised(SystemExit(3)))


@given(st.floats(0, 100), st.floats(0, 1000))
def test_doubling_delays(first: float, cap: float) -> None:
    """The delays double up to the cap, which is the last one if there is anything to double."""
    delays = doubling_delays(first, cap)

    assert min(first, cap) == delays[0]
    assert list(delays) == sorted(delays)
    assert max(delays) <= cap
    assert delays[-1] == (cap if first > 1e-15 else delays[-1])


@given(st.floats(0, 1000), st.floats(0, 1), st.integers())
def test_jitter_is_a_share_of_the_delay(delay: float, jitter: float, seed: int) -> None:
    """A delay varies by its share at most, to either side."""
    spread = Retry(jitter=jitter).spread(delay, random.Random(seed).uniform)

    assert delay * (1 - jitter) - 1e-9 <= spread <= delay * (1 + jitter) + 1e-9


def test_names_of_delays() -> None:
    """A delay is named in seconds, or in milliseconds where seconds are not enough."""
    assert ["10s", "3600s", "1500ms", "1ms", "0ms"] == [
        delay_name(each) for each in (10, 3600, 1.5, 0.001, 0)
    ]


def test_what_a_queue_needs() -> None:
    """There is a queue for each distinct delay, one way back, and a quarantine; all of fanout exchanges."""
    policy = Retry(delays=(10, 10, 60), wait="queue", then="quarantine")
    objects = retry_objects(Queue("q"), policy, "retry")

    assert ["q.requeue", "q.retry.10s", "q.retry.60s", "q.quarantine"] == [
        each.name for each in objects.exchanges
    ]
    assert {"fanout"} == {each.type for each in objects.exchanges}
    assert {
        "q.retry.10s": {"x-message-ttl": 10_000, "x-dead-letter-exchange": "q.requeue"},
        "q.retry.60s": {"x-message-ttl": 60_000, "x-dead-letter-exchange": "q.requeue"},
        "q.quarantine": {},
    } == {each.name: each.arguments for each in objects.queues}
    assert [
        ("q", "q.requeue"),
        ("q.retry.10s", "q.retry.10s"),
        ("q.retry.60s", "q.retry.60s"),
        ("q.quarantine", "q.quarantine"),
    ] == [(each.queue, each.exchange) for each in objects.bindings]
    assert r"^q\.(retry\..*|requeue|quarantine)$" in objects.needs


def test_queues_are_of_the_same_type() -> None:
    """What belongs to a quorum queue is a quorum queue, which loses nothing on its way back."""
    queue = Queue("q", arguments={"x-queue-type": "quorum"})
    delay, quarantine = retry_objects(
        queue, Retry(delays=(1,), wait="queue", then="quarantine"), "retry"
    ).queues

    assert "quorum" == delay.arguments["x-queue-type"] == quarantine.arguments["x-queue-type"]
    assert "at-least-once" == delay.arguments["x-dead-letter-strategy"]
    assert "reject-publish" == delay.arguments["x-overflow"]


def test_nothing_is_needed_unless_chosen() -> None:
    """A policy that keeps messages with the consumer needs nothing on the broker."""
    assert not any(
        retry_objects(Queue("q"), Retry(wait=wait), "retry").exchanges
        for wait in ("aside", "in-place", "broker")
    )


@pytest.mark.parametrize(
    ("queue", "policy", "text"),
    [
        (Queue("", exclusive=True), Retry(wait="queue"), 'retry.wait: "queue" needs a queue that stays'),
        (Queue("q", auto_delete=True), Retry(then="quarantine"), 'retry.then: "quarantine" needs'),
        (Queue("q" * 250), Retry(wait="queue"), "AMQP allows 255"),
        (Queue("q"), Retry(wait="broker"), 'retry.wait: "broker" needs a quorum queue'),
        (Queue("q", existing=True), Retry(wait="broker"), 'retry.wait: "broker" needs a quorum queue'),
        (Queue("q"), Retry(delays=(10, 1000)), "retry.delays: 1000 s is too long"),
        (Queue("q"), Retry(delays=(1000,), wait="in-place"), 'wait = "in-place"'),
    ],
)
def test_policies_that_do_not_fit_their_queue(queue: Queue, policy: Retry, text: str) -> None:
    """The key is named, and what is wrong with it."""
    with pytest.raises(ConfigurationException) as refused:
        check_policy(queue, policy, 1800, "retry")
    assert text in str(refused.value)


def test_the_decorator_only_sets_an_attribute() -> None:
    """The same function comes back, with the policy, which is found through partials and on classes."""

    def callback(message: Any) -> None:
        """Do nothing."""

    decorated = retry(on=(OSError,), delays=(1, 2), then="reject")(callback)

    assert decorated is callback
    assert Retry((OSError,), (1, 2), "reject") == policy_of(callback)


class WithPolicy:
    """A callback with a policy of its own."""

    retry = Retry(then="reject")

    def __call__(self, message: Any) -> None:
        """Do nothing."""


class WithMethod:
    """A callback that has a method of that name, for another purpose."""

    def retry(self) -> None:
        """Do nothing."""

    def __call__(self, message: Any) -> None:
        """Do nothing."""


def test_policies_of_callbacks() -> None:
    """The attribute of a class counts, a method of the name does not, and anything else is refused."""
    assert WithPolicy.retry == policy_of(WithPolicy) == policy_of(WithPolicy())
    assert policy_of(WithMethod()) is None
    assert policy_of(print) is None
    wrong = WithMethod()
    wrong.retry = {"then": "reject"}  # type: ignore[method-assign, assignment]
    with pytest.raises(ValueError, match=r"must be a fedora_messaging\.retry\.Retry, not dict"):
        policy_of(wrong)


@pytest.mark.parametrize("delay", [-1, float("nan"), float("inf"), "soon", True, 10**400])
def test_the_delay_of_a_nack_is_checked(delay: Any) -> None:
    """A delay that is no number of seconds is refused where it is written."""
    with pytest.raises(ValueError, match="delay must be None or a number of seconds"):
        Nack(delay=delay)
