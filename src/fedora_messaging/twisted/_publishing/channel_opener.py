# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Opens the channel that a publisher uses, and declares the exchanges once on each connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pika import spec
from twisted.internet.defer import Deferred

from ..._core.clock import Clock
from ..._core.lifecycle import Scope
from ..._core.topology import Exchange
from ..._reporting.log import SafeLog
from ..._reporting.loggers import PUBLISHER
from ...exceptions import NoFreeChannels
from .._connection.channel import Channel, ChannelEnded
from .._connection.declare import Refused, declare_exchanges

__all__ = ["ChannelOpener"]

_log = SafeLog(PUBLISHER)

#: Seconds until a channel that the broker refused is opened again.
_PAUSE = 1.0


class ChannelOpener:
    """Opens one channel at a time on the present connection.

    Args:
        clock: The source of time.
        confirms: Whether the channel is to confirm what is published.
        exchanges: The exchanges to declare, once on each connection.
        passive_declares: They must exist already.
        prepare: Called with a channel as soon as it is open, to set its handlers.
        opened: Called with a channel when messages may be published on it.
        unavailable: Called with the error when the connection has no channel left.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        confirms: bool,
        exchanges: tuple[Exchange, ...],
        passive_declares: bool,
        prepare: Callable[[Channel], None],
        opened: Callable[[Channel], None],
        unavailable: Callable[[NoFreeChannels], None],
    ) -> None:
        self._clock = clock
        self._confirms = confirms
        # Those with this prefix are the broker's own (AMQP 0-9-1, 3.1.3).
        self._exchanges = [exchange for exchange in exchanges if not exchange.name.startswith("amq.")]
        self._passive = passive_declares
        self._prepare = prepare
        self._opened = opened
        self._unavailable = unavailable
        self._open_channel: Callable[[], Deferred[Channel]] | None = None
        self._opening = False
        self._declared = False
        self._retry: Any = None

    @property
    def connected(self) -> bool:
        """Whether there is a connection."""
        return self._open_channel is not None

    def connection_made(self, open_channel: Callable[[], Deferred[Channel]]) -> None:
        """There is a connection; ``open_channel`` opens a channel on it."""
        self._open_channel = open_channel
        self._opening = False
        self._declared = False

    def connection_lost(self) -> None:
        """The connection is gone, and its channels with it."""
        self.cancel_retry()
        self._open_channel = None

    def cancel_retry(self) -> None:
        """Do not try again by itself to open a channel that the broker refused."""
        retry, self._retry = self._retry, None
        if retry is not None and retry.active():
            retry.cancel()

    def open(self) -> None:
        """Open a channel, unless one is being opened."""
        self.cancel_retry()
        if not self._opening:
            self._opening = True
            Deferred.fromCoroutine(self._make_channel()).addErrback(self._failed)

    async def _make_channel(self) -> None:
        open_channel = self._open_channel
        if open_channel is None:
            return
        if not self._declared:
            self._declared = True
            await self._declare(open_channel)
        channel = await open_channel()
        self._prepare(channel)
        if self._confirms:
            # Nothing is published before select-ok: it would never be confirmed.
            await channel.call(spec.Confirm.Select(), spec.Confirm.SelectOk)
        if self._open_channel is open_channel:
            self._opening = False
            self._opened(channel)

    async def _declare(self, open_channel: Callable[[], Deferred[Channel]]) -> None:
        """Declare the exchanges; one that is refused is left to the messages that are for it."""
        if not self._exchanges:
            return
        channel = await open_channel()
        try:
            await declare_exchanges(channel, self._exchanges, passive=self._passive)
        except (Refused, ValueError) as error:
            _log.warning("An exchange was not declared: %s", error)
        channel.close()

    def _failed(self, failure: Any) -> None:
        self._opening = False
        failure.trap(ChannelEnded)
        reason = failure.value.reason
        if isinstance(reason.cause, NoFreeChannels):
            self._unavailable(reason.cause)
        elif reason.scope is Scope.CHANNEL and self._open_channel is not None:
            _log.warning("The broker refused a channel for publishing: %s", reason)
            self._retry = self._clock.callLater(_PAUSE, self.open)
