# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Parses a configuration: a dictionary becomes frozen values, or an error of one line."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from .._amqp.messages import PublishSettings
from .._core import topology
from .._core.topology import Binding, Queue
from ..exceptions import ConfigurationException
from . import failure_policy, sections, url
from .checks import (
    as_mapping,
    check_keys,
    integer,
    mapping_at,
    optional_integer,
    seconds,
    short_string,
    typed,
    with_key,
)
from .model import DEFAULTS, Config, ConsumerConfig

__all__ = [
    "completed",
    "parse",
    "publish_settings",
    "validate_bindings",
    "validate_client_properties",
    "validate_monitoring",
    "validate_queues",
]


def parse(mapping: Mapping[str, Any]) -> Config:
    """Parse and check a configuration. Keys that are missing have their defaults, also inside sections.

    Args:
        mapping: The configuration.

    Raises:
        ConfigurationException: The configuration cannot be used. The error names the key and the reason, in
            one line.
    """
    check_keys("", mapping, DEFAULTS)
    values = completed(mapping)
    url.all_parameters(values["amqp_url"])
    queues, bindings = _topology_of(values)
    return Config(
        amqp_url=_frozen_url(values["amqp_url"]),
        failover=sections.failover(values["failover"]),
        passive_declares=typed("passive_declares", values["passive_declares"], bool),
        publish_exchange=short_string("publish_exchange", values["publish_exchange"]),
        publish_priority=optional_integer("publish_priority", values["publish_priority"], 0, 255),
        topic_prefix=short_string("topic_prefix", values["topic_prefix"]),
        exchanges=with_key("exchanges", lambda: topology.exchanges(mapping_at(values, "exchanges"))),
        queues=queues,
        bindings=bindings,
        callback=sections.callback(values["callback"]),
        consumer_config=mapping_at(values, "consumer_config"),
        qos=sections.qos(mapping_at(values, "qos")),
        tls=sections.tls(mapping_at(values, "tls")),
        client_properties=sections.client_properties(values["client_properties"]),
        log_config=mapping_at(values, "log_config"),
        monitoring=sections.monitoring(values["monitoring"]),
        tracing=sections.tracing(mapping_at(values, "tracing")),
        reconnect=sections.reconnect(mapping_at(values, "reconnect")),
        nack_delay=sections.nack_delay(mapping_at(values, "nack_delay")),
        retry=failure_policy.parsed("retry", mapping_at(values, "retry"), values["nack_delay"]),
        handshake_timeout=seconds("handshake_timeout", values["handshake_timeout"]),
        shutdown_grace=seconds("shutdown_grace", values["shutdown_grace"], least=0.0),
        declare_timeout=seconds("declare_timeout", values["declare_timeout"]),
        ack_timeout=seconds("ack_timeout", values["ack_timeout"]),
        mandatory=typed("mandatory", values["mandatory"], bool),
        max_message_size=integer("max_message_size", values["max_message_size"], 1, 2**63),
        max_pending=integer("max_pending", values["max_pending"], 0, 2**63),
        max_pending_bytes=integer("max_pending_bytes", values["max_pending_bytes"], 0, 2**63),
        consumers=_consumers(values),
    )


def publish_settings(values: Mapping[str, Any]) -> PublishSettings:
    """Return the settings for publishing. What is left out has its default.

    Args:
        values: The configuration.

    Raises:
        ConfigurationException: The configuration cannot be used. The error names the key and the reason, in
            one line.
    """

    def get(key: str) -> Any:
        return values.get(key, DEFAULTS[key])

    return PublishSettings(
        short_string("publish_exchange", get("publish_exchange")).encode(),
        short_string("topic_prefix", get("topic_prefix") or ""),
        optional_integer("publish_priority", get("publish_priority"), 0, 255),
        integer("max_message_size", get("max_message_size"), 1, 2**63),
        min(each.frame_max for each in url.all_parameters(get("amqp_url"))),
    )


def completed(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a configuration, with the defaults of what it leaves out."""
    values = copy.deepcopy(DEFAULTS)
    for key, value in mapping.items():
        section = isinstance(values.get(key), dict) and isinstance(value, Mapping)
        if (section and key in _SECTIONS) or (section and key == "log_config" and "version" not in value):
            values[key].update(copy.deepcopy(dict(value)))
        else:
            values[key] = copy.deepcopy(value)
    if isinstance(values["monitoring"], dict) and values["monitoring"]:
        values["monitoring"].setdefault("address", "")
    return values


# All other sections are replaced as a whole: their keys are the names of exchanges, queues and so on.
_SECTIONS = frozenset({"qos", "tls", "client_properties", "reconnect", "nack_delay", "tracing"})


def validate_bindings(bindings: Any) -> None:
    """Check ``bindings``.

    Raises:
        ConfigurationException: A value cannot be used. The error names the binding and the key.
    """
    with_key("bindings", lambda: topology.bindings(bindings))


def validate_queues(queues: Any) -> None:
    """Check ``queues``.

    Raises:
        ConfigurationException: A value cannot be used. The error names the queue and the key.
    """
    with_key("queues", lambda: topology.queues(as_mapping("queues", queues)))


def validate_client_properties(props: Any) -> None:
    """Check ``client_properties``, three of which are reserved for the package.

    Raises:
        ConfigurationException: A property cannot be used. The error names it.
    """
    sections.client_properties(props)


def validate_monitoring(monitoring: Any) -> None:
    """Check ``monitoring``.

    Raises:
        ConfigurationException: A value cannot be used. The error names the key.
    """
    sections.monitoring(monitoring)


def _frozen_url(value: str | list[str] | tuple[str, ...]) -> str | tuple[str, ...]:
    return value if isinstance(value, str) else tuple(value)


def _topology_of(values: Mapping[str, Any]) -> tuple[tuple[Queue, ...], tuple[Binding, ...]]:
    queues = with_key("queues", lambda: topology.queues(mapping_at(values, "queues")))
    bindings = with_key("bindings", lambda: topology.bindings(values["bindings"]))
    # The default queue and the default binding belong together. Users who name a queue do not want a second
    # one beside it.
    if values["bindings"] == DEFAULTS["bindings"] and not any(queue.name == "" for queue in queues):
        bindings = ()
    if values["queues"] == DEFAULTS["queues"] and not any(binding.queue == "" for binding in bindings):
        queues = ()
    return queues, bindings


def _consumers(values: Mapping[str, Any]) -> tuple[ConsumerConfig, ...]:
    found = []
    for name, given in mapping_at(values, "consumers").items():
        where = f"consumers.{name}"
        section = as_mapping(where, given)
        check_keys(where, section, _CONSUMER)
        callback = sections.callback(section.get("callback", values["callback"]))
        if callback is None:
            raise ConfigurationException(f"{where}.callback: is missing")
        # What it leaves out is as configured for all consumers.
        common = {key: section[key] for key in ("queues", "bindings") if key in section}
        try:
            queues, bindings = _topology_of({**values, **(common and {**_NO_TOPOLOGY, **common})})
            own_qos = dict(as_mapping("qos", section.get("qos", {})))
            if "concurrency" in section:
                own_qos["concurrency"] = integer("concurrency", section["concurrency"], 1, 65535)
            qos = sections.qos({**values["qos"], **own_qos})
        except ConfigurationException as error:
            raise ConfigurationException(f"{where}.{error.message}") from None
        own_retry = as_mapping(f"{where}.retry", section.get("retry", {}))
        retry = failure_policy.parsed(
            f"{where}.retry", {**values["retry"], **own_retry} if own_retry else {}, values["nack_delay"]
        )
        found.append(ConsumerConfig(name, callback, queues, bindings, qos, retry))
    return tuple(found)


_CONSUMER: dict[str, Any] = {
    "callback": None,
    "queues": {},
    "bindings": [],
    "qos": {},
    "concurrency": 1,
    "retry": {},
}
_NO_TOPOLOGY: dict[str, Any] = {"queues": {}, "bindings": []}
