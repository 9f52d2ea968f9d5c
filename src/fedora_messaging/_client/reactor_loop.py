# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Twisted's asyncio reactor on an event loop that the application runs.

Nothing of Twisted is imported here: that would stop the event loop for a while.
"""

from __future__ import annotations

import asyncio
import functools
import sys
import threading
from typing import Any

__all__ = ["is_in_reactor", "only_in_reactor", "runs_reactor"]


def runs_reactor(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether an event loop, which runs in this thread, is that of the installed asyncio reactor.

    A reactor that the application has installed on the loop without running it is started.
    """
    reactor = _installed()
    if getattr(reactor, "_asyncioEventloop", None) is not loop:
        return False
    if not reactor.running:
        # Whoever runs only the loop never stops the reactor; its threads must not keep the process alive.
        reactor.getThreadPool().threadFactory = functools.partial(threading.Thread, daemon=True)
        reactor.startRunning(installSignalHandlers=False)
    return True


def is_in_reactor() -> bool:
    """Whether this is the thread of a reactor that runs."""
    reactor = _installed()
    own = getattr(reactor, "_asyncioEventloop", None)
    return _is_running(reactor) and _is_io_thread() and (own is None or own.is_running())


def only_in_reactor(name: str, instead: str) -> None:
    """Refuse a call that belongs to the reactor's thread where nothing would come of it.

    Before the reactor runs it may be made in any thread, as programs do that set up what it is to run.

    Args:
        name: The name of the call.
        instead: The call for other threads, of ``api`` and of ``asyncio``.

    Raises:
        RuntimeError: A reactor runs in another thread, or an asyncio event loop in this one that is not the
            reactor's.
    """
    loop = asyncio._get_running_loop()
    reactor = _installed()
    if loop is None:
        if not _is_running(reactor) or _is_io_thread():
            return
        where = "the reactor runs in another thread"
    elif getattr(reactor, "_asyncioEventloop", None) is loop:
        return
    else:
        where = "the asyncio event loop that runs here is not the reactor's"
    raise RuntimeError(
        f"{name} belongs to the reactor's thread, and {where}: use api.{instead}, which blocks, or await "
        f"fedora_messaging.asyncio.{instead}"
    )


def _installed() -> Any:
    return sys.modules.get("twisted.internet.reactor")


def _is_running(reactor: Any) -> bool:
    return bool(getattr(reactor, "running", False))


def _is_io_thread() -> bool:
    threadable = sys.modules.get("twisted.python.threadable")
    return bool(getattr(threadable, "isInIOThread", bool)())
