# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging schemas lint``."""

from __future__ import annotations

import difflib
import json
import logging
from fnmatch import fnmatchcase

import click

from ..._schemas.packages import check_packages
from ..._schemas.rules import RULES, Finding
from ...exceptions import excerpt
from .._ids import complete_packages
from .._output import until_closed, write

__all__ = ["lint"]


def _parsed(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> list[tuple[str, str]]:
    found = []
    for value in values:
        rule, _, schema = value.partition(":")
        if rule not in RULES:
            near = difflib.get_close_matches(rule.upper(), RULES, 1)
            hint = f", did you mean {near[0]}?" if near else f"; the rules are {', '.join(RULES)}"
            raise click.BadParameter(f"there is no rule {excerpt(rule, 60)}{hint}")
        found.append((rule, schema or "*"))
    return found


@click.command("lint", short_help="Check message classes for what others will run into.")
@click.argument("package", required=False, shell_complete=complete_packages)
@click.option(
    "--ignore",
    metavar="RULE[:ID]",
    multiple=True,
    callback=_parsed,
    help="Leave a rule out, everywhere or for the schemas with this name, which may have * in it.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def lint(context: click.Context, package: str | None, ignore: list[tuple[str, str]], as_json: bool) -> None:
    """Check the message classes of PACKAGE, or of all packages that are installed.

    PACKAGE is the name of a distribution or of an import package; its classes are imported, and their
    accessors are tried on examples. Each finding has the number of a rule; the page "Rules for schema
    packages" of the documentation says what is behind each.

    \b
      fedora-messaging schemas lint shop-messages --ignore FM102:shop.order

    Exit codes: 0 if no rule is broken, 1 if one is, 2 for wrong usage.
    """  # noqa: D301, click reads the backspace
    # What cannot be imported is a finding, and need not be logged as well.
    logging.getLogger("fedora_messaging").addHandler(logging.NullHandler())
    try:
        checked, everything = check_packages(package)
    except LookupError as error:
        raise click.UsageError(str(error)) from error
    found = [each for each in everything if not _is_ignored(each, ignore)]
    with until_closed():
        for each in found:
            write(_line(each, as_json))
    ignored = f", {len(everything) - len(found)} ignored" if len(everything) > len(found) else ""
    classes = "1 class" if checked == 1 else f"{checked} classes"
    findings = "1 finding" if len(found) == 1 else f"{len(found) or 'no'} findings"
    click.echo(f"{classes} checked, {findings}{ignored}", err=True)
    if found:
        context.exit(1)


def _is_ignored(finding: Finding, ignore: list[tuple[str, str]]) -> bool:
    return any(finding.rule == rule and fnmatchcase(finding.schema, schema) for rule, schema in ignore)


def _line(finding: Finding, as_json: bool) -> str:
    if as_json:
        return json.dumps({"rule": finding.rule, "schema": finding.schema, "text": finding.text})
    return (
        f"{click.style(finding.rule, fg='red')}  {excerpt(finding.schema, 200)}: {excerpt(finding.text, 500)}"
    )
