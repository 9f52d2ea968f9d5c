# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging replay``."""

from __future__ import annotations

import click

from . import Options, configure
from ._datagrepper import fetch, url_option
from ._publish import exchange_option, publish

__all__ = ["command"]


@click.command("replay", short_help="Publish a message of the archive again.")
@click.argument("message_id", metavar="ID")
@url_option
@exchange_option
@click.pass_obj
def command(conf: Options, message_id: str, datagrepper_url: str, exchange: str | None) -> None:
    """Fetch the message ID from the archive and publish it again, with the same id.

    \b
      fedora-messaging replay 3fd8d0a6-4c35-4bd4-9d5c-2f7b7a5a3c40

    Exit codes: 1 for a message that is not there, not valid or refused by the broker, 2 for wrong usage or
    configuration, 14 when archive or broker cannot be reached.
    """  # noqa: D301, click reads the backspace
    configure(conf)
    publish([(0, fetch(datagrepper_url, message_id))], exchange)
