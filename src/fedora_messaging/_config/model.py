# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The configuration as frozen values, and its defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._core.topology import Binding, Exchange, Queue

__all__ = [
    "DEFAULTS",
    "RESERVED",
    "TLS",
    "Config",
    "ConsumerConfig",
    "Monitoring",
    "NackDelay",
    "QoS",
    "Reconnect",
]

#: The client properties that only the package sets.
RESERVED = {
    "product": "Fedora Messaging",
    "information": "https://fedora-messaging.readthedocs.io/en/stable/",
    "version": "fedora_messaging-4.0.0",
}

#: The default configuration.
DEFAULTS: dict[str, Any] = {
    "amqp_url": "amqp://?connection_attempts=3&retry_delay=5",
    "passive_declares": False,
    "publish_exchange": "amq.topic",
    "publish_priority": None,
    "topic_prefix": "",
    "exchanges": {"amq.topic": {"type": "topic", "durable": True, "auto_delete": False, "arguments": {}}},
    "queues": {"": {"durable": False, "auto_delete": True, "exclusive": True, "arguments": {}}},
    "bindings": [{"queue": "", "exchange": "amq.topic", "routing_keys": ["#"]}],
    "callback": None,
    "consumer_config": {},
    "qos": {"prefetch_size": 0, "prefetch_count": 10},
    "tls": {"ca_cert": None, "keyfile": None, "certfile": None},
    "client_properties": {"app": "Unknown", **RESERVED},
    "log_config": {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"simple": {"format": "[%(name)s %(levelname)s] %(message)s"}},
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": "simple",
                "stream": "ext://sys.stderr",
            }
        },
        "loggers": {"fedora_messaging": {"level": "INFO", "propagate": False, "handlers": ["console"]}},
        # The root logger, as dictConfig names it.
        "root": {"level": "WARNING", "handlers": ["console"]},
    },
    "monitoring": {},
    "reconnect": {"base": 0.5, "cap": 8.0, "stable": 5.0},
    "nack_delay": {"first": 1.0, "cap": 30.0},
    "handshake_timeout": 10.0,
    "shutdown_grace": 30.0,
    "declare_timeout": 90.0,
    "ack_timeout": 1800.0,
    "mandatory": False,
    "max_message_size": 64 * 1024 * 1024,
    "consumers": {},
}


@dataclass(frozen=True, slots=True)
class QoS:
    """How many deliveries the broker sends ahead of their acknowledgement."""

    prefetch_size: int = 0
    prefetch_count: int = 10


@dataclass(frozen=True, slots=True)
class TLS:
    """The files for TLS. With a certificate the client authenticates by it (EXTERNAL)."""

    ca_cert: str | None = None
    keyfile: str | None = None
    certfile: str | None = None


@dataclass(frozen=True, slots=True)
class Monitoring:
    """Where the monitor's pages are served; by default on all interfaces, since probes come from outside."""

    port: int
    address: str = ""


@dataclass(frozen=True, slots=True)
class Reconnect:
    """The back-off between connections: base and cap, and how long one has to last to reset it (seconds)."""

    base: float = 0.5
    cap: float = 8.0
    stable: float = 5.0


@dataclass(frozen=True, slots=True)
class NackDelay:
    """How long a message is held before it is requeued: the first time, and at most (seconds)."""

    first: float = 1.0
    cap: float = 30.0


@dataclass(frozen=True, slots=True)
class ConsumerConfig:
    """One of several consumers in a process: a ``[consumers.NAME]`` table."""

    name: str
    callback: Any
    queues: tuple[Queue, ...]
    bindings: tuple[Binding, ...]
    qos: QoS = QoS()


@dataclass(frozen=True, slots=True)
class Config:
    """The configuration in effect. Its ``repr`` leaves out what may hold secrets."""

    amqp_url: str = field(default=DEFAULTS["amqp_url"], repr=False)
    passive_declares: bool = False
    publish_exchange: str = "amq.topic"
    publish_priority: int | None = None
    topic_prefix: str = ""
    exchanges: tuple[Exchange, ...] = ()
    queues: tuple[Queue, ...] = ()
    bindings: tuple[Binding, ...] = ()
    callback: Any = None
    consumer_config: Mapping[str, Any] = field(default_factory=dict, repr=False)
    qos: QoS = QoS()
    tls: TLS = TLS()
    client_properties: Mapping[str, Any] = field(default_factory=dict, repr=False)
    log_config: Mapping[str, Any] = field(default_factory=dict, repr=False)
    monitoring: Monitoring | None = None
    reconnect: Reconnect = Reconnect()
    nack_delay: NackDelay = NackDelay()
    handshake_timeout: float = 10.0
    shutdown_grace: float = 30.0
    declare_timeout: float = 90.0
    ack_timeout: float = 1800.0
    mandatory: bool = False
    max_message_size: int = 64 * 1024 * 1024
    consumers: tuple[ConsumerConfig, ...] = ()
    #: Where amqp_url was written, in words; not a part of the configuration.
    origin: str = field(default="", repr=False, compare=False)
