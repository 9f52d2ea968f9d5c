# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the commands on a quarantine share: their options, and the connection with the queue that is read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ... import exceptions
from ..._amqp.dead_letters import DeadLetter, dead_letter
from ..._core.delivery import QUARANTINE, Delivery
from .. import Failed, Options, add_options, configure
from .._connection import Connecting
from .._output import until_closed
from .._reactor import install, run

if TYPE_CHECKING:
    from ...twisted._reading.queue_reader import QueueReader
    from ...twisted.protocol import FedoraMessagingProtocol

__all__ = ["Session", "count", "quarantine_command", "were"]

_F = TypeVar("_F", bound=Callable[..., Any])

#: A quorum queue of RabbitMQ 4 gives a message up when it has come back more than 20 times, by default.
_MANY_DELIVERIES = 10


def quarantine_command(name: str, short_help: str) -> Callable[[_F], click.Command]:
    """Make a command of a function, which is given a :class:`Session` first.

    Args:
        name: The name of the command.
        short_help: What the list of the commands says of it.
    """

    def decorate(function: _F) -> click.Command:
        @click.pass_context
        def call(context: click.Context, /, from_queue: str | None, **options: Any) -> None:
            assert context.parent is not None
            queue = context.parent.params["queue"]
            function(Session(context.obj, queue, from_queue), **options)

        call.__doc__ = function.__doc__
        # What @click.option and @click.argument have left at the function.
        vars(call)["__click_params__"] = getattr(function, "__click_params__", [])
        made = click.command(name, short_help=short_help)(call)
        made.params.append(
            click.Option(
                ["--from", "from_queue"],
                metavar="NAME",
                help="The queue of dead letters, in place of QUEUE.quarantine.",
            )
        )
        return add_options(made)

    return decorate


def count(number: int) -> str:
    """A number of messages in words."""
    return "1 message" if number == 1 else f"{number:,} messages"


def were(number: int, done: str) -> str:
    """What was done with a number of messages, in words."""
    return f"{count(number)} {'was' if number == 1 else 'were'} {done}"


class Session:
    """The work of one command on one queue.

    Args:
        conf: The options of all commands.
        queue: The queue whose messages could not be processed.
        from_queue: Where they are; None: in its quarantine.

    Attributes:
        queue: The queue whose messages could not be processed.
        source: The queue where they are.
        stopping: Whether a signal has asked to end.
    """

    def __init__(self, conf: Options, queue: str, from_queue: str | None) -> None:
        self.queue = queue
        self.source = f"{queue}.{QUARANTINE}" if from_queue is None else from_queue
        self.stopping = False
        self._conf = conf
        self._in_quarantine = from_queue is None
        self._connecting = Connecting()
        self._most_deliveries = 0

    def run(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a coroutine on the reactor.

        Raises:
            Exception: Whatever it raises.
        """
        configure(self._conf)
        if not self.queue or not self.source:
            raise click.UsageError("the name of a queue must not be empty")
        install()
        with until_closed():
            run(work, self._stop)

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[FedoraMessagingProtocol]:
        """A connection to the broker."""
        async with self._connecting.connected() as connection:
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[QueueReader]:
        """A reader of the queue, over a connection of its own."""
        from ...twisted._clock import global_clock
        from ...twisted._reading.queue_reader import QueueReader

        async with self.connected() as connection:
            try:
                reader = await QueueReader.open(connection, self.source, global_clock())
            except exceptions.BadDeclaration as error:
                raise self._no_queue(error) from error
            try:
                yield reader
            finally:
                await reader.close()
        if reader.missing:
            click.echo(
                f"{count(reader.missing)} of {exceptions.excerpt(self.source)} went elsewhere meanwhile: "
                "another consumer took them, or their time was over",
                err=True,
            )
        if self._most_deliveries >= _MANY_DELIVERIES:
            click.echo(
                f"A message of {exceptions.excerpt(self.source)} has come back {self._most_deliveries} times."
                " Quorum queues of RabbitMQ 4.0 to 4.2 count each look, and by default drop a message after "
                "20: set the policy delivery-limit = -1 for the queue, or requeue or export what is in it",
                err=True,
            )

    async def letters(self, reader: QueueReader) -> AsyncIterator[tuple[Delivery, DeadLetter]]:
        """The messages of the queue, in order.

        Raises:
            click.Abort: A signal has asked to end.
        """
        while batch := await reader.take():
            for delivery in batch:
                letter = self.letter(delivery)
                self._most_deliveries = max(self._most_deliveries, letter.delivery_count)
                yield delivery, letter
            if self.stopping:
                raise click.Abort

    def letter(self, delivery: Delivery) -> DeadLetter:
        """What is known of a message."""
        return dead_letter(delivery, self.queue)

    def say_if_empty(self, reader: QueueReader) -> None:
        """Say that there are no messages, if so."""
        if not reader.ready:
            click.echo(f"The queue {exceptions.excerpt(self.source)} is empty", err=True)

    def _stop(self) -> None:
        self.stopping = True
        self._connecting.stop()

    def _no_queue(self, error: exceptions.BadDeclaration) -> Failed:
        text = f"The queue {exceptions.excerpt(self.source)} cannot be read: {error.reason}"
        if self._in_quarantine:
            text += (
                f'. A consumer of {exceptions.excerpt(self.queue)} with then = "quarantine" declares it when '
                "it starts; --from names another queue"
            )
        return Failed(exceptions.ConsumeException(text), 10)
