# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""One connection, each broker tried once: for work with a beginning and an end, whose user waits for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.internet.endpoints import connectProtocol

from ...config import Config
from ...exceptions import ConnectionException, PermissionException
from .._connection.brokers import Broker
from .._connection.connector import endpoint
from .._connection.errors import transport_reason
from .._from_config import brokers
from ..protocol import FedoraMessagingProtocol

__all__ = ["connect", "connect_to"]


async def connect(config: Config, reactor: Any) -> FedoraMessagingProtocol:
    """Connect to the configured broker; of several to the first that lets this client in.

    Args:
        config: The configuration.
        reactor: Twisted's reactor.

    Returns:
        The protocol of an open connection.

    Raises:
        ConfigurationException: A URL or a certificate cannot be used.
        ConnectionException: The broker (of several: the last one) cannot be reached, or TLS failed.
        PermissionException: It refused the login or the virtual host.
    """
    *others, last = brokers(config)
    for each in others:
        try:
            return await connect_to(each, config, reactor)
        except (ConnectionException, PermissionException):
            continue
    return await connect_to(last, config, reactor)


async def connect_to(broker: Broker, config: Config, reactor: Any) -> FedoraMessagingProtocol:
    """Connect to one broker; see :func:`connect`."""
    parameters, peer = broker.parameters, str(broker.address)
    made = FedoraMessagingProtocol(
        parameters,
        clock=reactor,
        handshake_timeout=config.handshake_timeout,
        max_message_size=config.max_message_size,
    )
    ready: Any = made.ready
    timeout = parameters.socket_timeout or 30.0
    target = endpoint(reactor, parameters.host, parameters.port, timeout=timeout, tls=broker.tls)
    try:
        await connectProtocol(target, made)
    except Exception as error:  # of Twisted, of OpenSSL or of the operating system
        raise replace(transport_reason(error, opened=False), peer=peer).error() from error
    try:
        await ready
    except Exception as error:
        if made.reason is None:
            raise
        raise replace(made.reason, peer=peer).error() from error
    return made
