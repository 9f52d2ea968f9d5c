# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging schemas list`` and ``show``."""

from __future__ import annotations

import difflib
import json

import click

from ..._message.message import registry
from ..._schemas.rules import schema_of
from ...exceptions import excerpt
from .._ids import class_named, complete_ids, complete_packages, example_of
from .._output import until_closed, write

__all__ = ["list_", "show"]


@click.command("list", short_help="List the installed schemas.")
@click.option(
    "--package",
    metavar="NAME",
    shell_complete=complete_packages,
    help="Only the schemas of this distribution.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_(package: str | None, as_json: bool) -> None:
    """List the schemas of the message classes that are installed.

    \b
      fedora-messaging schemas list --package shop-messages
    """  # noqa: D301, click reads the backspace
    registry.load()
    wanted = None if package is None else package.lower().replace("-", "_").replace(".", "_")
    known = set(registry.packages.values())
    if wanted is not None and wanted not in known:
        near = difflib.get_close_matches(wanted, known, 1)
        raise click.BadParameter(
            f'no message class is registered from "{excerpt(package, 100)}"'
            f"{f', did you mean {near[0]}?' if near else '; there are ' + ', '.join(sorted(known))}",
            param_hint="'--package'",
        )
    with until_closed():
        for name, cls in sorted(registry.classes.items()):
            origin = registry.packages.get(name, "")
            if wanted not in (None, origin):
                continue
            path = f"{cls.__module__}:{cls.__qualname__}"
            if as_json:
                write(json.dumps({"schema": name, "package": origin, "class": path}))
            else:
                write(f"{name:<40} {origin:<24} {path}")


@click.command("show", short_help="Print the schema of one kind of message.")
@click.argument("schema", metavar="ID", shell_complete=complete_ids)
@click.option("--example", "as_example", is_flag=True, help="Print a body that is valid by it instead.")
def show(schema: str, as_example: bool) -> None:
    """Print the schema ID for the bodies of messages as JSON; diff compares it with a later one.

    \b
      fedora-messaging schemas show base.message
      fedora-messaging schemas show base.message --example

    An example has all properties that the schema names. Where the schema has "examples" or a "default", they
    are taken.
    """  # noqa: D301, click reads the backspace
    found = class_named(schema)
    if as_example:
        text = json.dumps(example_of(found), indent=2, ensure_ascii=False)
    else:
        text = json.dumps(schema_of(found), indent=2, sort_keys=True)
    with until_closed():
        write(text)
