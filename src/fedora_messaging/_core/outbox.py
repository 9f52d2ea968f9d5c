# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Messages to be published: which wait, which are in flight, which to send again.

Sans-I/O. An outbox outlives connections: what was in flight when a channel ended is sent again, in order,
with the same id, except for the message that the broker refused.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from ..exceptions import PublishForbidden, PublishReturned

__all__ = ["Outbox", "Outgoing", "UnknownConfirm", "refusal", "timeout_words"]

#: How many are in flight while the message that the broker refuses is looked for. With more it is found
#: sooner; those that were sent before it are in the queue, unconfirmed, and are sent a second time.
SEARCHING = 32

_EXCHANGE = re.compile(r"exchange '([^']*)'")
_TOPIC = re.compile(r"topic '([^']*)'")
_SIZE = re.compile(r"message size (\d+) is larger")


class UnknownConfirm(Exception):
    """The broker confirmed a delivery tag that is not in flight."""


class Outgoing:
    """One message in the outbox.

    Args:
        exchange: The exchange's name, UTF-8.
        routing_key: The routing key, UTF-8.
        properties: The encoded properties of the content header.
        body: The encoded body.
        message_id: The id within ``properties``, by which a return is recognised; needed of a mandatory one.
        mandatory: The broker is to return it when no queue takes it.
        waiter: An object of the owner for what waits for the outcome; None when nothing waits any more.

    Attributes:
        returned: The error of its basic.return, while it is in flight.
    """

    __slots__ = (
        "body",
        "exchange",
        "mandatory",
        "message_id",
        "properties",
        "returned",
        "routing_key",
        "waiter",
    )

    def __init__(
        self,
        exchange: bytes,
        routing_key: bytes,
        properties: bytes,
        body: bytes,
        message_id: bytes,
        mandatory: bool,
        waiter: Any = None,
    ) -> None:
        self.exchange = exchange
        self.routing_key = routing_key
        self.properties = properties
        self.body = body
        self.message_id = message_id
        self.mandatory = mandatory
        self.waiter = waiter
        self.returned: PublishReturned | None = None

    @property
    def key(self) -> tuple[bytes, bytes, bytes]:
        """What a ``basic.return`` contains to identify the message."""
        return self.message_id, self.exchange, self.routing_key


class Outbox:
    """The messages of one publisher, in the order in which they were given."""

    def __init__(self) -> None:
        self._waiting: deque[Outgoing] = deque()
        self._in_flight: dict[int, Outgoing] = {}
        self._lowest = 1
        self._next_tag = 1
        self._returnable: dict[tuple[bytes, bytes, bytes], deque[Outgoing]] = {}
        self._suspects: set[Outgoing] = set()
        self._most = SEARCHING  # in flight while there are suspects
        self._unanswered: deque[Outgoing] = deque()
        self._given_up = 0

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
            self._suspects.difference_update(each for each in self._waiting if each.waiter is None)
            self._waiting = deque(each for each in self._waiting if each.waiter is not None)

    def head(self) -> Outgoing | None:
        """Return the next message to send now; None when there is none.

        It stays at the head until :meth:`sent` or :meth:`unsendable` is called.

        While a refused message is being looked for, a few are in flight (:attr:`searching`), or one.
        """
        waiting = self._waiting
        while waiting:
            if (self._suspects or self._unanswered) and len(self._in_flight) >= self._most:
                return None
            outgoing = waiting[0]
            if outgoing.waiter is not None:
                return outgoing
            self._suspects.discard(waiting.popleft())
        return None

    def sent(self) -> None:
        """Move the :meth:`head`, whose frames were written, to those in flight.

        Invariant: a delivery tag belongs to a message that was written, since the broker counts those. So it
            is
        taken here, and nowhere else.
        """
        outgoing = self._waiting.popleft()
        tag = self._next_tag
        self._next_tag = tag + 1
        self._in_flight[tag] = outgoing
        if outgoing.mandatory:
            outgoing.returned = None
            self._returnable.setdefault(outgoing.key, deque()).append(outgoing)
        if (self._suspects or self._unanswered) and self._most > 1:
            self._unanswered.append(outgoing)
        if self._given_up:
            self._tidy()

    def unsendable(self) -> None:
        """Remove the :meth:`head`, which cannot be encoded into frames; nothing else changes."""
        self._suspects.discard(self._waiting.popleft())
        if self._given_up:
            self._tidy()

    @property
    def searching(self) -> bool:
        """Whether the message just sent is to be followed by a call: see :meth:`answered`."""
        return bool(self._unanswered)

    def answered(self) -> None:
        """Note that the broker answered the call that follows the oldest message without an answer.

        It processes a channel in order, so it has not refused that message.
        """
        self._unanswered.popleft()

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
            if outgoing.mandatory:
                self._no_longer_returnable(outgoing)
        if self._suspects:
            self._suspects.difference_update(done)
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
        self._suspects.difference_update(each for each in self._in_flight.values() if each.waiter is None)
        self._waiting.extendleft(
            each for each in reversed(self._in_flight.values()) if each.waiter is not None
        )
        self._in_flight.clear()
        self._unanswered.clear()
        self._returnable.clear()
        self._lowest = self._next_tag = 1

    def channel_refused(self, code: int, text: str) -> list[Outgoing]:
        """Find the message in flight because of which the broker closed the channel.

        The broker drops what came after that message and confirms nothing before it, so all others are sent
        again. Where its reply text does not identify the message, those that were in flight are sent again a
        few at a time, each followed by a call: the first whose call gets no answer is the one.

        Args:
            code: The reply code.
            text: The reply text.

        Returns:
            The messages that it refuses; empty while the message is still looked for.
        """
        suspects = list(self._in_flight.values())
        searched = bool(self._suspects)
        found = [suspects[0]] if len(suspects) == 1 else _identified_by(code, text, suspects)
        if not found:
            found = [each for each in self._unanswered if each in self._in_flight.values()][:1]
        self.channel_lost()
        if found:
            gone = set(found)
            self._waiting = deque(outgoing for outgoing in self._waiting if outgoing not in gone)
            self._suspects -= gone
            if searched or len(suspects) == 1:
                self._suspects.clear()
        else:
            # If the broker answers first and refuses later, messages are sent one at a time.
            self._most = 1 if searched else SEARCHING
            self._suspects = {each for each in suspects if each.waiter is not None}
        return found

    def connection_refused(self) -> None:
        """Let all be sent again after the broker closed the connection, perhaps because of one of them.

        Unlike the close of a channel this does not mean that the message was refused, so all are sent again,
        but one at a time. One that is alone in flight when it happens again goes behind the others.
        """
        suspects = [each for each in self._in_flight.values() if each.waiter is not None]
        self.channel_lost()
        if len(suspects) == 1 and suspects[0] in self._suspects:
            self._waiting.rotate(-1)
        self._most = 1
        self._suspects.update(suspects)

    def remove(self, unfit: Callable[[Outgoing], bool]) -> list[Outgoing]:
        """Remove and return those that wait and are unfit, in order."""
        gone = [each for each in self._waiting if each.waiter is not None and unfit(each)]
        left = set(self._waiting).difference(gone)
        self._waiting = deque(each for each in self._waiting if each in left)
        self._suspects.difference_update(gone)
        self._tidy()
        return gone

    def take_all(self) -> list[Outgoing]:
        """Remove and return all messages, in order."""
        self.channel_lost()
        everything = list(self._waiting)
        self._waiting.clear()
        self._suspects.clear()
        return everything

    def _no_longer_returnable(self, outgoing: Outgoing) -> None:
        queue = self._returnable[outgoing.key]
        queue.remove(outgoing)
        if not queue:
            del self._returnable[outgoing.key]


def refusal(code: int, text: str) -> PublishReturned:
    """Return the documented error for a message that the broker refused with this reply code and text."""
    reason = text if text.startswith(str(code)) else f"{code} {text}"
    return PublishForbidden(reason=reason) if code == 403 else PublishReturned(reason=reason)


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


def timeout_words(timeout: float, state: str) -> str:
    """Say why a publish was given up."""
    return f"not confirmed within {timeout:g} s; last state: {state}"
