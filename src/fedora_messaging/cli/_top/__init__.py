# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging top``."""

from __future__ import annotations

import sys
import time

import click

from ...config import conf
from .. import Options, configure
from .._output import terminal_width, until_closed, write
from ._source import Source, monitor_url, own_url
from ._table import lines

__all__ = ["command"]


def _urls(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(monitor_url(each) for each in given)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command("top", short_help="Watch consumers in the terminal.")
@click.argument("urls", metavar="[URL]...", nargs=-1, callback=_urls)
@click.option("--once", is_flag=True, help="Print the numbers of this moment, and end.")
@click.option("--no-color", is_flag=True, help="Without colours; so does NO_COLOR in the environment.")
@click.pass_context
def command(context: click.Context, urls: tuple[str, ...], once: bool, no_color: bool) -> None:
    """Watch consumers in the terminal, once a second, until q is pressed.

    URL is where a dashboard is, such as http://127.0.0.1:8000, or just the host and the port; there may be
    several. Without one it is that of the configuration: [monitoring] with a port and dashboard = true.
    Where input or output is no terminal, it prints once.

    \b
      fedora-messaging top --once
      fedora-messaging top 127.0.0.1:8000 127.0.0.1:8001

    \b
    Exit codes:
      0   q, Ctrl-C or SIGTERM; with --once: every dashboard has answered
      1   no dashboard answers; with --once: one of them does not
      2   wrong usage or configuration
    """  # noqa: D301, click reads the backspace
    options = context.find_object(Options)
    assert options is not None
    if not urls:
        configure(options)
        monitoring = conf.parsed().monitoring
        if monitoring is None or not monitoring.dashboard or not monitoring.port:
            raise click.UsageError(
                "Name the URL of a dashboard, or configure one: [monitoring] with port and dashboard = true."
            )
        urls = (own_url(monitoring.address, monitoring.port),)
    if no_color:
        context.color = False
    sources = [Source(url) for url in urls]
    for source in sources:
        source.start()
    if once or not (sys.stdin.isatty() and sys.stdout.isatty()):
        _print(sources, context.color)
    else:
        _watch(sources, context.color)


def _print(sources: list[Source], color: bool | None) -> None:
    for source in sources:
        source.complete.wait()
    answered = [each.shown for each in sources if not each.shown.problem]
    with until_closed():
        for line in lines(answered, terminal_width()) if answered else ():
            write(line, color=color)
    problems = [f"{each.url}: {each.shown.problem}" for each in sources if each.shown.problem]
    for problem in problems[:-1]:
        click.echo(f"Error: {problem}", err=True)
    if problems:
        raise click.ClickException(problems[-1])


def _watch(sources: list[Source], color: bool | None) -> None:
    from ._screen import Screen

    for source in sources:
        source.tried.wait()
    if all(each.shown.problem for each in sources):
        raise click.ClickException("; ".join(f"{each.url}: {each.shown.problem}" for each in sources))
    with Screen(sys.stdin, sys.stdout, colored=color is not False) as screen:
        for source in sources:
            source.changed = screen.wake
        while not screen.ended:
            head = f"fedora-messaging top   {time.strftime('%H:%M:%S')}   q quits"
            screen.draw(
                [click.style(head, bold=True), "", *lines([each.shown for each in sources], screen.width)]
            )
            screen.wait()
