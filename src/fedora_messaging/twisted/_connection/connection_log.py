# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The log lines about a factory's connection, and how they name the broker."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from ..._core.address import Address
from ..._core.lifecycle import CloseReason
from ..._reporting.log import SafeLog, event
from ..._reporting.loggers import CONNECTION

__all__ = ["ConnectionLog", "peer"]

_log = SafeLog(CONNECTION)


def peer(connector: Any, address: Address | None) -> str:
    """The broker that a connector leads to as text, without a password.

    Args:
        connector: Twisted's, or an object that is used like one.
        address: The broker's address, if it is known.
    """
    destination = connector.getDestination() if hasattr(connector, "getDestination") else None
    host, port = getattr(destination, "host", None), getattr(destination, "port", None)
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if address is None:
        return "an unknown address" if host is None else f"{host}:{port}"
    # For an application that uses connectTCP the connector knows, and pika's parameters do not.
    return str(replace(address, host=host or address.host, port=port or address.port))


class ConnectionLog:
    """Logs what becomes of a factory's connection: one line for each change."""

    def __init__(self) -> None:
        #: Whether a connection was logged, and since then no orderly end.
        self._connected = False

    def connected(self, broker: str) -> None:
        """The connection is open."""
        self._connected = True
        _log.info("Connected to the broker at %s.", broker, about=event("connected", broker=broker))

    def closed(self) -> None:
        """There is no connection, and none is wanted any more."""
        if self._connected:
            self._connected = False
            _log.info("The connection to the broker is closed.", about=event("connection_closed"))

    def trying_another(self, reason: CloseReason, address: Address | None) -> None:
        """There is no connection, for ``reason``; the broker at ``address`` is tried at once."""
        _log.warning(
            "Not connected to the broker at %s: %s. Trying %s next.",
            reason.peer,
            reason.advised,
            "another" if address is None else address.where,
            about=_failed(reason),
        )

    def waiting_until_wanted(self, reason: CloseReason, *, told: bool) -> None:
        """The broker refused the login or TLS, and is asked again when a connection is wanted.

        Args:
            reason: What the broker said.
            told: Whether somebody was given an error with the same text, and shows or logs that.
        """
        level = logging.DEBUG if told else logging.WARNING
        text = "Not connected to the broker at %s: %s."
        _log.log(level, text, reason.peer, reason.advised, about=_failed(reason))

    def waiting(self, reason: CloseReason, delay: float) -> None:
        """There is no connection, for ``reason``; the next attempt is made after ``delay`` seconds."""
        _log.warning(
            "Not connected to the broker at %s: %s. Next try in %.1f s.",
            reason.peer,
            reason.advised,
            delay,
            about=_failed(reason, delay),
        )


def _failed(reason: CloseReason, seconds: float | None = None) -> dict[str, object]:
    return event("connection_failed", broker=reason.peer, reason=reason.failure, seconds=seconds)
