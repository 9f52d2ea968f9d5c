# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Transactions: what waits for the commit, and what a rollback undoes."""

from typing import Any

import pika
from pika import spec

from .lab import PATIENCE, Lab, case, table

_SELECT, _COMMIT, _ROLLBACK, _CONFIRM = (
    spec.Tx.Select(),
    spec.Tx.Commit(),
    spec.Tx.Rollback(),
    spec.Confirm.Select(),
)


@table(
    {
        "commit": [_COMMIT],
        "rollback": [_ROLLBACK],
        "select": [_SELECT],
        "select twice": [_SELECT, _SELECT],
        "commit nothing": [_SELECT, _COMMIT, _COMMIT, _ROLLBACK],
        "select with confirms": [_CONFIRM, _SELECT],
        "commit with confirms": [_CONFIRM, _COMMIT],
        "confirms after select": [_SELECT, _CONFIRM],
    }
)
def transactions(lab: Lab, *methods: Any) -> Any:
    """A channel has transactions once it has asked for them, and then no confirms: 406."""
    client = lab.raw().connected()
    found = []
    for method in methods:
        client.method(1, method)
        found.append(client.ending())
    return found


def _selected(lab: Lab) -> Any:
    channel = lab.channel(confirms=False)
    channel.tx_select()
    return channel


def _published(channel: Any) -> None:
    """Waits until what was published on a channel was seen by the broker."""
    channel.basic_qos(prefetch_count=0)


@table({"commit": "tx_commit", "rollback": "tx_rollback", "close": "close"})
def publishes_in_a_transaction(lab: Lab, end: str) -> Any:
    """They reach the queue at the commit, in order, or never."""
    channel, other = _selected(lab), lab.channel()
    queue = lab.declare(channel)
    for body in (b"1", b"2"):
        channel.basic_publish("", queue, body)
    _published(channel)
    before = lab.ready(other, queue)
    getattr(channel, end)()
    return [before, lab.bodies(other, queue)]


@case
def a_transaction_after_a_rollback(lab: Lab) -> Any:
    """What was rolled back does not come with the next commit."""
    channel = _selected(lab)
    queue = lab.declare(channel)
    channel.basic_publish("", queue, b"no")
    channel.tx_rollback()
    channel.basic_publish("", queue, b"yes")
    channel.tx_commit()
    return lab.bodies(lab.channel(), queue)


@table({"exchange": ("none", {}), "user id": ("", {"user_id": "z"}), "expiration": ("", {"expiration": "z"})})
def a_refused_publish_in_a_transaction(lab: Lab, exchange: str, properties: dict[str, Any]) -> Any:
    """It is refused at once, and takes the rest of the transaction with it."""
    channel, other = _selected(lab), lab.channel()
    queue = lab.declare(channel)
    channel.basic_publish("", queue, b"lost")
    channel.basic_publish(exchange, queue, b"bad", pika.BasicProperties(**properties))
    return [lab.attempt(_published, channel), lab.ready(other, queue)]


@table({"commit": _COMMIT, "rollback": _ROLLBACK})
def a_mandatory_publish_in_a_transaction(lab: Lab, end: Any) -> Any:
    """It returns at the commit."""
    client = lab.raw().connected()
    client.method(1, _SELECT)
    client.method(1, spec.Basic.Publish(exchange="", routing_key=lab.name("none"), mandatory=True))
    client.header(1, 0)
    client.method(1, end)
    return client.answers(3 if end is _COMMIT else 2)


@case
def a_publish_is_routed_when_it_comes(lab: Lab) -> Any:
    """Bindings made or undone before the commit come too late, and so does the end of the exchange."""
    channel, other = _selected(lab), lab.channel()
    exchange, queue = lab.bound(other, "fanout", "")
    late = lab.declare(other, "late")
    channel.basic_publish(exchange, "k", b"m")
    _published(channel)
    other.queue_bind(late, exchange)
    other.queue_unbind(queue, exchange)
    other.exchange_delete(exchange)
    channel.tx_commit()
    return [lab.bodies(other, queue), lab.bodies(other, late)]


@table({"mandatory": True, "not mandatory": False})
def a_queue_deleted_before_the_commit(lab: Lab, mandatory: bool) -> Any:
    """What the commit says of a queue that is gone."""
    other = lab.channel()
    queue = lab.declare(other)
    client = lab.raw().connected()
    client.method(1, _SELECT)
    client.method(1, spec.Basic.Publish(exchange="", routing_key=queue, mandatory=mandatory))
    client.header(1, 0)
    client.method(1, spec.Basic.Qos(prefetch_count=0))
    before = client.answers(2)
    other.queue_delete(queue)
    client.method(1, _COMMIT)
    return [before, client.ending()]


@case
def a_full_queue_in_a_transaction(lab: Lab) -> Any:
    """A queue that refuses makes the commit fail, with what it took in it."""
    channel, other = _selected(lab), lab.channel()
    queue = lab.declare(channel, arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
    for body in (b"1", b"2"):
        channel.basic_publish("", queue, body)
    return [lab.attempt(channel.tx_commit), lab.bodies(other, queue)]


@table({"commit": "tx_commit", "rollback": "tx_rollback", "nothing": "is_open"})
def acknowledgements_in_a_transaction(lab: Lab, end: str) -> Any:
    """Without a commit the deliveries return when the channel closes."""
    channel, other = _selected(lab), lab.channel()
    queue = lab.declare(channel)
    lab.put(other, queue, "1", "2", "3")
    first, second = lab.get(channel, queue), lab.get(channel, queue)
    channel.basic_ack(first.tag)
    channel.basic_reject(second.tag, requeue=False)
    if end != "is_open":
        getattr(channel, end)()
    channel.close()
    expected = 1 if end == "tx_commit" else 3
    return [lab.ready(other, queue, expected), lab.bodies(other, queue)]


@table({"twice": None, "after a rollback": "tx_rollback", "after a commit": "tx_commit"})
def a_delivery_acknowledged_twice_in_a_transaction(lab: Lab, between: str | None) -> Any:
    """A delivery is taken at once; a rollback gives it back."""
    channel, other = _selected(lab), lab.channel()
    queue = lab.declare(channel)
    lab.put(other, queue, "1")
    got = lab.get(channel, queue)
    channel.basic_ack(got.tag)
    if between is not None:
        getattr(channel, between)()
    channel.basic_ack(got.tag)
    return lab.attempt(channel.tx_commit)


@table({"requeue": True, "drop": False})
def a_nack_in_a_transaction(lab: Lab, requeue: bool) -> Any:
    """It waits for the commit, too."""
    channel, other = _selected(lab), lab.channel()
    queue = lab.declare(channel)
    lab.put(other, queue, "1")
    got = lab.get(channel, queue)
    channel.basic_nack(got.tag, requeue=requeue)
    _published(channel)
    before = lab.ready(other, queue)
    channel.tx_commit()
    return [before, lab.ready(other, queue, int(requeue))]


@case
def recover_in_a_transaction(lab: Lab) -> Any:
    """It returns what is not acknowledged, not what waits for the commit."""
    channel, other = _selected(lab), lab.channel()
    queue = lab.declare(channel)
    lab.put(other, queue, "1", "2")
    first, _ = lab.get(channel, queue), lab.get(channel, queue)
    channel.basic_ack(first.tag)
    channel.basic_recover(requeue=True)
    counts = [lab.ready(other, queue, 1)]
    channel.tx_rollback()
    channel.basic_recover(requeue=True)
    return [*counts, lab.ready(other, queue, 2)]


@case
def the_prefetch_limit_in_a_transaction(lab: Lab) -> Any:
    """An acknowledgement makes room at the commit."""
    channel, other = _selected(lab), lab.channel()
    queue = lab.declare(channel)
    lab.put(other, queue, "1", "2", "3")
    channel.basic_qos(prefetch_count=1)
    inbox = lab.collect(channel, queue)
    found = [list(inbox.wait(1))]
    channel.basic_ack(inbox.tags[-1])
    inbox.quiet()
    found.append(list(inbox.bodies))
    channel.tx_commit()
    found.append(list(inbox.wait(2)))
    channel.basic_ack(inbox.tags[-1])
    channel.tx_rollback()
    inbox.quiet()
    found.append(list(inbox.bodies))
    channel.basic_ack(inbox.tags[-1])
    channel.tx_commit()
    return [*found, list(inbox.wait(3))]


@case
def many_acknowledged_after_a_rollback(lab: Lab) -> Any:
    """What is given back stands in its place again."""
    channel, other = _selected(lab), lab.channel()
    queue = lab.declare(channel)
    lab.put(other, queue, "1", "2", "3")
    tags = [lab.get(channel, queue).tag for _ in range(3)]
    channel.basic_ack(tags[1])
    channel.tx_rollback()
    channel.basic_ack(tags[1], multiple=True)
    channel.tx_commit()
    channel.close()
    return [lab.ready(other, queue, 1), lab.bodies(other, queue)]


@case
def a_reply_in_a_transaction(lab: Lab) -> Any:
    """When a direct reply leaves: with 4.3 at the commit."""
    channel = lab.channel()
    queue = lab.declare(channel)
    asking = lab.raw().connected()
    asking.method(1, spec.Basic.Consume(queue="amq.rabbitmq.reply-to", consumer_tag="t", no_ack=True))
    asking.read()
    name = b"amq.rabbitmq.reply-to"
    asking.publish(1, queue, b"\x02\x00" + bytes([len(name)]) + name, b"question")
    lab.ready(channel, queue, 1)
    _, properties, _ = channel.basic_get(queue, True)
    assert properties is not None
    answering = _selected(lab)
    answering.basic_publish("", properties.reply_to, b"answer")
    _published(answering)
    asking._socket.settimeout(1)
    before = asking.ending()
    answering.tx_commit()
    if before == "nothing":
        asking._socket.settimeout(PATIENCE)
    return [before, asking.ending()]
