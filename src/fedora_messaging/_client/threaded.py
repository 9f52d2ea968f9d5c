# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What a reactor needs that runs in a thread of a program which knows nothing of Twisted."""

from __future__ import annotations

import os
import warnings
from typing import Any

from twisted.internet.task import LoopingCall
from twisted.logger import STDLibLogObserver, globalLogBeginner

__all__ = ["prepare"]

#: How often processes that were started through the reactor are looked after, in seconds: there is no signal.
_REAP = 0.1


def prepare(reactor: Any) -> None:
    """Send Twisted's log to ``logging``, and have processes looked after; before the reactor runs."""
    shown = warnings.showwarning
    globalLogBeginner.beginLoggingTo([STDLibLogObserver()], redirectStandardIO=False)  # type: ignore[list-item]
    warnings.showwarning = shown  # which Twisted would send to its log
    if os.name == "posix":
        from twisted.internet.process import reapAllProcesses

        reaping = LoopingCall(reapAllProcesses)
        reaping.clock = reactor
        reactor.callFromThread(reaping.start, _REAP, False)
