# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Publishing, getting, consuming and settling."""

from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pika

from .lab import Lab, case, table


@case
def a_message_keeps_its_properties(lab: Lab) -> Any:
    """All properties and headers arrive as they were sent."""
    channel = lab.channel()
    queue = lab.declare(channel)
    lab.put(
        channel,
        queue,
        "body",
        content_type="a/b",
        content_encoding="utf-8",
        headers={
            "text": "é",
            "int": 1,
            "long": 2**40,
            "negative": -1,
            "bool": True,
            "none": None,
            "list": [1, "a", [2]],
            "table": {"x": {"y": 1}},
            "decimal": str(Decimal("1.5")),
            "bytes": b"\xff\x00",
            "time": datetime(2026, 1, 1, tzinfo=timezone.utc),
        },
        delivery_mode=2,
        priority=5,
        correlation_id="c",
        reply_to="r",
        message_id="m",
        timestamp=1700000000,
        type="t",
        user_id="guest",
        app_id="a",
        cluster_id="cl",
    )
    return lab.drain(channel, queue)


@table({"guest": "guest", "another": "mallory", "empty": ""})
def a_user_id(lab: Lab, user: str) -> Any:
    """A message may name nobody but the user who is logged in."""
    channel = lab.channel()
    return lab.attempt(lab.put, channel, lab.declare(channel), user_id=user)


@table(
    {
        "1000": "1000",
        "0": "0",
        "-1": "-1",
        "text": "soon",
        "float": "1.5",
        "empty": "",
        "space": " 1",
        "plus": "+1000",
        "large": str(2**32),
        "digits": "9" * 200,
        "underscore": "1_000",
        "2^32 - 1": str(2**32 - 1),
        "ten years": "315360000000",
        "ten years and a bit": "315360000001",
        "10^12": str(10**12),
    }
)
def an_expiration(lab: Lab, value: str) -> Any:
    """`expiration` has to be a number of milliseconds."""
    channel = lab.channel()
    return lab.attempt(lab.put, channel, lab.declare(channel), expiration=value)


@case
def a_message_without_a_queue(lab: Lab) -> Any:
    """What no queue takes is confirmed, or returned when mandatory."""
    channel = lab.channel()
    return [
        lab.publish(channel, "", lab.name("none")),
        lab.publish(channel, "", lab.name("none"), mandatory=True),
        lab.publish(channel, "amq.topic", lab.name("none"), mandatory=True),
    ]


@case
def a_returned_message_is_whole(lab: Lab) -> Any:
    """A returned message has its exchange, key, properties and body."""
    channel = lab.channel()
    try:
        channel.basic_publish("amq.topic", lab.name("k"), b"body", pika.BasicProperties(app_id="a"), True)
    except pika.exceptions.UnroutableError as error:
        return [
            (
                m.method.reply_code,
                m.method.reply_text,
                m.method.exchange,
                m.properties.app_id,
                m.body.decode(),
            )
            for m in error.messages
        ]
    return "not returned"


@table(
    {
        "no exchange": lambda lab, channel: channel.basic_publish(lab.name("x"), "k", b""),
        "no exchange, mandatory": lambda lab, channel: channel.basic_publish(
            lab.name("x"), "k", b"", None, True
        ),
    }
)
def a_publish_to_nowhere(lab: Lab, call: Any) -> Any:
    """A publish to a missing exchange closes the channel."""
    channel = lab.channel()
    return lab.attempt(call, lab, channel)


@table({"nothing": 0, "a byte": 1, "a frame": 131064, "more": 131065, "three": 300000, "a megabyte": 2**20})
def a_body_of_any_size(lab: Lab, size: int) -> Any:
    """Bodies of every size arrive whole, by get and by consume."""
    channel = lab.channel()
    queue = lab.declare(channel)
    body = "x" * size
    lab.put(channel, queue, body, body)
    got = lab.get(channel, queue, auto_ack=True)
    return [got.body == body, lab.collect(channel, queue, auto_ack=True).wait(1) == [body]]


@case
def a_small_frame_max_cuts_bodies(lab: Lab) -> Any:
    """Deliveries keep to the frame size the client asked for."""
    channel = lab.channel(lab.connect(frame_max=8192))
    queue = lab.declare(channel)
    body = "y" * 50000
    lab.put(channel, queue, body)
    return lab.collect(channel, queue, auto_ack=True).wait(1) == [body]


@case
def messages_come_in_order(lab: Lab) -> Any:
    """One queue, one consumer: first in, first out."""
    channel = lab.channel()
    queue = lab.declare(channel)
    lab.put(channel, queue, *map(str, range(20)))
    return lab.collect(channel, queue, auto_ack=True).wait(20)


@case
def getting_from_an_empty_queue(lab: Lab) -> Any:
    """There is nothing to get."""
    channel = lab.channel()
    return lab.get(channel, lab.declare(channel))


@case
def getting_counts_what_is_left(lab: Lab) -> Any:
    """`get-ok` says how many messages are left."""
    channel = lab.channel()
    queue = lab.declare(channel)
    lab.put(channel, queue, "1", "2", "3")
    return [lab.get(channel, queue).outcome["left"] for _ in range(3)]


@case
def a_nacked_message_is_redelivered_first(lab: Lab) -> Any:
    """A message that is requeued is the next again, and marked."""
    channel = lab.channel()
    queue = lab.declare(channel)
    lab.put(channel, queue, "1", "2")
    channel.basic_nack(lab.get(channel, queue).tag)
    return lab.drain(channel, queue)


@table({"forwards": [0, 1, 2], "backwards": [2, 1, 0], "the middle": [1], "mixed": [1, 0, 2]})
def requeued_messages_return_to_their_place(lab: Lab, *order: int) -> Any:
    """Whatever the order in which they are requeued, classic queues keep the order of publishing."""
    channel = lab.channel()
    queue = lab.declare(channel)
    lab.put(channel, queue, "1", "2", "3", "4")
    tags = [lab.get(channel, queue).tag for _ in range(3)]
    for index in order:
        channel.basic_nack(tags[index])
    return [(each["body"], each["redelivered"]) for each in lab.drain(channel, queue)]


@case
def requeueing_several_at_once(lab: Lab) -> Any:
    """A nack of several messages requeues those up to the tag."""
    channel = lab.channel()
    queue = lab.declare(channel)
    lab.put(channel, queue, "1", "2", "3", "4")
    tags = [lab.get(channel, queue).tag for _ in range(4)]
    channel.basic_nack(tags[1], multiple=True)
    found = lab.bodies(channel, queue)
    channel.basic_nack(0, multiple=True)
    return [found, lab.bodies(channel, queue)]


@case
def acknowledging_several_at_once(lab: Lab) -> Any:
    """An ack of several messages covers those up to the tag; tag 0 covers all."""
    channel = lab.channel()
    queue = lab.declare(channel)
    lab.put(channel, queue, "1", "2", "3", "4", "5")
    tags = [lab.get(channel, queue).tag for _ in range(5)]
    channel.basic_ack(tags[2])
    channel.basic_ack(tags[3], multiple=True)
    channel.basic_nack(tags[4])
    left = lab.ready(channel, queue, 1)
    lab.get(channel, queue)
    channel.basic_ack(0, multiple=True)
    channel.basic_recover(True)
    return [left, lab.bodies(channel, queue)]


@table(
    {
        "ack": lambda channel, tag: channel.basic_ack(tag),
        "nack": lambda channel, tag: channel.basic_nack(tag),
        "reject": lambda channel, tag: channel.basic_reject(tag),
        "ack multiple": lambda channel, tag: channel.basic_ack(tag, True),
        "nack multiple": lambda channel, tag: channel.basic_nack(tag, True),
        "ack unknown": lambda channel, tag: channel.basic_ack(tag + 5),
        "ack unknown multiple": lambda channel, tag: channel.basic_ack(tag + 5, True),
        "ack 0": lambda channel, tag: channel.basic_ack(0),
        "ack all": lambda channel, tag: channel.basic_ack(0, True),
        "nack all": lambda channel, tag: channel.basic_nack(0, True),
    }
)
def settling_twice(lab: Lab, call: Any) -> Any:
    """A tag that is settled, or was never there, closes the channel; "all" may be nothing."""
    channel = lab.channel()
    queue = lab.declare(channel)
    lab.put(channel, queue, "1")
    tag = lab.get(channel, queue).tag
    channel.basic_ack(tag)

    def settle() -> None:
        call(channel, tag)
        channel.queue_declare(queue, passive=True)

    return lab.attempt(settle)


@case
def a_multiple_ack_of_a_settled_tag(lab: Lab) -> Any:
    """A multiple ack needs its tag to be outstanding, though others before it are."""
    channel = lab.channel()
    queue = lab.declare(channel)
    lab.put(channel, queue, "1", "2", "3")
    tags = [lab.get(channel, queue).tag for _ in range(3)]
    channel.basic_ack(tags[1])

    def settle() -> None:
        channel.basic_ack(tags[1], multiple=True)
        channel.queue_declare(queue, passive=True)

    return [lab.attempt(settle), lab.ready(lab.channel(), queue, 2)]


@case
def a_tag_of_another_channel(lab: Lab) -> Any:
    """Delivery tags belong to their channel."""
    connection = lab.connect()
    channel, other = lab.channel(connection), lab.channel(connection)
    queue = lab.declare(channel)
    lab.put(channel, queue, "1")
    tag = lab.get(channel, queue).tag

    def settle() -> None:
        other.basic_ack(tag)
        other.queue_declare(queue, passive=True)

    return lab.attempt(settle)


@case
def rejecting_drops_or_requeues(lab: Lab) -> Any:
    """A reject drops a message, or requeues it."""
    channel = lab.channel()
    queue = lab.declare(channel)
    lab.put(channel, queue, "1", "2")
    channel.basic_reject(lab.get(channel, queue).tag, requeue=False)
    channel.basic_reject(lab.get(channel, queue).tag, requeue=True)
    return lab.drain(channel, queue)


@table({"channel": "channel", "connection": "connection", "recover": "recover"})
def unacknowledged_messages_come_back(lab: Lab, way: str) -> Any:
    """A channel that ends, and a recover, requeue what was not acknowledged."""
    watcher = lab.channel()
    queue = lab.declare(watcher)
    connection = lab.connect()
    channel = lab.channel(connection)
    lab.put(channel, queue, "1", "2", "3")
    for _ in range(2):
        lab.get(channel, queue)
    if way == "channel":
        channel.close()
    elif way == "connection":
        connection.close()
    else:
        channel.basic_recover(True)
    lab.ready(watcher, queue, 3)
    return [(each["body"], each["redelivered"]) for each in lab.drain(watcher, queue)]


@case
def a_recover_delivers_again(lab: Lab) -> Any:
    """A consumer gets what it did not acknowledge again, marked."""
    channel = lab.channel()
    queue = lab.declare(channel)
    lab.put(channel, queue, "1", "2")
    inbox = lab.collect(channel, queue)
    inbox.wait(2)
    channel.basic_ack(inbox.tags[0])
    channel.basic_recover(True)
    inbox.wait(3)
    return [(each["body"], each["redelivered"]) for each in inbox.outcomes]


@case
def recover_without_requeue(lab: Lab) -> Any:
    """`recover(requeue=false)` is not implemented."""
    return lab.attempt(lab.channel().basic_recover, False)


@case
def a_prefetch_size_is_not_implemented(lab: Lab) -> Any:
    """Only counts can be limited."""
    return lab.attempt(lab.channel().basic_qos, 1000, 0)


@case
def immediate_is_not_implemented(lab: Lab) -> Any:
    """The immediate flag closes the connection."""
    client = lab.raw().connected()
    client.method(1, pika.spec.Basic.Publish(exchange="", routing_key="k", immediate=True))
    client.header(1, 0)
    return client.ending()


@case
def a_prefetch_limits_a_consumer(lab: Lab) -> Any:
    """A consumer gets no more unacknowledged messages than its limit; an ack makes room."""
    channel = lab.channel()
    queue = lab.declare(channel)
    lab.put(channel, queue, *"12345")
    channel.basic_qos(prefetch_count=2)
    inbox = lab.collect(channel, queue)
    first = inbox.wait(2)[:]
    channel.basic_ack(inbox.tags[0])
    return [first, inbox.wait(3)]


@case
def a_prefetch_is_for_the_consumers_that_follow(lab: Lab) -> Any:
    """A limit per consumer leaves those there are alone."""
    channel = lab.channel()
    queue = lab.declare(channel)
    channel.basic_qos(prefetch_count=1)
    one = lab.collect(channel, queue)
    channel.basic_qos(prefetch_count=3)
    lab.put(channel, queue, *"123")
    return one.wait(1)


@case
def a_prefetch_does_not_limit_automatic_acks(lab: Lab) -> Any:
    """A consumer that acknowledges automatically has no limit."""
    channel = lab.channel()
    queue = lab.declare(channel)
    lab.put(channel, queue, *"12345")
    channel.basic_qos(prefetch_count=2)
    return lab.collect(channel, queue, auto_ack=True).wait(5)


@case
def a_prefetch_does_not_count_gets(lab: Lab) -> Any:
    """What was got by `basic.get` does not fill a consumer's limit."""
    channel = lab.channel()
    queue = lab.declare(channel)
    lab.put(channel, queue, *"12345")
    channel.basic_qos(prefetch_count=2)
    for _ in range(2):
        lab.get(channel, queue)
    return lab.collect(channel, queue).wait(2)


@case
def a_global_prefetch(lab: Lab) -> Any:
    """The global flag limits the channel, or each consumer, as the release has it."""
    channel = lab.channel()
    one, two = lab.declare(channel, "one"), lab.declare(channel, "two")
    lab.put(channel, one, *"123")
    lab.put(channel, two, *"456")
    channel.basic_qos(prefetch_count=2, global_qos=True)
    first = lab.collect(channel, one)
    first.wait(2)
    second = lab.collect(channel, two)
    return [first.bodies, second.wait(2 if lab.release == "4.3" else 0)]


@case
def acknowledging_makes_room_on_a_global_prefetch(lab: Lab) -> Any:
    """An ack for one queue lets another deliver."""
    channel = lab.channel()
    one, two = lab.declare(channel, "one"), lab.declare(channel, "two")
    lab.put(channel, one, "1")
    lab.put(channel, two, "2", "3")
    channel.basic_qos(prefetch_count=1, global_qos=True)
    first = lab.collect(channel, one)
    first.wait(1)
    second = lab.collect(channel, two)
    channel.basic_ack(first.tags[0])
    return second.wait(1)


@case
def consumers_take_turns(lab: Lab) -> Any:
    """Messages go round the consumers of a queue."""
    channel = lab.channel()
    queue = lab.declare(channel)
    log: list[str] = []
    inboxes = [lab.collect(channel, queue, tag=tag, log=log) for tag in ("a", "b", "c")]
    lab.put(channel, queue, *"123456")
    inboxes[0].wait(2)
    return log


@case
def a_full_consumer_is_passed_over(lab: Lab) -> Any:
    """A consumer at its limit is left out of the round until it acknowledges."""
    channel = lab.channel()
    queue = lab.declare(channel)
    log: list[str] = []
    channel.basic_qos(prefetch_count=1)
    one = lab.collect(channel, queue, tag="a", log=log)
    channel.basic_qos(prefetch_count=0)
    lab.collect(channel, queue, tag="b", log=log)
    lab.put(channel, queue, *"1234")
    one.quiet()
    return sorted(log)


@case
def consumer_priorities(lab: Lab) -> Any:
    """A consumer of higher priority gets all it can take."""
    channel = lab.channel()
    queue = lab.declare(channel)
    log: list[str] = []
    channel.basic_qos(prefetch_count=2)
    low = lab.collect(channel, queue, tag="low", log=log)
    lab.collect(channel, queue, tag="high", log=log, arguments={"x-priority": 5})
    lab.put(channel, queue, *"1234")
    low.wait(2)
    return sorted(log)


@table({"text": "high", "float": 1.5, "none": None, "bool": True})
def a_consumer_priority_of_another_type(lab: Lab, value: Any) -> Any:
    """A priority is a whole number."""
    channel = lab.channel()
    queue = lab.declare(channel)
    value = Decimal("1.5") if value == 1.5 else value
    return lab.attempt(channel.basic_consume, queue, print, arguments={"x-priority": value})


@case
def a_consumer_tag_is_used_once(lab: Lab) -> Any:
    """A tag in use ends the connection."""
    channel = lab.channel()
    queue = lab.declare(channel)
    client = lab.raw().connected()
    endings = []
    for _ in range(2):
        client.method(1, pika.spec.Basic.Consume(queue=queue, consumer_tag="t"))
        endings.append(client.ending())
    return endings


@case
def a_consumer_tag_can_be_used_on_another_channel(lab: Lab) -> Any:
    """Tags belong to their channel."""
    connection = lab.connect()
    one, two = lab.channel(connection), lab.channel(connection)
    queue = lab.declare(one)
    lab.collect(one, queue, tag="t")
    return lab.attempt(two.basic_consume, queue, print, consumer_tag="t")


@case
def a_server_named_consumer(lab: Lab) -> Any:
    """An empty consumer tag gets a generated one."""
    channel = lab.channel()
    queue = lab.declare(channel)
    client = lab.raw().connected()
    client.method(1, pika.spec.Basic.Consume(queue=queue))
    return client.read().consumer_tag.startswith("amq.ctag-")


@case
def an_exclusive_consumer(lab: Lab) -> Any:
    """An exclusive consumer is alone; others are refused until it goes."""
    channel = lab.channel()
    queue = lab.declare(channel)
    inbox = lab.collect(channel, queue, exclusive=True)
    other = lab.channel()
    refused = [
        lab.attempt(other.basic_consume, queue, print),
        lab.attempt(lab.channel().basic_consume, queue, print, exclusive=True),
        lab.attempt(lab.channel().basic_get, queue),
    ]
    channel.basic_cancel(inbox.tag)
    return [refused, lab.attempt(lab.channel().basic_consume, queue, print)]


@case
def an_exclusive_consumer_that_comes_second(lab: Lab) -> Any:
    """Nobody can have a queue alone that is consumed already."""
    channel = lab.channel()
    queue = lab.declare(channel)
    lab.collect(channel, queue)
    return lab.attempt(lab.channel().basic_consume, queue, print, exclusive=True)


@case
def cancelling_keeps_what_is_unacknowledged(lab: Lab) -> Any:
    """After a cancel, the deliveries can still be acknowledged, and are not redelivered."""
    client = lab.raw().connected()
    channel = lab.channel()
    queue = lab.declare(channel)
    lab.put(channel, queue, "1", "2")
    client.method(1, pika.spec.Basic.Qos(prefetch_count=1))
    client.read()
    client.method(1, pika.spec.Basic.Consume(queue=queue, consumer_tag="t"))
    client.read()
    tag = client.read().delivery_tag
    client.read_content()
    client.method(1, pika.spec.Basic.Cancel(consumer_tag="t"))
    client.read()
    before = lab.bodies(channel, queue)
    client.method(1, pika.spec.Basic.Nack(delivery_tag=tag, requeue=True))
    return [before, lab.ready(channel, queue, 1), lab.bodies(channel, queue)]


@case
def cancelling_nobody(lab: Lab) -> Any:
    """Cancelling an unknown consumer is answered as any cancel."""
    client = lab.raw().connected()
    client.method(1, pika.spec.Basic.Cancel(consumer_tag="nobody"))
    return client.ending()


@case
def a_deleted_queue_cancels_its_consumers(lab: Lab) -> Any:
    """Consumers are told when their queue goes."""
    channel = lab.channel()
    queue = lab.declare(channel)
    inbox = lab.collect(channel, queue)
    lab.channel().queue_delete(queue)
    return inbox.cancelled_soon()


@case
def deleting_the_queue_of_an_own_consumer(lab: Lab) -> Any:
    """The answer to the deletion comes before the cancel of the channel's own consumer."""
    client = lab.raw().connected()
    queue = lab.declare(lab.channel())
    client.method(1, pika.spec.Basic.Consume(queue=queue, consumer_tag="t"))
    client.read()
    client.method(1, pika.spec.Queue.Delete(queue=queue))
    return client.answers(2)


@case
def a_client_that_cannot_be_told_of_a_cancel(lab: Lab) -> Any:
    """Without the capability, nothing is said when a queue goes."""
    client = lab.raw()
    client.start()
    client.log_in()
    client.tune()
    client.open()
    client.method(1, pika.spec.Channel.Open())
    client.read()
    channel = lab.channel()
    queue = lab.declare(channel)
    client.method(1, pika.spec.Basic.Consume(queue=queue, consumer_tag="t"))
    client.read()
    channel.queue_delete(queue)
    client.method(1, pika.spec.Channel.Close(200, "", 0, 0))
    return client.ending()


@case
def settling_messages_of_a_deleted_queue(lab: Lab) -> Any:
    """Deliveries of a queue that is gone can be acknowledged and rejected."""
    channel = lab.channel()
    queue = lab.declare(channel)
    lab.put(channel, queue, "1", "2", "3")
    tags = [lab.get(channel, queue).tag for _ in range(3)]
    lab.channel().queue_delete(queue)

    def settle() -> None:
        channel.basic_ack(tags[0])
        channel.basic_nack(tags[1])
        channel.basic_reject(tags[2], requeue=False)
        channel.queue_declare(lab.name("other"), durable=True)

    return [lab.attempt(settle), lab.exists("queue", queue)]


@case
def flow_can_only_be_on(lab: Lab) -> Any:
    """`channel.flow` is answered when active and refused otherwise."""
    client = lab.raw().connected()
    client.method(1, pika.spec.Channel.Flow(active=True))
    on = client.ending()
    client.method(1, pika.spec.Channel.Flow(active=False))
    return [on, client.ending()]


@case
def confirms_count_from_one(lab: Lab) -> Any:
    """Publishes are numbered from the first after `confirm.select`, on each channel."""
    client = lab.raw().connected()
    channel = lab.channel()
    queue = lab.declare(channel)
    client.publish(1, queue, b"\0\0", b"unconfirmed")
    client.method(1, pika.spec.Confirm.Select())
    names = [client.read().NAME]
    client.publish(1, queue, b"\0\0", b"one")
    ack = client.read()
    client.publish(1, queue, b"\0\0", b"two")
    again = client.read()
    return [names, ack.NAME, ack.delivery_tag, again.delivery_tag, lab.ready(channel, queue, 3)]


@case
def confirms_selected_twice(lab: Lab) -> Any:
    """A second `confirm.select` is answered and changes nothing."""
    client = lab.raw().connected()
    numbers = []
    for _ in range(2):
        client.method(1, pika.spec.Confirm.Select())
        client.read()
        client.publish(1, lab.name("none"), b"\0\0", b"x")
        numbers.append(client.read().delivery_tag)
    return numbers


@case
def a_refused_publish_ends_what_follows(lab: Lab) -> Any:
    """Of publishes in one go, those behind a refused one are dropped with the channel."""
    client = lab.raw().connected()
    channel = lab.channel()
    queue = lab.declare(channel)
    for index in range(10):
        client.publish(1, queue, b"\0\0", b"x", lab.name("none") if index == 5 else "")
    ending = client.ending()
    return [ending, lab.ready(channel, queue, 5)]


@case
def a_deprecated_access_request(lab: Lab) -> Any:
    """`access.request` of older clients is answered."""
    client = lab.raw().connected()
    client.method(1, pika.spec.Access.Request())
    return client.ending()


@case
def a_consumer_gets_messages_as_they_come(lab: Lab) -> Any:
    """A waiting consumer gets what is published later, not marked as redelivered."""
    channel = lab.channel()
    queue = lab.declare(channel)
    inbox = lab.collect(channel, queue, auto_ack=True)
    lab.put(channel, queue, "late")
    inbox.wait(1)
    return inbox.outcomes


@case
def a_consumers_messages_go_to_the_next(lab: Lab) -> Any:
    """When a consumer's channel ends, another consumer gets its messages."""
    one, two = lab.channel(), lab.channel()
    queue = lab.declare(one)
    one.basic_qos(prefetch_count=2)
    lab.collect(one, queue).channel.connection.process_data_events(0)
    lab.put(two, queue, "1", "2", "3")
    first = lab.collect(two, queue)
    first.wait(1)
    one.close()
    first.wait(3)
    return sorted((each["body"], each["redelivered"]) for each in first.outcomes)
