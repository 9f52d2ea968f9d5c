# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The lines of the demonstration: on the left what is sent, on the right what becomes of it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator

import click

from ..exceptions import from_wire
from ..message import DEBUG, ERROR, INFO, WARNING, Message
from ._output import drawn

__all__ = ["CONSUMER", "PUBLISHER", "TEXT_WIDTH", "WIDTH", "code", "line_of", "say"]

#: No line is longer, so that none wraps in a terminal of 80 columns.
WIDTH = 79
#: The width of the text of a message in it.
TEXT_WIDTH = 30

_LEFT = 38

#: Programs that do what is shown, with the broker of the configuration.
PUBLISHER = (
    "from fedora_messaging import api",
    'api.publish(api.Message(topic="a.b"))',
)
CONSUMER = (
    "from fedora_messaging import api",
    "def callback(message):",
    "    print(message.topic, message.body)",
    "api.consume(callback)",
)

_SEVERITIES = {
    DEBUG: ("debug", "blue"),
    INFO: ("info", "green"),
    WARNING: ("warning", "yellow"),
    ERROR: ("error", "red"),
}


def say(line: str = "") -> None:
    """Print a line, unless nobody reads any more (of "| head"): the demonstration then ends as it would.

    An error in the middle of a callback would have its message processed again.
    """
    try:
        click.echo(line)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def code() -> Iterator[str]:
    """Yield the programs as lines beside each other."""
    yield _panes(click.style(f"{'a publisher':<{_LEFT}}", bold=True), click.style("a consumer", bold=True))
    for number, right in enumerate(CONSUMER):
        left = PUBLISHER[number] if number < len(PUBLISHER) else ""
        yield _panes(f"{left:<{_LEFT}}", right)


def line_of(message: Message) -> str:
    """Format a message as one line: time and topic in the pane of the publisher, the rest in the other."""
    name, colour = _SEVERITIES[message.severity]
    now = time.strftime("%H:%M:%S")
    topic = from_wire(message.topic.removeprefix("org.fedoraproject.prod."))
    return _panes(
        f"{click.style(now, dim=True)}  {click.style(f'{topic:<{_LEFT - len(now) - 2}}', fg='cyan')}",
        f"{click.style(f'{name:<7}', fg=colour, bold=True)} {from_wire(message.body['summary'])}",
    )


def _panes(left: str, right: str) -> str:
    return f"{left} {click.style(drawn('│', '|'), dim=True)} {right}".rstrip()
