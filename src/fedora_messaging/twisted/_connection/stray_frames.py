# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Frames for channels that are closed: an error of the broker, which does no harm and is logged."""

from __future__ import annotations

from typing import Any

from ..._core.clock import Clock
from ..._reporting.log import SafeLog
from ..._reporting.loggers import CONNECTION

__all__ = ["StrayFrames"]

_log = SafeLog(CONNECTION)


class StrayFrames:
    """Counts them, and logs how many there were: the first at once, then once a second.

    Args:
        clock: The source of time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._count = 0
        self._timer: Any = None

    def received(self) -> None:
        """One was received, and dropped."""
        self._count += 1
        if self._timer is None:
            self._log()

    def close(self) -> None:
        """The connection has ended: log the rest."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._report()

    def _log(self) -> None:
        self._timer = self._clock.callLater(1.0, self._log) if self._report() else None

    def _report(self) -> bool:
        count, self._count = self._count, 0
        if count:
            _log.warning("Dropped frames that the broker sent for channels that are closed: %d.", count)
        return bool(count)
