# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging check``."""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click

from .. import check
from .._config.files import load, locate
from ..check import OPTIONAL, STAGES, Finding
from ..exceptions import ConfigurationException
from . import Options
from ._output import drawn, terminal_width, until_closed, write
from ._reactor import install, run

__all__ = ["command", "lines_of", "summary"]

_NAMES = {"ok": ("ok", "green"), "warning": ("warn", "yellow"), "problem": ("FAIL", "red")}
#: Where the text of a finding begins.
_INDENT = 22


@click.command("check", short_help="Find out why nothing arrives.")
@click.option(
    "--publish", "publish", is_flag=True, help="Publish one message, with the topic fedora_messaging.check."
)
@click.option(
    "--declare",
    is_flag=True,
    help="Try to declare what is configured; what was not there is taken away again.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--strict", is_flag=True, help="Let warnings be exit code 1, too.")
@click.option(
    "--timeout",
    type=click.FloatRange(0.1),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long each step may take.",
)
@click.pass_obj
def command(conf: Options, publish: bool, declare: bool, as_json: bool, strict: bool, timeout: float) -> None:
    """Check everything that publishing and consuming need, and say what to do about what is wrong.

    In this order: the configuration and its files, the schema packages, the callback, the name and the
    addresses of the broker, TLS, the login, exchanges and queues, and the user's rights. Nothing durable is
    declared and no message is consumed; none is published without --publish.

    \b
      fedora-messaging check --conf /etc/fedora-messaging/config.toml

    \b
    Exit codes:
      0  no problem
      1  a problem; with --strict, a warning
      2  wrong usage
    """  # noqa: D301, click reads the backspace
    findings: list[Finding] = []
    given, where = _given(conf, findings)
    wanted = [each for each in STAGES if each not in OPTIONAL]
    wanted += [each for each, asked in (("declare", declare), ("publish", publish)) if asked]
    if given is None:
        wanted, given = ["schemas"], {}
    install()
    from twisted.internet.defer import CancelledError

    checking: list[Any] = []

    async def work() -> None:
        checking.append(check.run(given, wanted, where=where, timeout=timeout))
        try:
            found = await checking[0]
        except CancelledError:
            raise click.Abort from None
        # A configuration that cannot be read has been found already.
        findings.extend(found if not findings else [each for each in found if each.stage == "schemas"])

    with _without_logging():
        run(work, lambda: checking[0].cancel() if checking else None)
    with until_closed():
        for finding in findings:
            if as_json:
                write(json.dumps(asdict(finding)))
            else:
                for line in lines_of(finding, terminal_width(0)):
                    write(line)
        if not as_json:
            write(summary(findings))
    levels = {finding.level for finding in findings}
    if "problem" in levels or (strict and "warning" in levels):
        raise click.exceptions.Exit(1)


def _given(options: Options, findings: list[Finding]) -> tuple[dict[str, Any] | None, str]:
    """What is configured, and where; a file that cannot be read is a finding."""
    path = locate(options.conf, os.environ)
    where = path or "no file: the defaults"
    try:
        given = load(path, {}) if path else {}
    except ConfigurationException as error:
        fix = "correct the file, or name another one by --conf or FEDORA_MESSAGING_CONF"
        findings.append(Finding("configuration", "problem", error.message, fix))
        return None, where
    if urls := options.amqp_url:
        given["amqp_url"] = urls[0] if len(urls) == 1 else list(urls)
        where += ", and --amqp-url"
    return given, where


def _without_logging() -> Any:
    """The findings say what is wrong; lines of the log between them would say it again."""
    import logging
    from contextlib import contextmanager

    @contextmanager
    def silenced() -> Iterator[None]:
        log = logging.getLogger("fedora_messaging")
        before = log.disabled, log.level, log.propagate
        log.propagate = False
        log.setLevel(logging.CRITICAL + 1)
        try:
            yield
        finally:
            log.disabled, log.level, log.propagate = before

    return silenced()


def lines_of(finding: Finding, width: int) -> Iterator[str]:
    """Yield the lines of a finding.

    Args:
        finding: The finding.
        width: How many cells a line may have.
    """
    name, colour = _NAMES[finding.level]
    styled = click.style(f"{name:<6}", fg=colour, bold=finding.level != "ok")
    first, *others = _wrapped(finding.text, width - _INDENT) or [""]
    yield f"{styled}{finding.stage:<{_INDENT - 6}}{first}"
    yield from (f"{' ' * _INDENT}{line}" for line in others)
    if finding.fix:
        first, *others = _wrapped(finding.fix, width - _INDENT - 2)
        yield f"{' ' * _INDENT}{drawn('→', '->')} {first}"
        yield from (f"{' ' * (_INDENT + 2)}{line}" for line in others)


def summary(findings: list[Finding]) -> str:
    """How many problems and warnings there are, in words."""
    counts = [
        (sum(finding.level == level for finding in findings), one, several)
        for level, one, several in (
            ("problem", "problem", "problems"),
            ("warning", "warning", "warnings"),
        )
    ]
    words = [f"{count} {one if count == 1 else several}" for count, one, several in counts if count]
    return ", ".join(words) or "no problem"


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(width, 30), break_long_words=False, break_on_hyphens=False)
