# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The search for the message because of which the broker closed a channel or a connection.

Sans-I/O. A broker that closes a channel drops what came after the message that it refuses, and does not
always say which one that was. Then those that were in flight are sent again a few at a time, each followed by
a call: the first whose call gets no answer is the one.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable

from .outgoing import Outgoing

__all__ = ["SEARCHING", "RefusalSearch"]

#: How many are in flight while the message that the broker refuses is looked for. With more it is found
#: sooner; those that were sent before it are in the queue, unconfirmed, and are sent a second time.
SEARCHING = 32

_EXCHANGE = re.compile(r"exchange '([^']*)'")
_TOPIC = re.compile(r"topic '([^']*)'")
_SIZE = re.compile(r"message size (\d+) is larger")


class RefusalSearch:
    """Which messages the broker may have refused, and which of them it has answered for.

    Attributes:
        running: Whether a message is looked for. Otherwise only :meth:`channel_refused` and
            :meth:`connection_refused` need to be called.
    """

    def __init__(self) -> None:
        self.running = False
        self._suspects: set[Outgoing] = set()
        self._most = SEARCHING  # in flight while there are suspects
        self._unanswered: deque[Outgoing] = deque()

    @property
    def asking(self) -> bool:
        """Whether the message just sent is to be followed by a call: see :meth:`answered`."""
        return bool(self._unanswered)

    def allows(self, in_flight: int) -> bool:
        """Whether one more message may be sent while so many are in flight."""
        return in_flight < self._most

    def sent(self, outgoing: Outgoing) -> None:
        """Note that a message was sent while the search was running."""
        if self._most > 1:
            self._unanswered.append(outgoing)

    def answered(self) -> None:
        """Note that the broker answered the call that follows the oldest message without an answer.

        It processes a channel in order, so it has not refused that message.
        """
        self._unanswered.popleft()
        self._update()

    def clear(self, messages: Iterable[Outgoing]) -> None:
        """Suspect these no longer: they are confirmed, given up, or not to be sent."""
        self._suspects.difference_update(messages)
        self._update()

    def channel_lost(self) -> None:
        """Wait for no more answers: the channel was lost."""
        self._unanswered.clear()
        self._update()

    def channel_refused(self, code: int, text: str, in_flight: list[Outgoing]) -> list[Outgoing]:
        """Find the message because of which the broker closed the channel, or search for it from now on.

        Args:
            code: The reply code.
            text: The reply text.
            in_flight: The messages that were in flight, in order.

        Returns:
            The messages that it refuses; empty while the message is still looked for.
        """
        searched = bool(self._suspects)
        found = in_flight if len(in_flight) == 1 else _identified_by(code, text, in_flight)
        if not found:
            found = [each for each in self._unanswered if each in in_flight][:1]
        if not found:
            # If the broker answers first and refuses later, messages are sent one at a time.
            self._most = 1 if searched else SEARCHING
            self._suspects = {each for each in in_flight if each.waiter is not None}
        elif searched or len(in_flight) == 1:
            self._suspects.clear()
        self.clear(found)
        return found

    def connection_refused(self, in_flight: list[Outgoing]) -> bool:
        """Suspect the messages in flight when the broker closed the connection, and send them one at a time.

        Returns:
            Whether it was a single one, and it had been suspected before.
        """
        again = len(in_flight) == 1 and in_flight[0] in self._suspects
        self._most = 1
        self._suspects.update(in_flight)
        self._update()
        return again

    def end(self) -> None:
        """End the search: there are no messages any more."""
        self._suspects.clear()
        self._unanswered.clear()
        self.running = False

    def _update(self) -> None:
        self.running = bool(self._suspects or self._unanswered)


def _identified_by(code: int, text: str, suspects: list[Outgoing]) -> list[Outgoing]:
    """Return the messages that the broker's reply text identifies, if any are in flight."""
    if size := _SIZE.search(text):
        return [outgoing for outgoing in suspects if len(outgoing.body) == int(size[1])]
    if code not in (403, 404):
        return []
    exchange, topic = _EXCHANGE.search(text), _TOPIC.search(text)
    if exchange is None:
        return []
    return [
        outgoing
        for outgoing in suspects
        if outgoing.exchange.decode() == exchange[1]
        and (topic is None or outgoing.routing_key.decode() == topic[1])
    ]
