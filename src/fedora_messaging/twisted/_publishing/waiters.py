# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The Deferreds of messages on their way, each with its deadline."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from ..._core.address import Address
from ..._core.clock import Clock
from ..._core.deadlines import Deadlines
from ..._core.outbox import Outgoing, timeout_words
from ...exceptions import PublishTimeout

__all__ = ["Waiters"]


class _Publishing(Deferred[None]):
    """The Deferred of a message on its way."""

    __slots__ = ("outgoing", "timed")
    #: The message, until there is an outcome.
    outgoing: Outgoing | None
    #: Whether it has a deadline.
    timed: bool

    def is_over(self) -> bool:
        """Whether there is an outcome."""
        return self.outgoing is None


class Waiters:
    """What waits for the outcomes of messages.

    Args:
        clock: The source of time.
        given_up: Called with a message that nothing waits for any more, without an outcome: its Deferred was
            cancelled, or its time was over.
        state: Says what messages are waiting for now, in words.
        ended: Called with each message and its error (None: it was confirmed) before its Deferred fires, when
            given; must not raise.
        broker: Returns the present broker, for the spans of messages.

    Attributes:
        count: How many messages wait for an outcome.
        size: How many bytes these are.
    """

    def __init__(
        self,
        clock: Clock,
        given_up: Callable[[Outgoing], None],
        state: Callable[[], str],
        ended: Callable[[Outgoing, Exception | None], None] | None = None,
        broker: Callable[[], Address | None] = lambda: None,
    ) -> None:
        self.count = 0
        self.size = 0
        self._given_up = given_up
        self._state = state
        self._ended = ended
        self._broker = broker
        self._deadlines: Deadlines[_Publishing] = Deadlines(clock, _Publishing.is_over, self._timed_out)

    def add(self, outgoing: Outgoing, timeout: float | None) -> Deferred[None]:
        """Make the Deferred of a message.

        Args:
            outgoing: The message.
            timeout: Seconds until it fails with PublishTimeout; None: never.

        Returns:
            The Deferred. Cancelling it gives the message up.
        """
        self.count += 1
        self.size += outgoing.size
        done = outgoing.waiter = _Publishing(self._cancelled)
        done.outgoing = outgoing
        done.timed = timeout is not None
        if timeout is not None:
            self._deadlines.add(done, timeout)
        return done

    def settle(self, outgoing: Outgoing, error: Exception | None) -> None:
        """Fire the Deferred of a message with its outcome, unless it has fired."""
        done = self._detach(outgoing)
        if done is not None:
            if self._ended is not None or outgoing.span is not None:  # nobody is told of most messages
                self._tell(outgoing, error)
            done.callback(None if error is None else Failure(error))

    def _cancelled(self, done: Deferred[None]) -> None:
        assert isinstance(done, _Publishing)
        outgoing = done.outgoing
        if outgoing is not None:
            self._detach(outgoing)
            self._tell(outgoing, PublishTimeout(reason="given up by the application"))
            self._given_up(outgoing)

    def _timed_out(self, done: _Publishing, timeout: float) -> None:
        outgoing = done.outgoing
        assert outgoing is not None
        error = PublishTimeout(reason=timeout_words(timeout, self._state()))
        self._detach(outgoing)
        self._tell(outgoing, error)
        self._given_up(outgoing)
        done.callback(Failure(error))

    def _tell(self, outgoing: Outgoing, error: Exception | None) -> None:
        if outgoing.span is not None:
            outgoing.span.ended(error, self._broker())
        if self._ended is not None:
            self._ended(outgoing, error)

    def _detach(self, outgoing: Outgoing) -> _Publishing | None:
        """Detach the Deferred of a message, so that it fires once; None if it was detached before."""
        done: _Publishing | None = outgoing.waiter
        if done is not None:
            self.count -= 1
            self.size -= outgoing.size
            outgoing.waiter = done.outgoing = None
            if done.timed:
                self._deadlines.over()
        return done
