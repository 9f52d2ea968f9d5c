# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the factories need of the protocols that they make."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from twisted.internet.defer import Deferred

__all__ = ["ConnectionT", "ManagedConnection"]


class ManagedConnection(Protocol):
    """What the factory needs of the protocols that it makes."""

    @property
    def alive(self) -> bool:
        """Whether it is open and not closing."""

    @property
    def broker(self) -> str:
        """The broker's product and version."""

    @property
    def blocked(self) -> str | None:
        """Why the broker blocks it; None: it does not."""

    def resumeProducing(self) -> Any:
        """Start its consumers."""

    def close(self) -> Deferred[Any]:
        """Close the connection in order; the Deferred fires when it is closed."""

    def abort(self, text: str) -> None:
        """Drop the connection at once, for the reason ``text``."""


ConnectionT = TypeVar("ConnectionT", bound=ManagedConnection)
