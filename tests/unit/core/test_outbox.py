# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The outbox against a model of a broker: nothing lost, nothing settled for another, in order."""

import contextlib
from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fedora_messaging._core.outbox import Outbox, Outgoing, UnknownConfirm
from fedora_messaging._core.refusal_search import SEARCHING
from fedora_messaging.exceptions import PublishReturned


def outgoing(
    n: int, exchange: bytes = b"e", topic: bytes = b"t", *, mandatory: bool = False, size: int = 1
) -> Outgoing:
    return Outgoing(exchange, topic, b"", b"x" * size, b"id%d" % n, mandatory, lambda _: None)


def take(outbox: Outbox) -> Outgoing | None:
    """The next message, which is written."""
    message = outbox.head()
    if message is not None:
        outbox.sent()
    return message


class Channel:
    """What a broker knows of one channel: the messages it was sent, by the tag it counts for each."""

    def __init__(self) -> None:
        self.sent: dict[int, Outgoing] = {}
        self.last = 0
        self.asked: deque[int] = deque()

    def receive(self, message: Outgoing, *, asked: bool) -> None:
        self.last += 1
        self.sent[self.last] = message
        if asked:
            self.asked.append(self.last)

    def answer(self) -> int:
        """How many calls it can answer: those before the message that it is going to refuse."""
        bad = min((tag for tag, each in self.sent.items() if each.exchange != b"e"), default=self.last + 1)
        count = 0
        while self.asked and self.asked[0] < bad:
            self.asked.popleft()
            count += 1
        return count


class OutboxAgainstBroker(RuleBasedStateMachine):
    """Messages are added, sent, confirmed one by one or together, returned, refused, and given up."""

    def __init__(self) -> None:
        super().__init__()
        self.outbox = Outbox()
        self.channel = Channel()
        self.open: list[Outgoing] = []  # neither settled nor given up, in the order in which they were added
        self.given_up: set[Outgoing] = set()
        self.refused: Outgoing | None = None  # what the broker is looking at, if it does not like it
        self.count = 0

    @rule(
        count=st.integers(1, 5),
        exchange=st.sampled_from([b"e", b"missing"]),
        mandatory=st.booleans(),
        twice=st.booleans(),
    )
    def add(self, count: int, exchange: bytes, mandatory: bool, twice: bool) -> None:
        for _ in range(count):
            self.count += not twice
            message = outgoing(self.count, exchange, mandatory=mandatory)
            self.open.append(message)
            self.outbox.add(message)

    @rule(most=st.integers(1, 6))
    def send(self, most: int) -> None:
        for _ in range(most):
            message = take(self.outbox)
            if message is None:
                break
            assert message.waiter is not None
            self.channel.receive(message, asked=self.outbox.searching)

    @rule()
    def fail_to_send(self) -> None:
        """There are no frames for the next message: nothing else changes."""
        before = self.outbox.in_flight
        message = self.outbox.head()
        assert message is self.outbox.head()
        assert before == self.outbox.in_flight
        if message is not None:
            self.outbox.unsendable()
            self.close([message])

    @rule(size=st.integers(0, 3))
    def remove(self, size: int) -> None:
        """Messages that turn out to be unfit while they wait are taken out; what is in flight stays."""
        gone = self.outbox.remove(lambda message: hash(message.message_id) % 4 == size)
        assert set(gone) <= set(self.open)
        assert not set(gone) & set(self.channel.sent.values())
        self.close(gone)

    @rule()
    def answer(self) -> None:
        for _ in range(self.channel.answer()):
            self.outbox.answered()

    @precondition(lambda self: any(each.exchange == b"e" for each in self.channel.sent.values()))
    @rule(data=st.data(), multiple=st.booleans())
    def confirm(self, data: st.DataObject, multiple: bool) -> None:
        sent = self.channel.sent
        # The broker confirms nothing from the first one on that it is going to refuse.
        good = []
        for tag, message in sorted(sent.items()):
            if message.exchange != b"e":
                break
            good.append(tag)
        if not good:
            return
        tag = data.draw(st.sampled_from(good))
        tags = [each for each in good if each <= tag] if multiple else [tag]
        expected = [sent.pop(each) for each in tags]
        done = self.outbox.confirmed(0 if multiple and not sent else tag, multiple)
        assert expected == done
        self.close(done)

    @precondition(lambda self: any(each.exchange != b"e" for each in self.channel.sent.values()))
    @rule(named=st.booleans())
    def refuse(self, named: bool) -> None:
        """The broker closes the channel over the first message to an exchange that is not there."""
        self.answer()
        at, victim = next(each for each in sorted(self.channel.sent.items()) if each[1].exchange != b"e")
        in_flight = list(self.channel.sent.values())
        text = "NOT_FOUND - no exchange 'missing' in vhost '/'" if named else "PRECONDITION_FAILED - no idea"
        refused = self.outbox.channel_refused(404 if named else 406, text)
        if named:
            assert [each for each in in_flight if each.exchange == b"missing"] == refused
        elif len(in_flight) == 1 or at in self.channel.asked:
            assert [victim] == refused
        else:
            assert [] == refused
        self.channel = Channel()
        self.close(refused)

    @rule()
    def lose(self) -> None:
        self.outbox.channel_lost()
        self.channel = Channel()

    @rule()
    def fault(self) -> None:
        """The broker closes the connection for an error."""
        self.outbox.connection_refused()
        self.channel = Channel()

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        message = data.draw(st.sampled_from(self.open))
        self.outbox.give_up(message)
        self.open.remove(message)
        self.given_up.add(message)

    @precondition(lambda self: any(each.mandatory for each in self.channel.sent.values()))
    @rule(data=st.data())
    def bounce(self, data: st.DataObject) -> None:
        """A return is for the first in flight of those that look alike."""
        candidates = [each for each in self.channel.sent.values() if each.mandatory]
        key = data.draw(st.sampled_from(candidates)).key
        meant = next((each for each in candidates if each.key == key and each.returned is None), None)
        error = PublishReturned(reason="312 NO_ROUTE")
        assert (meant is not None) == self.outbox.was_returned(key, error)
        if meant is not None:
            assert meant.returned is error

    def close(self, messages: list[Outgoing]) -> None:
        for message in messages:
            message.waiter = None
            with contextlib.suppress(ValueError):
                self.open.remove(message)

    @invariant()
    def nothing_is_lost(self) -> None:
        """Whatever was neither settled nor given up is in the outbox, once."""
        held = [each for each in self.outbox if each.waiter is not None]
        assert len(held) == len(set(held))
        assert set(self.open) == set(held)

    @invariant()
    def what_is_in_flight_is_what_the_broker_has(self) -> None:
        assert len(self.channel.sent) == self.outbox.in_flight

    @invariant()
    def what_was_given_up_is_not_kept(self) -> None:
        """Of what waits, those given up are never the most."""
        dead = sum(each.waiter is None for each in self.outbox) - sum(
            each.waiter is None for each in self.channel.sent.values()
        )
        assert 2 * dead <= max(len(self.outbox) - self.outbox.in_flight, 1)

    def teardown(self) -> None:
        """A broker that behaves now: each message is settled within a bounded number of steps."""
        self.lose()
        for _ in range(10 * len(self.open) + 10):
            message = take(self.outbox)
            if message is not None:
                self.channel.receive(message, asked=self.outbox.searching)
            self.answer()
            if self.channel.sent:
                tag, first = min(self.channel.sent.items())
                if first.exchange == b"e":
                    del self.channel.sent[tag]
                    self.close(self.outbox.confirmed(tag, False))
                else:
                    self.close(self.outbox.channel_refused(406, "PRECONDITION_FAILED - no idea"))
                    self.channel = Channel()
        assert [] == self.open
        assert [] == [each for each in self.outbox if each.waiter is not None]


OutboxAgainstBroker.TestCase.settings = settings(max_examples=150, stateful_step_count=40)
TestOutboxAgainstBroker = OutboxAgainstBroker.TestCase


def sent(*messages: Outgoing) -> Outbox:
    outbox = Outbox()
    for message in messages:
        outbox.add(message)
        take(outbox)
    return outbox


def test_order_is_kept_when_the_channel_is_lost() -> None:
    """What was in flight is sent again before what waited, both in the order in which they were given."""
    messages = [outgoing(n) for n in range(5)]
    outbox = sent(*messages[:3])
    for message in messages[3:]:
        outbox.add(message)
    outbox.channel_lost()

    assert messages == [take(outbox) for _ in range(5)]


def test_a_message_that_ends_the_connection_again_goes_behind_the_others() -> None:
    """After a close for an error all are sent again, one at a time, and the one that repeats it goes last."""
    messages = [outgoing(n) for n in range(3)]
    outbox = sent(*messages)
    outbox.connection_refused()
    first, nothing = take(outbox), take(outbox)
    outbox.connection_refused()
    others = []
    for _ in range(2):
        others.append(take(outbox))
        outbox.confirmed(0, True)
    last = take(outbox)

    assert (messages[0], None) == (first, nothing)
    assert messages[1:] == others
    assert messages[0] is last


def test_messages_given_up_are_not_kept() -> None:
    """While there is no broker, a publisher whose messages time out does not fill the memory."""
    outbox = Outbox()
    for n in range(1000):
        message = outgoing(n)
        outbox.add(message)
        if n:
            outbox.give_up(message)

    assert len(outbox) <= 2


def test_a_few_at_a_time_until_it_is_found() -> None:
    """Where the close does not say, a few are in flight, and the first without an answer is the one."""
    messages = [outgoing(n) for n in range(SEARCHING + 2)]
    outbox = sent(*messages)
    assert [] == outbox.channel_refused(311, "CONTENT_TOO_LARGE")
    assert messages[:SEARCHING] == [take(outbox) for _ in range(SEARCHING)]
    assert take(outbox) is None
    assert [messages[0]] == outbox.confirmed(1, False)
    outbox.answered()
    outbox.answered()

    assert [messages[2]] == outbox.channel_refused(311, "CONTENT_TOO_LARGE")
    assert [messages[1], *messages[3:]] == [take(outbox) for _ in range(SEARCHING)]
    assert not outbox.searching


def test_one_at_a_time_when_answers_tell_nothing() -> None:
    """Of a broker that answers and refuses all the same, one message at a time is asked."""
    messages = [outgoing(n) for n in range(3)]
    outbox = sent(*messages)
    outbox.channel_refused(311, "CONTENT_TOO_LARGE")
    for _ in messages:
        take(outbox)
        outbox.answered()
    assert [] == outbox.channel_refused(311, "CONTENT_TOO_LARGE")
    assert messages[0] is take(outbox)
    assert take(outbox) is None

    assert [messages[0]] == outbox.channel_refused(311, "CONTENT_TOO_LARGE")
    assert messages[1:] == [take(outbox), take(outbox)]


@given(st.integers(0, 2**64 - 1), st.booleans())
def test_confirms_of_what_is_not_in_flight(tag: int, multiple: bool) -> None:
    """A confirm of anything that is not in flight is an error, and settles nothing."""
    messages = [outgoing(n) for n in range(4)]
    outbox = sent(*messages)
    outbox.confirmed(2, False)
    if tag in (1, 3, 4):
        expected = [messages[n] for n in (0, 2, 3) if n < tag] if multiple else [messages[tag - 1]]
        assert expected == outbox.confirmed(tag, multiple)
    elif tag == 0 and multiple:
        assert [messages[0], *messages[2:]] == outbox.confirmed(tag, multiple)
    else:
        with pytest.raises(UnknownConfirm):
            outbox.confirmed(tag, multiple)
        assert 3 == outbox.in_flight
