# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging quarantine QUEUE drop``."""

from __future__ import annotations

from ...exceptions import excerpt
from ._session import Session, quarantine_command
from ._taking import ask, check_choice, choice_options, report, settle

__all__ = ["drop"]


@quarantine_command("drop", "Delete messages for ever.")
@choice_options
def drop(session: Session, ids: tuple[str, ...], everything: bool, yes: bool) -> None:
    """Delete messages, for ever: those that are named, or all.

    Ctrl-C ends it between two messages.

    \b
      fedora-messaging quarantine orders drop 3fd8 71c0
    """  # noqa: D301, click reads the backspace
    check_choice(ids, everything, yes)

    async def work() -> None:
        from twisted.internet.defer import succeed

        most = None
        if everything and not yes:
            most = await ask(session, lambda number: f"Delete {number} in {excerpt(session.source)}?")
        async with session.reading() as reader:
            session.say_if_empty(reader)
            if most is not None:
                reader.limit(most)
            settling = await settle(session, reader, ids, lambda _: succeed(None), "Dropping")
        if settling.stopped is not None:
            raise settling.stopped
        report(session, settling, "dropped")

    session.run(work)
