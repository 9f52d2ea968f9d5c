# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The ledger of deliveries, against a broker that takes each acknowledgement at its word."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fedora_messaging._core.unacked import Ledger


class LedgerAgainstBroker(RuleBasedStateMachine):
    """The broker's idea of what is unacknowledged is the ledger's, whatever the order."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger()
        self.broker: set[int] = set()
        self.last = 0

    @rule(count=st.integers(1, 6))
    def deliver(self, count: int) -> None:
        for _ in range(count):
            self.last += 1
            self.ledger.arrived(self.last)
            self.broker.add(self.last)

    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        """Any tags, in any order, settled ones and unknown ones among them."""
        tags = data.draw(st.lists(st.integers(1, self.last + 1), max_size=8))
        due = self.broker & set(tags)
        acks = self.ledger.acknowledge(tags)
        settled: set[int] = set()
        for tag, multiple in acks:
            # RabbitMQ closes the channel for a tag that it does not know.
            assert tag in self.broker
            covered = {each for each in self.broker if each <= tag} if multiple else {tag}
            settled |= covered
            self.broker -= covered
        assert due == settled
        assert len(acks) <= max(len(due), 1)

    @precondition(lambda self: self.last)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        """With a verb of its own; a second time says that it was settled."""
        tag = data.draw(st.integers(1, self.last))
        assert (tag in self.broker) == self.ledger.settle(tag)
        self.broker.discard(tag)

    @rule()
    def lose(self) -> None:
        assert sorted(self.broker) == self.ledger.take_all()
        self.broker.clear()

    @invariant()
    def same_number(self) -> None:
        assert len(self.broker) == len(self.ledger)


TestLedgerAgainstBroker = LedgerAgainstBroker.TestCase


@given(st.integers(1, 300))
def test_everything_in_order_is_one_frame(count: int) -> None:
    """All that is unsettled, finished in one go, is one acknowledgement."""
    ledger = Ledger()
    for tag in range(1, count + 1):
        ledger.arrived(tag)

    assert [(count, count > 1)] == ledger.acknowledge(range(1, count + 1))


def test_those_above_a_held_one_are_not_kept_back() -> None:
    """Below the lowest unsettled tag one frame settles all; above it each has its own, at once."""
    ledger = Ledger()
    for tag in range(1, 8):
        ledger.arrived(tag)

    assert [(2, True), (4, False), (7, False)] == ledger.acknowledge([7, 1, 4, 2])
    assert [(3, False)] == ledger.acknowledge([3])
    assert [(6, True)] == ledger.acknowledge([5, 6])
