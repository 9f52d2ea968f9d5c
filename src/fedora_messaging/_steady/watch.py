# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A thread that notices when a reactor is late, because its clock was set back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from .monotonic import monotonic

__all__ = ["Watch"]

#: How late the reactor may be with a call before it is woken, in seconds. Its own timers are on time unless
#: its clock was set back.
_GRACE = 0.25


class Watch:
    """A thread that calls ``wake`` when a deadline has passed without a new one being set.

    It holds no locks, so that a finalizer that the interpreter runs in it cannot block other threads.

    Args:
        wake: Called in the thread; it must not block.
        grace: How long after the deadline, in seconds.
    """

    def __init__(self, wake: Callable[[], Any], grace: float = _GRACE) -> None:
        self._wake = wake
        self._grace = grace
        self._deadlines: SimpleQueue[float] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def until(self, deadline: float) -> None:
        """Set the deadline, on the clock :func:`monotonic`; it replaces the previous one."""
        self._deadlines.put(deadline)
        if self._thread is None or not self._thread.is_alive():  # in a fork it is not
            self._thread = threading.Thread(target=self._run, name="fedora-messaging clock", daemon=True)
            with suppress(RuntimeError):  # the interpreter is ending, and starts no threads any more
                self._thread.start()

    def _run(self) -> None:
        left: float | None = None
        while True:
            try:
                left = max(self._deadlines.get(timeout=left) + self._grace - monotonic(), 0.0)
            except Empty:
                left = None
                try:
                    self._wake()
                except RuntimeError:  # the event loop is closed: there are no timers any more
                    return
