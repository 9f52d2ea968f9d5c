# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Groups of commands, which say what may have been meant by a name that is none of theirs."""

from __future__ import annotations

import difflib

import click

from ..exceptions import excerpt

__all__ = ["Group"]


class Group(click.Group):
    """A group of commands."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is named; click's.

        Raises:
            click.UsageError: There is none; the text names the nearest one, and all that there are.
        """
        name, known = args[0], self.list_commands(ctx)
        if name not in known and not name.startswith("-") and not ctx.resilient_parsing:
            near = difflib.get_close_matches(name, known, 1)
            raise click.UsageError(
                f'There is no command "{excerpt(name, 40)}"'
                f"{f', did you mean {near[0]}?' if near else '.'} The commands are: {', '.join(known)}",
                ctx,
            )
        return super().resolve_command(ctx, args)
