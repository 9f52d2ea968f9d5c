# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""One timer that is set, moved and cancelled, again and again."""

from __future__ import annotations

from collections.abc import Callable

from .._clock import Clock, Timer


class Alarm:
    """Calls a function at a time that may change.

    Args:
        clock: its clock.
        call: what is called when the time has come.
    """

    def __init__(self, clock: Clock, call: Callable[[], object]) -> None:
        self._clock = clock
        self._call = call
        self._timer: Timer | None = None

    def by(self, time: float) -> None:
        """Go off at a time, or earlier if the alarm is set to an earlier one."""
        delay = max(0.0, time - self._clock.seconds())
        if self._timer is None:
            self._timer = self._clock.callLater(delay, self._go_off)
        elif time < self._timer.getTime():
            self._timer.reset(delay)

    def restart(self, delay: float) -> None:
        """Go off after a delay in seconds, and not before."""
        self.cancel()
        self._timer = self._clock.callLater(delay, self._go_off)

    def cancel(self) -> None:
        """Do not go off."""
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _go_off(self) -> None:
        self._timer = None
        self._call()
