# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging schemas``."""

from __future__ import annotations

import click

from .._group import Group
from ._diff import diff
from ._export import export
from ._freeze import freeze
from ._lint import lint
from ._show import list_, show
from ._validate import validate

__all__ = ["command"]


@click.group("schemas", cls=Group, short_help="Show, check and compare the schemas of message classes.")
def command() -> None:
    """Work with the schemas of the message classes that are installed. No broker is needed.

    \b
      fedora-messaging schemas list
    """  # noqa: D301, click reads the backspace


for _command in (list_, show, validate, lint, diff, freeze, export):
    command.add_command(_command)
