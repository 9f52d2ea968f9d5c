# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Publish and consume messages.

>>> from fedora_messaging import api
>>> message = api.Message(body={"Hello": "world"}, topic="Hi")
>>> api.publish(message)  # doctest: +SKIP
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ._client.client import Client
from ._client.default import client, publish
from .message import SERIALIZED_MESSAGE_SCHEMA, SEVERITIES, Message, dumps, loads
from .signals import pre_publish_signal, publish_failed_signal, publish_signal

if TYPE_CHECKING:
    from .twisted.consumer import Consumer
    from .twisted.service import FedoraMessagingService

__all__ = [
    "SERIALIZED_MESSAGE_SCHEMA",
    "SEVERITIES",
    "Client",
    "Consumer",
    "Message",
    "consume",
    "dumps",
    "loads",
    "pre_publish_signal",
    "publish",
    "publish_failed_signal",
    "publish_many",
    "publish_signal",
    "twisted_consume",
    "twisted_publish",
]


_client = client
publish_many = _client.publish_many
consume = _client.consume
twisted_publish = _client.twisted_publish
twisted_consume = _client.twisted_consume


def _init_twisted_service() -> FedoraMessagingService:
    """Return the running service of these functions, started if need be; for the reactor's thread.

    Compatibility with release 3.9.1, until 5.0.
    """
    return _client.running_service()


class _Api(ModuleType):
    """The class of this module, with attributes that are looked up on access."""

    # Compatibility with release 3.9.1, until 5.0
    @property
    def _twisted_service(self) -> FedoraMessagingService | None:
        return _client.service

    @_twisted_service.setter
    def _twisted_service(self, service: FedoraMessagingService | None) -> None:
        _client.service = service

    def __getattr__(self, name: str) -> Any:
        if name == "Consumer":  # importing it installs the reactor
            from .twisted.consumer import Consumer

            return Consumer
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")


sys.modules[__name__].__class__ = _Api
