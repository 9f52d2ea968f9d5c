# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Loads the message classes that are installed, which takes a while, without stopping an event loop.

The first message that is received needs them. Whoever publishes one of them has loaded them by making it.
"""

from __future__ import annotations

import asyncio

from .._message.message import load_message_classes, registry

__all__ = ["message_classes_loaded"]


async def message_classes_loaded() -> None:
    """Load the message classes that are installed, in another thread, unless they are."""
    if not registry.loaded:
        await asyncio.to_thread(load_message_classes)
