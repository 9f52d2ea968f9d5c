# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Dead letters as text for a terminal. Nothing of a message is printed unescaped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ..._amqp.dead_letters import DeadLetter
from ..._message.headers import is_from_policy
from ..._message.jsonable import presentable
from ..._reporting.passwords import redacted
from ..._reporting.text import escaped
from ...exceptions import excerpt
from .._output import fitted

__all__ = ["TABLE_WIDTH", "heading", "page", "row", "summary"]

TABLE_WIDTH = 79

#: The widths of the columns whose content has one, in cells.
_ID, _ATTEMPTS, _WHEN = 8, 5, 16
#: The most bytes of a body that is not valid, and characters of a header, that are shown.
_MOST_BYTES, _MOST_HEADER = 10_000, 10_000


def heading(width: int = TABLE_WIDTH) -> str:
    """The first line of the table."""
    return _line("ID", "TOPIC", "ERROR", "TRIES", "WHEN", width)


def row(letter: DeadLetter, width: int = TABLE_WIDTH) -> str:
    """A message as a line of the table.

    Args:
        letter: The message.
        width: The most cells of the line, 60 at least.
    """
    failure = letter.failure
    when = _value(failure, "at")[:_WHEN].replace("T", " ")
    error = redacted(_value(failure, "error"))
    return _line(letter.id, letter.topic, error, _value(failure, "attempts"), when, width)


def summary(letter: DeadLetter) -> dict[str, Any]:
    """A message as a row of the table, for programs."""
    failure = letter.failure
    return {
        "id": letter.id,
        "topic": letter.topic,
        "topic_from_x_death": letter.topic_from_death,
        **{name: presentable(failure.get(name)) for name in ("error", "attempts", "at", "queue", "exchange")},
        "valid": not letter.invalid,
        "size": None if letter.body is None else len(letter.body),
    }


def page(letter: DeadLetter) -> Iterator[str]:
    """Everything about a message, in lines."""
    failure = letter.failure
    origin = " (from x-death)" if letter.topic_from_death else ""
    yield from _field("id", letter.id)
    yield from _field("topic", f"{letter.topic}{origin}")
    for name, key in (("error", "error"), ("attempts", "attempts"), ("when", "at")):
        yield from _field(name, _value(failure, key))
    for name in ("queue", "exchange", "host"):
        yield from _field(name, _value(failure, name, ""))
    yield from _field("invalid", letter.invalid)
    headers = {name: value for name, value in letter.headers.items() if not is_from_policy(name)}
    if headers:
        yield "headers:"
    for name, value in headers.items():
        text = json.dumps(presentable(value), ensure_ascii=False)
        yield f"  {excerpt(name, 255)}: {excerpt(redacted(text), _MOST_HEADER)}"
    traceback = failure.get("traceback")
    if isinstance(traceback, str) and traceback:
        yield "traceback:"
        yield from (f"  {line}" for line in escaped(redacted(traceback)).split("\n"))
    yield from _body(letter)


def _body(letter: DeadLetter) -> Iterator[str]:
    if letter.message is not None:
        yield "body:"
        text = json.dumps(letter.message.body, ensure_ascii=False, indent=2)
        yield from (f"  {line}" for line in escaped(text).split("\n"))
    elif letter.body is None:
        yield "body: larger than max_message_size"
    else:
        size = len(letter.body)
        cut = f", of which the first {_MOST_BYTES:,}" if size > _MOST_BYTES else ""
        yield f"body: {size:,} bytes{cut}"
        yield f"  {letter.body[:_MOST_BYTES]!r}"


def _field(name: str, value: str) -> Iterator[str]:
    if value:
        yield f"{name + ':':<10} {excerpt(redacted(value), 2_000)}"


def _value(failure: Any, name: str, unknown: str = "-") -> str:
    value = failure.get(name)
    return unknown if value is None or value == "" else str(presentable(value))


def _line(name: str, topic: str, error: str, attempts: str, when: str, width: int) -> str:
    left = max(width, 60) - _ID - _ATTEMPTS - _WHEN - 8
    for_error = left // 2
    parts = (
        fitted(excerpt(name, 255)[:_ID], _ID),
        fitted(excerpt(topic, 255), left - for_error, keep_end=True),
        fitted(excerpt(error, 1_000), for_error),
        f"{excerpt(attempts, 255)[:_ATTEMPTS]:>{_ATTEMPTS}}",
        excerpt(when, 255)[:_WHEN],
    )
    return "  ".join(parts).rstrip()
