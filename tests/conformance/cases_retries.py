# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Delayed retries of quorum queues: what a queue holds back, for how long, and how it comes back.

Older releases know nothing of them: there a message comes back at once.
"""

import time
from typing import Any

from .lab import Lab, case, table

_ALL: dict[str, Any] = {"x-delayed-retry-type": "all", "x-delayed-retry-min": 400}
_LONG: dict[str, Any] = {"x-delayed-retry-type": "all", "x-delayed-retry-min": 60000}
_WAYS = ("nack", "reject", "recover", "channel")


def _quorum(lab: Lab, channel: Any, arguments: dict[str, Any], short: str = "q") -> str:
    return lab.declare(channel, short, arguments={"x-queue-type": "quorum", **arguments})


def _anew(lab: Lab, channel: Any, arguments: dict[str, Any]) -> str:
    return lab.declare_anew(channel, arguments={"x-queue-type": "quorum", **arguments})


def _later(lab: Lab, channel: Any, queue: str) -> None:
    """Lets the clock go on after the queue has been handed what this channel sent it."""
    lab.ready(channel, queue)
    time.sleep(0.02)


def _take(lab: Lab, channel: Any, queue: str, way: str) -> int:
    """Takes a message that will be returned in a way, and returns its delivery tag."""
    if way != "channel":
        return int(lab.get(channel, queue).tag)
    inbox = lab.collect(channel, queue)
    inbox.arrived(1)
    return inbox.tags[0]


def _return(lab: Lab, channel: Any, queue: str, tag: int, way: str) -> Any:
    """Returns a message, and the channel to go on with."""
    if way == "nack":
        channel.basic_nack(tag)
    elif way == "reject":
        channel.basic_reject(tag)
    elif way == "recover":
        channel.basic_recover(True)
    else:
        channel.close()
        channel = lab.channel()
        lab.consumers(channel, queue, 0)  # the queue has noticed
    return channel


@table(
    {
        "none": {},
        "type alone": {"x-delayed-retry-type": "all"},
        "minimum alone": {"x-delayed-retry-min": 60000},
        "maximum alone": {"x-delayed-retry-max": 60000},
        "all": _LONG,
        "maximum for minimum": {"x-delayed-retry-type": "all", "x-delayed-retry-max": 60000},
        "disabled": {**_LONG, "x-delayed-retry-type": "disabled"},
        "another type": {**_LONG, "x-delayed-retry-type": "other"},
        "a number for the type": {**_LONG, "x-delayed-retry-type": 1},
        "minimum 0": {**_LONG, "x-delayed-retry-min": 0},
        "minimum negative": {**_LONG, "x-delayed-retry-min": -1},
        "minimum text": {**_LONG, "x-delayed-retry-min": "60000"},
        "maximum 0": {**_LONG, "x-delayed-retry-max": 0},
        "maximum text": {**_LONG, "x-delayed-retry-max": "1"},
        "maximum below minimum": {**_LONG, "x-delayed-retry-max": 1},
    }
)
def arguments_of_a_delayed_retry(lab: Lab, arguments: dict[str, Any]) -> Any:
    """The arguments are not checked: those that make no sense delay nothing, or count as absent."""
    channel = lab.channel()
    queue = _quorum(lab, channel, arguments)
    lab.put(channel, queue, "m")
    channel.basic_reject(lab.get(channel, queue).tag)
    return lab.back(channel, queue) is None


@table({name: name for name in ("type", "min", "max")})
def a_classic_queue_with_a_delayed_retry(lab: Lab, name: str) -> Any:
    """Classic queues do not have it."""
    return lab.attempt(lab.declare, lab.channel(), arguments={f"x-delayed-retry-{name}": 100})


@table(
    {
        "type": {"x-delayed-retry-type": "failed"},
        "minimum": {"x-delayed-retry-min": 1},
        "maximum": {"x-delayed-retry-max": 900},
    }
)
def another_delayed_retry(lab: Lab, change: dict[str, Any]) -> Any:
    """Whether a declaration with other delays is another one."""
    channel = lab.channel()
    _quorum(lab, channel, _ALL)
    return lab.attempt(_quorum, lab, channel, {**_ALL, **change})


@table({f"{kind} {way}": (kind, way) for kind in ("all", "failed", "returned") for way in _WAYS})
def what_is_held_back(lab: Lab, kind: str, way: str) -> Any:
    """What counts as failed and what as returned, and what the headers of the next delivery count."""
    channel = lab.channel()
    for delay in lab.in_time(400):
        queue = _anew(lab, channel, {"x-delayed-retry-type": kind, "x-delayed-retry-min": delay})
        lab.put(channel, queue, "m", headers={"mine": 1})
        tag = _take(lab, channel, queue, way)
        lab.from_now()
        channel = _return(lab, channel, queue, tag, way)
        got = lab.back(channel, queue, 0.1)
    lab.ready(channel, queue, 1 if got is None else 0)
    return [got is None, lab.drain(channel, queue) if got is None else [got.outcome]]


@case
def the_counts_of_delayed_retries(lab: Lab) -> Any:
    """What the headers count through nacks and rejects."""
    channel = lab.channel()
    queue = _quorum(lab, channel, {"x-delayed-retry-type": "all", "x-delayed-retry-min": 20})
    lab.put(channel, queue, "m")
    seen = []
    for way in ("nack", "reject", "nack", "recover", "channel", "reject", "nack"):
        lab.ready(channel, queue, 1)
        got = lab.get(channel, queue)
        seen.append([got.outcome["redelivered"], got.outcome.get("properties")])
        channel = _return(lab, channel, queue, got.tag, way)
    return seen


@table({"without a maximum": {}, "with one": {"x-delayed-retry-max": 10000}})
def a_delay_that_grows(lab: Lab, arguments: dict[str, Any]) -> Any:
    """The delay is the minimum times the deliveries that failed, up to the maximum: without one, it stays."""
    channel = lab.channel()
    for delay in lab.in_time(300):
        retry = {"x-delayed-retry-type": "failed", "x-delayed-retry-min": delay, **arguments}
        queue = _anew(lab, channel, retry)
        lab.put(channel, queue, "often")
        channel.basic_reject(lab.get(channel, queue).tag)
        lab.ready(channel, queue, 1)
        lab.put(channel, queue, "once")
        tags = [lab.get(channel, queue).tag for _ in range(2)]
        lab.from_now()
        for tag in tags:
            channel.basic_reject(tag)
            _later(lab, channel, queue)
    lab.ready(channel, queue, 2)
    return lab.bodies(channel, queue)


@case
def a_nack_does_not_lengthen_the_delay(lab: Lab) -> Any:
    """What is only returned waits as long as before."""
    channel = lab.channel()
    retry = {"x-delayed-retry-type": "all", "x-delayed-retry-min": 300, "x-delayed-retry-max": 10000}
    queue = _quorum(lab, channel, retry)
    lab.put(channel, queue, "often")
    channel.basic_nack(lab.get(channel, queue).tag)
    lab.ready(channel, queue, 1)
    lab.put(channel, queue, "once")
    tags = [lab.get(channel, queue).tag for _ in range(2)]
    for tag in tags:
        channel.basic_nack(tag)
        _later(lab, channel, queue)
    lab.ready(channel, queue, 2)
    return lab.bodies(channel, queue)


@case
def where_delayed_messages_come_back(lab: Lab) -> Any:
    """They come back in the order of their time, before those that are ready."""
    channel = lab.channel()
    queue = _quorum(lab, channel, _ALL)
    lab.put(channel, queue, *"12345")
    tags = [lab.get(channel, queue).tag for _ in range(3)]
    for index in (1, 0, 2):
        channel.basic_nack(tags[index])
        _later(lab, channel, queue)
    lab.ready(channel, queue, 5)
    lab.put(channel, queue, "6")
    lab.ready(channel, queue, 6)
    return [(each["body"], each["redelivered"]) for each in lab.drain(channel, queue)]


@case
def delayed_and_returned_messages(lab: Lab) -> Any:
    """What comes back later comes after what was returned before."""
    channel = lab.channel()
    queue = _quorum(lab, channel, {**_ALL, "x-delayed-retry-type": "failed"})
    lab.put(channel, queue, *"12345")
    tags = [lab.get(channel, queue).tag for _ in range(4)]
    channel.basic_reject(tags[0])
    channel.basic_nack(tags[1])
    _later(lab, channel, queue)
    channel.basic_reject(tags[2])
    lab.ready(channel, queue, 4)
    channel.basic_nack(tags[3])
    lab.ready(channel, queue, 5)
    return lab.bodies(channel, queue)


@case
def several_delayed_messages(lab: Lab) -> Any:
    """What is nacked at once comes back in its order."""
    channel = lab.channel()
    for delay in lab.in_time(400):
        queue = _anew(lab, channel, {**_ALL, "x-delayed-retry-min": delay})
        lab.put(channel, queue, *"12345")
        tags = [lab.get(channel, queue).tag for _ in range(3)]
        lab.from_now()
        channel.basic_nack(tags[-1], multiple=True)
        meanwhile = lab.bodies(channel, queue)
    lab.ready(channel, queue, 5 - len(meanwhile))
    return [meanwhile, lab.bodies(channel, queue)]


@case
def a_delayed_message_of_a_low_priority(lab: Lab) -> Any:
    """It comes back before all others."""
    channel = lab.channel()
    queue = _quorum(lab, channel, _ALL)
    lab.put(channel, queue, "low", priority=1)
    channel.basic_nack(lab.get(channel, queue).tag)
    lab.put(channel, queue, "high", priority=9)
    lab.ready(channel, queue, 2)
    return lab.bodies(channel, queue)


@case
def a_consumer_and_a_delayed_message(lab: Lab) -> Any:
    """A consumer with one slot goes on with other messages meanwhile, and gets the message again."""
    for delay in lab.in_time(400):
        channel = lab.channel()
        queue = _anew(lab, channel, {**_ALL, "x-delayed-retry-min": delay})
        channel.basic_qos(prefetch_count=1)
        lab.put(channel, queue, *"123")
        inbox = lab.collect(channel, queue)
        inbox.arrived(1)
        lab.from_now()
        channel.basic_reject(inbox.tags[0])
        inbox.arrived(2)
        channel.basic_ack(inbox.tags[1])
        inbox.arrived(3)
    channel.basic_ack(inbox.tags[2])
    return [inbox.wait(4), inbox.outcomes[-1]]


@table({"reject": "reject", "nack": "nack"})
def a_delivery_limit_of_delayed_retries(lab: Lab, way: str) -> Any:
    """At its limit a message is dead-lettered at once; nacks do not count."""
    channel = lab.channel()
    grave = lab.declare(channel, "grave")
    letters = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": grave, "x-delivery-limit": 1}
    queue = _quorum(lab, channel, {**_ALL, **letters})
    lab.put(channel, queue, "m")
    for _ in range(2):
        lab.ready(channel, queue, 1)
        _return(lab, channel, queue, lab.get(channel, queue).tag, way)
    dead = 0 if way == "nack" and lab.release != "3.10" else 1
    lab.ready(channel, grave, dead)
    time.sleep(0.1)
    return [lab.drain(channel, grave), lab.ready(channel, queue, 1 - dead)]


@case
def rejecting_without_requeue_delays_nothing(lab: Lab) -> Any:
    """A reject without requeue makes a dead letter at once."""
    channel = lab.channel()
    grave = lab.declare(channel, "grave")
    queue = _quorum(lab, channel, {**_LONG, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": grave})
    lab.put(channel, queue, "m")
    channel.basic_reject(lab.get(channel, queue).tag, False)
    lab.ready(channel, grave, 1)
    return lab.drain(channel, grave)


@case
def purging_delayed_messages(lab: Lab) -> Any:
    """A purge takes what is held back."""
    channel = lab.channel()
    queue = _quorum(lab, channel, _ALL)
    lab.put(channel, queue, "1", "2")
    channel.basic_nack(lab.get(channel, queue).tag)
    lab.ready(channel, queue, 2 if lab.release == "3.10" else 1)
    count = channel.queue_purge(queue).method.message_count
    time.sleep(0.5)
    return [count, lab.ready(channel, queue)]


@case
def deleting_delayed_messages(lab: Lab) -> Any:
    """A deletion counts what is ready, and makes no dead letters."""
    channel = lab.channel()
    grave = lab.declare(channel, "grave")
    queue = _quorum(lab, channel, {**_LONG, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": grave})
    lab.put(channel, queue, "1", "2")
    channel.basic_nack(lab.get(channel, queue).tag)
    time.sleep(0.1)
    lab.ready(channel, queue, 2 if lab.release == "3.10" else 1)
    return [channel.queue_delete(queue).method.message_count, lab.ready(channel, grave)]


@table({"reject-publish": "reject-publish", "drop-head": "drop-head"})
def delayed_messages_fill_a_queue(lab: Lab, overflow: str) -> Any:
    """What is held back counts for the length, and is not dropped."""
    channel = lab.channel()
    queue = _quorum(lab, channel, {**_LONG, "x-max-length": 2, "x-overflow": overflow})
    lab.put(channel, queue, "1")
    channel.basic_nack(lab.get(channel, queue).tag)
    outcomes = []
    for body in "23456":
        outcomes.append(lab.put(channel, queue, body))
        lab.ready(channel, queue)  # answered after the queue has told the channel that it is full
    return [outcomes, lab.bodies(channel, queue)]


@case
def a_delayed_message_expires_when_it_is_back(lab: Lab) -> Any:
    """A message whose time is over while it is held back expires at its end."""
    channel = lab.channel()
    grave = lab.declare(channel, "grave")
    letters = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": grave, "x-message-ttl": 50}
    for delay in lab.in_time(400):
        queue = _anew(lab, channel, {**_ALL, **letters, "x-delayed-retry-min": delay})
        channel.queue_purge(grave)
        tag = lab.taken(channel, queue, "m")
        lab.from_now()
        channel.basic_nack(tag)
        time.sleep(0.2)
        meanwhile = lab.ready(channel, grave, 1 if lab.release == "3.10" else 0)
    lab.ready(channel, grave, 1)
    return [meanwhile, lab.drain(channel, grave)]


@case
def an_expiring_queue_with_delayed_messages(lab: Lab) -> Any:
    """A queue that nobody uses expires with what it holds back."""
    channel = lab.channel()
    queue = _quorum(lab, channel, {**_LONG, "x-expires": 4000})
    lab.sign(channel, queue)
    lab.put(channel, queue, "m")
    channel.basic_nack(lab.get(channel, queue).tag)
    return not lab.expired(queue)
