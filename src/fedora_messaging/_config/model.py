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
    "RetryConfig",
    "Tracing",
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
    "failover": "shuffle",
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
        "formatters": {"simple": {"format": "%(asctime)s [%(name)s %(levelname)s] %(message)s"}},
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
    "tracing": {"enabled": False, "parent": True},
    "reconnect": {"base": 0.5, "cap": 8.0, "stable": 5.0},
    "nack_delay": {"first": 1.0, "cap": 30.0},
    "retry": {},
    "handshake_timeout": 10.0,
    "shutdown_grace": 30.0,
    "declare_timeout": 90.0,
    "ack_timeout": 1800.0,
    "mandatory": False,
    "max_message_size": 64 * 1024 * 1024,
    "max_pending": 10_000,
    "max_pending_bytes": 256 * 1024 * 1024,
    "consumers": {},
}


@dataclass(frozen=True, slots=True)
class QoS:
    """How many messages the broker sends in advance, and how many callbacks may run at a time."""

    prefetch_size: int = 0
    prefetch_count: int = 10
    concurrency: int = 1


@dataclass(frozen=True, slots=True)
class TLS:
    """The files for TLS. If there is a certificate, the client authenticates with it (EXTERNAL)."""

    ca_cert: str | None = None
    keyfile: str | None = None
    certfile: str | None = None


@dataclass(frozen=True, slots=True)
class Monitoring:
    """What is watched, and where that is served.

    Args:
        port: The TCP port of the pages; 0: any free one; None: there are no pages.
        address: The address to listen on; "": all interfaces.
        metrics: Whether messages are counted and measured, and the metrics are served.
        labels: Further labels of durations and ages: "schema".
        stuck_after: Seconds after which a running callback counts as stuck. None means never.
        dashboard: Whether a page for people is served, too.
    """

    port: int | None
    address: str = ""
    metrics: bool = True
    labels: tuple[str, ...] = ()
    stuck_after: float | None = None
    dashboard: bool = False


@dataclass(frozen=True, slots=True)
class Tracing:
    """Whether spans of OpenTelemetry are made.

    Args:
        enabled: Whether they are; without, nothing of OpenTelemetry is imported.
        parent: Whether the span of a callback is a child of the one in which its message was published; it
            has a link to that one in any case.
    """

    enabled: bool = False
    parent: bool = True


@dataclass(frozen=True, slots=True)
class Reconnect:
    """The delays between attempts to connect, and how long consuming must last to reset them, in seconds."""

    base: float = 0.5
    cap: float = 8.0
    stable: float = 5.0


@dataclass(frozen=True, slots=True)
class NackDelay:
    """How long a message is held before it is requeued: the first delay, and the longest one, in seconds."""

    first: float = 1.0
    cap: float = 30.0


@dataclass(frozen=True, slots=True)
class RetryConfig:
    """A failure policy, whose exceptions are not imported yet; see :class:`fedora_messaging.retry.Retry`."""

    on: tuple[Any, ...]  #: classes, or their names (``module:Class``)
    delays: tuple[float, ...]
    then: str
    wait: str
    jitter: float
    rest_after: int | None
    where: str = "retry"  #: the section


@dataclass(frozen=True, slots=True)
class ConsumerConfig:
    """One of several consumers in a process: a ``[consumers.NAME]`` table."""

    name: str
    callback: Any
    queues: tuple[Queue, ...]
    bindings: tuple[Binding, ...]
    qos: QoS = QoS()
    retry: RetryConfig | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """The configuration in effect. Its ``repr`` leaves out values that may be secret."""

    amqp_url: str | tuple[str, ...] = field(default=DEFAULTS["amqp_url"], repr=False)
    failover: str = "shuffle"
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
    tracing: Tracing = Tracing()
    reconnect: Reconnect = Reconnect()
    nack_delay: NackDelay = NackDelay()
    retry: RetryConfig | None = None
    handshake_timeout: float = 10.0
    shutdown_grace: float = 30.0
    declare_timeout: float = 90.0
    ack_timeout: float = 1800.0
    mandatory: bool = False
    max_message_size: int = 64 * 1024 * 1024
    max_pending: int = 10_000
    max_pending_bytes: int = 256 * 1024 * 1024
    consumers: tuple[ConsumerConfig, ...] = ()
    #: Where ``amqp_url`` was set, in words. It is not part of the configuration.
    origin: str = field(default="", repr=False, compare=False)
    #: The file that the configuration was read from, for errors. It is not part of the configuration.
    path: str = field(default="", repr=False, compare=False)
