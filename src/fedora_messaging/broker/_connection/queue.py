# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``queue.*``: declaring, binding, purging and deleting queues."""

from __future__ import annotations

import secrets

from pika import spec

from .._model.arguments import check_same, read_options
from .._model.exchanges import check_equivalent
from .._model.queue import Queue
from .._model.quorum import check_declaration
from .._model.replies import QUEUE as REPLIES
from .._wire.errors import AMQPError, kind_in_vhost, precondition
from .channel import Channel, Methods
from .exchange import remove_binding
from .naming import (
    check_not_default,
    check_not_reserved,
    exchange_argument,
    queue_name,
    without_line_breaks,
)


def declare_queue(channel: Channel, method: spec.Queue.Declare) -> None:
    """Declare a queue, or check that one exists."""
    vhost, connection = channel.vhost, channel.connection
    name = without_line_breaks(method.queue)
    if name.startswith(REPLIES):
        channel.broker.replies.declare(channel, name, vhost.name)
        channel.last_queue = name
        if not method.nowait:
            channel.reply(spec.Queue.DeclareOk(queue=name, message_count=0, consumer_count=1))
        return
    if method.passive:
        name = queue_name(channel, name)
        if channel.broker.emulation.passive_checked:
            connection.check_any("queue", name)
        queue = vhost.queue(name, connection)
        queue.declared_again()
    else:
        if name:
            check_not_reserved("queue", name)
        else:
            name = f"amq.gen-{secrets.token_urlsafe(16)}"
        connection.check("configure", "queue", name)
        found = vhost.queues.get(name)
        if found is None:
            queue = _new_queue(channel, name, method)
        else:
            queue = found
            _check_queue(channel, queue, method)
            queue.declared_again()
    channel.last_queue = queue.name
    if not method.nowait:
        channel.reply(
            spec.Queue.DeclareOk(
                queue=queue.name, message_count=len(queue.ready), consumer_count=queue.consumer_count
            )
        )


def _new_queue(channel: Channel, name: str, method: spec.Queue.Declare) -> Queue:
    """Create a queue from a declaration."""
    vhost, connection = channel.vhost, channel.connection
    what = kind_in_vhost("queue", name, vhost.name)
    target = exchange_argument(channel, method.arguments, "x-dead-letter-exchange", what)
    if target is not None:
        connection.check("read", "queue", name)
        connection.check("write", "exchange", target)
    if not method.durable and not method.exclusive:
        channel.broker.transient_queue(name)
    options = read_options(method.arguments, name, vhost.name, channel.broker.emulation)
    if options.type == "quorum":
        check_declaration(
            name,
            vhost.name,
            durable=method.durable,
            auto_delete=method.auto_delete,
            exclusive=method.exclusive,
        )
    return vhost.add_queue(
        name,
        options,
        durable=method.durable,
        auto_delete=method.auto_delete,
        owner=connection if method.exclusive else None,
        arguments=method.arguments,
    )


def _check_queue(channel: Channel, queue: Queue, method: spec.Queue.Declare) -> None:
    """Check that a declaration is equivalent to the existing queue."""
    queue.check_access(channel.connection)
    what = kind_in_vhost("queue", queue.name, channel.vhost.name)
    if method.exclusive != (queue.owner is not None):
        raise AMQPError(
            spec.RESOURCE_LOCKED,
            f"cannot obtain exclusive access to locked {what}. It could be originally declared on another "
            "connection or the exclusive property value does not match that of the original declaration.",
        )
    # An exclusive queue ends with its connection: its durability is nothing.
    received: dict[str, object] = {
        "durable": method.durable and not method.exclusive,
        "auto_delete": method.auto_delete,
    }
    current: dict[str, object] = {
        "durable": queue.durable and queue.owner is None,
        "auto_delete": queue.auto_delete,
    }
    check_equivalent("queue", queue.name, channel.vhost.name, received, current)
    check_same(method.arguments, queue.arguments, queue.name, channel.vhost.name, channel.broker.emulation)


def bind_queue(channel: Channel, method: spec.Queue.Bind) -> None:
    """Bind a queue to an exchange."""
    name = queue_name(channel, method.queue)
    key = name if not method.queue and not method.routing_key else method.routing_key
    source = without_line_breaks(method.exchange)
    channel.connection.check("write", "queue", name)
    channel.connection.check("read", "exchange", source)
    check_not_default(source)
    channel.broker.replies.check_bind(name)
    queue = channel.vhost.queue(name, channel.connection)
    channel.vhost.exchange(source).bind(queue, key, method.arguments)
    if not method.nowait:
        channel.reply(spec.Queue.BindOk())


def unbind_queue(channel: Channel, method: spec.Queue.Unbind) -> None:
    """Remove a binding of a queue."""
    name = queue_name(channel, method.queue)
    source = without_line_breaks(method.exchange)
    channel.connection.check("write", "queue", name)
    channel.connection.check("read", "exchange", source)
    check_not_default(source)
    channel.broker.replies.check_bind(name)
    queue = channel.vhost.queues.get(name)
    remove_binding(channel, source, queue, method.routing_key, method.arguments)
    channel.reply(spec.Queue.UnbindOk())


def purge_queue(channel: Channel, method: spec.Queue.Purge) -> None:
    """Drop all messages that are ready."""
    name = queue_name(channel, method.queue)
    channel.connection.check("read", "queue", name)
    count = 0
    if not channel.broker.replies.is_queue(name):
        count = channel.vhost.queue(name, channel.connection).purge()
    if not method.nowait:
        channel.reply(spec.Queue.PurgeOk(message_count=count))


def delete_queue(channel: Channel, method: spec.Queue.Delete) -> None:
    """Delete a queue; one that does not exist is not an error."""
    name = queue_name(channel, without_line_breaks(method.queue))
    channel.connection.check("configure", "queue", name)
    queue = channel.vhost.queues.get(name)
    count = 0
    if queue is not None:
        queue.check_access(channel.connection)
        what = kind_in_vhost("queue", name, channel.vhost.name)
        queue.check_conditions(if_unused=method.if_unused, if_empty=method.if_empty)
        if method.if_unused and queue.consumer_count:
            raise precondition(f"{what} in use")
        if method.if_empty and queue.ready:
            raise precondition(f"{what} not empty")
        count = len(queue.ready)
    # The answer comes before the cancels of the channel's own consumers: clients wait for it with their
    # consumers in place.
    if not method.nowait:
        channel.reply(spec.Queue.DeleteOk(message_count=count))
    if queue is not None:
        channel.vhost.delete_queue(queue)


METHODS: Methods = {
    spec.Queue.Declare: declare_queue,
    spec.Queue.Bind: bind_queue,
    spec.Queue.Unbind: unbind_queue,
    spec.Queue.Purge: purge_queue,
    spec.Queue.Delete: delete_queue,
}
