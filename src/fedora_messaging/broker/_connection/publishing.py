# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``basic.publish``: what is checked, where a message goes, and what its publisher hears of it."""

from __future__ import annotations

from pika import spec

from .._model.message import published
from .._model.replies import addressed
from .._wire.codec import encode_content, encode_method
from .._wire.errors import kind_in_vhost, not_implemented, precondition, refused
from .channel import Channel
from .transaction import Publish


def publish(channel: Channel, method: spec.Basic.Publish, properties: bytes, body: bytes) -> None:
    """Check and route a message, and hand it over; in a transaction, at the commit."""
    connection, vhost, broker = channel.connection, channel.vhost, channel.broker
    if method.immediate:
        raise not_implemented("immediate=true")
    limit = broker.emulation.max_message_size
    if len(body) > limit:
        raise precondition(f"message size {len(body)} is larger than configured max size {limit}")
    connection.check("write", "exchange", method.exchange)
    exchange = vhost.exchange(method.exchange)
    if exchange.internal:
        raise refused(f"cannot publish to internal {kind_in_vhost('exchange', exchange.name, vhost.name)}")
    properties = addressed(channel, properties)
    message, properties = published(
        method.exchange,
        method.routing_key,
        properties,
        body,
        connection.user,
        rewritten=broker.emulation.headers_rewritten,
    )
    confirms = channel.confirms
    number = 0 if confirms is None else confirms.begin()
    routed = Publish(message, vhost.route(exchange, message), method.mandatory, properties)
    if channel.transaction is not None:
        channel.transaction.publishes.append(routed)
    else:
        accepted = hand_over(channel, routed)
        if number:
            broker.faults.confirm(channel, number, accepted)


def hand_over(channel: Channel, publish: Publish) -> bool:
    """Publish a message to its targets, or return it to the client.

    Returns:
        Whether all targets accepted it.
    """
    message, targets, mandatory, properties = publish
    channel.broker.record(message)
    if not targets and mandatory:
        channel.connection.send(
            encode_method(
                channel.number,
                spec.Basic.Return(spec.NO_ROUTE, "NO_ROUTE", message.exchange, message.routing_key),
            ),
            *encode_content(channel.number, properties, message.body, channel.connection.frame_max),
        )
    accepted = True
    for target in targets:
        accepted &= target.publish(message)
    return accepted
