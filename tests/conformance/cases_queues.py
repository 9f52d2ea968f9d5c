# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Queues: declaring, deleting, binding, purging, and their arguments."""

import time
from typing import Any

from pika import spec

from .lab import Lab, case, table


@table(
    {
        "same": {},
        "not durable": {"durable": False},
        "auto_delete": {"auto_delete": True},
        "exclusive": {"exclusive": True},
        "ttl": {"arguments": {"x-message-ttl": 1000}},
        "type classic": {"arguments": {"x-queue-type": "classic"}},
        "type quorum": {"arguments": {"x-queue-type": "quorum"}},
        "unknown argument": {"arguments": {"x-nothing": 1}},
        "max length": {"arguments": {"x-max-length": 10}},
        "mode": {"arguments": {"x-queue-mode": "lazy"}},
        "passive": {"passive": True, "durable": False},
    }
)
def a_queue_declared_otherwise(lab: Lab, change: dict[str, Any]) -> Any:
    """Another declaration of a plain durable queue is refused when it differs in what matters."""
    channel = lab.channel()
    name = lab.declare(channel)
    return lab.attempt(channel.queue_declare, name, **{"durable": True, **change})


@table(
    {
        "same": {"x-message-ttl": 1000, "x-max-length": 5},
        "other value": {"x-message-ttl": 1001, "x-max-length": 5},
        "wider number": {"x-message-ttl": 1000, "x-max-length": 5, "x-nothing": 1},
        "one missing": {"x-message-ttl": 1000},
        "none": {},
        "another type": {"x-message-ttl": "1000", "x-max-length": 5},
    }
)
def a_queue_with_arguments_declared_otherwise(lab: Lab, arguments: dict[str, Any]) -> Any:
    """Arguments are compared one by one."""
    channel = lab.channel()
    name = lab.declare(channel, arguments={"x-message-ttl": 1000, "x-max-length": 5})
    return lab.attempt(channel.queue_declare, name, durable=True, arguments=arguments)


@table(
    {
        "expires 0": {"x-expires": 0},
        "expires -1": {"x-expires": -1},
        "expires text": {"x-expires": "1000"},
        "expires large": {"x-expires": 10**12},
        "expires": {"x-expires": 100000},
        "ttl 0": {"x-message-ttl": 0},
        "ttl -1": {"x-message-ttl": -1},
        "ttl text": {"x-message-ttl": "1"},
        "ttl large": {"x-message-ttl": 10**12},
        "length 0": {"x-max-length": 0},
        "length -1": {"x-max-length": -1},
        "length text": {"x-max-length": "1"},
        "bytes -1": {"x-max-length-bytes": -1},
        "bytes 0": {"x-max-length-bytes": 0},
        "dlx": {"x-dead-letter-exchange": "nothing"},
        "dlx number": {"x-dead-letter-exchange": 1},
        "key without dlx": {"x-dead-letter-routing-key": "k"},
        "key number": {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": 1},
        "priority 0": {"x-max-priority": 0},
        "priority 10": {"x-max-priority": 10},
        "priority 255": {"x-max-priority": 255},
        "priority 256": {"x-max-priority": 256},
        "priority -1": {"x-max-priority": -1},
        "priority text": {"x-max-priority": "1"},
        "overflow": {"x-overflow": "reject-publish"},
        "overflow dlx": {"x-overflow": "reject-publish-dlx"},
        "overflow other": {"x-overflow": "explode"},
        "overflow number": {"x-overflow": 1},
        "single": {"x-single-active-consumer": True},
        "single text": {"x-single-active-consumer": "yes"},
        "single number": {"x-single-active-consumer": 1},
        "type other": {"x-queue-type": "other"},
        "type number": {"x-queue-type": 1},
        "delivery limit": {"x-delivery-limit": 3},
        "group size": {"x-quorum-initial-group-size": 1},
        "strategy": {"x-dead-letter-strategy": "at-most-once"},
        "mode lazy": {"x-queue-mode": "lazy"},
        "mode other": {"x-queue-mode": "other"},
        "version 2": {"x-queue-version": 2},
        "version 3": {"x-queue-version": 3},
        "max age": {"x-max-age": "1D"},
        "in memory": {"x-max-in-memory-length": 1},
        "locator": {"x-queue-leader-locator": "client-local"},
        "locator other": {"x-queue-leader-locator": "other"},
        "master locator": {"x-queue-master-locator": "min-masters"},
        "float": {"x-message-ttl": True},
        "unknown": {"x-unknown": {"a": [1, None]}},
    }
)
def arguments_of_a_classic_queue(lab: Lab, arguments: dict[str, Any]) -> Any:
    """What a classic queue takes as its arguments."""
    return lab.attempt(lab.channel().queue_declare, lab.name("q"), durable=True, arguments=arguments)


@table(
    {
        "none": lambda channel, name: channel.queue_declare(name, passive=True),
        "reserved": lambda channel, name: channel.queue_declare("amq.mine", durable=True),
        "delete none": lambda channel, name: channel.queue_delete(name),
        "purge none": lambda channel, name: channel.queue_purge(name),
        "bind none": lambda channel, name: channel.queue_bind(name, "amq.topic", "k"),
        "unbind none": lambda channel, name: channel.queue_unbind(name, "amq.topic", "k"),
        "get none": lambda channel, name: channel.basic_get(name),
        "consume none": lambda channel, name: channel.basic_consume(name, print),
        "bind last": lambda channel, name: channel.queue_bind("", "amq.topic", "k"),
        "get last": lambda channel, name: channel.basic_get(""),
        "purge last": lambda channel, name: channel.queue_purge(""),
        "delete last": lambda channel, name: channel.queue_delete(""),
        "transient": lambda channel, name: channel.queue_declare(name),
        "transient auto-delete": lambda channel, name: channel.queue_declare(name, auto_delete=True),
        "transient exclusive": lambda channel, name: channel.queue_declare(name, exclusive=True),
        "durable exclusive": lambda channel, name: channel.queue_declare(name, exclusive=True, durable=True),
        "durable auto-delete": lambda channel, name: channel.queue_declare(
            name, auto_delete=True, durable=True
        ),
    }
)
def what_queues_allow(lab: Lab, call: Any) -> Any:
    """Missing queues, reserved names and transient queues get RabbitMQ's reply codes."""
    return lab.attempt(call, lab.channel(), lab.name("q"))


@table(
    {
        "bind to none": lambda channel, queue, name: channel.queue_bind(queue, name, "k"),
        "bind to the default": lambda channel, queue, name: channel.queue_bind(queue, "", "k"),
        "unbind from none": lambda channel, queue, name: channel.queue_unbind(queue, name, "k"),
        "unbind from the default": lambda channel, queue, name: channel.queue_unbind(queue, "", "k"),
        "unbind what is not bound": lambda channel, queue, name: channel.queue_unbind(
            queue, "amq.topic", "z"
        ),
    }
)
def what_bindings_allow(lab: Lab, call: Any) -> Any:
    """Bindings need their exchange; taking away what is not there is fine."""
    channel = lab.channel()
    return lab.attempt(call, channel, lab.declare(channel), lab.name("x"))


@case
def an_empty_name_is_the_last_declared_queue(lab: Lab) -> Any:
    """Bind, get and purge without a name go to the queue the channel declared last."""
    channel = lab.channel()
    exchange, queue = lab.bound(channel, "direct")
    channel.queue_bind("", exchange, "k")
    channel.queue_bind("", exchange, "")
    outcomes = [lab.publish(channel, exchange, key, key, mandatory=True) for key in ("k", queue, "")]
    return [outcomes, lab.bodies(channel, ""), lab.attempt(channel.queue_purge, "")]


@case
def a_passive_declaration_counts_as_the_last(lab: Lab) -> Any:
    """A passive declaration sets what the empty name means."""
    channel = lab.channel()
    first = lab.declare(channel, "first")
    lab.declare(channel, "second")
    channel.queue_declare(first, passive=True)
    lab.put(channel, first, "m")
    return lab.bodies(channel, "")


@case
def a_server_named_queue(lab: Lab) -> Any:
    """An empty name gets a generated one, which cannot be declared by name but used."""
    channel = lab.channel()
    name = channel.queue_declare("", exclusive=True).method.queue
    lab.put(channel, name, "m")
    used = lab.bodies(channel, name)
    return [name.startswith("amq.gen-"), used, lab.attempt(channel.queue_declare, name, exclusive=True)]


@case
def counts_of_a_declaration(lab: Lab) -> Any:
    """The reply to a declaration says how many messages are ready and how many consumers there are."""
    channel = lab.channel()
    queue = lab.declare(channel)
    lab.put(channel, queue, "1", "2", "3")
    lab.get(channel, queue)
    method = channel.queue_declare(queue, durable=True).method
    first = [method.message_count, method.consumer_count]
    other = lab.channel()
    other.basic_qos(prefetch_count=1)
    lab.collect(other, queue).wait(1)
    return [first, lab.ready(channel, queue, 1), lab.consumers(channel, queue, 1)]


@case
def purging_takes_what_is_ready(lab: Lab) -> Any:
    """A purge counts and takes the ready messages; unacknowledged ones stay."""
    channel = lab.channel()
    queue = lab.declare(channel)
    lab.put(channel, queue, "1", "2", "3")
    got = lab.get(channel, queue)
    count = channel.queue_purge(queue).method.message_count
    channel.basic_nack(got.tag)
    return [count, lab.bodies(channel, queue)]


@case
def deleting_counts_what_is_ready(lab: Lab) -> Any:
    """The reply to a deletion says how many messages were ready."""
    channel = lab.channel()
    queue = lab.declare(channel)
    lab.put(channel, queue, "1", "2", "3")
    lab.get(channel, queue)
    return channel.queue_delete(queue).method.message_count


@table({"empty": ("if_empty", False), "not empty": ("if_empty", True), "unused": ("if_unused", False)})
def conditions_of_a_deletion(lab: Lab, condition: str, message: bool) -> Any:
    """A deletion can be made to depend on messages and consumers."""
    channel = lab.channel()
    queue = lab.declare(channel)
    if message:
        lab.put(channel, queue)
    return lab.attempt(channel.queue_delete, queue, **{condition: True})


@case
def a_used_queue_is_not_deleted_if_unused(lab: Lab) -> Any:
    """A consumer is a use."""
    channel = lab.channel()
    queue = lab.declare(channel)
    lab.collect(channel, queue)
    return lab.attempt(lab.channel().queue_delete, queue, if_unused=True)


@case
def an_unacknowledged_message_does_not_fill_a_queue(lab: Lab) -> Any:
    """`if_empty` looks at what is ready only."""
    channel = lab.channel()
    queue = lab.declare(channel)
    lab.put(channel, queue)
    lab.get(channel, queue)
    return lab.attempt(channel.queue_delete, queue, if_empty=True)


@table(
    {
        "declare": lambda channel, queue: channel.queue_declare(queue, exclusive=True),
        "declare shared": lambda channel, queue: channel.queue_declare(queue, durable=True),
        "passive": lambda channel, queue: channel.queue_declare(queue, passive=True),
        "bind": lambda channel, queue: channel.queue_bind(queue, "amq.topic", "k"),
        "unbind": lambda channel, queue: channel.queue_unbind(queue, "amq.topic", "k"),
        "consume": lambda channel, queue: channel.basic_consume(queue, print),
        "get": lambda channel, queue: channel.basic_get(queue),
        "purge": lambda channel, queue: channel.queue_purge(queue),
        "delete": lambda channel, queue: channel.queue_delete(queue),
        "publish": lambda channel, queue: channel.basic_publish("", queue, b"x", mandatory=True),
    }
)
def an_exclusive_queue_of_another_connection(lab: Lab, call: Any) -> Any:
    """Only its connection may use an exclusive queue; anybody publishes to it."""
    channel, queue = lab.channel(), lab.name("q")
    channel.queue_declare(queue, exclusive=True)
    return lab.attempt(call, lab.channel(), queue)


@case
def an_exclusive_queue_and_another_channel(lab: Lab) -> Any:
    """Another channel of the same connection uses an exclusive queue."""
    connection = lab.connect()
    channel, queue = lab.channel(connection), lab.name("q")
    channel.queue_declare(queue, exclusive=True)
    other = lab.channel(connection)
    lab.put(other, queue, "m")
    return [lab.attempt(other.queue_declare, queue, exclusive=True), lab.bodies(other, queue)]


@case
def an_exclusive_queue_declared_shared(lab: Lab) -> Any:
    """Its own connection cannot declare an exclusive queue as a shared one."""
    channel, queue = lab.channel(), lab.name("q")
    channel.queue_declare(queue, exclusive=True, durable=True)
    return lab.attempt(channel.queue_declare, queue, durable=True)


@case
def an_exclusive_queue_declared_with_another_durability(lab: Lab) -> Any:
    """The durable flag of an exclusive queue is or is not compared."""
    channel, queue = lab.channel(), lab.name("q")
    channel.queue_declare(queue, exclusive=True)
    return lab.attempt(channel.queue_declare, queue, exclusive=True, durable=True)


@case
def an_exclusive_queue_goes_with_its_connection(lab: Lab) -> Any:
    """Closing the connection deletes its exclusive queues."""
    connection = lab.connect()
    lab.channel()
    queue = lab.name("q")
    lab.channel(connection).queue_declare(queue, exclusive=True)
    connection.close()
    return lab.gone("queue", queue) if (lab._connections.pop(0) is connection) else None


@table({"cancel": "cancel", "channel": "channel", "connection": "connection"})
def an_auto_delete_queue_goes_with_its_last_consumer(lab: Lab, way: str) -> Any:
    """It stays while it had no consumer, and goes with the last one, however that ends."""
    watcher = lab.channel()
    connection = lab.connect()
    channel, queue = lab.channel(connection), lab.name("q")
    channel.queue_declare(queue, auto_delete=True, durable=True)
    before = lab.exists("queue", queue)
    inbox = lab.collect(channel, queue)
    if way == "cancel":
        channel.basic_cancel(inbox.tag)
    elif way == "channel":
        channel.close()
    else:
        connection.close()
    return [before, lab.gone("queue", queue), watcher.is_open]


@case
def an_auto_delete_queue_stays_with_one_of_two_consumers(lab: Lab) -> Any:
    """The last consumer counts, not the first."""
    channel, queue = lab.channel(), lab.name("q")
    channel.queue_declare(queue, auto_delete=True, durable=True)
    one, two = lab.collect(channel, queue), lab.collect(channel, queue)
    channel.basic_cancel(one.tag)
    there = lab.exists("queue", queue)
    channel.basic_cancel(two.tag)
    return [there, lab.gone("queue", queue)]


@case
def getting_does_not_use_an_auto_delete_queue(lab: Lab) -> Any:
    """`basic.get` leaves an auto-delete queue where it is."""
    channel, queue = lab.channel(), lab.name("q")
    channel.queue_declare(queue, auto_delete=True, durable=True)
    lab.put(channel, queue, "m")
    return [lab.bodies(channel, queue), lab.exists("queue", queue)]


@case
def a_queue_expires_when_it_is_not_used(lab: Lab) -> Any:
    """`x-expires` deletes a queue that nobody uses."""
    for time_ in lab.in_time(150):
        channel = lab.channel()
        queue = lab.declare_anew(channel, arguments={"x-expires": time_})
        lab.attempt(lab.sign, channel, queue)
        there = lab.exists("queue", queue)
    return [there, lab.expired(queue)]


@case
def a_consumed_queue_does_not_expire(lab: Lab) -> Any:
    """A consumer keeps a queue from expiring."""
    for time_ in lab.in_time(200):
        channel = lab.channel()
        queue = lab.declare_anew(channel, arguments={"x-expires": time_})
        lab.attempt(lab.collect, channel, queue)
    time.sleep(2.5 * time_ / 1000)
    return lab.exists("queue", queue)


@case
def names_need_not_be_ascii(lab: Lab) -> Any:
    """Queues, keys and consumer tags may have any UTF-8 name."""
    channel = lab.channel()
    queue = lab.declare(channel, "snow☃")
    channel.queue_bind(queue, "amq.topic", lab.name("é.*"))
    lab.publish(channel, "amq.topic", lab.name("é.ü"), "m", mandatory=True)
    inbox = lab.collect(channel, queue, tag="ß")
    inbox.wait(1)
    return [inbox.tag, [each["routing_key"] == lab.name("é.ü") for each in inbox.outcomes]]


@case
def line_breaks_in_a_queue_name(lab: Lab) -> Any:
    """The name of a new queue loses its line breaks."""
    client = lab.raw().connected()
    client.method(1, spec.Queue.Declare(queue=lab.name("a\r\nb"), durable=True))
    return client.read().queue == lab.name("ab")
