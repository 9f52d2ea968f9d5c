# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Policies for queues, which somebody sets on the broker, and what they do beside arguments."""

import time
from typing import Any

from .lab import Lab, awaited, case, table

_QUORUM: dict[str, Any] = {"x-queue-type": "quorum"}


def _letters(lab: Lab, channel: Any, grave: str, count: int = 1) -> list[dict[str, Any]]:
    lab.ready(channel, grave, count)
    return lab.drain(channel, grave)


def _grave(lab: Lab, channel: Any, **more: Any) -> tuple[str, dict[str, Any]]:
    """A queue for dead letters, and the policy that leads there."""
    grave = lab.declare(channel, "grave")
    return grave, {"dead-letter-exchange": "", "dead-letter-routing-key": grave, **more}


@table({"classic": {}, "quorum": _QUORUM})
def a_policy_for_dead_letters(lab: Lab, kind: dict[str, Any]) -> Any:
    """A policy sets a time to live and where dead letters go."""
    channel = lab.channel()
    grave, policy = _grave(lab, channel, **{"message-ttl": 50})
    lab.policy("q", policy)
    queue = lab.declare(channel, arguments=kind)
    lab.put(channel, queue, "m")
    return _letters(lab, channel, grave)


@table({"classic": {}, "quorum": _QUORUM})
def a_policy_for_a_queue_in_use(lab: Lab, kind: dict[str, Any]) -> Any:
    """A policy holds for a queue that is there, and ends when it is cleared."""
    channel = lab.channel()
    grave, policy = _grave(lab, channel)
    queue = lab.declare(channel, arguments=kind)
    lab.put(channel, queue, *"123")
    tags = [lab.get(channel, queue).tag for _ in range(3)]
    channel.basic_reject(tags[0], False)
    lab.ready(channel, queue)  # answered: the reject comes before the policy
    lab.policy("q", policy)
    channel.basic_reject(tags[1], False)
    lab.ready(channel, grave, 1)
    lab.clear_policy("q")
    channel.basic_reject(tags[2], False)
    time.sleep(0.1)
    return [each["body"] for each in lab.drain(channel, grave)]


@table({"classic": {}, "quorum": _QUORUM})
def a_policy_and_messages_that_are_there(lab: Lab, kind: dict[str, Any]) -> Any:
    """A time to live does not hold for messages that came before it."""
    channel = lab.channel()
    queue = lab.declare(channel, arguments=kind)
    lab.put(channel, queue, "before")
    lab.policy("q", {"message-ttl": 50})
    time.sleep(0.2)
    before = lab.bodies(channel, queue)
    lab.put(channel, queue, "after")
    time.sleep(0.2)
    return [before, lab.bodies(channel, queue)]


@table({"classic": {}, "quorum": _QUORUM})
def a_policy_that_shortens_a_queue(lab: Lab, kind: dict[str, Any]) -> Any:
    """What is too much for a new length is dropped: the oldest, in no certain order."""
    channel = lab.channel()
    grave, policy = _grave(lab, channel, **{"max-length": 2})
    queue = lab.declare(channel, arguments=kind)
    lab.put(channel, queue, *"12345")
    lab.policy("q", policy)
    lab.ready(channel, queue, 2)
    return [sorted(each["body"] for each in _letters(lab, channel, grave, 3)), lab.bodies(channel, queue)]


@case
def a_policy_that_refuses(lab: Lab) -> Any:
    """Length and overflow by policy."""
    channel = lab.channel()
    lab.policy("q", {"max-length": 2, "overflow": "reject-publish"})
    queue = lab.declare(channel)
    return [[lab.put(channel, queue, body) for body in "1234"], lab.bodies(channel, queue)]


@case
def a_policy_that_deletes_a_queue(lab: Lab) -> Any:
    """A queue expires by policy."""
    channel = lab.channel()
    queue = lab.declare(channel)
    lab.sign(channel, queue)
    lab.policy("q", {"expires": 100})
    return not lab.expired(queue)


@table(
    {
        "argument shorter": ({"x-max-length": 1}, {"max-length": 3}),
        "policy shorter": ({"x-max-length": 3}, {"max-length": 1}),
        "bytes": ({"x-max-length-bytes": 3}, {"max-length-bytes": 1}),
        "bytes and length": ({"x-max-length-bytes": 3}, {"max-length": 1}),
        "another overflow": ({"x-max-length": 2, "x-overflow": "reject-publish"}, {"overflow": "drop-head"}),
        "overflow alone": ({"x-max-length": 2}, {"overflow": "reject-publish"}),
    }
)
def a_policy_beside_a_length(lab: Lab, arguments: dict[str, Any], policy: dict[str, Any]) -> Any:
    """Where both are set, the smaller length holds, and the overflow of the argument."""
    channel = lab.channel()
    lab.policy("q", policy)
    queue = lab.declare(channel, arguments=arguments)
    lab.put(channel, queue, *"12345")
    return lab.bodies(channel, queue)


@table({"argument shorter": (50, 60000), "policy shorter": (60000, 50)})
def a_policy_beside_a_time_to_live(lab: Lab, argument: int, policy: int) -> Any:
    """Where both are set, the shorter time holds."""
    channel = lab.channel()
    lab.policy("q", {"message-ttl": policy})
    queue = lab.declare(channel, arguments={"x-message-ttl": argument})
    lab.put(channel, queue, "m")
    time.sleep(0.2)
    return lab.ready(channel, queue, 0)


@table(
    {
        "exchange": ({"x-dead-letter-exchange": ""}, {"dead-letter-exchange": "amq.direct"}),
        "exchange and key": (
            {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "@.one"},
            {"dead-letter-exchange": "amq.direct", "dead-letter-routing-key": "@.two"},
        ),
        "key": ({"x-dead-letter-exchange": ""}, {"dead-letter-routing-key": "@.two"}),
        "key alone": ({}, {"dead-letter-routing-key": "@.two"}),
    }
)
def a_policy_beside_a_dead_letter_exchange(
    lab: Lab, arguments: dict[str, Any], policy: dict[str, Any]
) -> Any:
    """Where both are set, the argument holds."""
    channel = lab.channel()
    own = lab.name("")
    named = [{key: value.replace("@.", own) for key, value in each.items()} for each in (arguments, policy)]
    for short in ("one", "two"):
        channel.queue_bind(lab.declare(channel, short), "amq.direct", lab.name(short))
    lab.policy("q", named[1])
    queue = lab.declare(channel, arguments=named[0])
    exchange = lab.name("in")
    channel.exchange_declare(exchange, "fanout")
    channel.queue_bind(queue, exchange)
    lab.publish(channel, exchange, lab.name("one"), "m")
    channel.basic_reject(lab.get(channel, queue).tag, False)
    graves = [lab.name(short) for short in ("one", "two")]
    awaited(lambda: sum(lab.ready(channel, grave) for grave in graves), 1 if arguments else 0)
    time.sleep(0.1)
    return {short: lab.drain(channel, lab.name(short)) for short in ("one", "two")}


@table(
    {
        "policy": (None, 2),
        "argument smaller": (1, 3),
        "policy smaller": (3, 1),
        "policy 0": (3, 0),
    }
)
def a_policy_for_the_delivery_limit(lab: Lab, argument: int | None, policy: int) -> Any:
    """How often a message comes back when argument or policy or both limit it."""
    channel = lab.channel()
    lab.policy("q", {"delivery-limit": policy})
    arguments = {} if argument is None else {"x-delivery-limit": argument}
    return _deliveries(lab, channel, arguments)


@table({"both": (-1, -1), "argument": (-1, 2), "policy": (2, -1)})
def a_policy_without_a_delivery_limit(lab: Lab, argument: int, policy: int) -> Any:
    """Negative limits are none; whether a policy may be negative, and which of both holds."""
    channel = lab.channel()
    accepted = lab.policy("q", {"delivery-limit": policy})
    return [accepted, _deliveries(lab, channel, {"x-delivery-limit": argument})]


def _deliveries(lab: Lab, channel: Any, arguments: dict[str, Any], most: int = 25) -> int:
    """How often a quorum queue delivers a message until it is a dead letter."""
    grave = lab.declare(channel, "grave")
    letters = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": grave}
    queue = lab.declare(channel, arguments={**_QUORUM, **letters, **arguments})
    lab.put(channel, queue, "m")
    count = 0
    while count < most and lab.reached(channel, queue, grave) == queue:
        channel.basic_reject(lab.get(channel, queue).tag)
        count += 1
    return count


@case
def the_policy_of_the_highest_priority(lab: Lab) -> Any:
    """One policy holds, that of the highest priority, and the others for nothing."""
    channel = lab.channel()
    lab.policy("q", {"max-length": 1}, priority=1)
    lab.policy("q", {"message-ttl": 60000, "max-length": 3}, priority=2, name="second")
    lab.policy("q", {"max-length": 2}, priority=0, name="third")
    queue = lab.declare(channel)
    lab.put(channel, queue, *"12345")
    first = lab.bodies(channel, queue)
    lab.clear_policy("second")
    lab.put(channel, queue, *"12345")
    return [first, lab.bodies(channel, queue)]


@case
def a_policy_for_another_queue(lab: Lab) -> Any:
    """The pattern is searched for in the name."""
    channel = lab.channel()
    lab.policy("q", {"max-length": 1})
    queues = [lab.declare(channel, short) for short in ("q", "other", "q.more")]
    for queue in queues:
        lab.put(channel, queue, *"12")
    return [lab.bodies(channel, queue) for queue in queues]


@table(
    {
        "policy": ({}, {"delayed-retry-type": "all", "delayed-retry-min": 60000}),
        "type by argument": (
            {"x-delayed-retry-type": "disabled"},
            {"delayed-retry-type": "all", "delayed-retry-min": 60000},
        ),
        "type by policy": (
            {"x-delayed-retry-type": "all", "x-delayed-retry-min": 60000},
            {"delayed-retry-type": "disabled"},
        ),
        "minimum by argument": ({"x-delayed-retry-type": "all"}, {"delayed-retry-min": 60000}),
        "smaller minimum by argument": (
            {"x-delayed-retry-type": "all", "x-delayed-retry-min": 1},
            {"delayed-retry-min": 60000},
        ),
        "smaller minimum by policy": (
            {"x-delayed-retry-type": "all", "x-delayed-retry-min": 60000},
            {"delayed-retry-min": 1},
        ),
        "smaller maximum by argument": (
            {"x-delayed-retry-type": "all", "x-delayed-retry-min": 60000, "x-delayed-retry-max": 1},
            {"delayed-retry-max": 60000},
        ),
        "smaller maximum by policy": (
            {"x-delayed-retry-type": "all", "x-delayed-retry-min": 60000, "x-delayed-retry-max": 60000},
            {"delayed-retry-max": 1},
        ),
    }
)
def a_policy_for_delayed_retries(lab: Lab, arguments: dict[str, Any], policy: dict[str, Any]) -> Any:
    """Whether a returned message is held back, by argument, policy or both."""
    channel = lab.channel()
    accepted = lab.policy("q", policy)
    queue = lab.declare(channel, arguments={**_QUORUM, **arguments})
    lab.put(channel, queue, "m")
    channel.basic_reject(lab.get(channel, queue).tag)
    return [accepted, lab.back(channel, queue) is None]


@case
def a_delayed_message_and_a_new_policy(lab: Lab) -> Any:
    """Whether what is held back stays so when the policy ends."""
    channel = lab.channel()
    accepted = lab.policy("q", {"delayed-retry-type": "all", "delayed-retry-min": 60000})
    queue = lab.declare(channel, arguments=_QUORUM)
    lab.put(channel, queue, "m")
    channel.basic_reject(lab.get(channel, queue).tag)
    lab.ready(channel, queue, 0 if accepted == "ok" else 1)  # answered: the reject comes before the end
    if accepted == "ok":
        lab.clear_policy("q")
    return [accepted, lab.ready(channel, queue)]


@table(
    {
        "nothing": {},
        "unknown": {"nonsense": 1},
        "ttl negative": {"message-ttl": -1},
        "ttl text": {"message-ttl": "1"},
        "ttl 0": {"message-ttl": 0},
        "expires 0": {"expires": 0},
        "length negative": {"max-length": -1},
        "bytes text": {"max-length-bytes": "x"},
        "overflow": {"overflow": "x"},
        "overflow dlx": {"overflow": "reject-publish-dlx"},
        "exchange number": {"dead-letter-exchange": 1},
        "key number": {"dead-letter-routing-key": 1},
        "strategy": {"dead-letter-strategy": "x"},
        "strategy at least once": {"dead-letter-strategy": "at-least-once"},
        "limit negative": {"delivery-limit": -1},
        "limit text": {"delivery-limit": "3"},
        "retry": {"delayed-retry-type": "all", "delayed-retry-min": 1, "delayed-retry-max": 1},
        "retry type": {"delayed-retry-type": "x", "delayed-retry-min": 1},
        "retry type alone": {"delayed-retry-type": "all"},
        "retry disabled": {"delayed-retry-type": "disabled"},
        "retry minimum alone": {"delayed-retry-min": 1},
        "retry minimum 0": {"delayed-retry-min": 0},
        "retry maximum 0": {"delayed-retry-max": 0},
        "retry maximum below": {"delayed-retry-min": 2, "delayed-retry-max": 1},
    }
)
def what_a_policy_may_say(lab: Lab, policy: dict[str, Any]) -> Any:
    """Policies are checked when they are set."""
    return lab.policy("q", policy)


@case
def a_policy_whose_pattern_is_none(lab: Lab) -> Any:
    """A pattern has to be a regular expression."""
    return lab.policy("q", {"max-length": 1}, pattern="(")
