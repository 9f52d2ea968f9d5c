# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Why a handshake cannot be completed (AMQP 0-9-1, section 2.2.4), in words that name the way out."""

from __future__ import annotations

from typing import Protocol

from ...exceptions import ConnectionException, excerpt

__all__ = ["login_not_offered", "other_version", "refuse_foreign", "too_slow", "unacceptable"]

#: A peer must take frames of this size.
_LEAST_FRAME_MAX = 4096
#: How peers that do not speak AMQP begin, the kind of error, and what they are.
_OTHER_PROTOCOLS = (
    (b"\x15\x03", "tls", "the peer speaks TLS, not plain AMQP: is it amqps://?"),
    (b"HTTP/", "closed", "the peer speaks HTTP, not AMQP: is that the port of the broker's web pages?"),
)


class Abortable(Protocol):
    """A connection whose handshake is not complete."""

    def abort(self, text: str, cause: Exception | None = None, kind: str = "closed") -> None:
        """Drop the connection, for the reason ``text``, which is ``kind`` in a word."""


def refuse_foreign(connection: Abortable, data: bytes) -> bool:
    """Drop the connection to a peer that begins with these bytes, unless they may be AMQP's.

    Returns:
        Whether it was dropped.
    """
    for start, kind, words in _OTHER_PROTOCOLS:
        if data.startswith(start):
            connection.abort(words, ConnectionException(reason=words), kind)
            return True
    return False


def other_version(major: int, minor: int) -> str | None:
    """What is wrong with a broker that offers this version in ``connection.start``; None when it is 0-9."""
    if (major, minor) == (0, 9):
        return None
    return f"the peer speaks another version of the protocol, {major}-{minor}"


def too_slow(seconds: float) -> str:
    """What is wrong with a broker that has not completed the handshake in this time."""
    return f"the broker did not complete the AMQP handshake within {seconds:g} s"


def login_not_offered(mechanism: str, offered: str) -> str:
    """What is wrong with a broker that offers other mechanisms of SASL than the one of the credentials."""
    words = f"this client would log in by {mechanism}, and the broker offers only {excerpt(offered, 100)}"
    if mechanism == "EXTERNAL":
        words += (
            "; enable EXTERNAL there (plugin rabbitmq_auth_mechanism_ssl), or leave out tls.certfile and"
            " tls.keyfile to log in by a password"
        )
    return words


def unacceptable(channel_max: int, frame_max: int) -> str | None:
    """What is wrong with the limits that a broker offers in ``connection.tune``; None when they will do.

    0 is no limit. A limit on channels is always met: if there are too few, opening one fails and says so.
    """
    if 0 < frame_max < _LEAST_FRAME_MAX:
        return (
            f"the broker offers frame_max {frame_max} (connection.tune); AMQP demands {_LEAST_FRAME_MAX} at "
            "least, and the broker's configuration has to be corrected"
        )
    return None
