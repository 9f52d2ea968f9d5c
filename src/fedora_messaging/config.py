# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The configuration.

:func:`parse` turns any mapping into a frozen :class:`Config`; :data:`conf` is the configuration of the
process, a dictionary that is loaded when it is first read.
"""

from __future__ import annotations

from ._config.files import load
from ._config.lazy import LazyConfig
from ._config.model import (
    DEFAULTS,
    TLS,
    Config,
    ConsumerConfig,
    Monitoring,
    NackDelay,
    QoS,
    Reconnect,
    Tracing,
)
from ._config.parser import (
    parse,
    validate_bindings,
    validate_client_properties,
    validate_monitoring,
    validate_queues,
)
from ._config.secrets import hidden
from ._config.types import (
    BaseBinding,
    BaseExchangeConfig,
    BindingConfig,
    BindingsType,
    CallbackType,
    ClientProperties,
    ConfigType,
    ExchangeConfig,
    ExchangeDefinition,
    NamedQueueConfig,
    QOSConfig,
    QueueConfig,
    TLSConfig,
)

__all__ = [
    "DEFAULTS",
    "TLS",
    "BaseBinding",
    "BaseExchangeConfig",
    "BindingConfig",
    "BindingsType",
    "CallbackType",
    "ClientProperties",
    "Config",
    "ConfigType",
    "ConsumerConfig",
    "ExchangeConfig",
    "ExchangeDefinition",
    "LazyConfig",
    "Monitoring",
    "NackDelay",
    "NamedQueueConfig",
    "QOSConfig",
    "QoS",
    "QueueConfig",
    "Reconnect",
    "TLSConfig",
    "Tracing",
    "conf",
    "hidden",
    "load",
    "parse",
    "validate_bindings",
    "validate_client_properties",
    "validate_monitoring",
    "validate_queues",
]

#: The configuration of this process.
conf = LazyConfig()
