# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The limits of what waits to be published: publishing without waiting must not fill the memory."""

from __future__ import annotations

from ...exceptions import PublishBacklog

__all__ = ["Backlog"]


class Backlog:
    """Decides when the publisher has enough messages in flight, and when it takes no more.

    Args:
        messages: How many may be in flight; 0: any number. Twice as many may be waiting or in flight.
        size: The same in bytes.
    """

    __slots__ = ("_messages", "_size")

    def __init__(self, messages: int, size: int) -> None:
        self._messages = messages or float("inf")
        self._size = size or float("inf")

    def is_full(self, messages: int, size: int) -> bool:
        """Whether a further message has to wait: so many messages, of so many bytes, are in flight."""
        return messages >= self._messages or size >= self._size

    def refuses(self, messages: int, size: int) -> bool:
        """Whether a further message is refused: so many messages, of so many bytes, wait or are in flight."""
        return messages >= 2 * self._messages or size >= 2 * self._size

    def error(self, messages: int, size: int, state: str) -> PublishBacklog:
        """Return the error for a message that is refused.

        Args:
            messages: How many wait or are in flight.
            size: How many bytes these are.
            state: What they wait for, in words.
        """
        which = "max_pending" if messages >= 2 * self._messages else "max_pending_bytes"
        return PublishBacklog(
            f"{messages:,} messages ({size:,} bytes) are waiting to be published, twice the limit {which}: "
            f"{state}. Wait for the Deferreds of earlier ones, or set the limit"
        )
