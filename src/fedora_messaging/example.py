# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A callback to try consumers with."""

from __future__ import annotations

from .message import Message

__all__ = ["printer"]


def printer(message: Message) -> None:
    """Print the message."""
    print(str(message), flush=True)
