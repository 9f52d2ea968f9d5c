# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Messages as lines on a terminal or in a pipe. Nothing of a message is printed unescaped."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import click

from ..._amqp.received import decode
from ..._core.delivery import Delivery
from ..._message.headers import SENT_AT
from ..._reporting.text import text_of
from ...exceptions import ValidationError, excerpt, from_wire
from ...message import DEBUG, ERROR, INFO, WARNING, Message, dumps, load_message
from .._output import drawn, fitted, terminal_width, write

__all__ = ["FORMATS", "Printer"]

FORMATS = ("line", "full", "json", "topic", "id")

_SEVERITIES = {
    DEBUG: ("DEBUG", "blue"),
    INFO: ("INFO", "green"),
    WARNING: ("WARN", "yellow"),
    ERROR: ("ERROR", "red"),
}
#: What the topics of a distribution have in common.
_PREFIX = re.compile(r"org\.[a-z]+\.(?:prod|stg|dev)\.")
_TIME, _SEVERITY, _TOPIC = 8, 5, 28


class Printer:
    """Prints messages; used by one thread at a time.

    Args:
        output: One of :data:`FORMATS`.
        grep: What has to be found in topic, summary or body; None: nothing.
        color: Whether there are colours; None: on a terminal.
    """

    def __init__(self, output: str, grep: re.Pattern[str] | None, *, color: bool | None = None) -> None:
        self._output = output
        self._grep = grep
        self._color = sys.stdout.isatty() if color is None else color
        self._cut = sys.stdout.isatty()

    def print(self, delivery: Delivery) -> bool:
        """Print a message; returns whether it is one that was looked for.

        Raises:
            OSError: Nobody reads the output any more, for example.
        """
        try:
            message = decode(delivery)
        except ValidationError as error:
            return self._print_invalid(delivery.routing_key.decode("utf-8", "backslashreplace"), error)
        return self._print(message, time.localtime())

    def print_archived(self, content: Mapping[str, Any]) -> bool:
        """Print a message as the archive has it; returns whether it is one that was looked for.

        Raises:
            OSError: Nobody reads the output any more, for example.
        """
        try:
            message = load_message(dict(content))
            message.validate()
        except ValidationError as error:
            return self._print_invalid(str(content.get("topic")), error)
        return self._print(message, _sent_at(message))

    def skipped(self, count: int) -> None:
        """Print that messages were left out."""
        line = click.style(f"   {drawn('⋮', '...')} {count:,} skipped (terminal too slow)", dim=True)
        write(line, color=self._color)

    def _print(self, message: Message, when: time.struct_time) -> bool:
        if self._grep is not None and not self._is_found(message):
            return False
        for line in self._lines(message, when):
            write(line, color=self._color)
        return True

    def _lines(self, message: Message, when: time.struct_time) -> Iterator[str]:
        if self._output == "line":
            yield self._line(message, when)
        elif self._output == "full":
            yield f"{message}\n"
        elif self._output == "json":
            yield dumps(message).rstrip("\n")
        else:
            yield excerpt(str(message.topic if self._output == "topic" else message.id), 255)

    def _line(self, message: Message, when: time.struct_time) -> str:
        name, colour = _SEVERITIES.get(message.severity, ("?", "white"))
        parts = [_accessor(message, "summary"), _accessor(message, "url")]
        return self._row(when, name, colour, message.topic, "  ".join(part for part in parts if part))

    def _row(self, when: time.struct_time, name: str, colour: str, topic: str, text: str) -> str:
        shown, width = excerpt(_PREFIX.sub("", topic, count=1), 255), _TOPIC
        if self._cut:
            left = max(terminal_width(0) - _TIME - _SEVERITY - 3, 16)
            # A narrow terminal leaves a part of the line to the text.
            width = min(_TOPIC, left * 45 // 100)
            text = fitted(text, left - width - 2).rstrip()
        shown = fitted(shown, width, keep_end=True) if self._cut else f"{shown:<{width}}"
        return (
            f"{click.style(time.strftime('%H:%M:%S', when), dim=True)} "
            f"{click.style(f'{name:<{_SEVERITY}}', fg=colour, bold=True)}  "
            f"{click.style(shown, fg='cyan')}  {text}"
        ).rstrip()

    def _print_invalid(self, topic: str, error: ValidationError) -> bool:
        """An invalid message is shown as such; in the formats for programs on standard error."""
        row = self._row(time.localtime(), "!", "red", topic, f"not valid: {excerpt(error, 200)}")
        if self._output in ("line", "full"):
            write(row, color=self._color)
        else:
            click.echo(row, err=True, color=False)
        return True

    def _is_found(self, message: Message) -> bool:
        assert self._grep is not None
        texts: Any = (
            lambda: message.topic,
            lambda: message.summary,
            lambda: json.dumps(message.body, ensure_ascii=False),
        )
        return any(self._grep.search(text_of(None, make=make)) for make in texts)


def _sent_at(message: Message) -> time.struct_time:
    """When a message was sent, as far as it says so."""
    try:
        # Before Python 3.11 the Z of ISO 8601 is not read.
        text = str(message._headers[SENT_AT]).replace("Z", "+00:00")
        return datetime.fromisoformat(text).astimezone().timetuple()
    except (KeyError, ValueError, OverflowError, OSError):
        return time.localtime()


def _accessor(message: Message, name: str) -> str:
    """What an accessor says, whose class may raise anything."""
    text = text_of(None, 1_000, make=lambda: str(getattr(message, name) or ""))
    return from_wire(text) if text else ""
