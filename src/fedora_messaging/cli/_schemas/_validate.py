# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging schemas validate``."""

from __future__ import annotations

import json

import click

from ... import config
from ..._config.parser import publish_settings
from ...exceptions import ValidationError
from .._message_file import opened, read
from .._options import Options, configure
from .._output import until_closed, write

__all__ = ["validate"]


@click.command("validate", short_help="Say what publish would say of messages in a file.")
@click.argument("name", metavar="[FILE]", default="-")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a problem.")
@click.pass_context
def validate(context: click.Context, name: str, as_json: bool) -> None:
    """Say what publish would say of the messages in FILE, without a broker.

    FILE ("-", or none: standard input) has one message a line. publish stops at the first that is not valid;
    here each of them is a line, with its number. The topic prefix and the largest message are those of the
    configuration.

    \b
      fedora-messaging record -o today.jsonl
      fedora-messaging schemas validate today.jsonl

    Exit codes: 0 if all messages are valid, 1 if not, 2 for wrong usage or configuration.
    """  # noqa: D301, click reads the backspace
    configure(context.find_object(Options) or Options())
    settings = publish_settings(config.conf)
    checked = wrong = 0
    with opened(name) as file, until_closed():
        for number, found in read(file, None, settings):
            checked += 1
            if isinstance(found, ValidationError):
                wrong += 1
                write(json.dumps({"line": number, "error": found.summary}) if as_json else found.summary)
    click.echo(f"{checked} checked, {wrong or 'none'} not valid", err=True)
    if wrong:
        context.exit(1)
