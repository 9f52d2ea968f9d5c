# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``exchange.*``: declaring, binding and deleting exchanges."""

from __future__ import annotations

from pika import spec

from .._model.exchanges import Destination, Exchange, check_equivalent, exchange_class
from .._wire.errors import kind_in_vhost, precondition
from .._wire.fields import WORDS, Table
from .channel import Channel, Methods
from .naming import check_not_default, check_not_reserved, exchange_argument, without_line_breaks


def declare_exchange(channel: Channel, method: spec.Exchange.Declare) -> None:
    """Declare an exchange, or check that one exists."""
    vhost, name = channel.vhost, without_line_breaks(method.exchange)
    if method.passive:
        check_not_default(name)
        if channel.broker.emulation.passive_checked:
            channel.connection.check_any("exchange", name)
        vhost.exchange(name)
    else:
        cls = exchange_class(method.type, channel.broker.emulation)
        check_not_default(name)
        channel.connection.check("configure", "exchange", name)
        found = vhost.exchanges.get(name)
        if found is None:
            check_not_reserved("exchange", name)
            what = kind_in_vhost("exchange", name, vhost.name)
            alternate = exchange_argument(channel, method.arguments, "alternate-exchange", what)
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
    """Check that a declaration is equivalent to the existing exchange."""
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
    """Delete an exchange; one that does not exist is not an error."""
    name = without_line_breaks(method.exchange)
    check_not_default(name)
    check_not_reserved("exchange", name)
    channel.connection.check("configure", "exchange", name)
    exchange = channel.vhost.exchanges.get(name)
    if exchange is not None:
        if method.if_unused and exchange.bindings:
            raise precondition(f"{kind_in_vhost('exchange', name, channel.vhost.name)} in use")
        channel.vhost.delete_exchange(exchange)
    if not method.nowait:
        channel.reply(spec.Exchange.DeleteOk())


def bind_exchange(channel: Channel, method: spec.Exchange.Bind) -> None:
    """Bind an exchange to another."""
    source, destination = without_line_breaks(method.source), without_line_breaks(method.destination)
    channel.connection.check("write", "exchange", destination)
    channel.connection.check("read", "exchange", source)
    check_not_default(destination)
    check_not_default(source)
    target = channel.vhost.exchange(destination)
    channel.vhost.exchange(source).bind(target, method.routing_key, method.arguments)
    if not method.nowait:
        channel.reply(spec.Exchange.BindOk())


def unbind_exchange(channel: Channel, method: spec.Exchange.Unbind) -> None:
    """Remove a binding between two exchanges."""
    source, destination = without_line_breaks(method.source), without_line_breaks(method.destination)
    channel.connection.check("write", "exchange", destination)
    channel.connection.check("read", "exchange", source)
    check_not_default(destination)
    check_not_default(source)
    remove_binding(
        channel, source, channel.vhost.exchanges.get(destination), method.routing_key, method.arguments
    )
    if not method.nowait:
        channel.reply(spec.Exchange.UnbindOk())


def remove_binding(
    channel: Channel, source: str, destination: Destination | None, routing_key: str, arguments: Table
) -> None:
    """Remove a binding; that one of its ends does not exist is not an error."""
    exchange = channel.vhost.exchanges.get(source)
    if exchange is None or destination is None:
        return
    if exchange.unbind(destination, routing_key, arguments):
        channel.vhost.unbound(exchange)


METHODS: Methods = {
    spec.Exchange.Declare: declare_exchange,
    spec.Exchange.Delete: delete_exchange,
    spec.Exchange.Bind: bind_exchange,
    spec.Exchange.Unbind: unbind_exchange,
}
