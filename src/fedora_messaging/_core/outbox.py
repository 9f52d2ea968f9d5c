# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Messages on their way to the broker: which wait, which are in flight, which to send again.

Sans-I/O. An outbox outlives connections: what was in flight when a channel ended is sent again, in
order, with the same id, unless the broker said that it was the one it refused.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from ..exceptions import PublishForbidden, PublishReturned

__all__ = ["Outbox", "Outgoing", "UnknownConfirm", "refusal", "timeout_words"]

#: How many are in flight while a message that the broker refuses is looked for. More find it sooner; those of
#: them that come before it are in the queue, unconfirmed, and are sent once more.
SEARCHING = 32

_EXCHANGE = re.compile(r"exchange '([^']*)'")
_TOPIC = re.compile(r"topic '([^']*)'")
_SIZE = re.compile(r"message size (\d+) is larger")


class UnknownConfirm(Exception):
    """The broker confirmed what is not in flight."""


class Outgoing:
    """One message in the outbox.

    Args:
        exchange: The exchange's name, UTF-8.
        routing_key: The routing key, UTF-8.
        properties: The encoded properties of the content header.
        body: The encoded body.
        message_id: The id within ``properties``, by which a return is recognised; needed of a mandatory one.
        mandatory: The broker is to return it when no queue takes it.
        waiter: Who waits for the outcome: its owner's. None when nobody does any more.

    Attributes:
        returned: What it came back with, while it is in flight.
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
        """What a ``basic.return`` tells of the message it returns."""
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
        """Whether there is something that :meth:`head` may give."""
        return bool(self._waiting)

    def add(self, outgoing: Outgoing) -> None:
        """One more message."""
        self._waiting.append(outgoing)

    def give_up(self, outgoing: Outgoing) -> None:
        """Nobody waits for this message any more: it is not sent if it has not been.

        While there is no broker this may happen to many, so they are not kept until their turn comes:
        those that wait are never outnumbered by those given up, which costs little for each.
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
        """The next message to send now; None when there is none. It waits until :meth:`sent` or
        :meth:`unsendable` is called.

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
        """The frames of the :meth:`head` were written: from here on it is in flight.

        The invariant: a delivery tag belongs to a message that was written, since the broker counts those. So
        it is taken here, and nowhere else.
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
        """There are no frames for the :meth:`head`: it is in the outbox no more, and nothing else changes."""
        self._suspects.discard(self._waiting.popleft())
        if self._given_up:
            self._tidy()

    @property
    def searching(self) -> bool:
        """Whether the message just sent is to be followed by a call: see :meth:`answered`."""
        return bool(self._unanswered)

    def answered(self) -> None:
        """The broker answered the call behind the message that was first sent among those without an answer.

        It works a channel off in order, so it has not refused that message.
        """
        self._unanswered.popleft()

    def confirmed(self, tag: int, multiple: bool) -> list[Outgoing]:
        """The broker acknowledged (or nacked) ``tag``, or all up to it: the messages concerned, in order.

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
        """The broker returned a message; its confirm follows. False when nothing in flight fits.

        The same message may be in flight twice: the one sent first is meant.
        """
        for outgoing in self._returnable.get(key, ()):
            if outgoing.returned is None:
                outgoing.returned = error
                return True
        return False

    def channel_lost(self) -> None:
        """The channel went with its connection: what was in flight is to be sent again."""
        self._suspects.difference_update(each for each in self._in_flight.values() if each.waiter is None)
        self._waiting.extendleft(
            each for each in reversed(self._in_flight.values()) if each.waiter is not None
        )
        self._in_flight.clear()
        self._unanswered.clear()
        self._returnable.clear()
        self._lowest = self._next_tag = 1

    def channel_refused(self, code: int, text: str) -> list[Outgoing]:
        """The broker closed the channel because of a message in flight: the ones it refuses.

        It drops what came after that message and confirms nothing before it, so all others are sent
        again. Where its words do not say which it was, those that were in flight are sent again a few at a
        time, each followed by a call: the first whose call has no answer is the one.
        """
        suspects = list(self._in_flight.values())
        searched = bool(self._suspects)
        found = [suspects[0]] if len(suspects) == 1 else _named(code, text, suspects)
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
            # A broker that answers first and refuses later is asked one at a time.
            self._most = 1 if searched else SEARCHING
            self._suspects = {each for each in suspects if each.waiter is not None}
        return found

    def connection_refused(self) -> None:
        """The broker closed the connection for an error, perhaps because of a message in flight.

        Unlike a channel's close this does not tell that the message was not accepted, so all are sent
        again; but one at a time, and one that is alone when it happens again goes behind the others.
        """
        suspects = [each for each in self._in_flight.values() if each.waiter is not None]
        self.channel_lost()
        if len(suspects) == 1 and suspects[0] in self._suspects:
            self._waiting.rotate(-1)
        self._most = 1
        self._suspects.update(suspects)

    def remove(self, unfit: Callable[[Outgoing], bool]) -> list[Outgoing]:
        """Those that wait and are unfit, in order; they are in the outbox no more."""
        gone = [each for each in self._waiting if each.waiter is not None and unfit(each)]
        left = set(self._waiting).difference(gone)
        self._waiting = deque(each for each in self._waiting if each in left)
        self._suspects.difference_update(gone)
        self._tidy()
        return gone

    def take_all(self) -> list[Outgoing]:
        """Everything, in order; the outbox is empty afterwards."""
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
    """The documented error for a message that the broker refused with this reply code and text."""
    words = text if text.startswith(str(code)) else f"{code} {text}"
    return PublishForbidden(reason=words) if code == 403 else PublishReturned(reason=words)


def _named(code: int, text: str, suspects: list[Outgoing]) -> list[Outgoing]:
    """Those that the broker's words point at; none when they name nothing that is in flight."""
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
    """Why a publish was given up."""
    return f"not confirmed within {timeout:g} s; last state: {state}"
