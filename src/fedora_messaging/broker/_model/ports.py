# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What parts of the model need of those above them: of connections, channels and virtual hosts."""

from __future__ import annotations

from typing import Protocol

from .._clock import Clock
from .deadletter import Refused
from .emulation import Emulation
from .message import Message
from .options import Options


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


class DeadLettering(Protocol):
    """A queue that drops a message."""

    @property
    def name(self) -> str:
        """The name of the queue."""

    @property
    def options(self) -> Options:
        """The queue's arguments."""


class QueueHost(Protocol):
    """What a queue needs of its virtual host."""

    @property
    def name(self) -> str:
        """The name of the virtual host."""

    @property
    def clock(self) -> Clock:
        """The broker's clock."""

    @property
    def emulation(self) -> Emulation:
        """The release of RabbitMQ that is emulated."""

    def dead_letter(
        self, queue: DeadLettering, message: Message, reason: str, *, marked: bool = False
    ) -> Refused | None:
        """Send a message on to the queue's dead-letter exchange, if it has one.

        Returns:
            None if it has arrived wherever it was to go.
        """

    def remove_queue(self, name: str) -> None:
        """Delete the queue."""

    def flush(self) -> None:
        """Write what all connections have gathered."""
