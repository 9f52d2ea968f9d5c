# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging quarantine``."""

from __future__ import annotations

from typing import Any

import click

from .._group import Group
from .._options import FLAGS, WITH_VALUE
from ._drop import drop
from ._export import export
from ._list import list_
from ._requeue import requeue
from ._show import show

__all__ = ["command"]

_HELP = ("-h", "--help")
#: The options whose value could be taken for the name of a command.
_WITH_VALUE = (*WITH_VALUE, "--exchange", "--from", "--routing-key")


class _Group(Group):
    """What can be done with a queue; without a name it is ``list``, whose options may follow the queue."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        at = 0
        while at < len(args) and args[at].startswith("-"):  # alone or with its value
            at += 1 if "=" in args[at] or args[at] in (*_HELP, *FLAGS) else 2
        queue, after = args[: at + 1], args[at + 1 :]
        if after and after[0] in _HELP:
            args = after[:1]
        elif at < len(args) and (not after or after[0].startswith("-")):
            named = self._position(after)
            args = (
                [*queue, "list", *after]
                if named is None
                else [*queue, after[named], *after[:named], *after[named + 1 :]]
            )
        return super().parse_args(ctx, args)

    def _position(self, args: list[str]) -> int | None:
        """Where the name of a command is that comes after its options; None where there is no name."""
        names = (at for at, each in enumerate(args) if each in self.commands)
        return next((at for at in names if not at or args[at - 1] not in _WITH_VALUE), None)


@click.command(
    "quarantine",
    cls=_Group,
    no_args_is_help=False,
    short_help="Look at messages that failed, and send them back.",
)
@click.argument("queue")
def command(**_: Any) -> None:
    """Look at the messages of QUEUE that could not be processed, send them back, export or drop them.

    They are in the queue QUEUE.quarantine, where a consumer whose failure policy says then = "quarantine"
    puts them, or in another queue of dead letters, named by --from. Without a command: list.

    An ID may be shortened as long as it is unique. Nothing but requeue and drop takes messages away;
    those that stay are in their old order again.

    \b
      fedora-messaging quarantine orders
      fedora-messaging quarantine orders requeue --all

    \b
    Exit codes:
      0   done
      1   no such message, a message was refused or has to stay, or interrupted
      2   wrong usage or configuration
      10  the queue or the exchange is not there
      11  the broker refused for another reason
      14  the broker cannot be reached, or the connection was lost
      15  the broker refused permission, password or virtual host
    """  # noqa: D301, click reads the backspace


for _command in (list_, show, requeue, drop, export):
    command.add_command(_command)
