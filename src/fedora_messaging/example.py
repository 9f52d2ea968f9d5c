# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A callback for trying out consumers."""

from __future__ import annotations

import sys

from .message import Message

__all__ = ["printer"]


def printer(message: Message) -> None:
    """Print the message. Characters that the terminal's encoding lacks are printed as escape sequences."""
    text = str(message)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)
