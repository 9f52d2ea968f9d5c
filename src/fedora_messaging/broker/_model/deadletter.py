# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Dead-lettering: why a message left a queue, written into its headers as ``x-death``.

https://www.rabbitmq.com/docs/dlx
"""

from __future__ import annotations

from dataclasses import dataclass

from .._wire.fields import Field, Malformed, Table, array, long, read_array, read_table, string
from .._wire.properties import Properties
from .deaths import Deaths, death_text, origin
from .message import Message, Target


@dataclass(frozen=True)
class Refused:
    """What became of a dead letter that has not arrived everywhere.

    Attributes:
        letter: the dead letter, or None when it could not be routed.
        queues: the queues that refused it.
    """

    letter: Message | None = None
    queues: tuple[Target, ...] = ()

    def offered(self) -> Refused | None:
        """Offer the dead letter to those queues again. Return what is refused still, or None."""
        letter = self.letter
        assert letter is not None, "it was not routed"
        refused = tuple(queue for queue in self.queues if not queue.deleted and not queue.publish(letter))
        return Refused(letter, refused) if refused else None


UNROUTED = Refused()


def recorded(message: Message, queue: str, reason: str, now: int, *, from_headers: bool) -> Deaths:
    """Add a dead-lettering to those a message has gone through.

    Args:
        message: the message.
        queue: the name of the queue that drops it.
        reason: why it is dead-lettered.
        now: the time, in seconds since the epoch.
        from_headers: whether earlier ones are read from the message's headers, or from the broker's memory.

    Raises:
        Malformed: The properties, or the headers about earlier ones, are malformed.
    """
    properties = Properties(message.properties)
    death: Table = {
        "count": long(1),
        "reason": string(reason),
        "queue": string(queue),
        "time": Field(b"T", now),
        "exchange": string(message.exchange),
        "routing-keys": array([string(key) for key in message.keys]),
    }
    if properties.expiration is not None:
        death["original-expiration"] = string(properties.expiration)
    before = _read(properties.headers) if from_headers else message.deaths
    if before is None:
        return Deaths((death,), origin(death))
    others = []
    for earlier in before.entries:
        if death_text(earlier, "queue") == queue and death_text(earlier, "reason") == reason:
            count = earlier.get("count")
            times = count.value if count is not None and isinstance(count.value, int) else 0
            death = {**earlier, "count": long(times + 1)}
        else:
            others.append(earlier)
    return Deaths((death, *others), before.first)


def dead_message(
    message: Message, deaths: Deaths, routing_key: str | None, exchange: str, last: bool
) -> Message:
    """Create the message for the dead-letter exchange, without the original's time to live.

    Raises:
        Malformed: The properties are malformed.
    """
    properties = Properties(message.properties).with_headers(deaths.headers(last=last), expiration=False)
    keys = message.keys if routing_key is None else (routing_key,)
    dead = Message(exchange, keys[0], properties, message.body)
    dead.keys = keys
    dead.priority = message.priority
    dead.deaths = deaths
    dead.redelivered = message.redelivered
    return dead


def _read(headers: Table) -> Deaths | None:
    """Read the dead-letterings that a message's headers list."""
    field = headers.get("x-death")
    if field is None:
        return None
    if field.kind != b"A" or not isinstance(field.value, bytes):
        return Deaths((), None)
    entries = []
    for item in read_array(field.value):
        if item.kind != b"F" or not isinstance(item.value, bytes):
            raise Malformed("an entry of x-death is not a table")
        entries.append(read_table(item.value))
    return Deaths(tuple(entries), None)
