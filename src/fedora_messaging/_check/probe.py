# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Asks a broker questions that it may answer by closing the channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pika import BasicProperties, spec
from twisted.internet.defer import Deferred, TimeoutError

from .._amqp.properties import encode_properties
from .._core.lifecycle import CloseReason, Scope
from ..exceptions import ConnectionException
from ..twisted._connection.channel import Channel, ChannelEnded
from ..twisted.protocol import FedoraMessagingProtocol

if TYPE_CHECKING:
    from pika.amqp_object import Method

__all__ = ["Probe"]


class Probe:
    """A connection to a broker, with a channel that is opened again when a refusal has closed it.

    Args:
        connection: An open connection.
        clock: The source of time.
        timeout: Seconds that each answer may take.
    """

    def __init__(self, connection: FedoraMessagingProtocol, clock: Any, timeout: float) -> None:
        self._connection = connection
        self._clock = clock
        self._timeout = timeout
        self._channel: Channel | None = None

    async def ask(self, method: Method, reply: type[Method]) -> Any:
        """Call a method; returns the reply, or the :class:`CloseReason` of a refusal.

        Raises:
            ConnectionException: The connection is lost, or there is no answer in time.
        """
        try:
            if self._channel is None or self._channel.ended is not None:
                self._channel = await self._opened()
            return await self._in_time(self._channel.call(method, reply))
        except ChannelEnded as ended:
            return _refusal(ended)

    async def publish_and_take_back(self, exchange: str, topic: str) -> CloseReason | None:
        """Publish in a transaction that is rolled back: nobody gets the message, and rights are checked.

        Args:
            exchange: The exchange.
            topic: The routing key.

        Returns:
            Why it was refused; None: it may be published.

        Raises:
            ConnectionException: The connection is lost, or there is no answer in time.
        """
        try:
            channel = await self._opened()
            await self._in_time(channel.call(spec.Tx.Select(), spec.Tx.SelectOk))
            properties = encode_properties(BasicProperties(), {}, None)
            channel.publish(exchange.encode(), topic.encode(), properties, b"{}")
            await self._in_time(channel.call(spec.Tx.Rollback(), spec.Tx.RollbackOk))
            await self._in_time(channel.close())
        except ChannelEnded as ended:
            return _refusal(ended)
        return None

    async def _opened(self) -> Channel:
        channel: Channel = await self._in_time(Deferred.fromCoroutine(self._open()))
        return channel

    async def _open(self) -> Channel:
        return await self._connection.open_channel()

    async def _in_time(self, answer: Deferred[Any]) -> Any:
        try:
            return await answer.addTimeout(self._timeout, self._clock)
        except TimeoutError:
            raise ConnectionException(f"the broker does not answer within {self._timeout:g} s") from None


def _refusal(ended: ChannelEnded) -> CloseReason:
    if ended.reason.scope is not Scope.CHANNEL:
        raise ended.reason.error() from None
    return ended.reason
