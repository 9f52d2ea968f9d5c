# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Telling systemd how we are: units of ``Type=notify`` and with ``WatchdogSec=`` (sd_notify(3))."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from typing import Any

from .._core.clock import Clock

__all__ = ["Notifier"]


class Notifier:
    """Speaks to the socket that systemd names in the environment, if it does.

    Args:
        clock: The source of time.
        environ: The environment.
    """

    def __init__(self, clock: Clock, environ: Mapping[str, str] = os.environ) -> None:
        self._clock = clock
        path = environ.get("NOTIFY_SOCKET", "")
        # "@" stands for the abstract namespace (sd_notify(3)).
        self._address = "\0" + path[1:] if path.startswith("@") else path
        meant = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        microseconds = environ.get("WATCHDOG_USEC", "0") if meant else "0"
        self._interval = int(microseconds) / 2_000_000 if microseconds.isdigit() else 0.0
        self._timer: Any = None

    def ready(self) -> None:
        """The work has begun; from here on the watchdog is fed, as long as the reactor turns."""
        self.say("READY=1")
        if self._interval and self._address and self._timer is None:
            self._feed()

    def stopping(self) -> None:
        """The end has begun."""
        self.say("STOPPING=1")
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def say(self, state: str) -> None:
        """Send one assignment, such as ``STATUS=...``. Nobody listening is no error."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.setblocking(False)
                sender.sendto(state.encode(), self._address)
        except OSError:
            pass

    def _feed(self) -> None:
        self.say("WATCHDOG=1")
        self._timer = self._clock.callLater(self._interval, self._feed)
