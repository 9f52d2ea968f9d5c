# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""How a connection comes about: start, secure, tune and open (AMQP 0-9-1, 1.4.2.2 and 2.2.4)."""

from __future__ import annotations

from typing import Any

from pika import spec

from .._model.access import log_in
from .._wire.errors import AMQPError, Disconnect
from .._wire.fields import Field, Table, read_table
from .session import Session

CHANNEL_MAX = 2047
FRAME_MAX = 131072
HEARTBEAT = 60
CAPABILITIES = (
    "publisher_confirms",
    "exchange_exchange_bindings",
    "basic.nack",
    "consumer_cancel_notify",
    "connection.blocked",
    "consumer_priorities",
    "authentication_failure_close",
    "per_consumer_qos",
    "direct_reply_to",
)


def start(connection: Session) -> None:
    """Announce the broker and what it supports."""
    broker = connection.broker
    mechanisms = ["PLAIN", "AMQPLAIN"] + (["EXTERNAL"] if connection.certificate_names is not None else [])
    connection.reply(
        spec.Connection.Start(
            version_major=0,
            version_minor=9,
            server_properties={
                "capabilities": dict.fromkeys(CAPABILITIES, True),
                "cluster_name": broker.name,
                "information": "An embedded broker for development, demonstrations and tests",
                "platform": "Python",
                "product": "fedora-messaging",
                "version": broker.emulation.version,
            },
            mechanisms=" ".join(mechanisms),
            locales="en_US",
        )
    )


def start_ok(connection: Session, method: spec.Connection.StartOk) -> None:
    """Log the client in."""
    table: Table = method.client_properties
    connection.client_properties = table
    capabilities = table.get("capabilities")
    if capabilities is not None and isinstance(capabilities.value, bytes) and capabilities.kind == b"F":
        flags = read_table(capabilities.value)
        connection.capabilities = frozenset(name for name, flag in flags.items() if flag == Field(b"t", True))
    try:
        connection.user = log_in(
            connection.broker.users, method.mechanism, method.response, connection.certificate_names
        )
    except AMQPError as error:
        # RabbitMQ replies only to clients that announce the capability, and only if access is refused.
        if error.code == spec.ACCESS_REFUSED and connection.can("authentication_failure_close"):
            error.hard = True
            raise
        raise Disconnect(str(error)) from error
    connection.reply(spec.Connection.Tune(CHANNEL_MAX, FRAME_MAX, HEARTBEAT))


def tune_ok(connection: Session, method: spec.Connection.TuneOk) -> None:
    """Apply the limits that the client has chosen."""
    emulation = connection.broker.emulation
    # RabbitMQ intends a reply (530), but the connection is closed before it is sent.
    if method.frame_max < emulation.frame_min:
        raise Disconnect(f"frame_max {method.frame_max} is less than {emulation.frame_min}")
    for name, value, limit in (
        ("frame_max", method.frame_max, FRAME_MAX),
        ("channel_max", method.channel_max, CHANNEL_MAX),
    ):
        if not 0 < value <= limit:
            raise Disconnect(f"{name} {value} is not in 1 .. {limit}")
    connection.tuned(method.channel_max, method.frame_max, method.heartbeat)


def open_vhost(connection: Session, method: spec.Connection.Open) -> None:
    """Open a virtual host."""
    broker = connection.broker
    name = method.virtual_host
    vhost = broker.vhosts.get(name)
    if vhost is None:
        raise AMQPError(spec.NOT_ALLOWED, f"vhost {name} not found")
    user = broker.users.get(connection.user)
    if user is None or not user.may_enter(name):
        raise AMQPError(spec.NOT_ALLOWED, f"access to vhost '{name}' refused for user '{connection.user}'")
    connection.opened(vhost)
    connection.reply(spec.Connection.OpenOk())


#: By state of the handshake: the method expected, the function that handles it, and the next state.
STEPS: dict[str, tuple[type[Any], Any, str]] = {
    "starting": (spec.Connection.StartOk, start_ok, "tuning"),
    "tuning": (spec.Connection.TuneOk, tune_ok, "opening"),
    "opening": (spec.Connection.Open, open_vhost, "running"),
}
