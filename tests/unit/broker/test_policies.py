# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Policies of the embedded broker: what they say, and what is refused."""

import re
from typing import Any

import pytest
from pika import spec
from twisted.internet.task import Clock

from fedora_messaging.broker import Broker
from wire import Client, joined


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def broker(clock: Clock) -> Broker:
    return Broker(clock=clock, vhosts=("/", "other"))


@pytest.fixture
def client(broker: Broker) -> Client:
    return joined(broker)


def _declare(client: Client, name: str, **arguments: Any) -> None:
    client.call(spec.Queue.Declare(queue=name, durable=True, arguments=arguments))


def _put(client: Client, queue: str, *bodies: bytes) -> None:
    for body in bodies:
        client.publish(queue, body)
    client.pump.flush()


def _bodies(broker: Broker, queue: str) -> list[bytes]:
    return [message.body for message in broker.queue(queue).messages]


def test_a_policy_holds_for_queues_that_are_there_and_come(broker: Broker, client: Client) -> None:
    """All queues that match get the length, and no other."""
    _declare(client, "app.one")
    broker.set_policy("short", "^app", {"max-length": 1})
    for queue in ("app.two", "other"):
        _declare(client, queue)
    for queue in ("app.one", "app.two", "other"):
        _put(client, queue, b"1", b"2")

    assert [[b"2"], [b"2"], [b"1", b"2"]] == [
        _bodies(broker, queue) for queue in ("app.one", "app.two", "other")
    ]


def test_a_new_length_drops_at_once(broker: Broker, client: Client) -> None:
    """What is too much when a policy is set goes to the dead-letter exchange of the same policy."""
    for queue in ("grave", "q"):
        _declare(client, queue)
    _put(client, "q", b"1", b"2", b"3")
    broker.set_policy(
        "p", "^q$", {"max-length": 1, "dead-letter-exchange": "", "dead-letter-routing-key": "grave"}
    )

    assert ([b"3"], [b"1", b"2"]) == (_bodies(broker, "q"), _bodies(broker, "grave"))


def test_a_cleared_policy_holds_no_more(broker: Broker, client: Client, clock: Clock) -> None:
    """A queue goes by its arguments again."""
    _declare(client, "q", **{"x-message-ttl": 60_000})
    broker.set_policy("p", "q", {"message-ttl": 1000})
    _put(client, "q", b"1")
    clock.advance(1.1)
    broker.clear_policy("p")
    _put(client, "q", b"2")
    clock.advance(1.1)

    assert [b"2"] == _bodies(broker, "q")


def test_a_queue_expires_by_policy(broker: Broker, client: Client, clock: Clock) -> None:
    """The time counts from the setting of the policy."""
    _declare(client, "q")
    clock.advance(10)
    broker.set_policy("p", "q", {"expires": 1000})
    clock.advance(0.9)
    there = "q" in broker.vhosts["/"].queues
    clock.advance(0.2)

    assert (True, False) == (there, "q" in broker.vhosts["/"].queues)


def test_a_policy_of_another_virtual_host(broker: Broker, client: Client) -> None:
    """A policy holds in its virtual host alone."""
    _declare(client, "q")
    broker.set_policy("p", "q", {"max-length": 1}, vhost="other")
    _put(client, "q", b"1", b"2")

    assert [b"1", b"2"] == _bodies(broker, "q")


def test_what_is_not_there(broker: Broker) -> None:
    """Clearing an unknown policy, or one in an unknown virtual host, is a KeyError."""
    with pytest.raises(KeyError, match="none"):
        broker.clear_policy("none")
    with pytest.raises(KeyError, match="nowhere"):
        broker.set_policy("p", "q", {"max-length": 1}, vhost="nowhere")


@pytest.mark.parametrize(
    ("pattern", "definition", "text"),
    [
        ("(", {"max-length": 1}, "'(' is not a regular expression"),
        ("q", {}, "the definition is empty; it can set message-ttl, expires"),
        ("q", {"x-message-ttl": 1}, "'x-message-ttl' is not known; it can set message-ttl"),
        ("q", {"message-ttl": -1}, "message-ttl is -1, and has to be an integer from 0 to 315360000000"),
        ("q", {"max-length": True}, "max-length is True, and has to be an integer from 0"),
        ("q", {"delivery-limit": "3"}, "delivery-limit is '3', and has to be an integer"),
        ("q", {"overflow": "x"}, "overflow is 'x', and has to be one of drop-head, reject-publish"),
        ("q", {"dead-letter-exchange": 1}, "dead-letter-exchange is 1, and has to be a string"),
        ("q", {"delayed-retry-type": "all"}, "delayed-retry-type 'all' needs delayed-retry-min, in ms"),
        (
            "q",
            {"delayed-retry-min": 2, "delayed-retry-max": 1},
            "delayed-retry-max (1) is less than delayed-retry-min (2)",
        ),
    ],
)
def test_a_policy_is_checked(
    broker: Broker, client: Client, pattern: str, definition: dict[str, Any], text: str
) -> None:
    """A policy that is refused is named with what is wrong, and the one it was to replace still holds."""
    broker.set_policy("p", "q", {"max-length": 1})
    with pytest.raises(ValueError, match=re.escape(f"policy 'p': {text}")):
        broker.set_policy("p", pattern, definition)
    _declare(client, "q")
    _put(client, "q", b"1", b"2")

    assert [b"2"] == _bodies(broker, "q")


def test_3_10_has_no_policy_for_delayed_retries() -> None:
    """Emulating 3.10, the keys that came later are refused, and a negative limit is."""
    broker = Broker(clock=Clock(), emulate="3.10")
    with pytest.raises(ValueError, match="'delayed-retry-min' is not known"):
        broker.set_policy("p", "q", {"delayed-retry-min": 1})
    with pytest.raises(ValueError, match="delivery-limit is -1, and has to be an integer from 0"):
        broker.set_policy("p", "q", {"delivery-limit": -1})
