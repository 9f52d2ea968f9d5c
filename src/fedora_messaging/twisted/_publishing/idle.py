# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Who waits until no message is on its way."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from ..._core.outbox import Outbox

__all__ = ["Idle"]


class Idle:
    """Fires Deferreds when nobody waits for a message of an outbox any more.

    Args:
        outbox: The messages that wait or are in flight; those without a waiter were given up.

    Attributes:
        waiting: The Deferreds.
    """

    def __init__(self, outbox: Outbox) -> None:
        self.waiting: list[Deferred[None]] = []
        self._outbox = outbox

    def wait(self) -> Deferred[None]:
        """Wait until no message is left.

        Returns:
            A Deferred that fires with None, at once when there is none. It never fails.
        """
        idle: Deferred[None] = Deferred()
        self.waiting.append(idle)
        self.check()
        return idle

    def check(self) -> None:
        """A message was settled or given up: fire the Deferreds if it was the last one."""
        if not self.waiting or any(outgoing.waiter is not None for outgoing in self._outbox):
            return
        idle, self.waiting = self.waiting, []
        for each in idle:
            each.callback(None)
