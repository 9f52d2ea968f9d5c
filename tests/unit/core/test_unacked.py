# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The unacknowledged tags, against a model of the broker that applies each acknowledgement."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fedora_messaging._core.unacked import UnackedTags


class LedgerAgainstBroker(RuleBasedStateMachine):
    """Both agree on what is unacknowledged, whatever the order of the calls."""

    def __init__(self) -> None:
        super().__init__()
        self.unacked = UnackedTags()
        self.broker: set[int] = set()
        self.last = 0

    @rule(count=st.integers(1, 6))
    def deliver(self, count: int) -> None:
        for _ in range(count):
            self.last += 1
            self.unacked.arrived(self.last)
            self.broker.add(self.last)

    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        """Any tags, in any order, settled ones and unknown ones among them."""
        tags = data.draw(st.lists(st.integers(1, self.last + 1), max_size=8))
        due = self.broker & set(tags)
        acks = self.unacked.acknowledge(tags)
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
        assert (tag in self.broker) == self.unacked.settle(tag)
        self.broker.discard(tag)

    @rule()
    def lose(self) -> None:
        assert sorted(self.broker) == self.unacked.take_all()
        self.broker.clear()

    @invariant()
    def same_number(self) -> None:
        assert len(self.broker) == len(self.unacked)


TestLedgerAgainstBroker = LedgerAgainstBroker.TestCase


@given(st.integers(1, 300))
def test_everything_in_order_is_one_frame(count: int) -> None:
    """All that is unsettled, finished in one go, is one acknowledgement."""
    unacked = UnackedTags()
    for tag in range(1, count + 1):
        unacked.arrived(tag)

    assert [(count, count > 1)] == unacked.acknowledge(range(1, count + 1))


def test_those_above_a_held_one_are_not_kept_back() -> None:
    """Below the lowest unsettled tag one frame settles all; above it each has its own, at once."""
    unacked = UnackedTags()
    for tag in range(1, 8):
        unacked.arrived(tag)

    assert [(2, True), (4, False), (7, False)] == unacked.acknowledge([7, 1, 4, 2])
    assert [(3, False)] == unacked.acknowledge([3])
    assert [(6, True)] == unacked.acknowledge([5, 6])
