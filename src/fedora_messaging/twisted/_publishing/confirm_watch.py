# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Notices a broker that confirms nothing of what is in flight."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..._core.clock import Clock
from ..._core.patience import Patience
from .._connection.elsewhere import Elsewhere

__all__ = ["ConfirmWatch"]

#: Seconds without a single confirm after which another broker is tried, at first and at most. A node that is
#: cut off from its cluster keeps its connections, and confirms nothing that needs a majority.
_FIRST, _MOST = 15.0, 60.0


class ConfirmWatch:
    """Watches the confirms of one publisher while something is in flight, if there are other brokers.

    Args:
        clock: The source of time.
        elsewhere: The other brokers.
        in_flight: Says how many messages were sent and are not confirmed.
        excused: Says whether the broker has asked to be sent nothing.
    """

    def __init__(
        self, clock: Clock, elsewhere: Elsewhere, in_flight: Callable[[], int], excused: Callable[[], bool]
    ) -> None:
        self._clock = clock
        self._elsewhere = elsewhere
        self._in_flight = in_flight
        self._excused = excused
        self._patience = Patience(_FIRST, _MOST)
        self._since = 0.0
        self._timer: Any = None

    def begun(self) -> None:
        """The first message is in flight."""
        if self._elsewhere.has_others:
            self._since = self._clock.seconds()
            if self._timer is None:
                self._timer = self._clock.callLater(self._patience.limit, self._check)

    def confirmed(self) -> None:
        """The broker has confirmed something."""
        if self._timer is not None:
            self._since = self._clock.seconds()
        self._patience.rewarded()

    def stop(self) -> None:
        """The channel has ended, and nothing is in flight any more."""
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()

    def _check(self) -> None:
        self._timer = None
        if not self._in_flight():
            return
        if self._excused():
            self.begun()
            return
        limit = self._patience.limit
        left = self._since + limit - self._clock.seconds()
        if left > 0:
            self._timer = self._clock.callLater(left, self._check)
            return
        self._patience.reached()
        self._elsewhere.leave(f"the broker has confirmed nothing for {limit:g} s")
