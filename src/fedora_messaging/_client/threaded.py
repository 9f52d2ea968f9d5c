# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Prepares a reactor that runs in a thread of a program which does not use Twisted itself."""

from __future__ import annotations

import os
import warnings
from typing import Any

from twisted.internet.task import LoopingCall
from twisted.logger import STDLibLogObserver, globalLogBeginner

__all__ = ["prepare"]

#: How often to reap processes that were started through the reactor, in seconds: SIGCHLD is not handled.
_REAP = 0.1


def prepare(reactor: Any) -> None:
    """Send Twisted's log to ``logging``, and reap child processes; to be called before the reactor runs."""
    shown = warnings.showwarning
    globalLogBeginner.beginLoggingTo([STDLibLogObserver()], redirectStandardIO=False)  # type: ignore[list-item]
    warnings.showwarning = shown  # Twisted replaced it, to log warnings
    if os.name == "posix":
        from twisted.internet.process import reapAllProcesses

        reaping = LoopingCall(reapAllProcesses)
        reaping.clock = reactor
        reactor.callFromThread(reaping.start, _REAP, False)
