# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Publishing many messages, a limited number of them at a time.

Messages are drawn and encoded in the caller's thread, and handed to the reactor's thread in batches, while
the confirms of earlier ones come in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..exceptions import (
    ConnectionException,
    PublishBacklog,
    PublishException,
    PublishManyError,
    ValidationError,
    excerpt,
)
from ..message import Message

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from .._amqp.messages import Encoded

__all__ = ["BATCH", "Batch", "ManyPublishes", "check_in_flight", "is_final"]

#: How many messages are handed over at a time, at most.
BATCH = 250

#: Messages that are to be handed over.
Batch = deque[tuple[Message, "Encoded"]]

#: Publishes an encoded message within so many seconds; in the reactor's thread.
Send = Callable[["Encoded", "float | None"], "Deferred[None]"]


def check_in_flight(value: object) -> int:
    """Return how many messages may be on their way at a time.

    Raises:
        ValueError: It is no whole number, 1 at least.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"in_flight must be a whole number, 1 at least, not {excerpt(value, 60)}")
    return value


def is_final(error: Exception) -> bool:
    """Whether further messages would fail as well: the error is not about this message."""
    return isinstance(error, (ConnectionException, PublishBacklog)) or not isinstance(
        error, (PublishException, ValidationError)
    )


class ManyPublishes:
    """The messages of one call that are on their way, and what became of them.

    It belongs to the reactor's thread, but for :meth:`note` and :attr:`outcomes`, and for what is read when
    all is over.

    Args:
        send: Publishes an encoded message.
        timeout: Seconds for each message, from when it is handed over; None: no limit.
        in_flight: How many may be on their way at a time.
        keep: Whether to keep each outcome in :attr:`outcomes`.

    Attributes:
        batch: How many messages to hand over at a time.
        confirmed: How many the broker has confirmed.
        failed: The messages that failed, each with its error.
        final: The first error that is not about a message of its own; None: there is none.
        outcomes: Each message with its error, or None: for the caller to take.
    """

    def __init__(self, send: Send, timeout: float | None, in_flight: int, *, keep: bool = False) -> None:
        # Half of the limit, so that there is room for another batch while one is on its way.
        self.batch = max(1, min(BATCH, in_flight // 2))
        self.confirmed = 0
        self.failed: list[tuple[Message, Exception]] = []
        self.final: Exception | None = None
        self.outcomes: deque[tuple[Message, Exception | None]] = deque()
        self._keep = keep
        self._send = send
        self._timeout = timeout
        self._in_flight = in_flight
        self._on_their_way: dict[int, tuple[Message, Deferred[None]]] = {}
        self._count = 0
        self._given_up = False
        self._below_limit: Deferred[None] | None = None
        self._enough = 0

    @property
    def started(self) -> bool:
        """Whether any message was handed over."""
        return bool(self._count)

    def is_over(self) -> bool:
        """Whether no further message should be handed over."""
        return self._given_up or self.final is not None or len(self.failed) >= self._in_flight

    def feed(self, batch: Batch) -> Deferred[None]:
        """Publish messages; each is removed from the batch when it is on its way.

        Returns:
            A Deferred that fires when there is room for another batch.

        Raises:
            Exception: What publishing the very first message raised; nothing was sent.
        """
        while batch and not self._given_up:
            message, encoded = batch[0]
            try:
                publishing = self._send(encoded, self._timeout)
            except Exception as error:
                if not self._count:
                    raise
                batch.popleft()
                self.note(message, error)
                break
            batch.popleft()
            self._count += 1
            number = self._count
            self._on_their_way[number] = message, publishing
            publishing.addCallbacks(
                self._succeeded,
                self._did_not,
                callbackArgs=(number, message),
                errbackArgs=(number, message),
            )
        return self._when_left(self._in_flight - self.batch)

    def finish(self) -> Deferred[None]:
        """Return a Deferred that fires when nothing is on its way any more."""
        return self._when_left(0)

    def give_up(self) -> None:
        """Give up what is on its way, and send nothing more."""
        self._given_up = True
        for _, publishing in list(self._on_their_way.values()):
            publishing.cancel()

    def lose(self, error: Exception) -> None:
        """There is no reactor any more: nothing will be known about what is on its way; in any thread."""
        self.final = self.final or error
        while self._on_their_way:
            _, (message, _) = self._on_their_way.popitem()
            self.note(message, error)

    def account(self, why: str, unsent: list[Message]) -> PublishManyError:
        """Return an error that says what became of all messages.

        Args:
            why: Why not all were published.
            unsent: The messages that were drawn and not handed over.
        """
        count = len(self.failed)
        words = f"{self.confirmed:,} confirmed, {count:,} failed, {len(unsent):,} drawn and not sent: "
        return PublishManyError(words + why, self.confirmed, self.failed, unsent)

    def error(self, reason: Exception | None, unsent: list[Message]) -> PublishManyError | None:
        """Return the error of the call; None when every message was confirmed.

        Args:
            reason: Why no more messages were drawn, if not because of their outcomes.
            unsent: The messages that were drawn and not handed over.
        """
        cause = reason or self.final or (self.failed[0][1] if self.failed else None)
        if cause is None:
            return None
        made = self.account(excerpt(cause) or type(cause).__name__, unsent)
        made.__cause__ = cause
        return made

    def note(self, message: Message, error: Exception) -> None:
        """Note a message that has failed, or that could not be handed over; in any thread."""
        self.failed.append((message, error))
        if self.final is None and is_final(error):
            self.final = error
        if self._keep:
            self.outcomes.append((message, error))

    def _when_left(self, enough: int) -> Deferred[None]:
        from twisted.internet.defer import Deferred, succeed

        if len(self._on_their_way) <= enough:
            return succeed(None)
        self._enough = enough
        self._below_limit = Deferred()
        return self._below_limit

    def _succeeded(self, _: None, number: int, message: Message) -> None:
        self.confirmed += 1
        if self._keep:
            self.outcomes.append((message, None))
        self._over(number)

    def _did_not(self, failure: Any, number: int, message: Message) -> None:
        error = failure.value
        if self._given_up and not isinstance(error, (PublishException, ConnectionException)):
            error = PublishException("given up before the broker had confirmed it; it may have arrived")
        self.note(message, error)
        self._over(number)

    def _over(self, number: int) -> None:
        self._on_their_way.pop(number, None)
        below = self._below_limit
        if below is not None and len(self._on_their_way) <= self._enough:
            self._below_limit = None
            below.callback(None)
