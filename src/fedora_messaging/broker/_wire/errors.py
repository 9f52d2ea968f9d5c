# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The reply codes of AMQP 0-9-1 (1.2) and the two ways in which a broker refuses.

A soft error closes the channel, a hard one the connection. The texts begin with the name of the code, as
RabbitMQ writes them.
"""

from __future__ import annotations

from pika import spec

#: code -> its name, and whether it ends the whole connection.
REPLY_CODES: dict[int, tuple[str, bool]] = {
    spec.CONTENT_TOO_LARGE: ("CONTENT_TOO_LARGE", False),
    spec.NO_ROUTE: ("NO_ROUTE", False),
    spec.NO_CONSUMERS: ("NO_CONSUMERS", False),
    spec.CONNECTION_FORCED: ("CONNECTION_FORCED", True),
    spec.INVALID_PATH: ("INVALID_PATH", True),
    spec.ACCESS_REFUSED: ("ACCESS_REFUSED", False),
    spec.NOT_FOUND: ("NOT_FOUND", False),
    spec.RESOURCE_LOCKED: ("RESOURCE_LOCKED", False),
    spec.PRECONDITION_FAILED: ("PRECONDITION_FAILED", False),
    spec.FRAME_ERROR: ("FRAME_ERROR", True),
    spec.SYNTAX_ERROR: ("SYNTAX_ERROR", True),
    spec.COMMAND_INVALID: ("COMMAND_INVALID", True),
    spec.CHANNEL_ERROR: ("CHANNEL_ERROR", True),
    spec.UNEXPECTED_FRAME: ("UNEXPECTED_FRAME", True),
    spec.RESOURCE_ERROR: ("RESOURCE_ERROR", True),
    spec.NOT_ALLOWED: ("NOT_ALLOWED", True),
    spec.NOT_IMPLEMENTED: ("NOT_IMPLEMENTED", True),
    spec.INTERNAL_ERROR: ("INTERNAL_ERROR", True),
}


class AMQPError(Exception):
    """The broker refuses what a client asked.

    Attributes:
        code: the AMQP reply code.
        text: the reply text, which starts with the code's name.
        hard: whether the connection ends, or only the channel.
        method: class and id of the method that failed, as one number; 0 when there was none.
    """

    def __init__(self, code: int, text: str = "", *, hard: bool | None = None, method: int = 0) -> None:
        name, is_hard = REPLY_CODES.get(code, (str(code), False))
        self.code = code
        self.text = f"{name} - {text}" if text else name
        self.hard = is_hard if hard is None else hard
        self.method = method
        super().__init__(self.text)


class Disconnect(Exception):
    """The connection ends without a reply, as RabbitMQ ends it where no reply can help."""


def kind_in_vhost(kind: str, name: str, vhost: str) -> str:
    """Format a name as RabbitMQ's error texts do: ``queue 'x' in vhost '/'``."""
    return f"{kind} '{name}' in vhost '{vhost}'"


def not_found(kind: str, name: str, vhost: str) -> AMQPError:
    """Return the error 404."""
    return AMQPError(spec.NOT_FOUND, f"no {kind_in_vhost(kind, name, vhost)}")


def precondition(text: str) -> AMQPError:
    """Return the error 406."""
    return AMQPError(spec.PRECONDITION_FAILED, text)


def refused(text: str) -> AMQPError:
    """Return the error 403."""
    return AMQPError(spec.ACCESS_REFUSED, text)


def not_implemented(text: str) -> AMQPError:
    """Return the error 540."""
    return AMQPError(spec.NOT_IMPLEMENTED, text)
