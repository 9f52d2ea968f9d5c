# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging schemas export``."""

from __future__ import annotations

import json
from importlib import metadata
from typing import Any

import click

from ..._asyncapi.document import document
from ..._schemas.documents import bundle, markdown
from ..._typed.packages import classes_of
from ...config import conf, parse
from ...message import Message
from .._ids import complete_packages
from .._options import Options, load
from .._output import until_closed

__all__ = ["export"]


@click.command("export", short_help="Write an AsyncAPI document of message classes.")
@click.argument("packages", nargs=-1, metavar="[PACKAGE]...", shell_complete=complete_packages)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["asyncapi", "jsonschema", "markdown"]),
    default="asyncapi",
    show_default=True,
    help="The format of the document.",
)
@click.option(
    "-o",
    "--output",
    type=click.File("w", encoding="utf-8", lazy=True),
    default="-",
    metavar="FILE",
    help="Where to write it. Default: standard output.",
)
@click.pass_obj
def export(options: Options, packages: tuple[str, ...], format_: str, output: Any) -> None:
    """Write a document of the message classes of each PACKAGE, or of all that are installed.

    asyncapi: AsyncAPI 3.0. Messages are the classes. A channel is an exchange with the topics of a class: its
    topic_pattern, or its topic. The configuration has the rest: the broker, the exchange to publish to, and
    what is consumed.

    jsonschema: a JSON object that has each schema by its name, under "schemas". "schemas diff" compares it
    with a later one.

    markdown: a page for people, with the properties of each message and an example.

    \b
      fedora-messaging schemas export shop-messages > asyncapi.json
      fedora-messaging schemas export shop-messages --format markdown
    """  # noqa: D301, click reads the backspace
    try:
        classes = classes_of(packages)
    except LookupError as error:
        raise click.UsageError(str(error)) from error
    if format_ == "asyncapi":
        text = _as_json(_asyncapi(options, packages, classes))
    elif format_ == "jsonschema":
        text = _as_json(bundle(classes))
    else:
        text = markdown(classes, ", ".join(packages) or "Messages")
    with until_closed():
        output.write(text)
        output.flush()


def _as_json(made: dict[str, Any]) -> str:
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def _asyncapi(
    options: Options, packages: tuple[str, ...], classes: dict[str, type[Message]]
) -> dict[str, Any]:
    load(options)
    config = parse(conf)
    app = str(config.client_properties.get("app", "Unknown"))
    title = ", ".join(packages) or "Messages" if app == "Unknown" else app
    return document(classes, config, title=title, version=_version_of(classes))


def _version_of(classes: dict[str, type[Message]]) -> str:
    """Return the version of the package of the first class."""
    for cls in classes.values():
        for name in metadata.packages_distributions().get(cls.__module__.partition(".")[0], ()):
            return metadata.version(name)
    return "0"
