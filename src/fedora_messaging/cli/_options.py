# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The options that every command with a configuration has, before its name and after it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import click

from .._config.url import all_parameters
from .._runner.worker import Worker, set_up_worker
from ..config import conf
from ..exceptions import ConfigurationException

__all__ = ["FLAGS", "WITH_VALUE", "Options", "add_flags", "add_options", "configure", "load"]


@dataclass
class Options:
    """What the options say, wherever they are written.

    Attributes:
        conf: The configuration file that is named.
        amqp_url: The broker that is named, or those of a cluster; empty: the configured ones.
        level: The level from which on the package logs.
    """

    conf: str | None = None
    amqp_url: tuple[str, ...] = ()
    level: int | None = None


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value:
        setattr(context.ensure_object(Options), str(parameter.name), value)


def _keep_level(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        context.ensure_object(Options).level = logging.DEBUG if parameter.name == "verbose" else logging.ERROR


def _made() -> list[click.Option]:
    shared: dict[str, Any] = {"expose_value": False}
    return [
        click.Option(
            ["--conf"],
            metavar="FILE",
            callback=_keep,
            help="The configuration file. Default: what FEDORA_MESSAGING_CONF names, "
            "else /etc/fedora-messaging/config.toml if it exists.",
            **shared,
        ),
        click.Option(
            ["--amqp-url"],
            metavar="URL",
            multiple=True,
            callback=_keep,
            help="The broker, in place of the configured one; several times for the nodes of a cluster. "
            "Other users of this machine may see the arguments of a process: passwords belong in the "
            "configuration.",
            **shared,
        ),
        click.Option(
            ["-v", "--verbose"], is_flag=True, callback=_keep_level, help="Log what is done.", **shared
        ),
        click.Option(
            ["-q", "--quiet"], is_flag=True, callback=_keep_level, help="Log errors only.", **shared
        ),
    ]


#: The names of those options that have a value, and of those that have none.
WITH_VALUE = tuple(name for option in _made() if not option.is_flag for name in option.opts)
FLAGS = tuple(name for option in _made() if option.is_flag for name in option.opts)


def add_options(command: click.Command) -> click.Command:
    """Add the options to a command that is made already."""
    command.params += _made()
    return command


def add_flags(command: click.Command) -> click.Command:
    """Add those that have no value to a command that reads no configuration."""
    command.params += [option for option in _made() if option.is_flag]
    return command


def load(options: Options) -> None:
    """Load the configuration.

    Raises:
        ConfigurationException: It cannot be used.
    """
    conf.load_config(options.conf)
    urls = options.amqp_url
    if urls:
        value = urls[0] if len(urls) == 1 else list(urls)
        try:
            all_parameters(value)
        except ConfigurationException as error:
            raise ConfigurationException(f"--amqp-url: {error.message.removeprefix('amqp_url: ')}") from error
        conf["amqp_url"] = value


def configure(options: Options, worker: Worker | None = None) -> None:
    """Load the configuration, and set up logging as configured.

    Args:
        options: What they say.
        worker: This process, if it is one of several workers.

    Raises:
        ConfigurationException: It cannot be used.
    """
    load(options)
    if worker is not None:
        set_up_worker(worker, conf)
    conf.setup_logging()
    if options.level is not None:
        logging.getLogger("fedora_messaging").setLevel(options.level)
