# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Who may log in, and who may do what: SASL mechanisms and RabbitMQ's permissions.

https://www.rabbitmq.com/docs/access-control
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .._wire.errors import AMQPError, refused
from .._wire.fields import Malformed, read_table, text


@dataclass(frozen=True)
class Permissions:
    """Regular expressions for the names that a user may configure, write to and read from.

    An empty expression permits nothing.
    """

    configure: str = ".*"
    write: str = ".*"
    read: str = ".*"


@dataclass(frozen=True)
class User:
    """A user who can log in.

    Attributes:
        password: the password. None for a user who can only log in with a certificate.
        permissions: permissions for each virtual host. None means full access to all.
    """

    password: str | None = field(default=None, repr=False)
    permissions: Mapping[str, Permissions] | None = None

    def may_enter(self, vhost: str) -> bool:
        """Whether the user may use a virtual host."""
        return self.permissions is None or vhost in self.permissions

    def may(self, action: str, vhost: str, name: str) -> bool:
        """Whether the user may ``configure``, ``write`` or ``read`` an exchange or queue."""
        if self.permissions is None:
            return True
        # The default exchange is checked by this name, as in RabbitMQ.
        if vhost not in self.permissions:
            return False
        pattern = getattr(self.permissions[vhost], action)
        return bool(pattern) and re.search(pattern, name or "amq.default") is not None


def users(value: Mapping[str, str | User]) -> dict[str, User]:
    """Users by name; a string is the password of one who may do everything."""
    return {name: user if isinstance(user, User) else User(user) for name, user in value.items()}


def log_in(
    users_by_name: Mapping[str, User], mechanism: str, response: bytes, certificate: list[str] | None
) -> str:
    """Check credentials.

    Args:
        users_by_name: the users, by name.
        mechanism: PLAIN, AMQPLAIN or EXTERNAL.
        response: the client's SASL response.
        certificate: the names the peer's verified certificate gives it, or None.

    Returns:
        The user's name.

    Raises:
        AMQPError: 403, the credentials are wrong; 502, the response is malformed; 503, there is no such
            mechanism.
    """
    if mechanism == "EXTERNAL" and certificate is not None:
        for name in certificate:
            if name in users_by_name:
                return name
        raise _refused(mechanism)
    if mechanism == "PLAIN":
        name, password = _plain(response)
    elif mechanism == "AMQPLAIN":
        name, password = _amqplain(response)
    else:
        raise AMQPError(503, f"unknown authentication mechanism '{mechanism}'")
    user = users_by_name.get(name)
    right = user.password if user is not None else None
    if right is None or not hmac.compare_digest(right.encode(), password):
        raise _refused(mechanism)
    return name


def _plain(response: bytes) -> tuple[str, bytes]:
    parts = response.split(b"\0")
    if len(parts) != 3:
        raise AMQPError(502, "response is not a PLAIN one")
    return text(parts[1]), parts[2]


def _amqplain(response: bytes) -> tuple[str, bytes]:
    try:
        table = read_table(response)
    except Malformed as error:
        raise AMQPError(502, "response is not a table") from error
    name, password = table.get("LOGIN"), table.get("PASSWORD")
    if name is None or password is None or not isinstance(password.value, bytes):
        raise AMQPError(502, "LOGIN and PASSWORD are missing")
    return name.text, password.value


def _refused(mechanism: str) -> AMQPError:
    return refused(
        f"Login was refused using authentication mechanism {mechanism}. For details see the broker logfile."
    )
