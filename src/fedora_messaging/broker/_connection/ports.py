# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the connection layer needs of the broker above it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from .._clock import Clock
from .._model.access import User
from .._model.emulation import Emulation
from .._model.message import Message
from .._model.replies import Replies
from .._model.vhost import VirtualHost
from .._wire.errors import AMQPError


class Flushable(Protocol):
    """A connection with bytes to write."""

    def flush(self) -> None:
        """Write what has gathered."""


class ConfirmableChannel(Protocol):
    """A channel whose publishes are confirmed."""

    def confirm(self, number: int, accepted: bool) -> None:
        """Confirm a publish, or rejects it with ``basic.nack``."""


class PublishFault(NamedTuple):
    """What is to go wrong after a publish.

    Attributes:
        cut_connection: whether the connection is cut.
        channel_error: the error that closes the channel, or None.
    """

    cut_connection: bool
    channel_error: AMQPError | None


class Faults(Protocol):
    """Faults that tests inject."""

    def confirm(self, channel: ConfirmableChannel, number: int, accepted: bool) -> None:
        """Confirm a publish: now, later, or otherwise than it should be."""

    def published(self) -> PublishFault | None:
        """Count a publish, and return the fault that follows it, or None."""


class Broker(Protocol):
    """What connections and channels need of the broker.

    Attributes:
        unflushed: the connections with bytes to write.
    """

    unflushed: dict[Flushable, None]

    @property
    def name(self) -> str:
        """The name of the cluster."""

    @property
    def alarm(self) -> str | None:
        """Why publishers are blocked, or None."""

    @property
    def clock(self) -> Clock:
        """The broker's clock."""

    @property
    def emulation(self) -> Emulation:
        """The release of RabbitMQ that is emulated."""

    @property
    def users(self) -> Mapping[str, User]:
        """Those who can log in, by name."""

    @property
    def vhosts(self) -> Mapping[str, VirtualHost]:
        """The virtual hosts, by name."""

    @property
    def replies(self) -> Replies:
        """The addresses of direct reply-to."""

    @property
    def faults(self) -> Faults:
        """The faults that tests inject."""

    def flush(self) -> None:
        """Write what all connections have gathered."""

    def record(self, message: Message) -> None:
        """Record a message that was accepted."""

    def transient_queue(self, name: str) -> None:
        """Check whether a queue that is neither durable nor exclusive may be declared.

        Raises:
            AMQPError: 541, if the emulated release refuses it.
        """
