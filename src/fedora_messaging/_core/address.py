# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Where a broker is, and as whom one logs in there: what every text about a connection names."""

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
        tls: Whether TLS is spoken there.
        vhost: The virtual host.
        user: The user name; None: the one in this client's certificate.
        origin: Where all this was written, in words; "" if nobody knows.
    """

    host: str
    port: int
    tls: bool
    vhost: str
    user: str | None
    origin: str = ""

    @classmethod
    def of(cls, parameters: Any, origin: str = "") -> Address:
        """The address in pika's connection parameters."""
        return cls(
            parameters.host,
            parameters.port,
            parameters.ssl_options is not None,
            parameters.virtual_host,
            getattr(parameters.credentials, "username", None),
            origin,
        )

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        user = "the user of the certificate" if self.user is None else f"user {self.user!r}"
        parts = [f"virtual host {self.vhost!r}", user, *([self.origin] if self.origin else [])]
        # The host name is what someone wrote in a URL: anything that is no whitespace.
        where = f"{host}:{self.port}" if host.isprintable() else f"{host!r}:{self.port}"
        return f"{where}{' over TLS' if self.tls else ''} ({', '.join(parts)})"
