# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Types of the parts of the configuration, for annotations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypedDict

__all__ = [
    "BaseBinding",
    "BaseExchangeConfig",
    "BindingConfig",
    "BindingsType",
    "CallbackType",
    "ClientProperties",
    "ConfigType",
    "ExchangeConfig",
    "ExchangeDefinition",
    "NamedQueueConfig",
    "QOSConfig",
    "QueueConfig",
    "TLSConfig",
]


class BaseExchangeConfig(TypedDict, total=False):
    """The properties of an exchange."""

    type: str
    durable: bool
    auto_delete: bool
    arguments: dict[str, Any]


class ExchangeConfig(BaseExchangeConfig, total=False):
    """An exchange with its name."""

    exchange: str


#: ``exchanges``: names to properties.
ExchangeDefinition = dict[str, BaseExchangeConfig]


class QueueConfig(TypedDict, total=False):
    """The properties of a queue."""

    durable: bool
    auto_delete: bool
    exclusive: bool
    arguments: dict[str, Any]


class NamedQueueConfig(QueueConfig, total=False):
    """A queue with its name."""

    queue: str


class BaseBinding(TypedDict, total=False):
    """A binding without its routing keys."""

    queue: str
    queue_name: str
    exchange: str
    arguments: dict[str, Any]


class BindingConfig(BaseBinding, total=False):
    """One entry of ``bindings``."""

    routing_keys: list[str]
    routing_key: str


#: ``bindings``: one, or a list of them.
BindingsType = BindingConfig | list[BindingConfig]

#: A function that is called with each message.
CallbackType = Callable[[Any], Any]


class QOSConfig(TypedDict, total=False):
    """``qos``."""

    prefetch_size: int
    prefetch_count: int


class TLSConfig(TypedDict, total=False):
    """``tls``."""

    ca_cert: str | None
    keyfile: str | None
    certfile: str | None


class ClientProperties(TypedDict, total=False):
    """``client_properties``: how the client describes itself to the broker."""

    app: str
    product: str
    information: str
    version: str


#: All of the configuration.
ConfigType = dict[str, Any]
