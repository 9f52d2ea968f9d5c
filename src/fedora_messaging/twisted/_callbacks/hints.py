# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What to do about a callback that needs an asyncio event loop where none runs."""

from __future__ import annotations

from .awaiting import running_loop

__all__ = ["event_loop_hint"]

_HINT = (
    "No asyncio event loop runs where the callback does: consume with fedora_messaging.asyncio or with "
    "`fedora-messaging consume`, or install Twisted's asyncio reactor (`twistd --reactor=asyncio`)"
)


def event_loop_hint(error: BaseException) -> str:
    """Return what to do about an error of asyncio's that says that no event loop runs; "" for any other."""
    if type(error) is not RuntimeError or running_loop() is not None:
        return ""
    said = str(error)
    return _HINT if "event loop" in said or "await wasn't used with future" in said else ""
