# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the publisher does with what cannot be sent, and what it leaves behind."""

import itertools
import math
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pika import spec
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.internet.threads import blockingCallFromThread

from fedora_messaging import api
from fedora_messaging._amqp import messages
from fedora_messaging._amqp.messages import Encoded
from fedora_messaging._core.deadlines import Deadlines
from fedora_messaging._message.message import registry
from fedora_messaging.config import Config, conf
from fedora_messaging.exceptions import (
    ConfigurationException,
    PublishReturned,
    PublishTimeout,
    ValidationError,
)
from fedora_messaging.message import Message
from fedora_messaging.testing import mock_sends
from fedora_messaging.twisted._connection.channel import Channel
from fedora_messaging.twisted._publishing.publisher import Publisher
from support.world import World, result_of

_MESSAGE = Encoded(b"amq.topic", b"topic", b"\0\0", b"{}", b"1")


class _Wire:
    """A connection to nowhere."""

    frame_max = 131_072
    flushed = 0

    def send(self, data: bytes) -> None:
        """It goes nowhere."""

    def flush(self) -> None:
        """Count it."""
        self.flushed += 1

    def release(self, number: int) -> None:
        """Nothing to do."""


def _publisher(clock: Clock, wire: _Wire | None = None) -> tuple[Publisher, Channel]:
    channel = Channel(1, wire or _Wire(), max_body=1000)
    publisher = Publisher(clock)
    publisher.connected(lambda: succeed(channel), 131_072)
    publisher.publish(_MESSAGE)  # a channel is opened for the first message
    channel.on_method(spec.Confirm.SelectOk())
    channel.on_confirm(1, False, True)
    return publisher, channel


def test_no_timer_is_left() -> None:
    """A message that is confirmed, given up or too late leaves no timer behind."""
    clock = Clock()
    publisher, channel = _publisher(clock)
    failures: list[object] = []

    def published() -> Deferred[None]:
        return publisher.publish(_MESSAGE, timeout=5)

    published()
    channel.on_confirm(2, False, True)
    confirmed = clock.getDelayedCalls()
    cancelled = published().addErrback(failures.append)
    cancelled.cancel()
    given_up = clock.getDelayedCalls()
    published().addErrback(lambda failure: failures.append(failure.type))
    clock.advance(5)

    assert (confirmed, given_up, clock.getDelayedCalls()) == ([], [], [])
    assert failures[1:] == [PublishTimeout]


def test_a_lone_message_is_not_held_back() -> None:
    """A message is written at once when no other is on its way, and else with those that follow it."""
    wire = _Wire()
    publisher, channel = _publisher(Clock(), wire)
    flushed = []
    for _ in range(3):
        publisher.publish(_MESSAGE)
        flushed.append(wire.flushed)
    channel.on_confirm(4, True, True)
    publisher.publish(_MESSAGE)

    assert [2, 2, 2, 3] == [*flushed, wire.flushed]


def test_without_confirms_messages_are_written_together() -> None:
    """Nobody waits for a message that is not confirmed: it is written with those that follow it."""
    wire = _Wire()
    channel = Channel(1, wire, max_body=1000)
    publisher = Publisher(Clock(), confirms=False)
    publisher.connected(lambda: succeed(channel), 131_072)
    for _ in range(3):
        publisher.publish(_MESSAGE)

    assert (3, 0) == (publisher.published, wire.flushed)


def _failure(deferred: Deferred[None]) -> Any:
    with pytest.raises(Exception) as raised:
        result_of(deferred)
    return raised.value


def _refusal(call: Callable[[], Deferred[None]]) -> Any:
    """The error of a call that is refused at once, made where it belongs if another test's reactor runs."""
    reactor: Any = sys.modules.get("twisted.internet.reactor")
    if reactor is None or not reactor.running:
        return _failure(call())
    return blockingCallFromThread(reactor, lambda: _failure(call()))


def _short(value: object) -> str:
    return ascii(value)[:20]


BAD_EXCHANGES: list[Any] = ["x" * 300, "é" * 128, "\ud800", 5, b"amq.topic", ["amq.topic"]]
BAD_TIMEOUTS: list[Any] = ["5", -1, -0.1, math.nan, True, Decimal(5), [5]]


def _entrances(world: World) -> dict[str, Any]:
    """Each way to publish that there is without a process of its own."""
    service = world.service(None)
    service.startService()
    world.settle(1)
    protocols: list[Any] = []
    service.publisher.when_connected().addCallback(protocols.append)
    (protocol,) = protocols
    return {"service": service.publish, "factory": service.factory.publish, "protocol": protocol.publish}


@pytest.mark.parametrize("exchange", BAD_EXCHANGES, ids=_short)
def test_an_exchange_that_amqp_does_not_allow_changes_nothing(exchange: Any) -> None:
    """It is refused at once by every entrance, and the outcomes of the other messages stay their own."""
    world = World()
    for name, publish in _entrances(world).items():
        refused = _failure(publish(Message(topic="t"), exchange))
        world.broker.faults.nack_publishes(1)
        nacked = publish(Message(topic="t"), "amq.topic")
        confirmed = publish(Message(topic="t"), "amq.topic")
        world.settle(1)

        assert isinstance(refused, ValidationError), name
        assert "exchange" in str(refused)
        assert isinstance(_failure(nacked), PublishReturned), name
        assert result_of(confirmed) is None


@pytest.mark.parametrize("timeout", BAD_TIMEOUTS, ids=_short)
def test_a_bad_timeout_is_found_before_anything_is_sent(timeout: Any) -> None:
    """Neither a number of seconds nor None: ValueError, and the broker gets nothing."""
    world = World()
    entrances = _entrances(world)
    for name in ("service", "factory"):
        refused = _failure(entrances[name](Message(topic="t"), timeout=timeout))

        assert isinstance(refused, ValueError), name
        assert "timeout" in str(refused)
    world.settle(1)
    assert not world.broker.published


@pytest.mark.parametrize("exchange", BAD_EXCHANGES, ids=_short)
@pytest.mark.fedora_messaging_real_broker
def test_every_function_of_the_api_refuses_a_bad_exchange(exchange: Any) -> None:
    """Blocking or not, mocked or not, it is refused before a service is made for it."""
    client = api.Client(Config())
    message = Message(topic="t")
    with pytest.raises(ValidationError, match="exchange"):
        client.publish(message, exchange)
    assert isinstance(_refusal(lambda: client.twisted_publish(message, exchange)), ValidationError)
    assert client.service is None
    with mock_sends():
        with pytest.raises(ValidationError, match="exchange"):
            client.publish(message, exchange)
        assert isinstance(_refusal(lambda: client.twisted_publish(message, exchange)), ValidationError)


@pytest.mark.parametrize("timeout", BAD_TIMEOUTS, ids=_short)
@pytest.mark.fedora_messaging_real_broker
def test_every_function_of_the_api_refuses_a_bad_timeout(timeout: Any) -> None:
    """Blocking or not, mocked or not, it is refused before a service is made for it."""
    client = api.Client(Config())
    message = Message(topic="t")
    with pytest.raises(ValueError, match="timeout"):
        client.publish(message, timeout=timeout)
    assert isinstance(_refusal(lambda: client.twisted_publish(message, timeout=timeout)), ValueError)
    assert client.service is None
    with mock_sends(), pytest.raises(ValueError, match="timeout"):
        client.publish(message, timeout=timeout)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *[("publish_exchange", value) for value in [*BAD_EXCHANGES, None]],
        ("topic_prefix", 5),
        ("publish_priority", "high"),
        ("max_message_size", "64"),
        ("amqp_url", "amqp://localhost?frame_max=5"),
    ],
    ids=_short,
)
@pytest.mark.fedora_messaging_real_broker
def test_a_configuration_changed_to_what_cannot_be_used(key: str, value: Any) -> None:
    """The next publish says which key it is, at once."""
    message = Message(topic="t")
    with mock.patch.dict(conf, {key: value}):
        client = api.Client()
        with pytest.raises(ConfigurationException, match=key):
            client.publish(message)
        assert isinstance(_refusal(lambda: client.twisted_publish(message)), ConfigurationException)
        assert client.service is None


def test_a_mocked_message_that_cannot_be_sent_fails_the_test() -> None:
    """What would fail in production, for a header or its size, fails on leaving mock_sends."""
    with pytest.raises(ValidationError, match="The header h cannot be sent"), mock_sends(Message):
        api.publish(Message(topic="t", headers={"h": (1, 2)}))


@pytest.mark.parametrize("timeout", [None, math.inf, 1e300, 5, 0.5])
def test_a_good_timeout(timeout: float | None) -> None:
    """Numbers of seconds are accepted, of any size."""
    world = World()
    done = _entrances(world)["service"](Message(topic="t"), timeout=timeout)
    world.settle(1)

    assert result_of(done) is None


@pytest.mark.parametrize("frame_max", [None, 8192])
def test_a_header_frame_over_the_limit_is_refused_with_the_sizes(frame_max: int | None) -> None:
    """A message whose headers fit into no frame is refused at once; the connection is not touched."""
    world = World()
    options = f"?frame_max={frame_max}" if frame_max else ""
    service = world.service(None, amqp_url=f"amqp://guest:guest@localhost/%2F{options}")
    before = _failure(service.publish(Message(topic="t", headers={f"h{n}": "x" * 30 for n in range(5000)})))
    service.startService()
    world.settle(1)
    packages = {f"fedora_messaging_rpm_{n:040}": True for n in range(4000)}
    after = _failure(service.publish(Message(topic="t", headers=packages)))
    largest = _failure(service.publish(Message(topic="t", headers={"the-largest": "x" * 200_000})))
    good = service.publish(Message(topic="t"))
    world.settle(1)

    for error in (before, after, largest):
        assert isinstance(error, ValidationError)
        assert f"frame_max is {frame_max or 131_072}" in str(error)
    assert "the largest is the-largest with 200017 bytes" in str(largest)
    assert result_of(good) is None
    assert 1 == world.reactor.connections


@given(st.integers(-40, 40))
def test_the_limit_of_header_frames_is_exact(difference: int) -> None:
    """A header frame of exactly frame_max bytes is sent; one of a byte more is refused."""
    world = World()
    service = world.service(None, amqp_url="amqp://guest:guest@localhost/%2F?frame_max=8192")
    service.startService()
    encoded = service.publisher.prepare(Message(topic="t", headers={"h": ""}))
    left = 8192 - 22 - len(encoded.properties)
    done = service.publish(Message(topic="t", headers={"h": "x" * (left + difference)}))
    world.settle(1)

    assert (difference > 0) == isinstance(getattr(done.result, "value", None), ValidationError)
    assert 1 == world.reactor.connections
    done.addErrback(lambda _: None)


def test_what_waits_and_is_too_large_for_the_broker_fails_alone() -> None:
    """When a connection has smaller frames than were configured, only what does not fit fails, at once."""
    clock = Clock()
    publisher = Publisher(clock)
    wire = _Wire()
    wire.frame_max = 8192
    channel = Channel(1, wire, max_body=1000)
    large = messages.prepare(Message(topic="t", headers={"h": "x" * 9000}), None, messages.PublishSettings())
    waiting = [publisher.publish(each) for each in (_MESSAGE, large, _MESSAGE)]
    publisher.connected(lambda: succeed(channel), 8192)
    refused = _failure(waiting[1])
    channel.on_method(spec.Confirm.SelectOk())
    in_flight = publisher.in_flight
    channel.on_confirm(1, False, False)
    channel.on_confirm(2, False, True)
    later = _failure(publisher.publish(large))

    assert isinstance(refused, ValidationError)
    assert "frame_max is 8192" in str(refused)
    assert 2 == in_flight
    assert isinstance(_failure(waiting[0]), PublishReturned)
    assert result_of(waiting[2]) is None
    assert str(refused) == str(later)


@pytest.mark.parametrize(
    "broken", [_MESSAGE._replace(exchange=b"x" * 300), _MESSAGE._replace(routing_key=b"x" * 300)]
)
def test_no_delivery_tag_without_a_frame(broken: Encoded) -> None:
    """A message without frames fails alone: the next confirm is for the message that was written next."""
    publisher, channel = _publisher(Clock())
    first, refused, third = (publisher.publish(each) for each in (_MESSAGE, broken, _MESSAGE))
    channel.on_confirm(2, False, True)
    channel.on_confirm(3, False, False)

    assert isinstance(_failure(refused), ValidationError)
    assert result_of(first) is None
    assert isinstance(_failure(third), PublishReturned)
    assert 0 == publisher.pending


class WithoutTopic(Message):
    """A class that no other test publishes: the warning is given once for each."""


def test_an_empty_topic_is_not_silent(caplog: pytest.LogCaptureFixture) -> None:
    """A message without a topic is encoded for sending, and one warning says who will get it."""
    registry.add("tests.without_topic", WithoutTopic, "tests")
    prepared = [messages.prepare(WithoutTopic(), None, messages.PublishSettings()) for _ in range(3)]

    assert [b""] * 3 == [each.routing_key for each in prepared]
    assert 1 == caplog.text.count("published without a topic")


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("add"), st.floats(0, 10)),
            st.tuples(st.just("over"), st.floats(0, 1)),
            st.tuples(st.just("advance"), st.floats(0, 5)),
        ),
        max_size=40,
    )
)
def test_deadlines(steps: list[tuple[str, float]]) -> None:
    """What is not over when its time has come is called back once, in order; one timer is enough for all."""
    clock = Clock()
    open_until: dict[int, float] = {}
    passed: list[int] = []

    def call(thing: int, _: float) -> None:
        passed.append(thing)
        del open_until[thing]
        deadlines.over()

    deadlines: Deadlines[int] = Deadlines(clock, lambda thing: thing not in open_until, call)
    numbers = itertools.count()
    for step, amount in steps:
        expected: list[int] = []
        if step == "add":
            thing = next(numbers)
            open_until[thing] = clock.seconds() + amount
            deadlines.add(thing, amount)
        elif step == "over" and open_until:
            del open_until[sorted(open_until)[int(amount * (len(open_until) - 1))]]
            deadlines.over()
        elif step == "advance":
            until = clock.seconds() + amount
            due = [(when, thing) for thing, when in open_until.items() if when <= until]
            expected = [thing for _, thing in sorted(due)]
            clock.advance(amount)
        assert expected == passed
        passed.clear()
        assert len(clock.getDelayedCalls()) == bool(open_until)
