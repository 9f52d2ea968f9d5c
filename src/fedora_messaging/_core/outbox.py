# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Messages to be published: which wait, which are in flight, which to send again.

Sans-I/O. An outbox outlives connections: what was in flight when a channel ended is sent again, in order,
with the same id, except for the message that the broker refused.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from ..exceptions import PublishReturned
from .outgoing import Outgoing, refusal, timeout_words
from .refusal_search import RefusalSearch

__all__ = ["Outbox", "Outgoing", "UnknownConfirm", "refusal", "timeout_words"]


class UnknownConfirm(Exception):
    """The broker confirmed a delivery tag that is not in flight."""


class Outbox:
    """The messages of one publisher, in the order in which they were given.

    Attributes:
        bytes_in_flight: How many bytes were sent and are not confirmed yet.
    """

    def __init__(self) -> None:
        self._waiting: deque[Outgoing] = deque()
        self._in_flight: dict[int, Outgoing] = {}
        self._lowest = 1
        self._next_tag = 1
        self._returnable: dict[tuple[bytes, bytes, bytes], deque[Outgoing]] = {}
        self._search = RefusalSearch()
        self._given_up = 0
        self.bytes_in_flight = 0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._in_flight)

    def __iter__(self) -> Iterator[Outgoing]:
        yield from self._in_flight.values()
        yield from self._waiting

    @property
    def in_flight(self) -> int:
        """How many were sent and are not confirmed yet."""
        return len(self._in_flight)

    @property
    def waiting(self) -> bool:
        """Whether there are messages that :meth:`head` may return."""
        return bool(self._waiting)

    def add(self, outgoing: Outgoing) -> None:
        """Add a message."""
        self._waiting.append(outgoing)

    def give_up(self, outgoing: Outgoing) -> None:
        """Give up a message: nothing waits for it any more, and it is not sent if it has not been.

        Without a connection this may happen to many messages. They are removed as soon as they outnumber the
        others, which costs little for each.
        """
        outgoing.waiter = None
        self._given_up += 1
        self._tidy()

    def _tidy(self) -> None:
        if 2 * self._given_up > len(self._waiting):
            self._given_up = 0
            if self._search.running:
                self._search.clear(each for each in self._waiting if each.waiter is None)
            self._waiting = deque(each for each in self._waiting if each.waiter is not None)

    def head(self) -> Outgoing | None:
        """Return the next message to send now; None when there is none.

        It stays at the head until :meth:`sent` or :meth:`unsendable` is called.

        While a refused message is being looked for, a few are in flight (:attr:`searching`), or one.
        """
        waiting = self._waiting
        search = self._search
        while waiting:
            if search.running and not search.allows(len(self._in_flight)):
                return None
            outgoing = waiting[0]
            if outgoing.waiter is not None:
                return outgoing
            search.clear((waiting.popleft(),))
        return None

    def sent(self) -> None:
        """Move the :meth:`head`, whose frames were written, to those in flight.

        Invariant: a delivery tag belongs to a message that was written, since the broker counts those. So it
        is taken here, and nowhere else.
        """
        outgoing = self._waiting.popleft()
        tag = self._next_tag
        self._next_tag = tag + 1
        self._in_flight[tag] = outgoing
        self.bytes_in_flight += outgoing.size
        if outgoing.mandatory:
            outgoing.returned = None
            self._returnable.setdefault(outgoing.key, deque()).append(outgoing)
        if self._search.running:
            self._search.sent(outgoing)
        if self._given_up:
            self._tidy()

    def unsendable(self) -> None:
        """Remove the :meth:`head`, which cannot be encoded into frames; nothing else changes."""
        self._search.clear((self._waiting.popleft(),))
        if self._given_up:
            self._tidy()

    @property
    def searching(self) -> bool:
        """Whether the message just sent is to be followed by a call: see :meth:`answered`."""
        return self._search.asking

    def answered(self) -> None:
        """Note that the broker answered the call that follows the oldest message without an answer.

        It processes a channel in order, so it has not refused that message.
        """
        self._search.answered()

    def confirmed(self, tag: int, multiple: bool) -> list[Outgoing]:
        """Remove the messages that the broker acknowledged or nacked.

        Args:
            tag: The delivery tag.
            multiple: Whether all messages up to the tag are confirmed.

        Returns:
            The messages, in order.

        Raises:
            UnknownConfirm: The tag is not in flight. RabbitMQ confirms each once, so this confirm belongs to
                another message, which would wait for it for ever.
        """
        in_flight = self._in_flight
        if tag not in in_flight and (tag or not multiple):
            raise UnknownConfirm(f"a confirm of {tag}, which is not in flight")
        if multiple:
            if tag == 0:  # all
                tag = self._next_tag - 1
            done = []
            for each in range(self._lowest, tag + 1):
                outgoing = in_flight.pop(each, None)
                if outgoing is not None:
                    done.append(outgoing)
            self._lowest = max(self._lowest, tag + 1)
        else:
            done = [in_flight.pop(tag)]
            if tag == self._lowest:
                self._lowest = tag + 1
        for outgoing in done:
            self.bytes_in_flight -= outgoing.size
            if outgoing.mandatory:
                self._no_longer_returnable(outgoing)
        if self._search.running:
            self._search.clear(done)
        return done

    def was_returned(self, key: tuple[bytes, bytes, bytes], error: PublishReturned) -> bool:
        """Note that the broker returned a message; its confirm follows.

        The same message may be in flight twice: the first one is marked.

        Args:
            key: :attr:`Outgoing.key` of the message.
            error: The error to report.

        Returns:
            Whether such a message is in flight.
        """
        for outgoing in self._returnable.get(key, ()):
            if outgoing.returned is None:
                outgoing.returned = error
                return True
        return False

    def channel_lost(self) -> None:
        """Let what was in flight be sent again: the channel was lost with its connection."""
        self._search.clear(each for each in self._in_flight.values() if each.waiter is None)
        self._search.channel_lost()
        self._waiting.extendleft(
            each for each in reversed(self._in_flight.values()) if each.waiter is not None
        )
        self._in_flight.clear()
        self.bytes_in_flight = 0
        self._returnable.clear()
        self._lowest = self._next_tag = 1

    def channel_refused(self, code: int, text: str) -> list[Outgoing]:
        """Find the message in flight because of which the broker closed the channel.

        The broker drops what came after that message and confirms nothing before it, so all others are sent
        again. Where its reply text does not identify the message, it is searched for while they are sent.

        Args:
            code: The reply code.
            text: The reply text.

        Returns:
            The messages that it refuses; empty while the message is still looked for.
        """
        found = self._search.channel_refused(code, text, list(self._in_flight.values()))
        self.channel_lost()
        if found:
            gone = set(found)
            self._waiting = deque(outgoing for outgoing in self._waiting if outgoing not in gone)
        return found

    def connection_refused(self) -> None:
        """Let all be sent again after the broker closed the connection, perhaps because of one of them.

        Unlike the close of a channel this does not mean that the message was refused, so all are sent again,
        but one at a time. One that is alone in flight when it happens again goes behind the others.
        """
        again = self._search.connection_refused(
            [each for each in self._in_flight.values() if each.waiter is not None]
        )
        self.channel_lost()
        if again:
            self._waiting.rotate(-1)

    def remove(self, unfit: Callable[[Outgoing], bool]) -> list[Outgoing]:
        """Remove and return those that wait and are unfit, in order."""
        gone = [each for each in self._waiting if each.waiter is not None and unfit(each)]
        left = set(self._waiting).difference(gone)
        self._waiting = deque(each for each in self._waiting if each in left)
        self._search.clear(gone)
        self._tidy()
        return gone

    def take_all(self) -> list[Outgoing]:
        """Remove and return all messages, in order."""
        self.channel_lost()
        everything = list(self._waiting)
        self._waiting.clear()
        self._search.end()
        return everything

    def _no_longer_returnable(self, outgoing: Outgoing) -> None:
        queue = self._returnable[outgoing.key]
        queue.remove(outgoing)
        if not queue:
            del self._returnable[outgoing.key]
