# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The channels of one connection: which are open, which are being closed, and what is done on each.

A number is in use from ``channel.open`` until the ``channel.close`` of one side is answered by the other. If
the broker has closed a channel, only the client's ``channel.close-ok`` answers that: a ``channel.close`` that
crosses the broker's is answered and changes nothing, since the client still has to answer. Until then frames
are still assembled, so that contents stay complete, but the methods in them are ignored.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pika import spec

from .._wire.assembly import Assembler, Command
from .._wire.codec import encode_method
from .._wire.errors import AMQPError
from . import basic, exchange, queue, tx
from .channel import METHODS as CHANNEL_METHODS
from .channel import Channel, Methods
from .ports import PublishFault
from .publishing import publish
from .session import Session

_METHODS: Methods = {**CHANNEL_METHODS, **exchange.METHODS, **queue.METHODS, **basic.METHODS, **tx.METHODS}


class Channels:
    """The channels of a connection, by number."""

    def __init__(self, connection: Session) -> None:
        self._connection = connection
        self._open: dict[int, Channel] = {}
        self._closing: set[int] = set()
        self._assemblers: dict[int, Assembler] = {}

    def __iter__(self) -> Iterator[Channel]:
        return iter(list(self._open.values()))

    def close(self, channel: Channel, error: AMQPError) -> None:
        """Close a channel with a reason. Confirms that are due are not sent any more."""
        channel.close()
        self._open.pop(channel.number, None)
        self._closing.add(channel.number)
        channel.reply(
            spec.Channel.Close(error.code, error.text[:255], error.method >> 16, error.method & 0xFFFF)
        )

    def drop(self) -> None:
        """Close all channels without a message to the client."""
        for channel in self:
            self._forget(channel)
        self._closing.clear()
        self._assemblers.clear()

    def frame(self, number: int, kind: int, payload: bytes) -> None:
        """Handle a frame for a channel.

        Raises:
            AMQPError: It closes the connection.
            Disconnect: The connection ends without a reply.
        """
        assembler = self._assemblers.get(number)
        if assembler is None:
            if len(self._assemblers) >= self._connection.channel_max:
                raise AMQPError(
                    spec.NOT_ALLOWED,
                    f"number of channels opened ({len(self._assemblers)}) has reached the negotiated "
                    f"channel_max ({self._connection.channel_max})",
                )
            assembler = self._assemblers[number] = Assembler(
                self._connection.broker.emulation.excess_body_ends
            )
        try:
            command = assembler.frame(kind, payload)
        except AMQPError as error:
            # Methods that only brokers send are refused by the channel, and one that is closing ignores them.
            if error.code != spec.COMMAND_INVALID or number not in self._closing:
                raise
            return
        if command is not None:
            self._command(number, command)
        connection = self._connection
        if kind == spec.FRAME_HEADER and connection.broker.alarm is not None and not connection.blocked:
            connection.block(connection.broker.alarm)

    def _command(self, number: int, command: Command) -> None:
        """Execute a complete method on its channel."""
        method = command.method
        channel = self._open.get(number)
        try:
            if channel is None:
                self._command_without_channel(number, method)
            elif type(method) is spec.Basic.Publish:
                publish(channel, method, command.properties, command.body)
                fault = self._connection.broker.faults.published()
                if fault is not None:
                    self._apply(fault, channel)
            elif type(method) is spec.Channel.Close:
                channel.flush_confirms()
                self._forget(channel)
                channel.reply(spec.Channel.CloseOk())
            elif type(method) in _METHODS:
                _METHODS[type(method)](channel, method)
            else:
                raise AMQPError(spec.COMMAND_INVALID, "unimplemented method")
        except AMQPError as error:
            error.method = method.INDEX
            if error.hard or channel is None:
                raise
            self.close(channel, error)

    def _apply(self, fault: PublishFault, channel: Channel) -> None:
        """Carry out an injected fault."""
        if fault.cut_connection:
            self._connection.abort()
        if fault.channel_error is not None:
            self.close(channel, fault.channel_error)

    def _command_without_channel(self, number: int, method: Any) -> None:
        """Execute a method on a channel that is not open."""
        kind = type(method)
        if number not in self._closing:
            if kind is not spec.Channel.Open:
                raise AMQPError(spec.CHANNEL_ERROR, "expected 'channel.open'")
            channel = self._open[number] = Channel(self._connection, number)
            channel.reply(spec.Channel.OpenOk())
        elif kind is spec.Channel.Open:
            raise AMQPError(spec.CHANNEL_ERROR, "second 'channel.open' seen")
        elif kind is spec.Channel.Close:
            self._connection.send(encode_method(number, spec.Channel.CloseOk()))
        elif kind is spec.Channel.CloseOk:
            self._closing.discard(number)
            del self._assemblers[number]

    def _forget(self, channel: Channel) -> None:
        """Close a channel and free its number."""
        channel.close()
        self._open.pop(channel.number, None)
        self._assemblers.pop(channel.number, None)
