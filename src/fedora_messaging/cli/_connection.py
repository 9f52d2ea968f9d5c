# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The connection of a command, which a signal may end while it is made."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import click

from ..config import conf

if TYPE_CHECKING:
    from ..twisted.protocol import FedoraMessagingProtocol

__all__ = ["Connecting"]


class Connecting:
    """Connects to the configured broker."""

    def __init__(self) -> None:
        self._attempt: Any = None

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[FedoraMessagingProtocol]:
        """A connection to the broker, which is closed in the end.

        Raises:
            click.Abort: It was stopped before there was one.
            ConnectionException: The broker cannot be reached.
            PermissionException: The broker refused the login or the virtual host.
        """
        from twisted.internet import reactor
        from twisted.internet.defer import CancelledError, Deferred

        from ..twisted._reading.connecting import connect

        self._attempt = Deferred.fromCoroutine(connect(conf.parsed(), reactor))
        try:
            connection = await self._attempt
        except CancelledError:
            raise click.Abort from None
        finally:
            self._attempt = None
        try:
            yield connection
        finally:
            await connection.close()

    def stop(self) -> None:
        """Give up connecting, if it is connecting."""
        if self._attempt is not None:
            self._attempt.cancel()
