# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``basic.*``: consuming, getting and settling messages on a channel."""

from __future__ import annotations

import secrets
from functools import partial

from pika import spec

from .._model.consumers import Consumer, Delivery, by_queue
from .._model.quorum import QuorumQueue
from .._model.replies import QUEUE as REPLIES
from .._wire.codec import encode_content, encode_get_ok
from .._wire.errors import AMQPError, kind_in_vhost, not_implemented, precondition
from .._wire.fields import WORDS
from .channel import Channel, Methods
from .naming import queue_name
from .transaction import Settle, Settlement


def set_qos(channel: Channel, method: spec.Basic.Qos) -> None:
    """Set prefetch limits."""
    if method.prefetch_size:
        raise not_implemented(f"prefetch_size!=0 ({method.prefetch_size})")
    if method.global_qos and channel.broker.emulation.global_qos:
        channel.global_limit = method.prefetch_count or None
        channel.wake_queues()
    else:
        channel.prefetch = method.prefetch_count
    channel.reply(spec.Basic.QosOk())


def consume(channel: Channel, method: spec.Basic.Consume) -> None:
    """Start a consumer."""
    tag = method.consumer_tag
    if tag in channel.consumers:
        raise AMQPError(spec.NOT_ALLOWED, f"attempt to reuse consumer tag '{tag}'")
    name = queue_name(channel, method.queue)
    tag = tag or f"amq.ctag-{secrets.token_urlsafe(16)}"
    if name == REPLIES:
        channel.broker.replies.open(channel, tag, no_ack=method.no_ack)
        if not method.nowait:
            channel.reply(spec.Basic.ConsumeOk(consumer_tag=tag))
        return
    channel.connection.check("read", "queue", name)
    channel.broker.replies.check_consume(name, channel.vhost.name)
    queue = channel.vhost.queue(name, channel.connection)
    if "x-stream-offset" in method.arguments:
        kind = "quorum" if isinstance(queue, QuorumQueue) else "classic"
        raise precondition(
            f"invalid arg 'x-stream-offset' for {kind_in_vhost('queue', name, channel.vhost.name)} "
            f"of queue type rabbit_{kind}_queue"
        )
    priority = method.arguments.get("x-priority")
    if priority is not None and not priority.is_integer:
        raise precondition(
            f"invalid arg 'x-priority' for consumer on {kind_in_vhost('queue', name, channel.vhost.name)}: "
            f"{{unacceptable_type,{WORDS[priority.kind]}}}"
        )
    rank = priority.value if priority is not None and isinstance(priority.value, int) else 0
    consumer = Consumer(channel, queue, tag, method.no_ack, rank)
    queue.subscribe(consumer, method.exclusive)
    channel.consumers[tag] = consumer
    if not method.nowait:
        channel.reply(spec.Basic.ConsumeOk(consumer_tag=tag))
    queue.wake()


def cancel(channel: Channel, method: spec.Basic.Cancel) -> None:
    """Cancel a consumer."""
    consumer = None
    if channel.reply_consumer is not None and channel.reply_consumer.tag == method.consumer_tag:
        channel.broker.replies.close(channel)
    else:
        consumer = channel.consumers.pop(method.consumer_tag, None)
    if not method.nowait:
        channel.reply(spec.Basic.CancelOk(consumer_tag=method.consumer_tag))
    if consumer is not None:
        consumer.queue.unsubscribe(consumer)


def get(channel: Channel, method: spec.Basic.Get) -> None:
    """Deliver one message, or answer that the queue is empty."""
    name = queue_name(channel, method.queue)
    channel.connection.check("read", "queue", name)
    channel.broker.replies.check_get(name, channel.vhost.name)
    queue = channel.vhost.queue(name, channel.connection)
    queue.check_get()
    queue.touch()
    entry = queue.pull()
    if entry is None:
        channel.reply(spec.Basic.GetEmpty())
        return
    tag = channel.next_tag()
    message = entry.message
    frame_max = channel.connection.frame_max
    channel.connection.send(
        encode_get_ok(channel.number, tag, entry.redelivered, message.address, len(queue.ready)),
        *encode_content(channel.number, queue.properties(entry, by_get=True), message.body, frame_max),
    )
    if method.no_ack:
        queue.settle((entry,))
    else:
        channel.unsettled.add(tag, queue, entry, None)


def ack(channel: Channel, method: spec.Basic.Ack) -> None:
    """Acknowledge deliveries."""
    _settle(channel, method.delivery_tag, method.multiple, partial(_acknowledge, channel))


def nack(channel: Channel, method: spec.Basic.Nack) -> None:
    """Reject or requeue deliveries."""
    counted = channel.broker.emulation.nack_counts
    settle = partial(_return, channel, requeue=method.requeue, counted=counted, marked=False)
    _settle(channel, method.delivery_tag, method.multiple, settle)


def reject(channel: Channel, method: spec.Basic.Reject) -> None:
    """Reject or requeue one delivery."""
    _settle(
        channel,
        method.delivery_tag,
        False,
        partial(_return, channel, requeue=method.requeue, counted=True, marked=True),
    )


def _settle(channel: Channel, tag: int, multiple: bool, settle: Settle) -> None:
    """Carry an acknowledgement out now, or at the commit of the transaction."""
    if channel.transaction is None:
        settle(channel.unsettled.take(tag, multiple))
    else:
        waiting = channel.unsettled.set_aside(tag, multiple)
        channel.transaction.settlements.append(Settlement(waiting, settle))


def _acknowledge(channel: Channel, deliveries: list[Delivery]) -> None:
    if len(deliveries) == 1:
        deliveries[0].queue.settle((deliveries[0].entry,))
    else:
        for queue, entries in by_queue(deliveries).items():
            queue.settle(entries)
    _settled(channel, deliveries)


def _return(
    channel: Channel, deliveries: list[Delivery], *, requeue: bool, counted: bool, marked: bool
) -> None:
    for queue, entries in by_queue(deliveries).items():
        if requeue:
            queue.put_back(entries, counted=counted)
        else:
            queue.reject(entries, marked=marked)
    _settled(channel, deliveries)


def _settled(channel: Channel, deliveries: list[Delivery]) -> None:
    """Wake the queues of settled deliveries; with a limit for the channel, all queues it consumes from."""
    for queue in dict.fromkeys(delivery.queue for delivery in deliveries):
        queue.wake()
    if channel.global_limit is not None:
        channel.wake_queues()


def recover(channel: Channel, method: spec.Basic.Recover) -> None:
    """Requeue all unacknowledged deliveries."""
    if not method.requeue:
        raise not_implemented("requeue=false")
    channel.requeue(counted=channel.broker.emulation.nack_counts)
    channel.reply(spec.Basic.RecoverOk())


def recover_async(channel: Channel, method: spec.Basic.RecoverAsync) -> None:
    """Requeue all unacknowledged deliveries, without an answer."""
    if not method.requeue:
        raise not_implemented("requeue=false")
    channel.requeue(counted=channel.broker.emulation.nack_counts)


METHODS: Methods = {
    spec.Basic.Qos: set_qos,
    spec.Basic.Consume: consume,
    spec.Basic.Cancel: cancel,
    spec.Basic.Get: get,
    spec.Basic.Ack: ack,
    spec.Basic.Nack: nack,
    spec.Basic.Reject: reject,
    spec.Basic.Recover: recover,
    spec.Basic.RecoverAsync: recover_async,
}
