# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Dead-lettering: why a message left a queue, written into its headers as `x-death`.

https://www.rabbitmq.com/docs/dlx
"""

from __future__ import annotations

from .._wire.fields import Field, Malformed, Table, array, long, read_array, read_table, string
from .._wire.properties import Properties
from .deaths import Deaths, death_text, origin
from .message import Message


def recorded(message: Message, queue: str, reason: str, now: int, *, from_headers: bool) -> Deaths:
    """A message's deaths with this one.

    Args:
        now: the time, in seconds.
        from_headers: whether the message's own headers tell of those before, or only the broker's memory.

    Raises: Malformed, for headers that RabbitMQ stumbles over, too.
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
    for known in before.entries:
        if death_text(known, "queue") == queue and death_text(known, "reason") == reason:
            count = known.get("count")
            times = count.value if count is not None and isinstance(count.value, int) else 0
            death = {**known, "count": long(times + 1)}
        else:
            others.append(known)
    return Deaths((death, *others), before.first)


def dead_message(
    message: Message, deaths: Deaths, routing_key: str | None, exchange: str, last: bool
) -> Message:
    """The message as it goes on to the dead-letter exchange, without its own time to live.

    Raises: Malformed
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
    """What a message's headers tell. What is no array is put aside; what is no table in it, is an error."""
    field = headers.get("x-death")
    if field is None:
        return None
    if field.kind != b"A" or not isinstance(field.value, bytes):
        return Deaths((), None)
    entries = []
    for item in read_array(field.value):
        if item.kind != b"F" or not isinstance(item.value, bytes):
            raise Malformed("x-death holds what is no table")
        entries.append(read_table(item.value))
    return Deaths(tuple(entries), None)
