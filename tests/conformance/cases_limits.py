# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Times to live, lengths, priorities, single active consumers and dead-lettering."""

import time
from typing import Any

import pika

from .lab import Lab, case, table


@table(
    {
        "queue": lambda time_: ({"x-message-ttl": time_}, None),
        "message": lambda time_: ({}, str(time_)),
        "both": lambda time_: ({"x-message-ttl": 60000}, str(time_)),
    }
)
def messages_expire(lab: Lab, limits: Any) -> Any:
    """A message is gone after its time, or the queue's, whichever is shorter."""
    channel = lab.channel()
    for time_ in lab.in_time(80):
        arguments, expiration = limits(time_)
        queue = lab.declare_anew(channel, arguments=arguments)
        lab.put(channel, queue, "m", expiration=expiration)
        before = lab.ready(channel, queue)
    return [before, lab.ready(channel, queue, 0), lab.bodies(channel, queue)]


@table({"queue": ({"x-message-ttl": 0}, None), "message": ({}, "0")})
def a_time_to_live_of_nothing(lab: Lab, arguments: dict[str, Any], expiration: str | None) -> Any:
    """A message that may not wait reaches a waiting consumer and no queue."""
    channel = lab.channel()
    queue = lab.declare(channel, arguments=arguments)
    lab.put(channel, queue, "lost", expiration=expiration)
    left = lab.ready(channel, queue, 0)
    inbox = lab.collect(channel, queue, auto_ack=True)
    lab.put(channel, queue, "seen", expiration=expiration)
    return [left, inbox.wait(1)]


@case
def an_expired_message_behind_another_waits(lab: Lab) -> Any:
    """Messages expire at the head of the queue."""
    channel = lab.channel()
    queue = lab.declare(channel)
    lab.put(channel, queue, "stays")
    lab.put(channel, queue, "goes", expiration="50")
    time.sleep(0.2)
    count = lab.ready(channel, queue)
    return [count, lab.bodies(channel, queue)]


@case
def a_requeued_message_keeps_its_deadline(lab: Lab) -> Any:
    """Time goes on while a message is unacknowledged."""
    channel = lab.channel()
    queue = lab.declare(channel, arguments={"x-message-ttl": 100})
    tag = lab.taken(channel, queue, "m")
    time.sleep(0.2)
    channel.basic_nack(tag)
    return len(lab.bodies(channel, queue))


@table(
    {
        "length": {"x-max-length": 3},
        "length 0": {"x-max-length": 0},
        "bytes": {"x-max-length-bytes": 9},
        "both": {"x-max-length": 2, "x-max-length-bytes": 100},
        "one large": {"x-max-length-bytes": 2},
    }
)
def a_full_queue_drops_its_head(lab: Lab, arguments: dict[str, Any]) -> Any:
    """The oldest messages make room for new ones."""
    channel = lab.channel()
    queue = lab.declare(channel, arguments=arguments)
    outcome = lab.put(channel, queue, "one", "two", "three", "four", "five")
    return [outcome, lab.bodies(channel, queue)]


@table({"length": {"x-max-length": 2}, "bytes": {"x-max-length-bytes": 7}, "none": {"x-max-length": 0}})
def a_full_queue_refuses(lab: Lab, arguments: dict[str, Any]) -> Any:
    """With `reject-publish` a full queue nacks."""
    channel = lab.channel()
    queue = lab.declare(channel, arguments={**arguments, "x-overflow": "reject-publish"})
    outcomes = [lab.put(channel, queue, body) for body in ("one", "two", "three")]
    return [outcomes, lab.bodies(channel, queue)]


@case
def one_full_queue_of_two(lab: Lab) -> Any:
    """A nack says that one queue refused; the other has the message."""
    channel = lab.channel()
    full = lab.declare(channel, "full", arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
    exchange, queue = lab.bound(channel, "fanout", "")
    channel.queue_bind(full, exchange)
    outcomes = [lab.publish(channel, exchange, "", body) for body in "12"]
    return [outcomes, lab.bodies(channel, queue), lab.bodies(channel, full)]


@case
def unacknowledged_messages_do_not_fill_a_queue(lab: Lab) -> Any:
    """The length counts what is ready."""
    channel = lab.channel()
    queue = lab.declare(channel, arguments={"x-max-length": 1})
    lab.put(channel, queue, "1")
    got = lab.get(channel, queue)
    lab.put(channel, queue, "2")
    channel.basic_nack(got.tag)
    return [lab.ready(channel, queue, 1), lab.bodies(channel, queue)]


@case
def a_waiting_consumer_of_a_queue_without_room(lab: Lab) -> Any:
    """A queue of length 0 hands on what a consumer waits for."""
    channel = lab.channel()
    queue = lab.declare(channel, arguments={"x-max-length": 0})
    inbox = lab.collect(channel, queue, auto_ack=True)
    lab.put(channel, queue, "1", "2")
    return inbox.wait(2)


@case
def priorities_come_first(lab: Lab) -> Any:
    """Higher priorities are delivered first; none is 0, and too high is the highest."""
    channel = lab.channel()
    queue = lab.declare(channel, arguments={"x-max-priority": 5})
    for priority in (None, 0, 3, 5, 9, 3, 1):
        lab.put(channel, queue, str(priority), priority=priority)
    return lab.bodies(channel, queue)


@case
def priorities_need_their_argument(lab: Lab) -> Any:
    """A queue without `x-max-priority` keeps the order."""
    channel = lab.channel()
    queue = lab.declare(channel)
    for priority in (1, 9, 0):
        lab.put(channel, queue, str(priority), priority=priority)
    return lab.bodies(channel, queue)


@case
def a_requeued_message_keeps_its_priority(lab: Lab) -> Any:
    """A message returns to its place among those of its priority."""
    channel = lab.channel()
    queue = lab.declare(channel, arguments={"x-max-priority": 5})
    for body, priority in (("low", 0), ("high 1", 4), ("high 2", 4)):
        lab.put(channel, queue, body, priority=priority)
    tags = [lab.get(channel, queue).tag for _ in range(3)]
    for tag in reversed(tags):
        channel.basic_nack(tag)
    return lab.bodies(channel, queue)


@case
def a_full_priority_queue(lab: Lab) -> Any:
    """What a full priority queue drops."""
    channel = lab.channel()
    queue = lab.declare(channel, arguments={"x-max-priority": 5, "x-max-length": 2})
    for body, priority in (("low 1", 0), ("high 1", 4), ("low 2", 0), ("high 2", 4)):
        lab.put(channel, queue, body, priority=priority)
    return lab.bodies(channel, queue)


@case
def a_single_active_consumer(lab: Lab) -> Any:
    """Only the first consumer gets messages, until it goes."""
    channel = lab.channel()
    queue = lab.declare(channel, arguments={"x-single-active-consumer": True})
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
def a_single_active_consumer_and_an_exclusive_one(lab: Lab) -> Any:
    """A queue with a single active consumer takes no exclusive one."""
    channel = lab.channel()
    queue = lab.declare(channel, arguments={"x-single-active-consumer": True})
    return lab.attempt(channel.basic_consume, queue, print, exclusive=True)


@case
def getting_from_a_queue_with_a_single_active_consumer(lab: Lab) -> Any:
    """`basic.get` works beside a single active consumer."""
    channel = lab.channel()
    queue = lab.declare(channel, arguments={"x-single-active-consumer": True})
    lab.put(channel, queue, "m")
    return lab.bodies(channel, queue)


def _grave(lab: Lab, channel: Any, **more: Any) -> tuple[str, str]:
    """A queue whose dead letters go to another."""
    grave = lab.declare(channel, "grave")
    arguments = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": grave, **more}
    return lab.declare(channel, "q", arguments=arguments), grave


def _letters(lab: Lab, channel: Any, grave: str, count: int = 1) -> list[dict[str, Any]]:
    lab.ready(channel, grave, count)
    return lab.drain(channel, grave)


@table(
    {
        "reject": lambda channel, tag: channel.basic_reject(tag, False),
        "nack": lambda channel, tag: channel.basic_nack(tag, False, False),
    }
)
def a_rejected_message_is_dead_lettered(lab: Lab, call: Any) -> Any:
    """A dead letter has a header that says why, where and how often."""
    channel = lab.channel()
    queue, grave = _grave(lab, channel)
    lab.put(channel, queue, "m", headers={"mine": 1}, message_id="id", app_id="a")
    call(channel, lab.get(channel, queue).tag)
    return _letters(lab, channel, grave)


@table({"reject": "reject", "nack": "nack", "expire": "expire", "first": "first"})
def a_dead_letter_and_the_redelivered_flag(lab: Lab, way: str) -> Any:
    """Whether a dead letter is marked as redelivered, after a requeue or without."""
    channel = lab.channel()
    queue, grave = _grave(lab, channel, **({"x-message-ttl": 100} if way == "expire" else {}))
    if way == "first":
        lab.put(channel, queue, "m")
    else:
        channel.basic_nack(lab.taken(channel, queue, "m"))
    if way == "reject":
        channel.basic_reject(lab.get(channel, queue).tag, False)
    elif way != "expire":
        channel.basic_nack(lab.get(channel, queue).tag, False, False)
    return [each["redelivered"] for each in _letters(lab, channel, grave)]


@table({"queue": ({"x-message-ttl": 50}, None), "message": ({}, "50")})
def an_expired_message_is_dead_lettered(lab: Lab, arguments: dict[str, Any], expiration: str | None) -> Any:
    """An expired message loses its own time to live, which the header keeps."""
    channel = lab.channel()
    queue, grave = _grave(lab, channel, **arguments)
    lab.put(channel, queue, "m", expiration=expiration)
    return _letters(lab, channel, grave)


@case
def a_dropped_message_is_dead_lettered(lab: Lab) -> Any:
    """What a full queue drops is dead-lettered."""
    channel = lab.channel()
    queue, grave = _grave(lab, channel, **{"x-max-length": 1})
    lab.put(channel, queue, "1", "2", "3")
    return [_letters(lab, channel, grave, 2), lab.bodies(channel, queue)]


@case
def a_refused_publish_is_dead_lettered(lab: Lab) -> Any:
    """With `reject-publish-dlx` what is nacked is dead-lettered."""
    channel = lab.channel()
    queue, grave = _grave(lab, channel, **{"x-max-length": 1, "x-overflow": "reject-publish-dlx"})
    outcomes = [lab.put(channel, queue, body) for body in "12"]
    return [outcomes, _letters(lab, channel, grave), lab.bodies(channel, queue)]


@case
def purged_and_deleted_messages_are_not_dead_lettered(lab: Lab) -> Any:
    """Purging and deleting a queue make no dead letters."""
    channel = lab.channel()
    queue, grave = _grave(lab, channel)
    lab.put(channel, queue, "1")
    channel.queue_purge(queue)
    lab.put(channel, queue, "2")
    channel.queue_delete(queue)
    time.sleep(0.1)
    return lab.ready(channel, grave)


@case
def a_dead_letter_keeps_its_key(lab: Lab) -> Any:
    """Without a key of its own, a dead letter goes by the key of the message."""
    channel = lab.channel()
    exchange, grave = lab.bound(channel, "topic", "*.key")
    queue = lab.declare(channel, "source", arguments={"x-dead-letter-exchange": exchange})
    channel.queue_bind(queue, "amq.topic", lab.name("key"))
    channel.queue_bind(grave, exchange, lab.name("key"))
    lab.publish(channel, "amq.topic", lab.name("key"), "m")
    channel.basic_reject(lab.get(channel, queue).tag, False)
    return _letters(lab, channel, grave)


@case
def a_dead_letter_keeps_its_carbon_copies(lab: Lab) -> Any:
    """A dead letter goes to the keys of CC too, unless it has a key of its own."""
    channel = lab.channel()
    exchange, grave = lab.bound(channel, "direct", "cc")
    queue = lab.declare(channel, "source", arguments={"x-dead-letter-exchange": exchange})
    lab.put(channel, queue, "m", headers={"CC": ["cc"]})
    channel.basic_reject(lab.get(channel, queue).tag, False)
    return _letters(lab, channel, grave)


@case
def a_missing_dead_letter_exchange(lab: Lab) -> Any:
    """Without its exchange a dead letter is dropped."""
    channel = lab.channel()
    queue = lab.declare(channel, arguments={"x-dead-letter-exchange": lab.name("none")})
    lab.put(channel, queue, "m")
    channel.basic_reject(lab.get(channel, queue).tag, False)
    return lab.ready(channel, queue)


@case
def a_message_that_dies_again(lab: Lab) -> Any:
    """Going round by rejects, the header counts the times."""
    channel = lab.channel()
    queue = lab.name("q")
    lab.declare(channel, arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": queue})
    lab.put(channel, queue, "m")
    for _ in range(3):
        lab.ready(channel, queue, 1)
        channel.basic_reject(lab.get(channel, queue).tag, False)
    return _letters(lab, channel, queue)


@case
def a_message_that_dies_in_two_queues(lab: Lab) -> Any:
    """The latest death comes first; the first has headers of its own."""
    channel = lab.channel()
    last = lab.declare(channel, "last")
    middle = lab.declare(
        channel,
        "middle",
        arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": last, "x-message-ttl": 20},
    )
    queue = lab.declare(
        channel, "q", arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": middle}
    )
    lab.put(channel, queue, "m")
    channel.basic_reject(lab.get(channel, queue).tag, False)
    return _letters(lab, channel, last)


@case
def a_delay_loop(lab: Lab) -> Any:
    """Reject into a queue with a time to live and back: a retry, counted for each queue and reason."""
    channel = lab.channel()
    queue, wait = lab.name("q"), lab.name("wait")
    lab.declare(channel, "q", arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": wait})
    lab.declare(
        channel,
        "wait",
        arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": queue, "x-message-ttl": 20},
    )
    lab.put(channel, queue, "m")
    for _ in range(2):
        lab.ready(channel, queue, 1)
        channel.basic_reject(lab.get(channel, queue).tag, False)
    return _letters(lab, channel, queue)


@case
def a_circle_without_rejects_drops(lab: Lab) -> Any:
    """A message that would go round by itself is dropped."""
    channel = lab.channel()
    queue = lab.name("q")
    arguments = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": queue, "x-message-ttl": 20}
    lab.declare(channel, arguments=arguments)
    lab.put(channel, queue, "m")
    lab.ready(channel, queue, 0)
    time.sleep(0.2)
    return lab.ready(channel, queue)


@case
def a_dead_letter_that_is_published_again(lab: Lab) -> Any:
    """Whether the deaths of a message that a client publishes again count on."""
    channel = lab.channel()
    queue, grave = _grave(lab, channel)
    lab.put(channel, queue, "m")
    for turn in range(2):
        channel.basic_reject(lab.get(channel, queue).tag, False)
        lab.ready(channel, grave, 1)
        if turn == 0:
            _, properties, body = channel.basic_get(grave, True)
            assert properties is not None
            assert body is not None
            properties.headers = {**properties.headers, "more": 1}
            channel.basic_publish("", queue, body, properties)
    return _letters(lab, channel, grave)


@table(
    {
        "text": "nothing",
        "list": [1, 2],
        "strange": [{"queue": 1, "count": "x"}],
        "table": {"a": 1},
        "empty": [],
    }
)
def a_forged_death(lab: Lab, value: Any) -> Any:
    """What a publisher writes into `x-death` stops nothing."""
    channel = lab.channel()
    queue, grave = _grave(lab, channel)
    lab.put(channel, queue, "m", headers={"x-death": value, "z": 1})
    channel.basic_reject(lab.get(channel, queue).tag, False)
    lost = value == [1, 2] and lab.release == "3.10"
    if lost:  # which only waiting shows
        time.sleep(1)
    return _letters(lab, channel, grave, 0 if lost else 1)


@case
def a_forged_count(lab: Lab) -> Any:
    """A well-formed death that a publisher forged."""
    channel = lab.channel()
    queue, grave = _grave(lab, channel)
    death = {"queue": queue, "reason": "rejected", "count": 41, "exchange": "", "routing-keys": [queue]}
    lab.put(channel, queue, "m", headers={"x-death": [death]})
    channel.basic_reject(lab.get(channel, queue).tag, False)
    return _letters(lab, channel, grave)


@case
def a_dead_letter_with_all_properties(lab: Lab) -> Any:
    """Dead-lettering changes headers and expiration, and nothing else."""
    channel = lab.channel()
    queue, grave = _grave(lab, channel)
    lab.put(
        channel,
        queue,
        "m",
        content_type="a/b",
        headers={"a": 1, "deep": {"b": [1, {"c": None}]}},
        delivery_mode=2,
        priority=3,
        correlation_id="c",
        expiration="60000",
        message_id="m",
        timestamp=1700000000,
        type="t",
        user_id="guest",
    )
    channel.basic_nack(lab.get(channel, queue).tag, False, False)
    return _letters(lab, channel, grave)


@case
def dead_letters_of_a_multiple_nack(lab: Lab) -> Any:
    """Several messages are dead-lettered in order."""
    channel = lab.channel()
    queue, grave = _grave(lab, channel)
    lab.put(channel, queue, "1", "2", "3")
    tags = [lab.get(channel, queue).tag for _ in range(3)]
    channel.basic_nack(tags[-1], multiple=True, requeue=False)
    return [each["body"] for each in _letters(lab, channel, grave, 3)]


@case
def a_message_that_is_too_large(lab: Lab) -> Any:
    """A body over the release's limit closes the channel."""
    channel = lab.channel()
    queue = lab.declare(channel)
    size = 16 * 2**20 + 1
    outcome = lab.attempt(channel.basic_publish, "", queue, b"x" * size, pika.BasicProperties())
    return [outcome, lab.ready(lab.channel(), queue)]
