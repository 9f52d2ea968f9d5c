# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The documented errors of messages that cannot be published."""

from __future__ import annotations

from ..._amqp import frames, messages
from ..._core.lifecycle import CloseReason
from ..._core.outbox import Outgoing
from ...exceptions import ConnectionException, ValidationError

__all__ = ["connection_error", "unsendable"]


def connection_error(reason: CloseReason) -> ConnectionException:
    """Return what a publish fails with when there is no connection, for this reason."""
    error = reason.error()
    if isinstance(error, ConnectionException):
        return error
    wrapped = ConnectionException(reason=str(error))
    wrapped.__cause__ = error
    return wrapped


def unsendable(outgoing: Outgoing, frame_max: int) -> ValidationError:
    """Return what a message fails with that cannot be encoded into frames.

    Args:
        outgoing: The message.
        frame_max: The largest frame of the connection, in bytes.
    """
    try:
        if frames.header_frame_size(outgoing.properties) > frame_max:
            return messages.header_too_large(outgoing.properties, frame_max)
    except ValidationError as error:  # properties that were not encoded here
        return error
    return ValidationError("The message cannot be sent: its exchange or topic has more than 255 bytes")
