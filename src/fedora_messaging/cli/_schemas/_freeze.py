# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging schemas freeze``."""

from __future__ import annotations

from pathlib import Path

import click

from ..._typed.packages import differences, to_freeze
from .._ids import complete_packages

__all__ = ["freeze"]


@click.command("freeze", short_help="Write down the schemas that typed classes give.")
@click.argument("package", shell_complete=complete_packages)
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if something would be written.")
def freeze(package: str, check: bool) -> None:
    """Write the schemas that typed classes of PACKAGE give into the package, as JSON files.

    Each is written to the folder "schemas" beside the module of its class, and is then used instead of
    making the schema from the class. PACKAGE is the name of a distribution or of an import package; it has
    to be installed from its checkout (pip install -e).

    \b
      fedora-messaging schemas freeze shop-messages --check
    """  # noqa: D301, click reads the backspace
    try:
        if check:
            found = differences(package)
            for line in found:
                click.echo(line, err=True)
            if found:
                raise click.exceptions.Exit(1)
            return
        for each in to_freeze(package):
            if each.text != each.was:
                each.path.parent.mkdir(exist_ok=True)
                each.path.write_text(each.text, "utf-8")
            click.echo(f"{_shown(each.path)} {'is unchanged' if each.text == each.was else 'written'}")
    except LookupError as error:
        raise click.UsageError(str(error)) from error
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error


def _shown(path: Path) -> Path:
    """Return a path as it is from here, if it is below."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
