# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Which broker is tried next: rounds, lost connections, refused logins, names with several addresses."""

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedora_messaging._core.endpoints import FAILOVER, Endpoints
from fedora_messaging._core.lifecycle import CloseReason, Scope

INTERVAL = 8.0


def in_order(count: int) -> Endpoints:
    return Endpoints(count, "in-order", INTERVAL)


#: An attempt that failed, and one that the broker refused.
UNREACHABLE = CloseReason(Scope.TRANSPORT, 0, "nobody listens", opened=False)
REFUSED = CloseReason(Scope.CONNECTION, 403, "ACCESS_REFUSED", opened=False, peer="one of them")


@pytest.mark.parametrize(
    ("events", "tried"),
    [
        ("ff f", [0, 1, 2, 0]),  # one round after the other
        ("f lff", [0, 1, 0, 2, 0]),  # lost long after the round began: the others, then a pause
        ("fl", [0, 1, 2]),  # lost soon: what is left of the round
        ("fflff", [0, 1, 2, 0, 1, 2]),
        ("rr r", [0, 1, 2, 0]),
        ("r l", [0, 1, 2]),  # a broker that refused the login is not asked at once
        ("r lf", [0, 1, 2, 0]),
    ],
)
def test_in_order(events: str, tried: list[int]) -> None:
    """What becomes of attempts is f, failed; r, refused the login; l, open and lost; a space is a minute."""
    endpoints, now = in_order(3), 100.0
    took = [endpoints.take(now)]
    for event in events:
        if event == " ":
            now += 60
            continue
        if event == "l":
            endpoints.lost(now)
        else:
            endpoints.failed(refused=event == "r")
        took.append(endpoints.take(now))

    assert tried == took


def test_one_broker() -> None:
    """There is never another to try at once."""
    endpoints = in_order(1)
    endpoints.take(0.0)
    endpoints.failed()
    after_failure = endpoints.more
    endpoints.take(100.0)
    endpoints.lost(200.0)

    assert (False, False, None) == (after_failure, endpoints.more, endpoints.upcoming)


def test_each_round_has_an_order_of_its_own() -> None:
    """Rounds are shuffled, so that clients of a cluster do not all begin with the same node."""
    endpoints = Endpoints(4, "shuffle", INTERVAL, random.Random(7).shuffle)
    rounds = []
    for _ in range(20):
        took = []
        for _ in range(4):
            took.append(endpoints.take(0.0))
            endpoints.failed()
        rounds.append(tuple(took))

    assert {(0, 1, 2, 3)} == {tuple(sorted(each)) for each in rounds}
    assert 10 < len(set(rounds))


def test_only_when_all_have_refused() -> None:
    """A refusal by all since the last pause is one; a broker that fails otherwise has not refused."""
    endpoints = in_order(2)
    seen = []
    for refused in (True, False, True, True):
        endpoints.take(0.0)
        endpoints.failed(refused=refused)
        seen.append((endpoints.more, endpoints.all_refused))

    assert [(True, False), (False, False), (True, False), (False, True)] == seen


def connect(endpoints: Endpoints, addresses: list[str], now: float = 0.0) -> list[str]:
    """Resolve the present broker's name, and reach it at the first address that may be tried."""
    endpoints.take(now)
    chosen = endpoints.choose(addresses)
    endpoints.reached(chosen[0])
    return chosen


def test_a_name_with_several_addresses() -> None:
    """Each address at which it was reached is used up in this round; another broker comes between."""
    endpoints = in_order(2)
    first = connect(endpoints, ["A", "B"])
    endpoints.failed()
    between = endpoints.take(0.0)
    endpoints.failed()
    second = connect(endpoints, ["A", "B"])
    endpoints.failed()
    over = not endpoints.more
    again = connect(endpoints, ["A", "B"])

    assert (["A", "B"], 1, ["B"], True, ["A", "B"]) == (first, between, second, over, again)


@pytest.mark.parametrize(
    ("count", "addresses", "others"),
    [
        (1, [], False),
        (1, ["127.0.0.1"], False),
        (1, ["::1", "127.0.0.1"], False),
        (1, ["10.0.0.1", "10.0.0.2"], True),
        (1, ["fd00::1", "fd00::2", "10.0.0.1"], True),
        (2, ["127.0.0.1"], True),
    ],
)
def test_whether_there_are_others(count: int, addresses: list[str], others: bool) -> None:
    """Another broker is one with a URL of its own, or another address of the same family."""
    endpoints = in_order(count)
    if addresses:
        connect(endpoints, addresses)

    assert others == endpoints.has_others


def test_a_connection_to_a_name_with_several_addresses_is_lost() -> None:
    """The other addresses are tried at once, and not the one that was lost."""
    endpoints = in_order(1)
    connect(endpoints, ["A", "B", "C"])
    endpoints.lost(100.0)
    chosen = []
    while endpoints.more:
        chosen.append(connect(endpoints, ["A", "B", "C"], 100.0))
        endpoints.failed()

    assert [["B", "C"], ["C"]] == chosen


def test_a_name_that_refuses_the_login() -> None:
    """Its other addresses are not asked in this round."""
    endpoints = in_order(1)
    connect(endpoints, ["A", "B"])
    endpoints.failed(refused=True)

    assert (False, True) == (endpoints.more, endpoints.all_refused)


def test_a_name_none_of_whose_addresses_accept() -> None:
    """They have all been tried by then."""
    endpoints = in_order(1)
    endpoints.take(0.0)
    endpoints.choose(["A", "B"])
    endpoints.failed()

    assert not endpoints.more


@pytest.mark.parametrize("peer", ["fe80::1", None])
def test_a_peer_whose_address_is_not_the_resolvers(peer: str | None) -> None:
    """The round ends nevertheless, though no address of the name is known to be used up."""
    endpoints = in_order(1)
    attempts = 0
    while attempts == 0 or endpoints.more:
        endpoints.take(0.0)
        endpoints.choose(["fe80::1%eth0", "192.0.2.1"])
        endpoints.reached(peer)
        endpoints.failed()
        attempts += 1

    assert attempts <= 2


ADDRESSES = st.lists(st.sampled_from("ABCD"), min_size=1, max_size=4, unique=True)
EVENTS = st.tuples(
    st.sampled_from(["unresolved", "unreached", "failed", "refused", "lost"]), ADDRESSES, st.floats(0.0, 30.0)
)


@given(st.integers(1, 5), st.sampled_from(FAILOVER), st.lists(EVENTS, max_size=60), st.randoms())
def test_whatever_happens(count: int, failover: str, events: list[Any], source: random.Random) -> None:
    """Rounds end: no broker is tried more often than it has addresses, and one that was lost or refused the
    login is not tried at the same address, before a pause or a long connection."""
    endpoints = Endpoints(count, failover, INTERVAL, source.shuffle)
    now, began, tries, refused = 0.0, 0.0, Counter[int](), set[int]()
    used: dict[int, set[str]] = {}
    for event, addresses, lasted in events:
        if not endpoints.more:  # the caller has waited
            tries.clear()
            refused.clear()
            used.clear()
            began = now
        expected = endpoints.upcoming
        broker = endpoints.take(now)
        tries[broker] += 1

        assert expected in (None, broker)
        assert 0 <= broker < count
        assert broker not in refused
        assert tries[broker] <= 4
        if event != "unresolved":
            chosen = endpoints.choose(addresses)
            assert chosen
            assert set(chosen) <= set(addresses)
            assert not (set(chosen) & used.get(broker, set())) or set(addresses) <= used[broker]
        if event in ("failed", "refused", "lost"):
            endpoints.reached(chosen[0])
            used.setdefault(broker, set()).add(chosen[0])
        if event == "lost":
            now += lasted
            endpoints.lost(now)
            if now - began > INTERVAL:
                began = now
                tries.clear()
                used = {broker: {chosen[0]}}
        else:
            endpoints.failed(refused=event == "refused")
            if event == "refused":
                refused.add(broker)


@given(st.integers(2, 6), st.sampled_from(FAILOVER), st.randoms())
def test_a_round_tries_all(count: int, failover: str, source: random.Random) -> None:
    """Each broker is tried once before the round is over; after a loss, each but the one that was lost."""
    endpoints = Endpoints(count, failover, INTERVAL, source.shuffle)
    for _ in range(count):
        endpoints.take(0.0)
        endpoints.failed()
    lost = endpoints.take(1.0)
    endpoints.lost(100.0)
    took = []
    while endpoints.more:
        took.append(endpoints.take(100.0))
        endpoints.failed()

    assert sorted(took) == sorted(set(range(count)) - {lost})


@pytest.mark.parametrize(
    ("reasons", "refusals"),
    [
        ([REFUSED], [True]),
        ([UNREACHABLE], [False]),
        ([REFUSED, REFUSED, REFUSED], [False, False, True]),
        ([REFUSED, UNREACHABLE, REFUSED], [False, False, False]),
        ([UNREACHABLE, REFUSED], [False, False]),
    ],
)
def test_a_refusal_counts_when_each_broker_has_refused(
    reasons: list[CloseReason], refusals: list[bool]
) -> None:
    """Of several brokers one that refuses counts as one that is not there; the last refusal names all."""
    endpoints = in_order(len(reasons))
    weighed = []
    for reason in reasons:
        endpoints.take(100.0)
        weighed.append(endpoints.weigh(reason, lambda index: f"broker {index}"))

    assert refusals == [each.refused_login for each in weighed]
    names = " or ".join(f"broker {index}" for index in range(len(reasons)))
    assert all(each.peer == names for each in weighed if each.refused_login and len(reasons) > 1)
    assert [reason.advised for reason in reasons] == [each.advised for each in weighed]
