# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Where tests step between an application and the broker.

Clients ask here before they publish. Outside of tests nobody has anything to say. It imports nothing,
so that pytest's plugin can use it in every test of every machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["Interception", "interception"]


class Interception:
    """Takes messages away from clients, or forbids them to connect.

    Attributes:
        takers: The last one is given each message instead of the broker.
        guard: Called before the first connection for publishing is made; raises to forbid it.
    """

    def __init__(self) -> None:
        self.takers: list[Callable[[Any], None]] = []
        self.guard: Callable[[Any], None] | None = None

    def takes(self, message: Any, *, connected: bool) -> bool:
        """Whether a message is taken, and is not to be published.

        Args:
            message: The message.
            connected: Whether the client has published before.

        Raises:
            Exception: What the guard raises.
        """
        if self.takers:
            self.takers[-1](message)
            return True
        if self.guard is not None and not connected:
            self.guard(message)
        return False


#: The one of this process.
interception = Interception()
