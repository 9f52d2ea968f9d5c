# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Lets tests intercept messages between an application and the broker.

Clients consult it before they publish; outside of tests it does nothing. The module imports nothing, so that
the pytest plugin, which is loaded in every test run of every machine that has the package, can use it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["Interception", "interception"]


class Interception:
    """Takes messages that would be published, or forbids clients to connect.

    Attributes:
        takers: The last one gets each message in place of the broker.
        guard: Called before the first connection for publishing is made; raises to forbid it.
    """

    def __init__(self) -> None:
        self.takers: list[Callable[[Any], None]] = []
        self.guard: Callable[[Any], None] | None = None

    def takes(self, message: Any, *, connected: bool) -> bool:
        """Whether a test takes a message, which is then not published.

        Args:
            message: The message.
            connected: Whether the client has published before.

        Raises:
            Exception: Whatever the guard raises.
        """
        if self.takers:
            self.takers[-1](message)
            return True
        if self.guard is not None and not connected:
            self.guard(message)
        return False


#: The instance of this process.
interception = Interception()
