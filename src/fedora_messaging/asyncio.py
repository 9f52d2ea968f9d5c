# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Publish and consume messages on asyncio's event loop.

>>> import fedora_messaging.asyncio as messaging
>>> async def greet():
...     await messaging.publish(messaging.Message(body={"Hello": "world"}, topic="Hi"))

The functions are the methods of one client, which shares the connections of :mod:`fedora_messaging.api`.
"""

from __future__ import annotations

from ._client import default
from ._client.async_client import AsyncClient
from ._client.current_service import CurrentService
from ._client.message_stream import MessageStream
from .config import Config
from .message import Message

__all__ = ["Client", "Message", "MessageStream", "consume", "messages", "publish", "publish_many"]


class Client(AsyncClient):
    """Publishes and consumes on asyncio's event loops.

    It has its own service, which is started when it is first needed: on the running event loop if Twisted's
    asyncio reactor is installed on it, and otherwise in the reactor's thread, which the blocking client also
    uses. It may be used from any event loop and thread, and as an asynchronous context manager.

    Args:
        config: The configuration. None means :data:`fedora_messaging.config.conf`, including later changes to
            it.
    """

    def __init__(self, config: Config | None = None) -> None:
        super().__init__(CurrentService(config))


_client = AsyncClient(default.current)
publish = _client.publish
publish_many = _client.publish_many
consume = _client.consume
messages = _client.messages
