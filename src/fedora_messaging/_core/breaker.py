# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Whether callbacks may go on after an outcome: a pause for the next message, or a rest for the consumer.

Sans-I/O. Both are asked in the thread that runs the callbacks, before the next one starts; the reactor's
thread reads them while that thread waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable

from .._reporting.text import name_of
from ..exceptions import Drop
from .backoff import doubling
from .delivery import Delivery, InvalidMessage
from .retry import Retry

__all__ = ["Breaker", "Gate"]

#: Seconds of the first rest in a row, and of the longest.
_FIRST, _LONGEST = 1.0, 60.0
#: After so many rests in a row, a minute, more than one message is tried.
_OF_ONE = 6


class Breaker:
    """Counts failures in a row, and says when the consumer is to rest and for how long.

    A rest ends with the first message that is processed. After it one message is tried; where it fails, the
    next rest is twice as long. After a minute of rests more messages are tried each time: the first ones of
    the queue may be such that can never be processed, and would keep all others from being tried.

    Args:
        limit: How many failures in a row start a rest; None: none ever does.
        most: How many messages may be tried after a rest.

    Attributes:
        open: Whether the consumer is to rest, rests, or tries messages after a rest.
        tries: How many messages are tried after the present rest.
    """

    def __init__(self, limit: int | None, most: int = 1) -> None:
        self.limit = limit
        self.open = False
        self.tries = 1
        self._most = most
        self._left = 0
        self._failures = 0
        self._rests = 0
        self._last = ""
        self._keys: set[Hashable] = set()
        self._lock = threading.Lock()  # several callbacks may fail at a time

    def failed(self, error: BaseException, key: Hashable) -> bool:
        """Count a failure.

        Args:
            error: What the callback raised.
            key: Identifies the message.

        Returns:
            Whether the consumer is to rest now.
        """
        if self.limit is None:
            return False
        with self._lock:
            self._failures += 1
            self._last = name_of(error)
            self._left -= 1
            if len(self._keys) < 2:
                self._keys.add(key)
            self.open = self._failures >= self.limit
            return self.due

    def succeeded(self) -> None:
        """A message was processed: begin to count again."""
        if self._failures:
            with self._lock:
                self._failures = self._rests = self._left = 0
                self.tries = 1
                self.open = False
                self._keys.clear()

    def rest(self) -> float:
        """Begin a rest; returns how long it is to take, in seconds."""
        with self._lock:
            self._rests += 1
            self.tries = self._left = max(1, min(self._rests - _OF_ONE, self._most))
            return doubling(self._rests, _FIRST, _LONGEST)

    @property
    def due(self) -> bool:
        """Whether the consumer is to rest now: there was no rest yet, or all that was tried has failed."""
        return self.open and self._left <= 0

    @property
    def lasting(self) -> bool:
        """Whether a failure is the message's own: the consumer does not rest, or no other message failed."""
        return not self.open or len(self._keys) < 2

    def __str__(self) -> str:
        return f"{self._failures} failures in a row, last: {self._last}"


class Gate:
    """Decides whether the next callback has to wait until an outcome has been dealt with.

    Args:
        retry: The failure policy.
        breaker: Counts failures.
        key_of: Identifies the message of a delivery.
    """

    def __init__(self, retry: Retry, breaker: Breaker, key_of: Callable[[Delivery], Hashable]) -> None:
        self._retry = retry
        self._breaker = breaker
        self._key_of = key_of
        self._counts = breaker.limit is not None
        self._waits = retry.wait == "in-place" or retry.then == "stop"

    def holds(self, delivery: Delivery, outcome: Exception | None) -> bool:
        """Return whether nothing may be started before the reactor's thread has decided on this outcome."""
        if outcome is None:
            if self._counts:
                self._breaker.succeeded()
            return False
        kind = type(outcome)
        if issubclass(kind, InvalidMessage):
            return False
        if not self._retry.covers(outcome):
            if issubclass(kind, Drop):
                self._breaker.succeeded()
                return False
            return True
        rests = self._counts and self._breaker.failed(outcome, self._key_of(delivery))
        return rests or self._waits
