# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Parses the sections of a configuration that have fixed keys, each into its frozen value.

A section is given completed by its defaults. Each error is a ConfigurationException that names the key.
"""

from __future__ import annotations

import os.path
from collections.abc import Mapping
from functools import cache
from typing import Any

from .._amqp.client_properties import check_client_properties
from .._core.endpoints import FAILOVER
from ..exceptions import ConfigurationException, excerpt
from .checks import (
    TYPE_NAMES,
    as_mapping,
    check_keys,
    integer,
    optional,
    optional_integer,
    seconds,
    type_error,
    typed,
)
from .model import DEFAULTS, RESERVED, TLS, Monitoring, NackDelay, QoS, Reconnect, Tracing

__all__ = [
    "callback",
    "client_properties",
    "failover",
    "monitoring",
    "nack_delay",
    "qos",
    "reconnect",
    "tls",
    "tracing",
]


#: More threads than a process can have on most systems, and than a prefetch count can be.
_MOST_CONCURRENT = 65535


def qos(section: Mapping[str, Any]) -> QoS:
    """Parse ``qos``."""
    check_keys("qos", section, {**DEFAULTS["qos"], "concurrency": 1})
    if integer("qos.prefetch_size", section["prefetch_size"], 0, 2**32 - 1):
        raise ConfigurationException("qos.prefetch_size: must be 0: RabbitMQ refuses everything else")
    return QoS(
        0,
        integer("qos.prefetch_count", section["prefetch_count"], 0, 65535),
        integer("qos.concurrency", section.get("concurrency", 1), 1, _MOST_CONCURRENT),
    )


def tls(section: Mapping[str, Any]) -> TLS:
    """Parse ``tls``; ``~`` in file names is the home folder."""
    check_keys("tls", section, DEFAULTS["tls"])
    given_files = {key: optional(f"tls.{key}", value, str) for key, value in section.items()}
    files = {key: os.path.expanduser(file) if file else None for key, file in given_files.items()}
    if bool(files["certfile"]) != bool(files["keyfile"]):
        given, missing = ("certfile", "keyfile") if files["certfile"] else ("keyfile", "certfile")
        raise ConfigurationException(f"tls.{missing}: is missing, though tls.{given} is there")
    return TLS(**files)


def client_properties(value: Any) -> Mapping[str, Any]:
    """Parse ``client_properties``, and add those that are reserved for the package."""
    properties = as_mapping("client_properties", value)
    for key in properties:
        typed("client_properties", key, str)
    for key, own in _reserved().items():
        if properties.get(key, own) not in (own, RESERVED.get(key)):
            raise ConfigurationException(
                f"client_properties.{key}: is reserved, as are {', '.join(RESERVED)} altogether"
            )
    typed("client_properties.app", properties.get("app", ""), str)
    if not isinstance(properties.get("capabilities", {}), Mapping):
        raise type_error("client_properties.capabilities", TYPE_NAMES[dict], properties["capabilities"])
    complete = {**properties, **_reserved()}
    try:
        check_client_properties(complete)
    except ValueError as error:
        raise ConfigurationException(f"client_properties.{error}") from error
    return complete


@cache
def _reserved() -> Mapping[str, str]:
    import pika

    return {**RESERVED, "version": f"{RESERVED['version']} with pika-{pika.__version__}"}


_MONITORING = ("address", "dashboard", "labels", "metrics", "port", "stuck_after")


def monitoring(value: Any) -> Monitoring | None:
    """Parse ``monitoring``; None: there is none."""
    section = as_mapping("monitoring", {} if value is None else value)
    check_keys("monitoring", section, dict.fromkeys(_MONITORING))
    if not section:
        return None
    port = optional_integer("monitoring.port", section.get("port"), 0, 65535)
    if port is None and section.get("metrics") is not True:
        raise ConfigurationException(
            "monitoring.port: is missing; without pages, metrics = true counts for the application itself"
        )
    labels = section.get("labels") or []
    if not isinstance(labels, (list, tuple)):
        raise type_error("monitoring.labels", "a list", labels)
    for each in labels:
        if each != "schema":
            raise ConfigurationException(
                f'monitoring.labels: must be a list of "schema" or nothing, not {excerpt(each, 60)}'
            )
    metrics = typed("monitoring.metrics", section.get("metrics", True), bool)
    stuck_after = section.get("stuck_after")
    if stuck_after is not None:
        stuck_after = seconds("monitoring.stuck_after", stuck_after)
        if not metrics:
            raise ConfigurationException(
                "monitoring.stuck_after: needs metrics = true, by which callbacks are timed"
            )
    dashboard = typed("monitoring.dashboard", section.get("dashboard", False), bool)
    if dashboard and (port is None or not metrics):
        raise ConfigurationException(
            "monitoring.dashboard: needs a port, and metrics = true, of which it shows the last minute"
        )
    address = optional("monitoring.address", section.get("address"), str) or ""
    # It shows more than the pages for probes do: it is for this machine, unless the user says otherwise.
    address = address or ("127.0.0.1" if dashboard else "")
    return Monitoring(port, address, metrics, tuple(labels), stuck_after, dashboard)


def tracing(section: Mapping[str, Any]) -> Tracing:
    """Parse ``tracing``."""
    check_keys("tracing", section, DEFAULTS["tracing"])
    return Tracing(**{key: typed(f"tracing.{key}", value, bool) for key, value in section.items()})


def reconnect(section: Mapping[str, Any]) -> Reconnect:
    """Parse ``reconnect``."""
    check_keys("reconnect", section, DEFAULTS["reconnect"])
    base = seconds("reconnect.base", section["base"])
    return Reconnect(
        base,
        seconds("reconnect.cap", section["cap"], least=base),
        seconds("reconnect.stable", section["stable"], least=0.0),
    )


def nack_delay(section: Mapping[str, Any]) -> NackDelay:
    """Parse ``nack_delay``."""
    check_keys("nack_delay", section, DEFAULTS["nack_delay"])
    first = seconds("nack_delay.first", section["first"], least=0.0)
    return NackDelay(first, seconds("nack_delay.cap", section["cap"], least=first))


def callback(value: Any) -> Any:
    """Check a callback: an object that can be called, or the name of one; None: there is none."""
    return value if callable(value) else optional("callback", value, str) or None


def failover(value: Any) -> str:
    """Check in which order several brokers are tried."""
    order = typed("failover", value, str)
    if order not in FAILOVER:
        raise ConfigurationException(f"failover: must be one of {', '.join(FAILOVER)}, not {order!r:.80}")
    return order
