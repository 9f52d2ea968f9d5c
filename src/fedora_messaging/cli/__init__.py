# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The command line: ``fedora-messaging COMMAND``. Each command is a module of its own, loaded when called."""

from __future__ import annotations

import importlib
import logging
import os
from collections.abc import Callable
from typing import Any

import click

from .. import exceptions
from .._reporting.log import SafeLog
from .._reporting.loggers import MAIN
from .._reporting.passwords import redacted
from .._reporting.text import shown, text_of
from .._runner.callbacks import CallbackFailed, CallbackNotFound
from .._runner.exit_codes import exit_code
from ._group import Group
from ._options import Options, add_flags, add_options, configure

__all__ = ["Failed", "Options", "add_options", "configure", "main"]

_log = SafeLog(MAIN)

_COMMANDS = (
    "broker",
    "check",
    "config",
    "consume",
    "demo",
    "publish",
    "quarantine",
    "reconsume",
    "record",
    "replay",
    "schemas",
    "tail",
    "top",
)
#: The commands that read no configuration.
_WITHOUT_CONF = ("broker", "demo")


class _Commands(Group):
    """The group of commands, which are loaded by name; errors are shown in one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"{__name__}._{name}").command
        # The options are accepted after the command, too, where users expect them.
        _add_to_all(command, add_flags if name in _WITHOUT_CONF else add_options)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is named.

        Raises:
            click.UsageError: There is none, or an option before its name is one that it does not read.
        """
        name, command, rest = super().resolve_command(ctx, args)
        options = ctx.ensure_object(Options)
        unread = bool(options.conf or options.amqp_url) and not ctx.resilient_parsing
        if name in _WITHOUT_CONF and unread:
            option = "--conf" if options.conf else "--amqp-url"
            raise click.UsageError(f"{name} reads no configuration: leave {option} out", ctx)
        return name, command, rest

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            _log.log(logging.DEBUG, "The command failed", error=error)
            raise Failed(error) from error


def _add_to_all(command: click.Command, add: Callable[[click.Command], click.Command]) -> None:
    """Add options to a command that may be loaded already, and to the commands below it."""
    if not any(parameter.name == "verbose" for parameter in command.params):
        add(command)
    if isinstance(command, click.Group):
        for each in command.commands.values():
            _add_to_all(each, add)


class Failed(click.ClickException):
    """Shows an error in one line, and has its exit code.

    Args:
        error: The error.
        code: The exit code; None: the usual one for the error.
    """

    def __init__(self, error: Exception, code: int | None = None) -> None:
        super().__init__(_line(error))
        refused = isinstance(error, (exceptions.ValidationError, exceptions.PublishException))
        # HaltConsumer may ask for 0.
        usual = 1 if refused and exit_code(error) != 14 else exit_code(error)
        vars(self)["exit_code"] = usual if code is None else code

    def show(self, file: Any = None) -> None:
        """Print the error, unless the exit code is 0."""
        if self.exit_code:
            super().show(file)


def _line(error: Exception) -> str:
    if isinstance(error, exceptions.ValidationError):
        text = redacted(error.summary)[:5000]
    elif isinstance(error, (exceptions.BaseException, CallbackNotFound, CallbackFailed)):
        text = redacted(text_of(error))[:5000]
    else:
        text = shown(error, 5000)
    line = exceptions.excerpt(" ".join(text.split()), 600)
    if isinstance(error, exceptions.ConnectionException) and line.startswith("no connection to "):
        return f"{line}. To find out what is wrong: fedora-messaging check"
    return line


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fedora-messaging", prog_name="fedora-messaging")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Publish and consume messages over AMQP.

    \b
      fedora-messaging check
      fedora-messaging tail -k 'org.fedoraproject.prod.#'

    Exit codes: 0 on success, 1 for bad input, 2 for wrong usage or configuration. Each command's help
    lists the others it has.
    """  # noqa: D301, click reads the backspace
    ctx.ensure_object(Options)
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        # As https://no-color.org has it; where the output is no terminal, click leaves colours out by itself.
        ctx.color = False


add_options(main)
