# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging publish``."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, BinaryIO

import click

from .. import config
from .._amqp.messages import PublishSettings, encoded_exchange, prepare
from .._config.parser import publish_settings
from ..exceptions import (
    ConnectionException,
    PublishException,
    PublishManyError,
    PublishReturned,
    ValidationError,
    excerpt,
)
from ..message import Message
from . import Failed, Options, configure
from ._composing import SEVERITY_NAMES, body_of, composed, near_property
from ._editing import edited
from ._ids import class_named, complete_ids, example_of
from ._message_file import opened, read
from ._output import until_closed, write
from ._reactor import install
from ._wire_text import wire_text

__all__ = ["command", "exchange_option", "publish"]

#: With fewer messages there is no progress to show.
_MANY = 100
_SINGLE = ". To publish one message with this in its body, name the topic by -t"


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


@click.command("publish", short_help="Publish one message, or those in a file.")
@click.argument("words", metavar="[FILE | NAME=TEXT | NAME:=JSON]...", nargs=-1)
@click.option("-t", "--topic", metavar="TOPIC", help="Publish one message, with this topic.")
@click.option("-b", "--body", metavar="JSON", help="The body of the message, a JSON object.")
@click.option(
    "--schema",
    metavar="ID",
    shell_complete=complete_ids,
    help="The schema of the message. Default: base.message.",
)
@click.option("--severity", type=click.Choice(list(SEVERITY_NAMES)), help="The severity of the message.")
@exchange_option
@click.option(
    "--mandatory",
    is_flag=True,
    help="Fail where no queue takes a message, which is confirmed and lost otherwise.",
)
@click.option(
    "--edit",
    is_flag=True,
    help="Write the body in $VISUAL or $EDITOR, beginning with an example of the schema.",
)
@click.option("--dry-run", is_flag=True, help="Check all, print what would be sent, and send nothing.")
@click.pass_obj
def command(
    conf: Options,
    words: tuple[str, ...],
    topic: str | None,
    body: str | None,
    schema: str | None,
    severity: str | None,
    exchange: str | None,
    mandatory: bool,
    edit: bool,
    dry_run: bool,
) -> None:
    """Publish one message, whose topic and body are given, or the messages in FILE.

    The body of one message is what -b says, with what NAME=TEXT and NAME:=JSON add; a.b=TEXT puts a value
    into the object a, and a dot that belongs to a name has a backslash before it. The topic may be left out
    where the message class has one.

    \b
      fedora-messaging publish -t org.example.built package=zlib by.name=jo n:=17
      fedora-messaging publish --edit --schema shop.order

    With --edit the body is opened in an editor, and is checked when it has been saved. Nothing is sent if
    nothing is saved.

    FILE ("-": standard input) has one message a line, as "fedora-messaging record" writes them. All lines are
    checked before the first message is published. Messages keep their ids: should the broker fail in the
    middle, consumers can tell which ones they have seen. A message that the broker refuses does not keep the
    others.

    Exit codes: 2 for a message that is not valid, wrong usage or configuration, 111 when the broker cannot be
    reached, 121 for a message that it refuses.
    """  # noqa: D301, click reads the backspace
    one = edit or any(each is not None for each in (topic, body, schema, severity))
    if not one and len(words) != 1:
        raise click.UsageError("name one FILE, or the topic of one message by -t")
    configure(conf)
    if mandatory:
        config.conf["mandatory"] = True
    try:
        if one:
            settings = publish_settings(config.conf)

            def make(values: dict[str, Any]) -> Message:
                return _checked(composed(topic, values, schema, severity), exchange, settings)

            if edit:
                # What cannot be sent whatever its body is, is said before the editor opens.
                example = None if body is not None or schema is None else _example(schema)
                values = body_of(body, words, example)
                composed(topic, values, schema, severity)
                messages = [(0, edited(values, make))]
            else:
                messages = [(0, make(body_of(body, words)))]
        else:
            with opened(words[0], _SINGLE if "=" in words[0] else "") as file:
                messages = list(_messages(file, exchange))
        if dry_run:
            _print(messages, exchange)
        else:
            publish(messages, exchange)
    except ValidationError as error:
        raise Failed(error, 2) from error
    except ConnectionException as error:
        raise Failed(error, errno.ECONNREFUSED) from error
    except PublishException as error:
        raise Failed(error, errno.EREMOTEIO) from error


def _example(schema: str) -> dict[str, Any]:
    return example_of(class_named(schema, "'--schema'"))


def _checked(message: Message, exchange: str | None, settings: PublishSettings) -> Message:
    """Check a message as for publishing.

    Raises:
        ValidationError: It cannot be published; the text names the property that may have been meant.
    """
    try:
        prepare(message, exchange, settings)
    except ValidationError as error:
        raise ValidationError(f"{error.summary}{near_property(message)}") from error
    return message


def _print(messages: list[tuple[int, Message]], exchange: str | None) -> None:
    settings = publish_settings(config.conf)
    with until_closed():
        for count, (_, message) in enumerate(messages):
            if count:
                write("")
            for line in wire_text(prepare(message, exchange, settings)):
                write(line)
    click.echo(f"Nothing was sent; {_count(len(messages))} checked", err=True)


def publish(messages: list[tuple[int, Message]], exchange: str | None) -> None:
    """Publish messages, each with the number of its line, and print how many were published.

    Raises:
        Exception: The error of the first message that was not.
    """
    install()
    from .. import api

    try:
        with _progress(len(messages)) as progress:
            count = api.publish_many([message for _, message in messages], exchange, progress=progress)
    except PublishManyError as error:
        lines = {id(message): line for line, message in messages}
        failed = sorted(lines[id(message)] for message, _ in error.failed)
        where = f"line {failed[0]}: " if failed and failed[0] else ""
        others = len(failed) - 1
        more = f", nor {'was' if others == 1 else 'were'} {others} more" if others > 0 else ""
        click.echo(f"{where}not published{more}; {_count(error.confirmed)} published", err=True)
        cause = error.__cause__ or error
        message = next((each for each, refused in error.failed if refused is cause), None)
        raise (cause if message is None else _explained(cause, message, exchange)) from None
    click.echo(f"{_count(count)} published", err=True)


def _explained(error: BaseException, message: Message, exchange: str | None) -> BaseException:
    """Say of a message that no queue took where it went, and what can be done."""
    if not isinstance(error, PublishReturned) or not str(error).startswith("312"):
        return error
    encoded = prepare(message, exchange, publish_settings(config.conf))
    topic, name = (excerpt(each.decode("utf-8"), 255) for each in (encoded.routing_key, encoded.exchange))
    return PublishReturned(
        reason=f"{error}: no queue is bound to the exchange {name} for the topic {topic}. Bind one, or start "
        "its consumer; without mandatory, such messages are confirmed and lost"
    )


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None] | None]:
    """Show how many messages are published, on a terminal, if there are many."""
    if total < _MANY or not sys.stderr.isatty():
        yield None
        return
    bar = click.progressbar(length=total, label="Messages", file=sys.stderr, show_pos=True)
    with ExitStack() as stack:

        def update(count: int) -> None:
            if count:
                if not bar.pos:
                    stack.enter_context(bar)  # not before: the log may have lines while it connects
                bar.update(count - bar.pos)

        yield update


def _count(number: int) -> str:
    return "1 message was" if number == 1 else f"{number} messages were"


def _messages(file: BinaryIO, exchange: str | None) -> Iterator[tuple[int, Message]]:
    for number, found in read(file, exchange, publish_settings(config.conf)):
        if isinstance(found, ValidationError):
            raise ValidationError(f"{found.summary}; 0 messages were published") from found
        yield number, found
