# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the model needs of the connection layer above it."""

from __future__ import annotations

from typing import Protocol


class Connection(Protocol):
    """The broker's end of a connection, which messages are sent on and exclusive queues belong to."""

    @property
    def choked(self) -> bool:
        """Whether the client reads more slowly than messages come."""

    @property
    def frame_max(self) -> int:
        """The largest frame in bytes, as negotiated."""

    def send(self, *pieces: bytes) -> None:
        """Send bytes with the next flush."""


class Channel(Protocol):
    """A channel that messages are delivered on."""

    @property
    def number(self) -> int:
        """The channel's number on its connection."""

    @property
    def connection(self) -> Connection:
        """The connection the channel belongs to."""

    def next_tag(self) -> int:
        """Take the next delivery tag."""
