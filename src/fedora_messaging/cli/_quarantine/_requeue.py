# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging quarantine QUEUE requeue``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ... import exceptions
from ..._amqp.forwarding import forwarded
from ..._core.delivery import REQUEUE, Delivery
from .. import Failed
from ._session import Session, quarantine_command, were
from ._taking import ask, check_choice, choice_options, report, settle

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from ...twisted._reading.queue_reader import QueueReader

__all__ = ["requeue"]

#: Seconds that the broker may take to confirm a message.
_TIMEOUT = 30.0


@quarantine_command("requeue", "Send messages back to their queue.")
@choice_options
@click.option(
    "--exchange",
    metavar="NAME",
    help="Publish to this exchange. Default: QUEUE.requeue, which leads to QUEUE and nowhere else.",
)
@click.option(
    "--routing-key", metavar="KEY", help="Publish with this routing key. Default: the topic of the message."
)
@click.option("--force", is_flag=True, help="Send messages back, too, that are not valid.")
def requeue(
    session: Session,
    ids: tuple[str, ...],
    everything: bool,
    yes: bool,
    exchange: str | None,
    routing_key: str | None,
    force: bool,
) -> None:
    """Send messages back to QUEUE, and to no other queue: those that are named, or all.

    Each is published, and taken away once the broker has confirmed that. They leave as they came, without
    the headers of the failure and of the broker. Ctrl-C ends it between two messages.

    \b
      fedora-messaging quarantine orders requeue 3fd8
    """  # noqa: D301, click reads the backspace
    check_choice(ids, everything, yes)
    target = f"{session.queue}.{REQUEUE}" if exchange is None else exchange
    named = exceptions.excerpt(target) or '""'
    if routing_key is not None and len(routing_key.encode("utf-8", "surrogateescape")) > 255:
        raise click.BadParameter("a routing key has 255 bytes at most", param_hint="'--routing-key'")

    async def work() -> None:
        most = None
        if everything and not yes:
            most = await ask(
                session,
                lambda number: f"Publish {number} of {exceptions.excerpt(session.source)} to {named}?",
            )
        # Over a connection of its own: an alarm of the broker must not stop acknowledgements.
        async with session.connected() as publishing, session.reading() as reader:
            await expect_exchange(reader)
            session.say_if_empty(reader)
            if most is not None:
                reader.limit(most)

            def act(delivery: Delivery) -> Deferred[None]:
                return publish(publishing.publisher, delivery)

            settling = await settle(session, reader, ids, act, "Requeueing")
        if settling.stopped is not None:
            click.echo(f"{were(settling.done, 'requeued')}, and then:", err=True)
            raise _refused(settling.stopped, named) from settling.stopped
        report(session, settling, "requeued")

    async def expect_exchange(reader: QueueReader) -> None:
        try:
            await reader.expect_exchange(target)
        except exceptions.BadDeclaration as error:
            text = f"The exchange {named} cannot be published to: {error.reason}. {_WAY_OUT}"
            raise Failed(exceptions.ConsumeException(text), 10) from error

    def publish(publisher: Any, delivery: Delivery) -> Deferred[None]:
        from twisted.internet.defer import fail

        letter = session.letter(delivery)
        if letter.invalid and not force:
            return fail(exceptions.ValidationError(f"not valid, {letter.invalid} (--force sends it anyway)"))
        key = delivery.routing_key
        if routing_key is not None:
            key = routing_key.encode("utf-8", "surrogateescape")
        elif letter.topic_from_death:
            key = letter.topic.encode()
        try:
            encoded = forwarded(delivery._replace(routing_key=key), target, {})
        except exceptions.ValidationError as error:
            return fail(error)
        sent: Deferred[None] = publisher.publish(encoded, mandatory=True, timeout=_TIMEOUT)
        return sent

    session.run(work)


_WAY_OUT = (
    "A consumer of the queue whose failure policy waits in queues or has a quarantine declares it: start it "
    "once, or name another way by --exchange and --routing-key"
)


def _refused(error: Exception, exchange: str) -> Failed:
    """Return the error for a message that could not be published; it is still where it was."""
    if isinstance(error, exceptions.PublishForbidden):
        return Failed(error, 15)
    if isinstance(error, exceptions.PublishReturned):
        words = f"The exchange {exchange} took no message: {error}. {_WAY_OUT}"
        return Failed(exceptions.PublishReturned(words), 1)
    return Failed(error)
