# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""When a consumer rests, for how long, and which outcomes its callbacks wait for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedora_messaging._core.breaker import Breaker, Gate
from fedora_messaging._core.delivery import Delivery, InvalidMessage
from fedora_messaging._core.retry import Retry
from fedora_messaging.exceptions import Drop, HaltConsumer, Nack, ValidationError

DELIVERY = Delivery("q", "amq.topic", b"t", 1, 1, False, 0.0, b"\0\0", b"{}")


def gate(retry: Retry) -> Gate:
    return Gate(retry, Breaker(retry.rest_after), lambda delivery: delivery.tag)


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 5))
def test_it_opens_after_so_many_failures_in_a_row(outcomes: list[bool], limit: int) -> None:
    """It is open exactly while the last outcomes, as many as the limit, were failures."""
    breaker = Breaker(limit)
    in_a_row = 0
    for succeeded in outcomes:
        if succeeded:
            breaker.succeeded()
            in_a_row = 0
        else:
            in_a_row += 1
            assert breaker.failed(OSError(), in_a_row) == (in_a_row >= limit)
        assert breaker.open == (in_a_row >= limit)


def test_rests_double_up_to_a_minute_and_begin_anew() -> None:
    """Each rest in a row takes twice as long as the one before; a success begins again with a second."""
    breaker = Breaker(1)
    breaker.failed(OSError(), "a")

    assert [1, 2, 4, 8, 16, 32, 60, 60] == [breaker.rest() for _ in range(8)]
    breaker.succeeded()
    breaker.failed(OSError(), "a")
    assert 1 == breaker.rest()


def test_more_messages_are_tried_after_long_rests() -> None:
    """One message is tried after each rest of the first minute, then one more each time, up to a limit."""
    breaker = Breaker(2, most=3)
    breaker.failed(OSError(), "a")

    def tried() -> int:
        breaker.rest()
        failures = 1
        while not breaker.failed(OSError(), "a"):
            failures += 1
        assert breaker.due
        return failures

    assert breaker.failed(OSError(), "a")
    assert [1, 1, 1, 1, 1, 1, 1, 2, 3, 3] == [tried() for _ in range(10)]
    breaker.succeeded()
    assert not breaker.due
    assert not breaker.failed(OSError(), "a")
    assert breaker.failed(OSError(), "a")
    assert 1 == tried()


def test_whose_failure_it_is() -> None:
    """While one message alone has failed, the failure is its own; of two it is not, until one succeeds."""
    breaker = Breaker(2)

    def after(*keys: str) -> bool:
        for key in keys:
            breaker.failed(OSError(), key)
        return breaker.lasting

    assert after("a", "a", "a")
    breaker.succeeded()
    assert not after("a", "b")
    assert not after("a")
    assert "3 failures in a row, last: OSError" == str(breaker)
    breaker.succeeded()
    assert after()
    assert after("a", "a", "a")
    assert not after("b")


def test_without_a_limit_it_never_opens() -> None:
    """A policy without rest_after lets no consumer rest."""
    breaker = Breaker(None)

    assert not any(breaker.failed(OSError(), n) for n in range(1000))
    assert not breaker.open


@pytest.mark.parametrize(
    ("policy", "outcome", "holds"),
    [
        (Retry(), None, False),
        (Retry(), Nack(), False),
        (Retry(), Drop(), False),
        (Retry(), InvalidMessage(ValidationError("bad")), False),
        (Retry(), HaltConsumer(), True),
        (Retry(), OSError(), True),
        (Retry(on=(OSError,)), OSError(), False),
        (Retry(on=(OSError,), wait="in-place"), OSError(), True),
        (Retry(on=(OSError,), then="stop"), OSError(), True),
        (Retry(on=(OSError,), rest_after=1), OSError(), True),
        (Retry(on=(OSError,), rest_after=2), OSError(), False),
        (Retry(wait="in-place"), InvalidMessage(ValidationError("bad")), False),
    ],
)
def test_what_the_next_callback_waits_for(policy: Retry, outcome: Exception | None, holds: bool) -> None:
    """Callbacks go on at once, unless the outcome may end the consumer, let it rest, or is tried in place."""
    assert holds == gate(policy).holds(DELIVERY, outcome)


def test_drop_is_no_failure() -> None:
    """A callback that drops a message has worked: failures are counted anew."""
    tested = gate(Retry(on=(OSError,), rest_after=2))

    assert not tested.holds(DELIVERY, OSError())
    assert not tested.holds(DELIVERY, Drop())
    assert not tested.holds(DELIVERY, OSError())
    assert tested.holds(DELIVERY, OSError())
