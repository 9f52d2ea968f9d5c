# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging quarantine QUEUE list``."""

from __future__ import annotations

import json

import click

from .._output import terminal_width, write
from ._session import Session, count, quarantine_command
from ._text import TABLE_WIDTH, heading, row, summary

__all__ = ["list_"]


@quarantine_command("list", "List the messages, the oldest first.")
@click.option("-n", "--limit", type=click.IntRange(min=1), metavar="N", help="Show the oldest N.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_(session: Session, limit: int | None, as_json: bool) -> None:
    """List the messages, the oldest first: id, topic, error, attempts and time of the last failure.

    \b
      fedora-messaging quarantine orders list --json
    """  # noqa: D301, click reads the backspace
    width = terminal_width(TABLE_WIDTH)

    async def work() -> None:
        async with session.reading() as reader:
            session.say_if_empty(reader)
            shown = 0
            async for _, letter in session.letters(reader):
                if shown == limit:
                    continue  # a quorum queue keeps its order only when all are taken
                if as_json:
                    write(json.dumps(summary(letter)))
                else:
                    if not shown:
                        write(heading(width))
                    write(row(letter, width))
                shown += 1
            if shown and shown < reader.ready:
                click.echo(f"{shown:,} of {count(reader.ready)}", err=True)

    session.run(work)
