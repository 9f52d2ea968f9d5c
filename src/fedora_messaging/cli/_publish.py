# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging publish``."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import BinaryIO

import click

from .. import config
from .._amqp.messages import encoded_exchange, prepare
from .._config.parser import publish_settings
from ..exceptions import ConnectionException, PublishException, ValidationError
from ..message import Message, loads
from . import Failed, configure
from ._reactor import install

__all__ = ["command", "exchange_option", "publish"]


def _exchange(context: click.Context, parameter: click.Parameter, name: str | None) -> str | None:
    try:
        if name is not None:
            encoded_exchange(name)
    except ValidationError as error:
        raise click.BadParameter(str(error)) from error
    return name


#: ``--exchange`` of commands that publish; a name that AMQP does not allow is a usage error.
exchange_option = click.option(
    "--exchange", metavar="NAME", callback=_exchange, help="The exchange. Default: as configured."
)


@click.command("publish", short_help="Publish the messages in a file.")
@click.argument("file", type=click.File("rb"))
@exchange_option
@click.pass_obj
def command(conf: str | None, file: BinaryIO, exchange: str | None) -> None:
    """Publish the messages in FILE ("-": standard input), one JSON object a line.

    All lines are checked before the first message is published. Messages keep their ids: should the broker
    fail in the middle, consumers can tell which ones they have seen.

    Exit codes: 2 for a bad line, wrong usage or configuration, 111 when the broker cannot be reached, 121 for
    a message that it refuses.
    """
    configure(conf)
    try:
        publish(list(_messages(file, exchange)), exchange)
    except ValidationError as error:
        raise Failed(error, 2) from error
    except ConnectionException as error:
        raise Failed(error, errno.ECONNREFUSED) from error
    except PublishException as error:
        raise Failed(error, errno.EREMOTEIO) from error


def publish(messages: list[tuple[int, Message]], exchange: str | None) -> None:
    """Publish messages, each with the number of its line, and print how many were published."""
    install()
    from .. import api

    for done, (line, message) in enumerate(messages):
        try:
            api.publish(message, exchange)
        except Exception:
            error_line = f"line {line}: " if line else ""
            click.echo(f"{error_line}not published; {_count(done)} published before it", err=True)
            raise
    click.echo(f"{_count(len(messages))} published", err=True)


def _count(number: int) -> str:
    return "1 message was" if number == 1 else f"{number} messages were"


def _messages(file: BinaryIO, exchange: str | None) -> Iterator[tuple[int, Message]]:
    settings = publish_settings(config.conf)
    for number, line in enumerate(file, 1):
        try:
            found = loads(line.decode("utf-8").rstrip("\r\n"))
            for message in found:
                prepare(message, exchange, settings)
        except (ValidationError, UnicodeDecodeError) as error:
            words = error.summary if isinstance(error, ValidationError) else f"not UTF-8: {error}"
            # loads() got one line, and numbers it 1.
            words = words.removeprefix("Line 1") if words.startswith("Line 1") else f": {words}"
            raise ValidationError(f"Line {number}{words}; 0 messages were published") from error
        for message in found:
            yield number, message
