# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Publishes messages again that are to wait on the broker, or go to quarantine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.defer import Deferred, fail

from ..._amqp.forwarding import TRACEBACK, forwarded
from ..._amqp.messages import Encoded
from ..._core.delivery import QUARANTINE, Delivery
from ..._reporting.log import SafeLog
from ..._reporting.loggers import CONSUMER
from ..._reporting.repeats import Repeats
from ...exceptions import ConnectionException, PublishForbidden, PublishReturned, ValidationError

__all__ = ["Forwarder", "Publish", "nothing_publishes"]

_log = SafeLog(CONSUMER)

#: Publishes a message, mandatory, within so many seconds; fires when the broker has confirmed it.
Publish = Callable[[Encoded, float], Deferred[None]]


def nothing_publishes(encoded: Encoded, timeout: float) -> Deferred[None]:
    """Fail, for consumers that have no publisher."""
    return fail(ConnectionException(reason="this consumer has nothing to publish with"))


_NO_PROPERTIES = b"\0\0"


class Forwarder:
    """Publishes deliveries to the exchanges of the failure policy.

    Args:
        publish: Publishes an encoded message.
        redeclare: Declares the policy's exchanges and queues again, which somebody may have deleted.
        timeout: Seconds that the broker may take to confirm a message.
        seconds: The time: that nothing takes messages is logged once a second.
    """

    def __init__(
        self,
        publish: Publish,
        redeclare: Callable[[], Deferred[Any]],
        timeout: float,
        seconds: Callable[[], float],
    ) -> None:
        self._publish = publish
        self._redeclare = redeclare
        self._timeout = timeout
        self._repeats = Repeats(seconds)
        self._redeclaring: list[Deferred[None]] | None = None

    def forward(
        self, delivery: Delivery, destination: str, headers: Mapping[str, Any] | None
    ) -> Deferred[None]:
        """Publish a delivery to another exchange.

        Args:
            delivery: The delivery.
            destination: The exchange's name after the queue's and a dot.
            headers: The headers to add.

        Returns:
            A Deferred that fires with None when the broker has confirmed it. It fails with ValidationError
            (the message cannot be encoded again), PublishReturned, PublishTimeout or ConnectionException.
            Cancelling it gives up; the message may have been published then.
        """
        return Deferred.fromCoroutine(self._forward(delivery, destination, dict(headers or {})))

    async def _forward(self, delivery: Delivery, destination: str, headers: dict[str, Any]) -> None:
        exchange = f"{delivery.queue}.{destination}"
        if destination == QUARANTINE:
            delivery = _readable(delivery)
        try:
            await self._send(delivery, exchange, headers)
        except PublishReturned as error:
            if issubclass(type(error), PublishForbidden):
                raise
            more = self._repeats.due(exchange)
            if more is not None:
                _log.warning(
                    "Nothing takes messages for %r (%s): declaring it again.%s", exchange, error, more
                )
            await self._declared_again()
            await self._send(delivery, exchange, headers)

    async def _send(self, delivery: Delivery, exchange: str, headers: dict[str, Any]) -> None:
        try:
            await self._publish(forwarded(delivery, exchange, headers), self._timeout)
        except ValidationError:
            if headers.pop(TRACEBACK, None) is None:  # the longest, which may not fit beside the others
                raise
            await self._publish(forwarded(delivery, exchange, headers), self._timeout)

    def _declared_again(self) -> Deferred[None]:
        """Declare, once for all messages that wait for it."""
        done: Deferred[None] = Deferred()
        if self._redeclaring is not None:
            self._redeclaring.append(done)
            return done
        self._redeclaring = [done]
        self._redeclare().addBoth(self._redeclared)
        return done

    def _redeclared(self, result: Any) -> None:
        waiting, self._redeclaring = self._redeclaring or [], None
        for each in waiting:
            if not each.called:
                each.callback(None)  # where it failed, the message is returned once more


def _readable(delivery: Delivery) -> Delivery:
    """A delivery whose properties can be sent again: without them, if they cannot be read."""
    try:
        forwarded(delivery, "", {})
    except ValidationError:
        return delivery._replace(properties=_NO_PROPERTIES)
    return delivery
