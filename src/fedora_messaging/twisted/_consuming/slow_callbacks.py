# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The warning about a callback that runs for long."""

from __future__ import annotations

from ..._core.delivery import Delivery
from ..._reporting.log import SafeLog
from ..._reporting.loggers import CONSUMER

__all__ = ["SlowCallbackWarning"]

_log = SafeLog(CONSUMER)


class SlowCallbackWarning:
    """Warns of a callback that runs for long: once, whatever becomes of its channel."""

    __slots__ = ("_delivery", "_logged", "_since")

    def __init__(self) -> None:
        self._delivery: Delivery | None = None
        self._since = 0.0
        self._logged = False

    def check(self, running: Delivery | None, now: float, queue: str, ack_timeout: float) -> None:
        """Warn if the callback was running half of ``ack_timeout`` ago, and there was no warning yet.

        Args:
            running: The delivery whose callback is running.
            now: The present time, in seconds.
            queue: The queue's name.
            ack_timeout: How long a delivery should be unacknowledged at most, in seconds.
        """
        if running is not self._delivery:
            self._delivery, self._since, self._logged = running, now, False
            return
        if running is None or self._logged or now - self._since < ack_timeout / 2 - 1e-6:
            return
        self._logged = True
        _log.warning(
            "A callback on the queue %r has been running for more than %g s. After its consumer_timeout "
            "(30 minutes unless configured) the broker gives the message to somebody else. Only a longer "
            "consumer_timeout prevents that, or, where messages wait for slow callbacks, a smaller "
            "qos.prefetch_count.",
            queue,
            ack_timeout,
        )
