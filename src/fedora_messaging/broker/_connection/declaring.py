# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""`exchange.*` and `queue.*`: what a channel declares, binds, purges and deletes."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from pika import spec

from .._model.arguments import check_same, read_options
from .._model.exchanges import Exchange, check_equivalent
from .._model.quorum import check_declaration
from .._model.replies import QUEUE as REPLIES
from .._wire.errors import AMQPError, kind_in_vhost, precondition, refused
from .._wire.fields import WORDS, Table

if TYPE_CHECKING:
    from .._model.queue import Queue
    from .channel import Channel, Methods


def _stripped(name: str) -> str:
    """RabbitMQ takes line breaks out of the names of new things."""
    return name.replace("\r", "").replace("\n", "")


def _not_default(exchange: str) -> None:
    if not exchange:
        raise refused("operation not permitted on the default exchange")


def _not_reserved(kind: str, name: str) -> None:
    if name.startswith("amq."):
        raise refused(f"{kind} name '{name}' contains reserved prefix 'amq.*'")


def queue_name(channel: Channel, name: str) -> str:
    """An empty name is the queue the channel declared last."""
    if name:
        return name
    if not channel.last_queue:
        raise AMQPError(spec.NOT_FOUND, "no previously declared queue")
    return channel.last_queue


def _exchange_argument(channel: Channel, arguments: Table, name: str, what: str) -> str | None:
    field = arguments.get(name)
    if field is None:
        return None
    if field.kind != b"S":
        raise precondition(f"invalid type '{WORDS[field.kind]}' for arg '{name}' in {what}")
    return field.text


def declare_exchange(channel: Channel, method: spec.Exchange.Declare) -> None:
    vhost, name = channel.vhost, _stripped(method.exchange)
    if method.passive:
        _not_default(name)
        if channel.broker.emulation.passive_checked:
            channel.connection.check_any("exchange", name)
        vhost.exchange(name)
    else:
        cls = channel.broker.exchange_class(method.type)
        _not_default(name)
        channel.connection.check("configure", "exchange", name)
        found = vhost.exchanges.get(name)
        if found is None:
            _not_reserved("exchange", name)
            what = kind_in_vhost("exchange", name, vhost.name)
            alternate = _exchange_argument(channel, method.arguments, "alternate-exchange", what)
            if alternate is not None:
                channel.connection.check("read", "exchange", name)
                channel.connection.check("write", "exchange", alternate)
            vhost.exchanges[name] = cls(
                name,
                durable=method.durable,
                auto_delete=method.auto_delete,
                internal=method.internal,
                arguments=method.arguments,
            )
        else:
            _check_exchange(channel, found, method)
    if not method.nowait:
        channel.reply(spec.Exchange.DeclareOk())


def _check_exchange(channel: Channel, exchange: Exchange, method: spec.Exchange.Declare) -> None:
    current = {
        "type": exchange.type,
        "durable": exchange.durable,
        "auto_delete": exchange.auto_delete,
        "internal": exchange.internal,
    }
    received = {key: getattr(method, key) for key in current}
    check_equivalent("exchange", exchange.name, channel.vhost.name, received, current)
    new, old = (args.get("alternate-exchange") for args in (method.arguments, exchange.arguments))
    if new != old:
        what = kind_in_vhost("exchange", exchange.name, channel.vhost.name)
        words = [
            "none" if field is None else f"the value '{field.text}' of type '{WORDS[field.kind]}'"
            for field in (new, old)
        ]
        raise precondition(
            f"inequivalent arg 'alternate-exchange' for {what}: received {words[0]} but current is {words[1]}"
        )


def delete_exchange(channel: Channel, method: spec.Exchange.Delete) -> None:
    name = _stripped(method.exchange)
    _not_default(name)
    _not_reserved("exchange", name)
    channel.connection.check("configure", "exchange", name)
    exchange = channel.vhost.exchanges.get(name)
    if exchange is not None:
        if method.if_unused and exchange.bindings:
            raise precondition(f"{kind_in_vhost('exchange', name, channel.vhost.name)} in use")
        channel.vhost.delete_exchange(exchange)
    if not method.nowait:
        channel.reply(spec.Exchange.DeleteOk())


def bind_exchange(channel: Channel, method: spec.Exchange.Bind) -> None:
    source, destination = _stripped(method.source), _stripped(method.destination)
    channel.connection.check("write", "exchange", destination)
    channel.connection.check("read", "exchange", source)
    _not_default(destination)
    _not_default(source)
    target = channel.vhost.exchange(destination)
    channel.vhost.exchange(source).bind(target, method.routing_key, method.arguments)
    if not method.nowait:
        channel.reply(spec.Exchange.BindOk())


def unbind_exchange(channel: Channel, method: spec.Exchange.Unbind) -> None:
    source, destination = _stripped(method.source), _stripped(method.destination)
    channel.connection.check("write", "exchange", destination)
    channel.connection.check("read", "exchange", source)
    _not_default(destination)
    _not_default(source)
    _unbind(channel, source, channel.vhost.exchanges.get(destination), method.routing_key, method.arguments)
    if not method.nowait:
        channel.reply(spec.Exchange.UnbindOk())


def _unbind(
    channel: Channel, source: str, destination: Exchange | Queue | None, routing_key: str, arguments: Table
) -> None:
    """What isn't there need not be unbound."""
    exchange = channel.vhost.exchanges.get(source)
    if exchange is None or destination is None:
        return
    if exchange.unbind(destination, routing_key, arguments):
        channel.vhost.unbound(exchange)


def declare_queue(channel: Channel, method: spec.Queue.Declare) -> None:
    vhost, connection = channel.vhost, channel.connection
    name = _stripped(method.queue)
    if name.startswith(REPLIES):
        channel.broker.replies.declare(channel, name)
        channel.last_queue = name
        if not method.nowait:
            channel.reply(spec.Queue.DeclareOk(queue=name, message_count=0, consumer_count=1))
        return
    if method.passive:
        name = queue_name(channel, name)
        if channel.broker.emulation.passive_checked:
            connection.check_any("queue", name)
        queue = vhost.queue(name, connection)
        queue.touch()
    else:
        if name:
            _not_reserved("queue", name)
        else:
            name = f"amq.gen-{secrets.token_urlsafe(16)}"
        connection.check("configure", "queue", name)
        found = vhost.queues.get(name)
        if found is None:
            queue = _new_queue(channel, name, method)
        else:
            queue = found
            _check_queue(channel, queue, method)
            queue.touch()
    channel.last_queue = queue.name
    if not method.nowait:
        channel.reply(
            spec.Queue.DeclareOk(
                queue=queue.name, message_count=len(queue.ready), consumer_count=queue.consumers
            )
        )


def _new_queue(channel: Channel, name: str, method: spec.Queue.Declare) -> Queue:
    vhost, connection = channel.vhost, channel.connection
    what = kind_in_vhost("queue", name, vhost.name)
    target = _exchange_argument(channel, method.arguments, "x-dead-letter-exchange", what)
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
    check_same(method.arguments, queue.arguments, queue.name, channel.vhost.name)


def bind_queue(channel: Channel, method: spec.Queue.Bind) -> None:
    name = queue_name(channel, method.queue)
    key = name if not method.queue and not method.routing_key else method.routing_key
    source = _stripped(method.exchange)
    channel.connection.check("write", "queue", name)
    channel.connection.check("read", "exchange", source)
    _not_default(source)
    channel.broker.replies.check_bind(name)
    queue = channel.vhost.queue(name, channel.connection)
    channel.vhost.exchange(source).bind(queue, key, method.arguments)
    if not method.nowait:
        channel.reply(spec.Queue.BindOk())


def unbind_queue(channel: Channel, method: spec.Queue.Unbind) -> None:
    name = queue_name(channel, method.queue)
    source = _stripped(method.exchange)
    channel.connection.check("write", "queue", name)
    channel.connection.check("read", "exchange", source)
    _not_default(source)
    channel.broker.replies.check_bind(name)
    queue = channel.vhost.queues.get(name)
    _unbind(channel, source, queue, method.routing_key, method.arguments)
    channel.reply(spec.Queue.UnbindOk())


def purge_queue(channel: Channel, method: spec.Queue.Purge) -> None:
    name = queue_name(channel, method.queue)
    channel.connection.check("read", "queue", name)
    count = 0
    if not channel.broker.replies.is_queue(name):
        count = channel.vhost.queue(name, channel.connection).purge()
    if not method.nowait:
        channel.reply(spec.Queue.PurgeOk(message_count=count))


def delete_queue(channel: Channel, method: spec.Queue.Delete) -> None:
    name = queue_name(channel, _stripped(method.queue))
    channel.connection.check("configure", "queue", name)
    queue = channel.vhost.queues.get(name)
    count = 0
    if queue is not None:
        queue.check_access(channel.connection)
        what = kind_in_vhost("queue", name, channel.vhost.name)
        queue.check_conditions(if_unused=method.if_unused, if_empty=method.if_empty)
        if method.if_unused and queue.consumers:
            raise precondition(f"{what} in use")
        if method.if_empty and queue.ready:
            raise precondition(f"{what} not empty")
        count = channel.vhost.delete_queue(queue)
    if not method.nowait:
        channel.reply(spec.Queue.DeleteOk(message_count=count))


METHODS: Methods = {
    spec.Exchange.Declare: declare_exchange,
    spec.Exchange.Delete: delete_exchange,
    spec.Exchange.Bind: bind_exchange,
    spec.Exchange.Unbind: unbind_exchange,
    spec.Queue.Declare: declare_queue,
    spec.Queue.Bind: bind_queue,
    spec.Queue.Unbind: unbind_queue,
    spec.Queue.Purge: purge_queue,
    spec.Queue.Delete: delete_queue,
}
