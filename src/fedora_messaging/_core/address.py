# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A broker's address and the user that logs in, as every text about a connection names them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Address"]


@dataclass(frozen=True, slots=True)
class Address:
    """A broker's address without any secret: its text may go into logs and errors.

    Args:
        host: The host name or IP address.
        port: The TCP port.
        tls: Whether the connection uses TLS.
        vhost: The virtual host.
        user: The user name; None: the one in this client's certificate.
        origin: Where the address was configured, as text; "" if that is not known.
    """

    host: str
    port: int
    tls: bool
    vhost: str
    user: str | None
    origin: str = ""

    @classmethod
    def of(cls, parameters: Any, origin: str = "") -> Address:
        """Take the address from pika's connection parameters."""
        return cls(
            parameters.host,
            parameters.port,
            parameters.ssl_options is not None,
            parameters.virtual_host,
            getattr(parameters.credentials, "username", None),
            origin,
        )

    @property
    def where(self) -> str:
        """Host and port as text, and whether TLS is used."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        # The host name comes from a URL, and may hold anything but whitespace.
        where = f"{host}:{self.port}" if host.isprintable() else f"{host!r}:{self.port}"
        return f"{where}{' over TLS' if self.tls else ''}"

    def __str__(self) -> str:
        user = "the user of the certificate" if self.user is None else f"user {self.user!r}"
        parts = [f"virtual host {self.vhost!r}", user, *([self.origin] if self.origin else [])]
        return f"{self.where} ({', '.join(parts)})"
