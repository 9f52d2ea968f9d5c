# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Checks the handshake with a broker, the login, and the virtual host."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from .._core.address import Address
from ..config import Config
from ..exceptions import ConnectionException, PermissionException
from ..twisted._connection.brokers import Broker
from ..twisted._reading.connecting import connect_to
from ..twisted.protocol import FedoraMessagingProtocol
from .findings import Report

__all__ = ["log_in"]


async def log_in(
    report: Report, broker: Broker, config: Config, reactor: Any, speaks_tls: Callable[[], Awaitable[bool]]
) -> FedoraMessagingProtocol | None:
    """Connect to a broker that listens.

    Args:
        report: Gets the findings.
        broker: The broker.
        config: The configuration.
        reactor: Twisted's reactor.
        speaks_tls: Finds out whether what listens there speaks TLS, where AMQP is not understood.

    Returns:
        The connection; None: that failed.
    """
    address = broker.address
    try:
        made = await connect_to(broker, config, reactor)
    except PermissionException as error:
        _refused(report, address, str(error.reason or error).partition("; check ")[0])
        return None
    except ConnectionException as error:
        text = str(error).replace(f"no connection to {address}: ", "")
        tls = not address.tls and ("speaks TLS" in text or await speaks_tls())
        report.problem("handshake", text, _handshake_fix(text, address, tls))
        return None
    server = made.server_properties
    report.ok("handshake", f"{text_of(server, 'product')} {text_of(server, 'version')}, {_limits(made)}")
    report.ok("login", "the user of the certificate" if address.user is None else address.user)
    report.ok("vhost", address.vhost)
    return made


def text_of(properties: dict[str, Any], name: str) -> str:
    """One of the properties that a broker has sent, as text."""
    value = properties.get(name, "?")
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _limits(made: FedoraMessagingProtocol) -> str:
    heartbeat = getattr(getattr(made, "_impl", None), "params", None)
    seconds = getattr(heartbeat, "heartbeat", 0)
    beats = f"heartbeat {seconds} s" if seconds else "no heartbeat"
    return f"frame_max {made.frame_max}, {beats}"


def _refused(report: Report, address: Address, text: str) -> None:
    vhost, user = address.vhost, address.user or "USER"
    if "530" in text or "vhost" in text:
        if "not found" in text or "down" in text:
            fix = (
                f"correct the virtual host at the end of amqp_url ({vhost!r}; / is written %2F), or make it: "
                f"rabbitmqctl add_vhost {vhost}"
            )
        else:
            fix = (
                "use another virtual host in amqp_url, or give the user rights in this one: rabbitmqctl "
                f"set_permissions -p {vhost} {user} '.*' '.*' '.*'"
            )
        report.problem("vhost", text, fix)
        return
    if user == "guest" and "localhost" in text:
        fix = "use another user in amqp_url: guest may log in from the machine of the broker alone"
    elif address.user is None:
        fix = (
            "have the broker offer EXTERNAL (its plugin rabbitmq_auth_mechanism_ssl) and know the user in "
            "the certificate, or leave out tls.certfile and tls.keyfile"
        )
    else:
        fix = (
            "correct user and password in amqp_url, or change the password on the broker: rabbitmqctl "
            f"change_password {user} PASSWORD"
        )
    report.problem("login", text, fix)


def _handshake_fix(text: str, address: Address, speaks_tls: bool) -> str:
    if speaks_tls:
        return "write amqps:// in amqp_url, or the broker's port without TLS (the usual one is 5672)"
    if "HTTP" in text:
        usual = 5671 if address.tls else 5672
        return f"correct the port in amqp_url (the usual one is {usual}; 15672 is for web pages)"
    return "correct host and port in amqp_url: they are to be those of an AMQP 0-9-1 broker"
