# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Dead letters that a quorum queue keeps until they have arrived (``at-least-once``).

https://www.rabbitmq.com/docs/quorum-queues
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .._clock import Clock
from .alarm import Alarm
from .deadletter import Refused
from .message import Message

#: Seconds until a dead letter that has not arrived is sent again.
RETRY_INTERVAL = 180


class DeadLetter(NamedTuple):
    """A message that left its queue, why, and what became of it."""

    message: Message
    reason: str
    marked: bool
    refused: Refused


class Unsent:
    """The dead letters of one queue that have not arrived everywhere.

    Args:
        clock: the broker's clock.
        send: dead-letters a message anew; takes the message, the reason and whether it is marked.

    Attributes:
        size: bytes of all bodies.
    """

    def __init__(self, clock: Clock, send: Callable[[Message, str, bool], None]) -> None:
        self.size = 0
        self._send = send
        self._clock = clock
        self._alarm = Alarm(clock, self._send_again)
        self._letters: list[DeadLetter] = []

    def __len__(self) -> int:
        return len(self._letters)

    def keep(self, letter: DeadLetter) -> None:
        """Keep a dead letter, to send it again later."""
        self._letters.append(letter)
        self.size += len(letter.message.body)
        self._alarm.by(self._clock.seconds() + RETRY_INTERVAL)

    def clear(self) -> int:
        """Drop all dead letters. Return how many there were."""
        count = len(self._letters)
        self._letters.clear()
        self.size = 0
        self._alarm.cancel()
        return count

    def _send_again(self) -> None:
        letters, self._letters, self.size = self._letters, [], 0
        for letter in letters:
            if letter.refused.letter is None:
                self._send(letter.message, letter.reason, letter.marked)
            elif (still := letter.refused.offered()) is not None:
                self.keep(letter._replace(refused=still))
