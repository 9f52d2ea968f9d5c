# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging quarantine QUEUE show``."""

from __future__ import annotations

import json

import click

from ..._amqp.dead_letters import exported
from .._output import write
from ._select import check_ids, selected
from ._session import Session, quarantine_command
from ._text import page

__all__ = ["show"]


@quarantine_command("show", "Show everything about messages.")
@click.argument("ids", metavar="ID...", nargs=-1, required=True, callback=check_ids)
@click.option("--json", "as_json", is_flag=True, help="As export writes them, one JSON object a line.")
def show(session: Session, ids: tuple[str, ...], as_json: bool) -> None:
    """Show everything about messages: the failure with its traceback, all headers, the body.

    The body of a message that is not valid is shown as bytes, with the reason.

    \b
      fedora-messaging quarantine orders show 3fd8
    """  # noqa: D301, click reads the backspace

    async def work() -> None:
        async with session.reading() as reader:
            for number, (_, letter) in enumerate(await selected(session, reader, ids)):
                if as_json:
                    write(json.dumps(exported(letter)))
                    continue
                if number:
                    write("")
                for line in page(letter):
                    write(line)

    session.run(work)
