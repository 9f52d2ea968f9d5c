# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``connection.update-secret``: a new password or token for a connection that stays open.

It is RabbitMQ's extension of AMQP 0-9-1 (https://www.rabbitmq.com/docs/oauth2, "Token expiration").
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

from pika.credentials import PlainCredentials
from twisted.internet.defer import Deferred

from ..._amqp import frames
from ..._core.lifecycle import CloseReason, Scope
from ...exceptions import ConnectionException

if TYPE_CHECKING:
    from ..._core.clock import Clock

__all__ = ["Secrets", "check_secret", "update_secret"]


def check_secret(secret: Any, reason: Any) -> None:
    """Check a new secret and its reason.

    Raises:
        ValueError: One of them is no string, or has too many bytes. The secret is not in the text.
    """
    if not isinstance(secret, str):
        raise ValueError(f"the secret must be a string, not {type(secret).__name__}")
    if not isinstance(reason, str):
        raise ValueError(f"the reason must be a string, not {type(reason).__name__}")
    for name, text, most in (("secret", secret, 100_000), ("reason", reason, 255)):
        try:
            size = len(text.encode())
        except UnicodeEncodeError:
            raise ValueError(f"the {name} is not valid Unicode") from None
        if size > most:
            raise ValueError(f"the {name} has {size} bytes, and may have {most}")


class Updatable(Protocol):
    """A connection that takes a new secret."""

    reason: CloseReason | None

    def update_secret(self, secret: str, reason: str) -> Deferred[None]:
        """See :meth:`fedora_messaging.twisted._connection.connection.Connection.update_secret`."""


class Secrets:
    """The updates of one connection that the broker has not answered; it answers in order.

    Args:
        clock: The source of time.
        timeout: How long an answer may take, in seconds.
    """

    def __init__(self, clock: Clock, timeout: float) -> None:
        self._clock = clock
        self._timeout = timeout
        self._waiting: deque[tuple[Deferred[None], Any]] = deque()

    def add(self) -> Deferred[None]:
        """Wait for the answer to one more update.

        Returns:
            A Deferred that fires when it is accepted, or fails with ConnectionException. Cancelling it only
            stops waiting.
        """
        done: Deferred[None] = Deferred()
        self._waiting.append((done, self._clock.callLater(self._timeout, self._late, done)))
        return done

    def accepted(self) -> None:
        """``connection.update-secret-ok``.

        Raises:
            CorruptFrame: Nothing was asked.
        """
        if not self._waiting:
            raise frames.CorruptFrame("connection.update-secret-ok answers no call")
        self._fire(*self._waiting.popleft(), None)

    def ended(self, reason: CloseReason) -> None:
        """The connection is over."""
        waiting, self._waiting = self._waiting, deque()
        for done, timer in waiting:
            self._fire(done, timer, ConnectionException(reason=f"the secret was not updated: {reason}"))

    def _late(self, done: Deferred[None]) -> None:
        # Its place is kept: an answer may still come, and belongs to it.
        if not done.called:
            done.errback(
                ConnectionException(
                    reason=f"the broker did not answer connection.update-secret within {self._timeout:g} s"
                )
            )

    def _fire(self, done: Deferred[None], timer: Any, error: Exception | None) -> None:
        if timer.active():
            timer.cancel()
        if not done.called:
            if error is None:
                done.callback(None)
            else:
                done.errback(error)


async def update_secret(
    parameters: Iterable[Any], connections: Iterable[Updatable], secret: str, reason: str
) -> None:
    """Have a new secret accepted on open connections and use it for the next ones.

    Where the broker refuses it, the next connections use the one before.

    Args:
        parameters: pika's connection parameters, from which connections are made.
        connections: Those that are open.
        secret: The new secret.
        reason: Why, for the broker's log.

    Raises:
        ValueError: As :func:`check_secret`, or the login is by certificate, or there are several users.
        ConnectionException: A connection ended before it was accepted, or there was no answer.
    """
    check_secret(secret, reason)
    before = [(each, each.credentials) for each in {id(each): each for each in parameters}.values()]
    if not all(isinstance(credentials, PlainCredentials) for _, credentials in before):
        raise ValueError("the login is by certificate, which has no secret")
    users = sorted({credentials.username for _, credentials in before})
    if len(users) > 1:
        raise ValueError(f"the URLs of amqp_url name several users, and a secret is one user's: {users}")
    for each, credentials in before:
        each.credentials = PlainCredentials(credentials.username, secret)
    ours = [each.credentials for each, _ in before]
    first: Exception | None = None
    for connection, waited in [(each, each.update_secret(secret, reason)) for each in connections]:
        try:
            await waited
        except ConnectionException as error:
            first = first or error
            ended = connection.reason
            if ended is not None and ended.scope is Scope.CONNECTION and ended.code in (403, 530):
                for (each, credentials), mine in zip(before, ours, strict=True):
                    if each.credentials is mine:
                        each.credentials = credentials
    if first is not None:
        raise first
