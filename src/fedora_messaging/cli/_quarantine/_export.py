# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging quarantine QUEUE export``."""

from __future__ import annotations

import json

import click

from ..._amqp.dead_letters import exported
from .._lines import opened_to_append, write_line
from ._session import Session, quarantine_command, were

__all__ = ["export"]


@quarantine_command("export", "Write all messages to a file.")
@click.argument("file", type=click.Path(dir_okay=False, writable=True, allow_dash=True))
def export(session: Session, file: str) -> None:
    """Write all messages to FILE ("-": standard output), one JSON object a line; they stay in the queue.

    They are appended to what is in the file. "fedora-messaging publish" reads the lines of valid messages,
    which have the failure added. The line of one that is not valid says why ("invalid"), and has the bytes
    of the body in base64 ("body_base64").

    \b
      fedora-messaging quarantine orders export failed.jsonl
    """  # noqa: D301, click reads the backspace

    async def work() -> None:
        written = 0
        async with session.reading() as reader:
            async for _, letter in session.letters(reader):
                write_line(opened, json.dumps(exported(letter), sort_keys=True).encode() + b"\n")
                written += 1
        click.echo(were(written, "exported"), err=True)

    with opened_to_append(file) as opened:
        session.run(work)
