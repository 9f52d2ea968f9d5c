# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the first and the second SIGTERM or SIGINT do: the first stops in order, the second at once."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from .._reporting.log import SafeLog
from .._reporting.loggers import MAIN

__all__ = ["STOP_SIGNALS", "StopSequence"]

_log = SafeLog(MAIN)

#: The signals that ask a process to end.
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopSequence:
    """Two calls: one for the first signal that asks to end, one for the second. Later signals do nothing.

    It may be used in signal handlers: it holds no lock. An error that a call raises is logged, so that the
    next signal is still obeyed.

    Args:
        first: Called with the number of the first signal.
        second: Called with the number of the second signal.
        same_within: Signals that follow the first within so many seconds are the same request. Some
            supervisors (GNU timeout, for one) signal the process and also its group.
        seconds: The source of time.
    """

    def __init__(
        self,
        first: Callable[[int], Any],
        second: Callable[[int], Any],
        *,
        same_within: float = 0.0,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._calls = [second, first]
        self._same_within = same_within
        self._seconds = seconds
        self._first_at: float | None = None

    @property
    def finished(self) -> bool:
        """Whether both calls have been made."""
        return not self._calls

    def received(self, number: int, frame: FrameType | None = None) -> None:
        """Make the call for a signal; usable as a signal handler.

        Args:
            number: The signal.
            frame: What the signal interrupted; not used.
        """
        now = self._seconds()
        if self._first_at is None:
            self._first_at = now
        elif self._same_within and now - self._first_at <= self._same_within:
            return
        try:
            call = self._calls.pop()
        except IndexError:
            return
        try:
            call(number)
        except Exception as error:
            _log.error("Ending after a signal failed.", error=error)

    def install(self) -> None:
        """Make it the handler of :data:`STOP_SIGNALS`; only in the main thread."""
        for number in STOP_SIGNALS:
            signal.signal(number, self.received)
