# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging tail``."""

from __future__ import annotations

import logging
import re
import sys
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import click
from click.core import ParameterSource

from ...exceptions import excerpt
from .. import Options, configure
from .._composing import SEVERITY_NAMES
from .._datagrepper import url_option
from .._ids import complete_ids
from .._output import until_closed
from .._reactor import install, run
from ._filters import Wanted, pattern
from ._history import History, span
from ._lines import FORMATS, Printer
from ._session import Tail
from ._sources import OwnQueue, Source, Stream

__all__ = ["command"]


def _regex(context: click.Context, parameter: click.Parameter, text: str | None) -> re.Pattern[str] | None:
    try:
        return None if text is None else re.compile(text)
    except re.error as error:
        raise click.BadParameter(f"not a regular expression: {error}") from error


def _span(context: click.Context, parameter: click.Parameter, text: str | None) -> timedelta | None:
    try:
        return None if text is None else span(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _offset(context: click.Context, parameter: click.Parameter, text: str | None) -> str | int | None:
    if text is None or text in ("first", "last", "next"):
        return text
    if text.isdecimal() and text.isascii() and len(text) < 19:
        return int(text)
    raise click.BadParameter(f"not first, last, next or the number of a message: {excerpt(text, 40)!r}")


@click.command("tail", short_help="Print messages as they come.")
@click.option(
    "-k",
    "--routing-key",
    "patterns",
    metavar="PATTERN",
    multiple=True,
    help="Messages with such a topic, * for one word and # for any number. Default: #. May be repeated.",
)
@click.option("--exchange", metavar="NAME", default="amq.topic", show_default=True, help="The exchange.")
@click.option("--exclude-topic", metavar="PATTERN", multiple=True, help="Not those with such a topic.")
@click.option(
    "--schema",
    "schemas",
    metavar="ID",
    multiple=True,
    shell_complete=complete_ids,
    help="Messages of this schema.",
)
@click.option("--package", "packages", metavar="NAME", multiple=True, help="Messages about this RPM package.")
@click.option("--user", "users", metavar="NAME", multiple=True, help="Messages about this user.")
@click.option(
    "--severity", type=click.Choice(list(SEVERITY_NAMES)), help="Messages of this severity or a higher one."
)
@click.option(
    "--grep",
    metavar="REGEX",
    callback=_regex,
    help="Messages whose topic, summary or body the expression is found in.",
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(FORMATS),
    default="line",
    show_default=True,
    help="json: as publish reads it.",
)
@click.option("-n", "--limit", type=click.IntRange(min=1), metavar="N", help="End after N messages.")
@click.option(
    "--wait",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="End with exit code 1 when no message has come for so long.",
)
@click.option(
    "--since",
    metavar="SPAN",
    callback=_span,
    help="Begin with what has been sent since then: 90s, 15m, 2h, 3d. Asks the archive, or the stream.",
)
@click.option(
    "--stream", metavar="NAME", help="Read this stream, instead of an exchange. No other queue is read."
)
@click.option(
    "--offset",
    metavar="OFFSET",
    callback=_offset,
    help="Where to begin in the stream: first, last (the last chunk), next (what comes from now on), or the "
    "number of a message.  [default: next]",
)
@url_option
@click.option("--no-color", is_flag=True, help="Without colours; so does NO_COLOR in the environment.")
@click.pass_context
def command(
    context: click.Context,
    patterns: tuple[str, ...],
    exchange: str,
    exclude_topic: tuple[str, ...],
    schemas: tuple[str, ...],
    packages: tuple[str, ...],
    users: tuple[str, ...],
    severity: str | None,
    grep: re.Pattern[str] | None,
    output: str,
    limit: int | None,
    wait: float | None,
    since: timedelta | None,
    stream: str | None,
    offset: str | int | None,
    datagrepper_url: str,
    no_color: bool,
) -> None:
    """Print messages as they come, until Ctrl-C.

    The broker makes a queue for it that ends with it; no other queue is read but a stream, in which messages
    stay, and no message is taken from anybody. A message has to meet each kind of option, and one of several
    values of a kind. On a terminal that is too slow messages are skipped and counted; into a pipe all are
    written that the broker keeps for it, the last 10,000.

    \b
      fedora-messaging tail -k 'org.fedoraproject.prod.bodhi.#' --severity warning
      fedora-messaging tail --since 15m --package kernel
      fedora-messaging tail -o json -n 10 > messages.jsonl

    \b
    Exit codes:
      0   Ctrl-C, or the limit is reached
      1   --wait is over, or nobody reads the output any more
      2   wrong usage or configuration
      10  there is no such exchange or stream
      11  what --stream names is another kind of queue
      14  broker or archive cannot be reached, or the connection was lost
      15  the broker refused permission, password or virtual host
    """  # noqa: D301, click reads the backspace
    options = context.find_object(Options)
    assert options is not None
    _check_usage(context, stream, offset, since)
    configure(options)
    install()
    if no_color:
        context.color = False
    keys = patterns or ("#",)
    wanted = Wanted(
        schemas=frozenset(schemas),
        packages=packages,
        users=users,
        severity=None if severity is None else SEVERITY_NAMES[severity],
        excluded=tuple(pattern(each) for each in exclude_topic),
    )
    # Neither a stream nor the archive has bindings.
    by_topic = replace(wanted, topics=tuple(pattern(each) for each in keys))
    source: Source
    if stream is not None:
        begin = offset if offset is not None else "next"
        source = Stream(stream, begin if since is None else datetime.now(timezone.utc) - since)
        wanted, history, text = by_topic, None, f"the stream {excerpt(stream, 60)}"
    else:
        source = OwnQueue(exchange, keys)
        history = None if since is None else History(datagrepper_url, since, by_topic, keys)
        text = excerpt(exchange, 60)
    tail: Any = Tail(
        source,
        wanted,
        Printer(output, grep, color=context.color),
        history=history,
        limit=limit,
        wait=wait,
        lossy=sys.stdout.isatty(),
        started=lambda: _say_started(options, text, keys),
    )
    with until_closed():
        run(tail.work, tail.stop)
    if tail.waited_in_vain:
        raise click.ClickException(f"no message within {wait:g} s")


def _check_usage(
    context: click.Context, stream: str | None, offset: str | int | None, since: timedelta | None
) -> None:
    if stream is None:
        if offset is not None:
            raise click.UsageError("--offset is for --stream: name the stream, or use --since")
        return
    if context.get_parameter_source("exchange") is not ParameterSource.DEFAULT:
        raise click.UsageError("--exchange and --stream are two sources of messages: name one of them")
    if offset is not None and since is not None:
        raise click.UsageError("--offset and --since both say where to begin: use one of them")


def _say_started(options: Options, where: str, patterns: tuple[str, ...]) -> None:
    if options.level != logging.ERROR:
        shown = ", ".join(excerpt(each, 60) for each in patterns)
        click.echo(f"Waiting for messages of {where}: {shown}", err=True)
