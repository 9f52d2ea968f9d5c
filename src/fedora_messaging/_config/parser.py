# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Parses a configuration: a dictionary becomes frozen values, or an error of one line."""

from __future__ import annotations

import copy
import math
import os.path
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any, TypeVar

from .._amqp.client_properties import check_client_properties
from .._amqp.messages import PublishSettings
from .._core import topology
from .._core.topology import Binding, Queue
from ..exceptions import ConfigurationException
from . import url
from .model import DEFAULTS, RESERVED, TLS, Config, ConsumerConfig, Monitoring, NackDelay, QoS, Reconnect

__all__ = [
    "completed",
    "parse",
    "publish_settings",
    "validate_bindings",
    "validate_client_properties",
    "validate_monitoring",
    "validate_queues",
]

_T = TypeVar("_T")


def parse(mapping: Mapping[str, Any]) -> Config:
    """Parse and check a configuration. What is left out has its default, also inside sections.

    Args:
        mapping: The configuration.

    Raises:
        ConfigurationException: Names the key and the reason, in one line.
    """
    _check_keys("", mapping, DEFAULTS)
    values = completed(mapping)
    url.parameters(values["amqp_url"])
    queues, bindings = _topology_of(values)
    return Config(
        amqp_url=values["amqp_url"],
        passive_declares=_typed("passive_declares", values["passive_declares"], bool),
        publish_exchange=_short_string("publish_exchange", values["publish_exchange"]),
        publish_priority=_optional_integer("publish_priority", values["publish_priority"], 0, 255),
        topic_prefix=_short_string("topic_prefix", values["topic_prefix"]),
        exchanges=_with_key("exchanges", lambda: topology.exchanges(_dictionary(values, "exchanges"))),
        queues=queues,
        bindings=bindings,
        callback=_callback(values["callback"]),
        consumer_config=_dictionary(values, "consumer_config"),
        qos=_qos(_dictionary(values, "qos")),
        tls=_tls(_dictionary(values, "tls")),
        client_properties=_client_properties(values["client_properties"]),
        log_config=_dictionary(values, "log_config"),
        monitoring=_monitoring(values["monitoring"]),
        reconnect=_reconnect(_dictionary(values, "reconnect")),
        nack_delay=_nack_delay(_dictionary(values, "nack_delay")),
        handshake_timeout=_seconds("handshake_timeout", values["handshake_timeout"]),
        shutdown_grace=_seconds("shutdown_grace", values["shutdown_grace"], least=0.0),
        declare_timeout=_seconds("declare_timeout", values["declare_timeout"]),
        ack_timeout=_seconds("ack_timeout", values["ack_timeout"]),
        mandatory=_typed("mandatory", values["mandatory"], bool),
        max_message_size=_integer("max_message_size", values["max_message_size"], 1, 2**63),
        consumers=_consumers(values),
    )


def publish_settings(values: Mapping[str, Any]) -> PublishSettings:
    """Return the settings for publishing. What is left out has its default.

    Args:
        values: The configuration.

    Raises:
        ConfigurationException: Names the key and the reason, in one line.
    """

    def get(key: str) -> Any:
        return values.get(key, DEFAULTS[key])

    return PublishSettings(
        _short_string("publish_exchange", get("publish_exchange")).encode(),
        _short_string("topic_prefix", get("topic_prefix") or ""),
        _optional_integer("publish_priority", get("publish_priority"), 0, 255),
        _integer("max_message_size", get("max_message_size"), 1, 2**63),
        url.parameters(get("amqp_url")).frame_max,
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
_SECTIONS = frozenset({"qos", "tls", "client_properties", "reconnect", "nack_delay"})


def validate_bindings(bindings: Any) -> None:
    """Check ``bindings``.

    Raises:
        ConfigurationException: Names the binding and the key whose value cannot be used.
    """
    _with_key("bindings", lambda: topology.bindings(bindings))


def validate_queues(queues: Any) -> None:
    """Check ``queues``.

    Raises:
        ConfigurationException: Names the queue and the key whose value cannot be used.
    """
    _with_key("queues", lambda: topology.queues(_mapping("queues", queues)))


def validate_client_properties(props: Any) -> None:
    """Check ``client_properties``, three of which are reserved for the package.

    Raises:
        ConfigurationException: Names the property that cannot be used.
    """
    _client_properties(props)


def validate_monitoring(monitoring: Any) -> None:
    """Check ``monitoring``.

    Raises:
        ConfigurationException: Names the key whose value cannot be used.
    """
    _monitoring(monitoring)


def _topology_of(values: Mapping[str, Any]) -> tuple[tuple[Queue, ...], tuple[Binding, ...]]:
    queues = _with_key("queues", lambda: topology.queues(_dictionary(values, "queues")))
    bindings = _with_key("bindings", lambda: topology.bindings(values["bindings"]))
    # The default queue and the default binding belong together. Users who name a queue do not want a second
    # one beside it.
    if values["bindings"] == DEFAULTS["bindings"] and not any(queue.name == "" for queue in queues):
        bindings = ()
    if values["queues"] == DEFAULTS["queues"] and not any(binding.queue == "" for binding in bindings):
        queues = ()
    return queues, bindings


def _consumers(values: Mapping[str, Any]) -> tuple[ConsumerConfig, ...]:
    found = []
    for name, given in _dictionary(values, "consumers").items():
        where = f"consumers.{name}"
        section = _mapping(where, given)
        _check_keys(where, section, _CONSUMER)
        callback = _callback(section.get("callback", values["callback"]))
        if callback is None:
            raise ConfigurationException(f"{where}.callback: is missing")
        # What it leaves out is as configured for all consumers.
        common = {key: section[key] for key in ("queues", "bindings") if key in section}
        try:
            queues, bindings = _topology_of({**values, **(common and {**_NO_TOPOLOGY, **common})})
            qos = _qos({**values["qos"], **_mapping("qos", section.get("qos", {}))})
        except ConfigurationException as error:
            raise ConfigurationException(f"{where}.{error.message}") from None
        found.append(ConsumerConfig(name, callback, queues, bindings, qos))
    return tuple(found)


_CONSUMER: dict[str, Any] = {"callback": None, "queues": {}, "bindings": [], "qos": {}}
_NO_TOPOLOGY: dict[str, Any] = {"queues": {}, "bindings": []}


def _qos(section: Mapping[str, Any]) -> QoS:
    _check_keys("qos", section, DEFAULTS["qos"])
    if _integer("qos.prefetch_size", section["prefetch_size"], 0, 2**32 - 1):
        raise ConfigurationException("qos.prefetch_size: must be 0: RabbitMQ refuses everything else")
    return QoS(0, _integer("qos.prefetch_count", section["prefetch_count"], 0, 65535))


def _tls(section: Mapping[str, Any]) -> TLS:
    _check_keys("tls", section, DEFAULTS["tls"])
    given_files = {key: _optional(f"tls.{key}", value, str) for key, value in section.items()}
    files = {key: os.path.expanduser(file) if file else None for key, file in given_files.items()}
    if bool(files["certfile"]) != bool(files["keyfile"]):
        given, missing = ("certfile", "keyfile") if files["certfile"] else ("keyfile", "certfile")
        raise ConfigurationException(f"tls.{missing}: is missing, though tls.{given} is there")
    return TLS(**files)


def _client_properties(value: Any) -> Mapping[str, Any]:
    properties = _mapping("client_properties", value)
    for key in properties:
        _typed("client_properties", key, str)
    for key, own in _reserved().items():
        if properties.get(key, own) not in (own, RESERVED.get(key)):
            raise ConfigurationException(
                f"client_properties.{key}: is reserved, as are {', '.join(RESERVED)} altogether"
            )
    _typed("client_properties.app", properties.get("app", ""), str)
    if not isinstance(properties.get("capabilities", {}), Mapping):
        raise _type_error("client_properties.capabilities", _TYPE_NAMES[dict], properties["capabilities"])
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


def _monitoring(value: Any) -> Monitoring | None:
    section = _mapping("monitoring", {} if value is None else value)
    _check_keys("monitoring", section, {"address": "", "port": 0})
    if not section:
        return None
    if section.get("port") is None:
        raise ConfigurationException("monitoring.port: is missing")
    address = _optional("monitoring.address", section.get("address"), str)
    return Monitoring(_integer("monitoring.port", section["port"], 0, 65535), address or "")


def _reconnect(section: Mapping[str, Any]) -> Reconnect:
    _check_keys("reconnect", section, DEFAULTS["reconnect"])
    base = _seconds("reconnect.base", section["base"])
    return Reconnect(
        base,
        _seconds("reconnect.cap", section["cap"], least=base),
        _seconds("reconnect.stable", section["stable"], least=0.0),
    )


def _nack_delay(section: Mapping[str, Any]) -> NackDelay:
    _check_keys("nack_delay", section, DEFAULTS["nack_delay"])
    first = _seconds("nack_delay.first", section["first"], least=0.0)
    return NackDelay(first, _seconds("nack_delay.cap", section["cap"], least=first))


def _callback(value: Any) -> Any:
    return value if callable(value) else _optional("callback", value, str) or None


def _check_keys(section: str, given: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    for key in given:
        if key not in known:
            where = f"{section}.{key}" if section else str(key)
            raise ConfigurationException(f"{where}: unknown key; {_suggestion(key, known)}")


def _suggestion(key: object, known: Iterable[str]) -> str:
    """List the known keys, those first that the unknown one is most similar to."""
    names = sorted(known)
    near = get_close_matches(str(key).lower(), names, n=3, cutoff=0.7)
    all_known = f"the known ones are: {', '.join(names)}"
    return f"did you mean {' or '.join(near)}? {all_known[0].upper()}{all_known[1:]}" if near else all_known


def _with_key(key: str, make: Callable[[], _T]) -> _T:
    """Return what a function makes; a ValueError becomes a ConfigurationException that names the key."""
    try:
        return make()
    except ValueError as error:
        raise ConfigurationException(f"{key}: {error}") from error


_TYPE_NAMES: dict[type, str] = {
    bool: "true or false",
    dict: "a section (a dictionary)",
    int: "an integer",
    str: "a string",
}


def _type_error(key: str, expected: str, value: object) -> ConfigurationException:
    # The value itself is not shown: it may be a secret.
    return ConfigurationException(f"{key}: must be {expected}, not {type(value).__name__}")


def _typed(key: str, value: Any, kind: type[_T]) -> _T:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise _type_error(key, _TYPE_NAMES[kind], value)
    return value


def _optional(key: str, value: Any, kind: type[_T]) -> _T | None:
    return None if value is None else _typed(key, value, kind)


def _mapping(key: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _type_error(key, _TYPE_NAMES[dict], value)
    return value


def _dictionary(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    return _mapping(key, values[key])


def _short_string(key: str, value: Any) -> str:
    text = _typed(key, value, str)
    try:
        if len(text.encode("utf-8")) > 255:
            raise ConfigurationException(f"{key}: must have 255 bytes at most")
    except UnicodeEncodeError:
        raise ConfigurationException(f"{key}: holds a lone surrogate, which UTF-8 cannot hold") from None
    return text


def _integer(key: str, value: Any, least: int, most: int) -> int:
    number = _typed(key, value, int)
    if not least <= number <= most:
        raise ConfigurationException(f"{key}: must be from {least} to {most}, not {number}")
    return number


def _optional_integer(key: str, value: Any, least: int, most: int) -> int | None:
    return None if value is None else _integer(key, value, least, most)


def _seconds(key: str, value: Any, least: float | None = None) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _type_error(key, "a number of seconds", value)
    if not math.isfinite(value) or (value <= 0 if least is None else value < least):
        limit = "more than 0" if least is None else f"{least:g} at least"
        raise ConfigurationException(f"{key}: must be {limit}, not {value}")
    return float(value)
