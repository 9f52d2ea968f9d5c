# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What publishers and consumers know of other brokers: whether there are any, and how to go there."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Elsewhere", "NowhereElse"]


class Elsewhere(Protocol):
    """Another broker than the present one."""

    @property
    def has_others(self) -> bool:
        """Whether there is another broker, or another address, to connect to."""

    def leave(self, reason: str) -> None:
        """Drop the connection for this reason and go to another broker; nothing, if there is no other."""


class NowhereElse:
    """There is no other broker."""

    has_others = False

    def leave(self, reason: str) -> None:
        """Stay."""
