# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A node that is cut off from its cluster and keeps its connections, on a clock."""

import pytest

from support.several import TOPOLOGY, Several
from support.world import result_of


def test_a_broker_that_confirms_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """After 15 s without a confirm another broker is connected to, and what was in flight is published
    there."""
    brokers = Several("ann", "ann").start()
    brokers[0].faults.withhold_confirms()
    published = brokers.publish()
    brokers.reactor.settle(14.0)
    before = list(brokers.ports)
    brokers.reactor.settle(2.0)

    assert [1] == before
    assert [1, 2] == brokers.ports
    assert result_of(published) is None
    assert "the broker has confirmed nothing for 15 s. Trying h:2 next." in caplog.text


def test_each_broker_is_given_longer() -> None:
    """When no broker confirms, each next one is given twice as long, up to a minute."""
    brokers = Several("ann", "ann", reconnect={"base": 0.1, "cap": 0.1}).start()
    for each in brokers.brokers:
        each.faults.withhold_confirms()
    brokers.publish()
    changes: list[int] = []
    for second in range(1, 200):
        brokers.reactor.settle(1.0)
        if len(brokers.ports) > len(changes) + 1:
            changes.append(second)

    assert [1, 2, 1, 2] == brokers.ports[:4]
    assert [15, 45, 105, 165] == [round(each / 5) * 5 for each in changes[:4]]


def test_a_confirm_is_a_sign_of_life() -> None:
    """While anything is confirmed, a message may take as long as it takes."""
    brokers = Several("ann", "ann").start()
    brokers[0].faults.delay_confirms(12.0)
    published = []
    for _ in range(8):
        published.append(brokers.publish())
        brokers.reactor.settle(5.0)
    brokers.reactor.settle(20.0)

    assert [None] * 8 == [result_of(each) for each in published]
    assert [1] == brokers.ports


def test_a_blocked_connection_is_kept() -> None:
    """A broker that blocks publishing says why it confirms nothing: it is not left."""
    brokers = Several("ann", "ann").start()
    brokers[0].faults.block()
    published = brokers.publish()
    brokers.reactor.settle(100.0)
    brokers[0].faults.unblock()
    brokers.reactor.settle()

    assert result_of(published) is None
    assert [1] == brokers.ports


def test_the_only_broker_is_kept() -> None:
    """With one broker there is nowhere to go: it is waited for."""
    brokers = Several("ann").start()
    brokers[0].faults.withhold_confirms()
    published = brokers.publish()
    brokers.reactor.settle(100.0)
    brokers[0].faults.release_confirms()
    brokers.reactor.settle()

    assert result_of(published) is None
    assert [1] == brokers.ports


def test_a_consumer_that_its_queue_does_not_know(caplog: pytest.LogCaptureFixture) -> None:
    """When two answers in a row count no consumer, it goes to another broker, and consumes there."""
    brokers = Several("ann", "ann", **TOPOLOGY).start()
    brokers[0].faults.cut_off("q")
    brokers.reactor.settle(11.0)
    before = list(brokers.ports)
    brokers.reactor.settle(4.0)

    assert [1] == before
    assert [1, 2] == brokers.ports
    assert brokers.service.factory.ready
    assert "the queue 'q' does not know its consumer at this node. Trying h:2 next." in caplog.text


def test_an_election_is_survived() -> None:
    """One answer without a consumer means nothing: the queue may be getting another leader."""
    brokers = Several("ann", "ann", **TOPOLOGY).start()
    for _ in range(5):
        brokers[0].faults.cut_off("q")
        brokers.reactor.settle(8.0)  # asked once, and again 5 s later
        brokers[0].faults.cut_off("q", cut_off=False)
        brokers.reactor.settle(5.0)

    assert [1] == brokers.ports


def test_an_idle_consumer_is_left_alone() -> None:
    """A consumer of an empty queue, which knows it, stays where it is."""
    brokers = Several("ann", "ann", **TOPOLOGY).start()
    brokers.reactor.settle(600.0)

    assert [1] == brokers.ports
    assert brokers.service.factory.ready


def test_one_that_was_cancelled_is_not_asked_for() -> None:
    """A consumer that drains, waiting for its callback, is expected to be unknown."""
    brokers = Several("ann", "ann", **TOPOLOGY).start()
    (consumer,) = brokers.service.consumers
    brokers.pause_callbacks()
    brokers.publish()
    brokers.reactor.settle()
    consumer.cancel()
    brokers.reactor.settle(100.0)
    ports = list(brokers.ports)
    brokers.go_on()
    brokers.reactor.settle()

    assert [1, 1] == ports
    assert consumer.ended
