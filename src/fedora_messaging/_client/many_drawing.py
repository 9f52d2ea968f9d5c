# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What a call that publishes many messages has drawn from the caller's iterable and not handed over yet."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._amqp import messages as messages_module
from .._reporting.signals import tell
from ..message import Message
from ..signals import pre_publish_signal, publish_failed_signal, publish_signal
from .publish_many import Batch, ManyPublishes, check_in_flight
from .publishing import is_taken, send

if TYPE_CHECKING:
    from .current_service import CurrentService

__all__ = ["Drawing"]


class Drawing:
    """Checks and encodes messages, and tells receivers of signals about them; in the caller's thread.

    Args:
        current: The service that publishes.
        exchange: The name of the exchange; None: as configured.
        timeout: Seconds for each message.
        in_flight: How many may be on their way at a time.
        sender: The sender of signals.

    Attributes:
        run: Publishes messages, in the reactor's thread.
        batch: The messages that are checked and encoded.
        taken: How many a test has taken.
        reason: What the iterable raised, or why messages cannot be handed over any more.

    Raises:
        ValueError: An argument is of the wrong kind.
        ValidationError: The name of the exchange cannot be sent.
        ConfigurationException: The configuration cannot be used.
    """

    def __init__(
        self,
        current: CurrentService,
        exchange: str | None,
        timeout: object,
        in_flight: object,
        sender: Callable[..., Any],
    ) -> None:
        limit = messages_module.check_timeout(timeout)
        if exchange is not None:
            messages_module.encoded_exchange(exchange)
        self.run = ManyPublishes(
            lambda encoded, seconds: send(current, encoded, seconds, True),
            limit,
            check_in_flight(in_flight),
            keep=bool(publish_signal.receivers or publish_failed_signal.receivers),
        )
        current.settings  # noqa: B018 - so that it is read before anything is drawn
        self.batch: Batch = deque()
        self.taken = 0
        self.reason: Exception | None = None
        self._refused = False
        self._handed: Batch = deque()
        self._current = current
        self._exchange = exchange
        self._timeout = limit
        self._sender = sender

    @property
    def goes_on(self) -> bool:
        """Whether more messages are to be drawn."""
        return self.reason is None and not self.run.is_over()

    @property
    def is_full(self) -> bool:
        """Whether as many are drawn as are handed over at a time."""
        return len(self.batch) >= self.run.batch

    def is_taken(self, message: Message) -> bool:
        """Whether a test takes a message."""
        if not is_taken(self._current, message, self._exchange, self._timeout):
            return False
        self.taken += 1
        return True

    def announce(self, message: Message) -> bool:
        """Call the receivers of ``pre_publish_signal``; returns whether the message may be published."""
        try:
            pre_publish_signal.send(self._sender, message=message)
        except Exception as error:
            self.run.note(message, error)
            return False
        return True

    def add(self, message: Message) -> None:
        """Check and encode a message. One that is not valid is noted as failed."""
        try:
            encoded = self._current.prepare(message, self._exchange)
        except Exception as error:
            self.run.note(message, error)
        else:
            self.batch.append((message, encoded))

    def hand_over(self) -> Batch:
        """Return what was drawn, which :meth:`ManyPublishes.feed` is to be given."""
        self._handed, self.batch = self.batch, deque()
        return self._handed

    def failed(self, error: Exception) -> None:
        """Handing over has failed, and would fail again."""
        self.reason = error
        self._refused = not self.run.started
        self.run.lose(error)

    def tell(self, tell: Callable[..., None] = tell) -> None:
        """Tell receivers of signals what became of messages; they may block.

        Args:
            tell: One of the functions of :mod:`fedora_messaging._reporting.signals`.
        """
        outcomes = self.run.outcomes
        while outcomes:
            message, error = outcomes.popleft()
            if error is None:
                tell(publish_signal, self._sender, message=message)
            else:
                tell(publish_failed_signal, self._sender, message=message, error=error)

    @property
    def confirmed(self) -> int:
        """How many messages are confirmed, or taken by a test."""
        return self.run.confirmed + self.taken

    def result(self) -> int:
        """Return how many messages were confirmed, when all is over.

        Raises:
            PublishManyError: Not all were.
            Exception: The first message could not be handed over for this reason, and nothing was sent.
        """
        if self._refused and self.reason is not None:
            self.explain(self.reason)
            raise self.reason
        self.run.confirmed, self.taken = self.confirmed, 0
        error = self.run.error(self.reason, self._unsent)
        if error is not None:
            self._end_spans(error)
            raise error
        return self.run.confirmed

    def explain(self, error: BaseException) -> None:
        """Give an error that ends the call early a cause, which says what became of the messages."""
        self._end_spans(error)
        if error.__cause__ is None:
            self.run.confirmed, self.taken = self.confirmed, 0
            error.__cause__ = self.run.account(f"ended by {type(error).__name__}", self._unsent)

    def _end_spans(self, error: BaseException) -> None:
        """End the spans of messages that are not sent any more."""
        for batch in (self._handed, self.batch):
            for _, encoded in batch:
                if encoded.span is not None:
                    encoded.span.ended(error)

    @property
    def _unsent(self) -> list[Message]:
        return [message for batch in (self._handed, self.batch) for message, _ in batch]
