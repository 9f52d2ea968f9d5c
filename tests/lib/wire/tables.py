# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Field tables of AMQP 0-9-1 (section 4.2.5.5) as raw bytes, those included that no client would write."""

import struct

from pika import BasicProperties


def table(*entries: tuple[bytes, bytes, bytes]) -> bytes:
    """A table of (name, type, value), as raw bytes."""
    data = b"".join(bytes((len(name),)) + name + kind + value for name, kind, value in entries)
    return struct.pack(">I", len(data)) + data


def with_headers(*entries: tuple[bytes, bytes, bytes]) -> bytes:
    """Properties with the headers (name, type, value)."""
    return struct.pack(">H", BasicProperties.FLAG_HEADERS) + table(*entries)


def nested_tables(depth: int) -> bytes:
    """A table that holds a table, and so on."""
    inner = table()
    for _ in range(depth):
        inner = table((b"a", b"F", inner))
    return inner


def nested_arrays(depth: int) -> bytes:
    """An array that holds an array, and so on."""
    inner = struct.pack(">I", 0)
    for _ in range(depth):
        inner = struct.pack(">I", len(inner) + 1) + b"A" + inner
    return inner
