# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What ``requeue`` and ``drop`` share: the choice of messages, the question, and what became of them."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ... import exceptions
from .. import Failed
from ._select import check_ids, selected
from ._session import Session, count, were

if TYPE_CHECKING:
    from ...twisted._reading.queue_reader import QueueReader
    from ...twisted._reading.settling import Act, Settling

__all__ = ["ask", "check_choice", "choice_options", "report", "settle"]

_F = TypeVar("_F", bound=Callable[..., Any])

#: How many messages that are named are settled at the same time.
_BATCH = 100


def choice_options(function: _F) -> _F:
    """Add the arguments that say which messages."""
    for option in (
        click.argument("ids", metavar="[ID]...", nargs=-1, callback=check_ids),
        click.option("--all", "everything", is_flag=True, help="All messages that are in the queue now."),
        click.option("--yes", is_flag=True, help="With --all: do not ask."),
    ):
        function = option(function)
    return function


def check_choice(ids: tuple[str, ...], everything: bool, yes: bool) -> None:
    """Check which messages were chosen, before a connection is made.

    Raises:
        click.UsageError: Both or neither of ids and --all, or --all where nobody can be asked.
    """
    if bool(ids) == everything:
        raise click.UsageError("name messages by their ids, or all by --all")
    if everything and not yes and not sys.stdin.isatty():
        raise click.UsageError("--all asks, and there is no terminal to ask on: add --yes")


async def ask(session: Session, question: Callable[[str], str]) -> int:
    """Ask on the terminal whether all messages are to go, while there is no connection.

    Args:
        session: The session.
        question: Returns the question, given how many messages there are in words.

    Returns:
        How many messages the answer is about; 0: there are none.

    Raises:
        click.Abort: The answer is no.
    """
    async with session.reading() as reader:
        ready = reader.ready
    if ready:
        # A first SIGINT only asks the command to end, which here it cannot see.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            click.confirm(question(count(ready)), abort=True, err=True)
        finally:
            signal.signal(signal.SIGINT, before)
    return ready


async def settle(
    session: Session, reader: QueueReader, ids: tuple[str, ...], act: Act, label: str
) -> Settling:
    """Act upon the messages with these ids, or without ids upon all, and take them off the queue."""
    from ...twisted._reading.settling import Settling

    settling = Settling(reader, act)
    if ids:
        deliveries = [delivery for delivery, _ in await selected(session, reader, ids)]
        while deliveries and not settling.stopped and not session.stopping:
            await settling.settle(deliveries[:_BATCH])
            del deliveries[:_BATCH]
        return settling
    with _progress(reader.left, label) as bar:
        settling.progressed = bar
        await settling.settle_all(lambda: not session.stopping)
    return settling


def report(session: Session, settling: Settling, done: str) -> None:
    """Say what became of the messages.

    Args:
        session: The session.
        settling: What settled them.
        done: What was done, in words.

    Raises:
        Failed: Some have to stay.
        click.Abort: The command was interrupted.
    """
    source = exceptions.excerpt(session.source)
    click.echo(were(settling.done, done), err=True)
    if settling.first_kept is not None:
        delivery, error = settling.first_kept
        first = exceptions.excerpt(session.letter(delivery).id, 60)
        problem = f"{were(settling.kept, 'left')} in {source}; the first, {first}: {error.summary}"
        raise Failed(exceptions.ConsumeException(problem), 1)
    if session.stopping:
        click.echo(f"Interrupted: the others are still in {source}", err=True)
        raise click.Abort


class _Progress:
    """A bar on standard error."""

    def __init__(self, length: int, label: str) -> None:
        self._bar: Any = click.progressbar(length=length, label=label, file=sys.stderr, show_pos=True)

    def __enter__(self) -> Callable[[], None]:
        self._bar.__enter__()
        return lambda: self._bar.update(1)

    def __exit__(self, *error: object) -> None:
        self._bar.__exit__(*error)


def _progress(length: int, label: str) -> Any:
    return _Progress(length, label) if sys.stderr.isatty() else nullcontext(lambda: None)
