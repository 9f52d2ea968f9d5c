# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The one client of the process, whose methods are the functions of ``fedora_messaging.api``.

The functions of ``fedora_messaging.asyncio`` use its service.
"""

from __future__ import annotations

from .client import Client

__all__ = ["client", "current", "publish"]


def _the_client() -> Client:
    return client


client = Client()
client._unpickled_by = _the_client, ()  # in another process its functions are that process's own
publish = client.publish
client._sender = publish  # so that receivers may ask whether the sender is api.publish
#: Its service.
current = client._current
