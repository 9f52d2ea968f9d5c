# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Messages between the reactor's thread, where they arrive, and the thread that prints them."""

from __future__ import annotations

import threading
from collections import deque

from ..._core.delivery import Delivery

__all__ = ["Inbox"]


class Inbox:
    """A limited number of messages that wait to be printed.

    Args:
        lossy: Whether the oldest give way to new ones when there are too many; else :meth:`put` says so.
        most: How many may wait.
        most_bytes: How many bytes of bodies may wait.
    """

    def __init__(self, *, lossy: bool, most: int = 1_000, most_bytes: int = 8 * 1024 * 1024) -> None:
        self._lossy = lossy
        self._most = most
        self._most_bytes = most_bytes
        self._waiting: deque[Delivery] = deque()
        self._size = 0
        self._skipped = 0
        self._closed = False
        self._changed = threading.Condition()

    def put(self, delivery: Delivery) -> bool:
        """Add a message; returns whether there is room for another. Never blocks for long."""
        with self._changed:
            if self._closed:
                return True
            self._waiting.append(delivery)
            self._size += len(delivery.body or b"")
            while self._lossy and self._is_full() and len(self._waiting) > 1:
                self._size -= len(self._waiting.popleft().body or b"")
                self._skipped += 1
            self._changed.notify()
            return self._lossy or not self._is_full()

    def take(self) -> tuple[int, list[Delivery]] | None:
        """Wait for messages.

        Returns:
            How many were left out, and those that came after them; None: there will be no more.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if self._closed:
                return None
            skipped, self._skipped = self._skipped, 0
            taken = list(self._waiting)
            self._waiting.clear()
            self._size = 0
            return skipped, taken

    @property
    def closed(self) -> bool:
        """Whether nothing more is to be printed."""
        return self._closed

    def close(self) -> None:
        """Forget what waits: nothing more is to be printed."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify()

    def _is_full(self) -> bool:
        return len(self._waiting) > self._most or self._size > self._most_bytes
