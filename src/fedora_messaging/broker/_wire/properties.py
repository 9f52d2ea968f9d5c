# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the broker needs to know of a message's properties, read from bytes that are forwarded unchanged.

The property list of a content header (AMQP 0-9-1, 4.2.6.1) is a word of flags and the properties present, in
order. It is scanned, not decoded: a broker has no business with most of it, and what it cannot make sense of
is the receiver's affair.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from operator import itemgetter

from .fields import (
    Field,
    Malformed,
    Table,
    canonical,
    check_table,
    raw,
    read_entries,
    read_table,
    text,
    write_value,
)

_U16 = struct.Struct(">H")
_U32 = struct.Struct(">I")

HEADERS = 1 << 13
REPLY_TO = 1 << 9
PRIORITY = 1 << 11
EXPIRATION = 1 << 8
MESSAGE_ID = 1 << 7
USER_ID = 1 << 4
# The properties from the highest flag down, and how long each is: a short string, a table, or N octets.
_ORDER = (
    (1 << 15, "s"),
    (1 << 14, "s"),
    (HEADERS, "F"),
    (1 << 12, 1),
    (PRIORITY, 1),
    (1 << 10, "s"),
    (REPLY_TO, "s"),
    (EXPIRATION, "s"),
    (MESSAGE_ID, "s"),
    (1 << 6, 8),
    (1 << 5, "s"),
    (USER_ID, "s"),
    (1 << 3, "s"),
    (1 << 2, "s"),
)


class Properties:
    """Where each property present starts and stops in the raw bytes.

    Raises:
        Malformed: The bytes end before the properties do, or after them.
    """

    __slots__ = ("flags", "raw", "spans")

    def __init__(self, raw: bytes) -> None:
        if len(raw) < 2:
            raise Malformed("no property flags")
        self.raw = raw
        self.flags: int = _U16.unpack_from(raw)[0]
        self.spans: dict[int, tuple[int, int]] = {}
        if self.flags & 1:
            raise Malformed("there is no second word of property flags")
        at, end = 2, len(raw)
        for flag, size in _ORDER:
            if not self.flags & flag:
                continue
            start = at
            if isinstance(size, int):
                at += size
            elif at >= end:
                raise Malformed("a property is cut off")
            elif size == "s":
                start += 1
                at = start + raw[at]
            else:
                start += 4
                if start > end:
                    raise Malformed("a length is cut off")
                at = start + _U32.unpack_from(raw, at)[0]
            if at > end:
                raise Malformed("a property is cut off")
            self.spans[flag] = (start, at)
        if at != end:
            raise Malformed("bytes after the last property")

    def _bytes(self, flag: int) -> bytes | None:
        span = self.spans.get(flag)
        return None if span is None else self.raw[span[0] : span[1]]

    def _octet(self, flag: int) -> int | None:
        span = self.spans.get(flag)
        return None if span is None else self.raw[span[0]]

    def check_headers(self) -> bool:
        """Whether the headers are already in the form that RabbitMQ 4.3 writes.

        Raises:
            Malformed: The headers are not a table, or a value in them is malformed at any depth.
        """
        span = self.spans.get(HEADERS)
        return span is None or check_table(self.raw, *span)

    def canonical(self) -> bytes:
        """Return the raw properties with the headers in the form that RabbitMQ 4.3 writes."""
        start, stop = self.spans[HEADERS]
        table = canonical(self.raw[start:stop])
        return b"".join((self.raw[: start - 4], _U32.pack(len(table)), table, self.raw[stop:]))

    @property
    def headers(self) -> Table:
        """The headers, one level deep.

        Raises:
            Malformed: The headers are not a table.
        """
        return read_table(self._bytes(HEADERS) or b"")

    @property
    def priority(self) -> int | None:
        """The property ``priority``, or None."""
        return self._octet(PRIORITY)

    @property
    def expiration(self) -> bytes | None:
        """The property ``expiration``, or None."""
        return self._bytes(EXPIRATION)

    @property
    def user_id(self) -> str | None:
        """The property ``user_id``, or None."""
        value = self._bytes(USER_ID)
        return None if value is None else text(value)

    @property
    def message_id(self) -> str | None:
        """The property ``message_id``, or None."""
        value = self._bytes(MESSAGE_ID)
        return None if value is None else text(value)

    @property
    def reply_to(self) -> str | None:
        """The property ``reply_to``, or None."""
        value = self._bytes(REPLY_TO)
        return None if value is None else text(value)

    def with_reply_to(self, name: str) -> bytes:
        """Return the raw properties with another ``reply_to``, which has to be present."""
        start, stop = self.spans[REPLY_TO]
        value = raw(name)
        return b"".join((self.raw[: start - 1], bytes((len(value),)), value, self.raw[stop:]))

    def with_headers(self, changes: Mapping[str, Field | None], *, expiration: bool = True) -> bytes:
        """Return the raw properties with some headers set or, where None, removed.

        All other headers and properties keep their bytes. The headers are sorted when one is set, as RabbitMQ
        does it, and otherwise keep their order.

        Args:
            changes: new values by name.
            expiration: whether the per-message time to live stays.
        """
        old = self._bytes(HEADERS) or b""
        names = {raw(name): value for name, value in changes.items()}
        added = [(name, bytes((len(name),)) + name + write_value(v)) for name, v in names.items() if v]
        parts = [
            (name, old[start - 1 - len(name) : stop])
            for name, start, stop in read_entries(old)
            if name not in names
        ]
        if added:
            parts = sorted(added + parts, key=itemgetter(0))
        table = b"".join(part for _, part in parts)
        flags = self.flags | HEADERS
        before: list[bytes] = []
        after: list[bytes] = []
        for flag, size in _ORDER:
            span = self.spans.get(flag)
            if span is None or flag == HEADERS:
                continue
            if flag == EXPIRATION and not expiration:
                flags &= ~EXPIRATION
                continue
            start = span[0] - (1 if size == "s" else 0)
            (before if flag > HEADERS else after).append(self.raw[start : span[1]])
        return b"".join((_U16.pack(flags), *before, _U32.pack(len(table)), table, *after))
