# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Finds messages by their ids, or the beginnings of these."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ... import exceptions
from ..._amqp.dead_letters import DeadLetter
from ..._core.delivery import Delivery
from .. import Failed
from ._session import Session

if TYPE_CHECKING:
    from ...twisted._reading.queue_reader import QueueReader

__all__ = ["Matches", "check_ids", "selected"]

Found = list[tuple[Delivery, DeadLetter]]

#: How many ids are named that begin alike.
_MOST_NAMED = 5


class Matches:
    """The messages whose id is, or begins with, a text.

    Args:
        wanted: The text.
    """

    def __init__(self, wanted: str) -> None:
        self._wanted = wanted
        self._exact: Found = []
        self._beginning: dict[str, Found] = {}

    def add(self, delivery: Delivery, letter: DeadLetter) -> None:
        """Keep a message if it matches; messages are not kept when there can be no unique one among them."""
        if letter.id == self._wanted:
            self._exact.append((delivery, letter))
        elif letter.id.startswith(self._wanted):
            if len(self._beginning) <= _MOST_NAMED:
                self._beginning.setdefault(letter.id, []).append((delivery, letter))
            if len(self._beginning) > 1:
                self._beginning = {each: [] for each in self._beginning}

    def unique(self, source: str) -> Found:
        """Return the messages; several have one id when a message was delivered more than once.

        Args:
            source: Where they were looked for.

        Raises:
            Failed: There is none, or there are several ids.
        """
        if self._exact:
            return self._exact
        wanted, ids = exceptions.excerpt(self._wanted, 60), list(self._beginning)
        if not ids:
            problem = f'No message in {exceptions.excerpt(source)} has the id "{wanted}"'
        elif len(ids) > 1:
            named = ", ".join(exceptions.excerpt(each, 60) for each in ids[:_MOST_NAMED])
            more = ", ..." if len(ids) > _MOST_NAMED else ""
            problem = f'Several ids begin with "{wanted}": {named}{more}'
        else:
            return self._beginning[ids[0]]
        raise Failed(exceptions.ConsumeException(problem), 1)


def check_ids(context: click.Context, parameter: click.Parameter, ids: tuple[str, ...]) -> tuple[str, ...]:
    """Check the ids of a command line; usable as click's callback.

    Raises:
        click.BadParameter: One is empty, and so the beginning of every id.
    """
    if not all(ids):
        raise click.BadParameter("an id must not be empty")
    return ids


async def selected(session: Session, reader: QueueReader, ids: tuple[str, ...]) -> Found:
    """Return the messages that are named, in the order of the names; each once.

    Raises:
        Failed: A name is not that of a message, or of several.
    """
    matches = [Matches(each) for each in ids]
    async for delivery, letter in session.letters(reader):
        for each in matches:
            each.add(delivery, letter)
    found = {delivery.tag: (delivery, letter) for m in matches for delivery, letter in m.unique(reader.queue)}
    return list(found.values())
