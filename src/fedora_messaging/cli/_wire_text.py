# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""An encoded message as text: what would go over the wire."""

from __future__ import annotations

import json
from collections.abc import Iterator

from .._amqp.messages import Encoded
from .._amqp.properties import decode_properties
from .._message.jsonable import presentable
from .._reporting.text import escaped
from ..exceptions import excerpt

__all__ = ["wire_text"]

_PROPERTIES = ("message_id", "content_type", "content_encoding", "delivery_mode", "priority")
_LONGEST = 10_000


def wire_text(encoded: Encoded) -> Iterator[str]:
    """Yield the lines that show a message: where it goes, its properties and headers, and its body."""
    yield _line("exchange", _text(encoded.exchange))
    yield _line("routing key", _text(encoded.routing_key))
    properties = decode_properties(encoded.properties)
    for name in _PROPERTIES:
        value = getattr(properties, name)
        if value is not None:
            yield _line(name, excerpt(str(value), _LONGEST))
    yield "headers:"
    for name, value in (properties.headers or {}).items():
        shown = json.dumps(presentable(value), ensure_ascii=False)
        yield f"  {excerpt(name, 255)}: {excerpt(shown, _LONGEST)}"
    yield f"body: {len(encoded.body):,} bytes"
    yield f"  {escaped(_text(encoded.body))}"


def _line(name: str, value: str) -> str:
    return f"{name + ':':<17} {value}"


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")
