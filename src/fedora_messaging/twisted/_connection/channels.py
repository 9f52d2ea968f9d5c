# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The channels of a connection: their numbers, and frames for those that are not open."""

from __future__ import annotations

from typing import Any

import pika.connection
from twisted.internet.defer import Deferred, fail

from ..._amqp import frames
from ..._core.clock import Clock
from ..._core.lifecycle import CloseReason, Scope
from ...exceptions import NoFreeChannels
from .channel import Channel, ChannelEnded, Wire
from .stray_frames import StrayFrames

__all__ = ["Channels"]


class Channels:
    """Our channels on a connection, beside those that pika opens.

    Args:
        connection: pika's connection.
        sinks: Where the reader of frames looks up our channels, by number.
        clock: The source of time.
    """

    def __init__(self, connection: pika.connection.Connection, sinks: dict[int, Any], clock: Clock) -> None:
        self._connection = connection
        self._sinks = sinks
        self._stray_frames = StrayFrames(clock)
        self._configured_max = connection.params.channel_max  # the handshake may replace it by a lower one
        #: The numbers of channels that are or were open, ours and pika's; 0 is the connection itself.
        self._used: set[int] = {0}

    def open(self, wire: Wire, max_body: int) -> Deferred[Channel]:
        """Open a channel.

        Args:
            wire: What the channel writes to.
            max_body: Bodies over this size, in bytes, are read but not kept.

        Returns:
            A Deferred that fires with the open channel, or fails with ChannelEnded.
        """
        number = self._free_number()
        if number is None:
            return fail(ChannelEnded(self._exhausted()))
        channel = self._sinks[number] = Channel(number, wire, max_body=max_body)
        opened: Deferred[Channel] = channel.open().addCallback(lambda _: channel)
        return opened

    def release(self, number: int) -> None:
        """A channel of ours is closed: its number may be used again."""
        self._sinks.pop(number, None)
        self._used.add(number)

    def is_pikas(self, number: int) -> bool:
        """Whether a frame for a channel that is not one of ours is for pika; else it is counted, and logged.

        Args:
            number: The channel's number; 0 is the connection itself.

        Raises:
            ProtocolBreach: The channel was never opened.
        """
        if number in self._connection._channels:
            self._used.add(number)
        elif number not in self._used:
            raise frames.ProtocolBreach(
                f"the broker sent a frame for channel {number}, which was never opened"
            )
        elif number:
            self._stray_frames.received()
            return False
        return True

    def end(self, reason: CloseReason) -> None:
        """The connection is over, and so are all channels."""
        self._stray_frames.close()
        for channel in list(self._sinks.values()):
            channel.end(reason)

    def _free_number(self) -> int | None:
        # From the top, because pika counts its channels from the bottom.
        limit = self._connection.params.channel_max or 65535
        sinks, theirs = self._sinks, self._connection._channels
        return next((n for n in range(limit, 0, -1) if n not in sinks and n not in theirs), None)

    def _exhausted(self) -> CloseReason:
        """The reason when no number is free; not final while a channel is being closed, which frees one."""
        limit = self._connection.params.channel_max
        origin = "amqp_url says so" if limit == self._configured_max else "the broker says so"
        text = f"all channels of the connection are in use: channel_max is {limit}, {origin}"
        closing = any(channel.closing for channel in self._sinks.values())
        return CloseReason(Scope.CHANNEL, 504, text, None if closing else NoFreeChannels(reason=text))
