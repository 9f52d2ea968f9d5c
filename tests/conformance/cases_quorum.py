# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Quorum queues."""

import time
from collections.abc import Callable
from typing import Any

import pika

from .lab import Lab, case, table


def _quorum(lab: Lab, channel: Any, short: str = "q", **arguments: Any) -> str:
    named = {name.replace("_", "-"): value for name, value in arguments.items()}
    return lab.declare(channel, short, arguments={"x-queue-type": "quorum", **named})


@table(
    {
        "plain": ({}, {}),
        "not durable": ({"durable": False}, {}),
        "exclusive": ({"exclusive": True}, {}),
        "auto_delete": ({"auto_delete": True}, {}),
        "priority": ({}, {"x-max-priority": 5}),
        "ttl": ({}, {"x-message-ttl": 1000}),
        "expires": ({}, {"x-expires": 100000}),
        "delivery limit": ({}, {"x-delivery-limit": 3}),
        "delivery limit 0": ({}, {"x-delivery-limit": 0}),
        "delivery limit -1": ({}, {"x-delivery-limit": -1}),
        "delivery limit text": ({}, {"x-delivery-limit": "3"}),
        "length": ({}, {"x-max-length": 3}),
        "overflow": ({}, {"x-overflow": "reject-publish"}),
        "overflow dlx": ({}, {"x-overflow": "reject-publish-dlx"}),
        "mode": ({}, {"x-queue-mode": "lazy"}),
        "version": ({}, {"x-queue-version": 2}),
        "single": ({}, {"x-single-active-consumer": True}),
        "strategy": ({}, {"x-dead-letter-strategy": "at-least-once"}),
        "strategy other": ({}, {"x-dead-letter-strategy": "other"}),
        "group size": ({}, {"x-quorum-initial-group-size": 1}),
        "group size 0": ({}, {"x-quorum-initial-group-size": 0}),
        "in memory": ({}, {"x-max-in-memory-length": 1}),
        "locator": ({}, {"x-queue-leader-locator": "balanced"}),
        "master locator": ({}, {"x-queue-master-locator": "min-masters"}),
        "unknown": ({}, {"x-unknown": 1}),
    }
)
def a_quorum_queue(lab: Lab, options: dict[str, Any], arguments: dict[str, Any]) -> Any:
    """What a quorum queue can be declared with."""
    arguments = {"x-queue-type": "quorum", **arguments}
    options = {"durable": True, **options}
    return lab.attempt(lab.channel().queue_declare, lab.name("q"), arguments=arguments, **options)


@case
def a_quorum_queue_declared_as_a_classic_one(lab: Lab) -> Any:
    """The type is compared."""
    channel = lab.channel()
    queue = _quorum(lab, channel)
    return [
        lab.attempt(channel.queue_declare, queue, durable=True, arguments={"x-queue-type": "quorum"}),
        lab.attempt(channel.queue_declare, queue, durable=True),
    ]


@case
def a_quorum_queue_keeps_the_order(lab: Lab) -> Any:
    """First in, first out."""
    channel = lab.channel()
    queue = _quorum(lab, channel)
    lab.put(channel, queue, *"12345")
    return [lab.ready(channel, queue, 5), lab.collect(channel, queue, auto_ack=True).wait(5)]


@case
def a_quorum_queue_by_get(lab: Lab) -> Any:
    """`basic.get` works, with and without acknowledgement."""
    channel = lab.channel()
    queue = _quorum(lab, channel)
    lab.put(channel, queue, "1", "2")
    got = lab.get(channel, queue)
    channel.basic_ack(got.tag)
    rest = lab.get(channel, queue, auto_ack=True)
    return [got.body, rest.body, lab.get(channel, queue)]


@table({"nack": "nack", "reject": "reject", "channel": "channel"})
def a_redelivery_is_counted(lab: Lab, way: str) -> Any:
    """What the header `x-delivery-count` counts."""
    channel = lab.channel()
    queue = _quorum(lab, channel)
    lab.put(channel, queue, "m", headers={"mine": 1})
    seen = []
    for _ in range(3):
        lab.ready(channel, queue, 1)
        got = lab.get(channel, queue)
        seen.append(got.outcome)
        if way == "nack":
            channel.basic_nack(got.tag)
        elif way == "reject":
            channel.basic_reject(got.tag)
        else:
            channel.close()
            channel = lab.channel()
    return seen


@table({"nack": "nack", "reject": "reject", "channel": "channel"})
def a_delivery_limit(lab: Lab, way: str) -> Any:
    """A message that comes back too often is dead-lettered."""
    channel = lab.channel()
    grave = lab.declare(channel, "grave")
    queue = _quorum(
        lab, channel, x_delivery_limit=2, x_dead_letter_exchange="", x_dead_letter_routing_key=grave
    )
    lab.put(channel, queue, "m")
    turns = 0
    while turns < 4 and lab.reached(channel, queue, grave) == queue:
        got = lab.get(channel, queue)
        turns += 1
        if way == "nack":
            channel.basic_nack(got.tag)
        elif way == "reject":
            channel.basic_reject(got.tag)
        else:
            channel.close()
            channel = lab.channel()
    expected = lab.ready(channel, grave, 0 if way == "nack" and lab.release == "4.3" else 1)
    return [turns, expected, lab.drain(channel, grave), lab.ready(channel, queue, 1 - expected)]


@case
def a_delivery_limit_without_a_dead_letter_exchange(lab: Lab) -> Any:
    """At its limit a message is deleted when there is nowhere to send it."""
    channel = lab.channel()
    queue = _quorum(lab, channel, x_delivery_limit=1)
    lab.put(channel, queue, "m")
    for _ in range(2):
        lab.ready(channel, queue, 1)
        channel.basic_reject(lab.get(channel, queue).tag)
    return len(lab.bodies(channel, queue))


@case
def the_delivery_limit_nobody_asked_for(lab: Lab) -> Any:
    """How often a message comes back when the queue has no limit of its own."""
    channel = lab.channel()
    grave = lab.declare(channel, "grave")
    queue = _quorum(lab, channel, x_dead_letter_exchange="", x_dead_letter_routing_key=grave)
    lab.put(channel, queue, "m")
    count = 0
    while count < 25 and lab.reached(channel, queue, grave) == queue:
        channel.basic_reject(lab.get(channel, queue).tag)
        count += 1
    return count


@table({"forwards": [0, 1, 2], "backwards": [2, 1, 0], "the middle": [1]})
def returned_messages_of_a_quorum_queue(lab: Lab, *order: int) -> Any:
    """Where messages go that a quorum queue gets back one by one."""
    channel = lab.channel()
    queue = _quorum(lab, channel)
    lab.put(channel, queue, *"1234")
    tags = [lab.get(channel, queue).tag for _ in range(3)]
    for index in order:
        channel.basic_nack(tags[index])
    lab.ready(channel, queue, 1 + len(order))
    return [(each["body"], each["redelivered"]) for each in lab.drain(channel, queue)]


@table({"forwards": [0, 1, 2], "backwards": [2, 1, 0]})
def rejected_messages_of_a_quorum_queue(lab: Lab, *order: int) -> Any:
    """Where messages go that a quorum queue gets back one by one, by reject."""
    channel = lab.channel()
    queue = _quorum(lab, channel)
    lab.put(channel, queue, *"1234")
    tags = [lab.get(channel, queue).tag for _ in range(3)]
    for index in order:
        channel.basic_reject(tags[index])
    lab.ready(channel, queue, 1 + len(order))
    return [(each["body"], each["redelivered"]) for each in lab.drain(channel, queue)]


@case
def several_returned_messages_of_a_quorum_queue(lab: Lab) -> Any:
    """Where messages go that a quorum queue gets back at once."""
    channel = lab.channel()
    queue = _quorum(lab, channel)
    lab.put(channel, queue, *"1234")
    tags = [lab.get(channel, queue).tag for _ in range(3)]
    channel.basic_nack(tags[-1], multiple=True)
    lab.ready(channel, queue, 4)
    return lab.bodies(channel, queue)


@case
def a_quorum_queue_and_a_lost_channel(lab: Lab) -> Any:
    """The messages of a channel that ends come back."""
    watcher, channel = lab.channel(), lab.channel()
    queue = _quorum(lab, channel)
    lab.put(channel, queue, *"1234")
    inbox = lab.collect(channel, queue)
    inbox.wait(4)
    channel.connection.close()
    lab.ready(watcher, queue, 4)
    return [(each["body"], each["redelivered"]) for each in lab.drain(watcher, queue)]


@table({"nack": "nack", "reject": "reject", "recover": "recover", "channel": "channel"})
def returned_messages_and_later_ones(lab: Lab, way: str) -> Any:
    """Where returned messages go between those that wait and those that come."""
    watcher, channel = lab.channel(), lab.channel()
    queue = _quorum(lab, channel)
    lab.put(channel, queue, *"123")
    tags = [lab.get(channel, queue).tag for _ in range(2)]
    if way == "recover":
        channel.basic_recover(True)
    elif way == "channel":
        channel.close()
    for tag in tags if way in ("nack", "reject") else ():
        (channel.basic_nack if way == "nack" else channel.basic_reject)(tag)
    lab.ready(watcher, queue, 3)
    lab.put(watcher, queue, "4")
    lab.ready(watcher, queue, 4)
    return lab.bodies(watcher, queue)


@table({"nack": "nack", "reject": "reject"})
def a_consumer_gets_returned_messages(lab: Lab, way: str) -> Any:
    """A consumer of a quorum queue gets what it returned again, marked and counted."""
    channel = lab.channel()
    queue = _quorum(lab, channel)
    channel.basic_qos(prefetch_count=1)
    lab.put(channel, queue, *"12")
    inbox = lab.collect(channel, queue)
    inbox.wait(1)
    (channel.basic_nack if way == "nack" else channel.basic_reject)(inbox.tags[0])
    inbox.wait(2)
    channel.basic_ack(inbox.tags[1])
    inbox.wait(3)
    return inbox.outcomes


@case
def a_quorum_queue_and_a_global_prefetch(lab: Lab) -> Any:
    """A quorum queue refuses a limit for the channel, where there is such a thing."""
    channel = lab.channel()
    queue = _quorum(lab, channel)
    channel.basic_qos(prefetch_count=2, global_qos=True)
    return lab.attempt(channel.basic_consume, queue, print)


@case
def a_prefetch_on_a_quorum_queue(lab: Lab) -> Any:
    """A consumer's limit holds, and an ack makes room."""
    channel = lab.channel()
    queue = _quorum(lab, channel)
    lab.put(channel, queue, *"12345")
    channel.basic_qos(prefetch_count=2)
    inbox = lab.collect(channel, queue)
    first = inbox.wait(2)[:]
    channel.basic_ack(inbox.tags[1], multiple=True)
    return [first, inbox.wait(4)]


@case
def a_full_quorum_queue_drops_its_head(lab: Lab) -> Any:
    """The oldest messages make room."""
    channel = lab.channel()
    queue = _quorum(lab, channel, x_max_length=2)
    lab.put(channel, queue, *"1234")
    return [lab.ready(channel, queue, 2), lab.bodies(channel, queue)]


@case
def messages_of_a_quorum_queue_expire(lab: Lab) -> Any:
    """The queue's time to live holds."""
    channel = lab.channel()
    grave = lab.declare(channel, "grave")
    queue = _quorum(
        lab, channel, x_message_ttl=50, x_dead_letter_exchange="", x_dead_letter_routing_key=grave
    )
    lab.put(channel, queue, "m")
    time.sleep(0.1)
    lab.ready(channel, grave, 1)
    return [lab.ready(channel, queue, 0), lab.drain(channel, grave)]


@case
def rejected_messages_of_a_quorum_queue_are_dead_lettered(lab: Lab) -> Any:
    """A reject without requeue makes a dead letter."""
    channel = lab.channel()
    grave = lab.declare(channel, "grave")
    queue = _quorum(lab, channel, x_dead_letter_exchange="", x_dead_letter_routing_key=grave)
    lab.put(channel, queue, "m", headers={"a": 1})
    channel.basic_reject(lab.get(channel, queue).tag, False)
    lab.ready(channel, grave, 1)
    return lab.drain(channel, grave)


@case
def priorities_on_a_quorum_queue(lab: Lab) -> Any:
    """What a message's priority means to a quorum queue."""
    channel = lab.channel()
    queue = _quorum(lab, channel)
    for body, priority in (
        ("low 1", 0),
        ("low 2", 1),
        ("mid", 4),
        ("high 1", 5),
        ("high 2", 9),
        ("none", None),
    ):
        lab.put(channel, queue, body, priority=priority)
    lab.ready(channel, queue, 6)
    return lab.bodies(channel, queue)


@case
def a_single_active_consumer_of_a_quorum_queue(lab: Lab) -> Any:
    """Only the first consumer gets messages, until it goes."""
    channel = lab.channel()
    queue = _quorum(lab, channel, x_single_active_consumer=True)
    log: list[str] = []
    one = lab.collect(channel, queue, tag="a", log=log, auto_ack=True)
    two = lab.collect(channel, queue, tag="b", log=log, auto_ack=True)
    lab.put(channel, queue, "1", "2")
    one.wait(2)
    channel.basic_cancel(one.tag)
    lab.put(channel, queue, "3")
    two.wait(1)
    return log


@case
def getting_from_a_quorum_queue_with_a_single_active_consumer(lab: Lab) -> Any:
    """Whether `basic.get` works there."""
    channel = lab.channel()
    queue = _quorum(lab, channel, x_single_active_consumer=True)
    lab.put(channel, queue, "m")
    return lab.attempt(channel.basic_get, queue, True)


@case
def consumers_of_a_quorum_queue_take_turns(lab: Lab) -> Any:
    """Messages go round the consumers."""
    channel = lab.channel()
    queue = _quorum(lab, channel)
    log: list[str] = []
    inboxes = [lab.collect(channel, queue, tag=tag, log=log) for tag in ("a", "b")]
    lab.put(channel, queue, *"1234")
    for inbox in inboxes:
        inbox.wait(2)
    return sorted(log)


@case
def purging_a_quorum_queue(lab: Lab) -> Any:
    """A purge takes what is ready."""
    channel = lab.channel()
    queue = _quorum(lab, channel)
    lab.put(channel, queue, *"123")
    got = lab.get(channel, queue)
    count = channel.queue_purge(queue).method.message_count
    channel.basic_nack(got.tag)
    lab.ready(channel, queue, 1)
    return [count, lab.bodies(channel, queue)]


@case
def deleting_the_quorum_queue_of_an_own_consumer(lab: Lab) -> Any:
    """The answer to the deletion comes before the cancel of the channel's own consumer."""
    client = lab.raw().connected()
    queue = _quorum(lab, lab.channel())
    client.method(1, pika.spec.Basic.Consume(queue=queue, consumer_tag="t"))
    client.read()
    client.method(1, pika.spec.Queue.Delete(queue=queue))
    return client.answers(2)


@case
def deleting_a_quorum_queue(lab: Lab) -> Any:
    """Consumers are told, and the messages counted."""
    channel = lab.channel()
    queue = _quorum(lab, channel)
    lab.put(channel, queue, *"12")
    lab.ready(channel, queue, 2)
    other = lab.channel()
    other.basic_qos(prefetch_count=1)
    inbox = lab.collect(other, queue)
    inbox.wait(1)
    lab.ready(channel, queue, 1)
    count = channel.queue_delete(queue).method.message_count
    return [count, inbox.cancelled_soon()]


@table({"if_unused": "if_unused", "if_empty": "if_empty"})
def conditions_of_deleting_a_quorum_queue(lab: Lab, condition: str) -> Any:
    """Quorum queues and the conditions of a deletion."""
    channel = lab.channel()
    queue = _quorum(lab, channel)
    return lab.attempt(channel.queue_delete, queue, **{condition: True})


@case
def a_full_quorum_queue_refuses(lab: Lab) -> Any:
    """With `reject-publish` a full quorum queue nacks in the end."""
    channel = lab.channel()
    queue = _quorum(lab, channel, x_max_length=1, x_overflow="reject-publish")
    outcomes = []
    for body in "123456":
        outcomes.append(lab.put(channel, queue, body))
        lab.ready(channel, queue)  # answered after the queue has told the channel that it is full
    return [outcomes[0], outcomes[-1]]


@table({"all ready": 0, "one returned": 1, "two returned": 2})
def what_a_full_quorum_queue_drops(lab: Lab, returned: int) -> Any:
    """Whether priorities and returned messages are dropped first."""
    channel = lab.channel()
    queue = _quorum(lab, channel, x_max_length=3)
    for body, priority in (("low", 0), ("high", 9), ("mid", 4)):
        lab.put(channel, queue, body, priority=priority)
    for tag in [lab.get(channel, queue).tag for _ in range(returned)]:
        channel.basic_nack(tag)
    lab.ready(channel, queue, 3)
    left = []
    for body in "12":
        lab.put(channel, queue, body, priority=4)
        time.sleep(0.05)
        left.append(lab.ready(channel, queue, 3))
    return [left, lab.bodies(channel, queue)]


@case
def when_quorum_queues_expire(lab: Lab) -> Any:
    """Every 5 s a quorum queue looks whether nobody has used it for `x-expires`; what counts as a use."""
    channel = lab.channel()
    kept = ("get", "put and get", "consume")

    def declare(queue: str) -> None:
        channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum", "x-expires": 3000})

    def read(queue: str) -> None:
        lab.put(channel, queue, "m")
        channel.basic_get(queue, True)

    uses: dict[str, Callable[[str], Any]] = {
        "nothing": lambda queue: None,
        "passive": lambda queue: channel.queue_declare(queue, passive=True),
        "declare": declare,
        "get": lambda queue: channel.basic_get(queue, True),
        "put and get": read,
        "publish": lambda queue: lab.put(channel, queue, "m"),
        "purge": channel.queue_purge,
        "bind": lambda queue: channel.queue_bind(queue, "amq.topic", "k"),
        "consume": lambda queue: channel.basic_cancel(channel.basic_consume(queue, print)),
    }
    born = {}
    for use in uses:
        born[use] = time.monotonic()
        declare(lab.name(use))
        lab.sign(channel, lab.name(use))
    before = [lab.exists("queue", lab.name(use)) for use in uses]

    def signed(use: str) -> bool:
        return lab.exists("exchange", f"{lab.name(use)}.sign")

    def younger(use: str, age: float) -> bool:
        return time.monotonic() < born[use] + age

    # Until each queue has looked once, those that are kept are used; the others not when it is about to.
    while any(younger(use, 5.5) or (use not in kept and younger(use, 9) and signed(use)) for use in uses):
        for use, call in uses.items():
            if use in kept or younger(use, 4):
                call(lab.name(use))
        time.sleep(0.1)
    return [before, {use: signed(use) or not lab.expired(lab.name(use)) for use in uses}]
