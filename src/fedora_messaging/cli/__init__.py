# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The command line: ``fedora-messaging COMMAND``. Each command is a module of its own, loaded when called."""

from __future__ import annotations

import difflib
import importlib
import logging
import os
from typing import Any

import click

from .. import exceptions
from .._reporting.log import SafeLog
from .._reporting.text import shown, text_of
from .._runner.callbacks import CallbackFailed, CallbackNotFound
from .._runner.exit_codes import exit_code
from ..config import conf

__all__ = ["Failed", "configure", "main"]

_log = SafeLog(__name__)

_COMMANDS = ("broker", "config", "consume", "demo", "publish", "reconsume", "record", "replay")
#: The commands that read no configuration.
_WITHOUT_CONF = ("broker", "demo")


class _Commands(click.Group):
    """The group of commands, which are loaded by name; errors are shown in one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"{__name__}._{name}").command
        if name not in _WITHOUT_CONF and not any(parameter.name == "conf" for parameter in command.params):
            # Also accepted after the command, where users expect it.
            command.params.append(
                click.Option(
                    ["--conf"], metavar="FILE", expose_value=False, callback=_set_conf, help=_CONF_HELP
                )
            )
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in _COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            near = difflib.get_close_matches(name, _COMMANDS, 1)
            raise click.UsageError(
                f'There is no command "{exceptions.excerpt(name, 40)}"'
                f"{f', did you mean {near[0]}?' if near else '.'} The commands are: {', '.join(_COMMANDS)}",
                ctx,
            )
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            _log.log(logging.DEBUG, "The command failed", error=error)
            raise Failed(error) from error


_CONF_HELP = (
    "The configuration file. Default: what FEDORA_MESSAGING_CONF names, "
    "else /etc/fedora-messaging/config.toml if it exists."
)


def _set_conf(ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        ctx.obj = value


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
        text = error.summary[:5000]
    elif isinstance(error, (exceptions.BaseException, CallbackNotFound, CallbackFailed)):
        text = text_of(error, 5000)
    else:
        text = shown(error, 5000)
    return exceptions.excerpt(" ".join(text.split()), 600)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--conf",
    metavar="FILE",
    help=_CONF_HELP,
)
@click.version_option(package_name="fedora-messaging", prog_name="fedora-messaging")
@click.pass_context
def main(ctx: click.Context, conf: str | None) -> None:
    """Publish and consume messages over AMQP.

    Exit codes: 0 on success, 1 for bad input, 2 for wrong usage or configuration. Each command's help
    lists the others it has.
    """
    ctx.obj = conf
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        # As https://no-color.org has it; where the output is no terminal, click leaves colours out by itself.
        ctx.color = False


def configure(path: str | None) -> None:
    """Load the configuration, and set up logging as configured.

    Raises:
        ConfigurationException: It cannot be used.
    """
    conf.load_config(path)
    conf.setup_logging()
