# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The AsyncAPI 3.0 document of an application: its messages, and the exchanges they go through.

A channel is an exchange with the topics of a class of messages; an operation is what the configuration does
with it. See https://www.asyncapi.com/docs/reference/specification/v3.0.0 and, for AMQP,
https://github.com/asyncapi/bindings/tree/master/amqp.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from .._config.model import Config
from .._config.url import all_parameters
from .._core.topology import Binding, Exchange
from .._message.checks import HEADERS_SCHEMA
from .._message.message import Message
from .patterns import can_match
from .payload import payload_of

__all__ = ["document"]

_VERSION = "3.0.0"
_BINDING = "0.3.0"
_TYPES = ("direct", "fanout", "headers", "topic")


def document(
    classes: Mapping[str, type[Message]], config: Config, *, title: str, version: str
) -> dict[str, Any]:
    """Make the document.

    Args:
        classes: The classes of messages by schema name.
        config: The configuration of the application: broker, exchange to publish to, bindings.
        title: The name of the application.
        version: Its version.

    Raises:
        Exception: What a class raises if its schema cannot be made.
    """
    writer = _Writer(config)
    for name, cls in classes.items():
        writer.add(name, cls)
    return {
        "asyncapi": _VERSION,
        "info": {"title": title, "version": version},
        "defaultContentType": "application/json",
        "servers": _servers(config),
        "channels": writer.channels,
        "operations": writer.operations,
        "components": {
            "messages": writer.messages,
            "schemas": {"headers": {key: each for key, each in HEADERS_SCHEMA.items() if key != "$schema"}},
        },
    }


class _Writer:
    """Collects channels, operations and messages."""

    def __init__(self, config: Config) -> None:
        self.channels: dict[str, Any] = {}
        self.operations: dict[str, Any] = {}
        self.messages: dict[str, Any] = {}
        self._config = config
        self._exchanges = {each.name: each for each in config.exchanges}
        self._names: dict[tuple[object, ...], str] = {}
        self._used: set[tuple[object, str]] = set()
        self._vhost = all_parameters(config.amqp_url)[0].virtual_host
        #: The bindings of each consumer, with its name; "" is the one without a name.
        self._bindings: list[tuple[str, Binding]] = [("", each) for each in config.bindings] + [
            (each.name, binding) for each in config.consumers for binding in each.bindings
        ]

    def add(self, schema_name: str, cls: type[Message]) -> None:
        """Add a class of messages, with the channels of its topics."""
        key = self._key("message", schema_name)
        self.messages[key] = _message(schema_name, cls, f"#/components/messages/{key}")
        topics = _topics(cls)
        if topics is not None and self._config.topic_prefix:
            topics = f"{self._config.topic_prefix.rstrip('.')}.{topics}"
        sending = self._channel(self._config.publish_exchange, topics, key)
        self._operation("send", sending, key, None)
        for consumer, binding in self._bindings:
            kind = self._exchange(binding.exchange).type
            keys = binding.routing_keys
            if topics is None or any(can_match(each, topics, kind) for each in keys):
                channel = self._channel(binding.exchange, topics, key)
                self._operation("receive", channel, key, (consumer, binding.queue))

    def _channel(self, exchange: str, topics: str | None, message: str) -> str:
        name = self._key("channel", exchange, "any-topic" if topics is None else topics)
        channel = self.channels.setdefault(
            name,
            {
                "address": topics,
                "messages": {},
                "bindings": {"amqp": self._channel_binding(self._exchange(exchange))},
            },
        )
        channel["messages"][message] = {"$ref": f"#/components/messages/{message}"}
        return name

    def _channel_binding(self, exchange: Exchange) -> dict[str, Any]:
        described: dict[str, Any] = {
            "name": exchange.name,
            "durable": exchange.durable,
            "autoDelete": exchange.auto_delete,
            "vhost": self._vhost,
        }
        if not exchange.name:
            described["type"] = "default"
        elif exchange.type in _TYPES:
            described["type"] = exchange.type
        return {"is": "routingKey", "exchange": described, "bindingVersion": _BINDING}

    def _operation(self, action: str, channel: str, message: str, source: tuple[str, str] | None) -> None:
        made: dict[str, Any]
        amqp: dict[str, Any] = {"bindingVersion": _BINDING}
        if source is None:
            name = self._key("operation", action, channel)
            amqp |= {"deliveryMode": 2, "mandatory": self._config.mandatory}
            address = self.channels[channel]["address"]
            made = {"action": action, "summary": f"Publish{f' as {address}' if address else ''}"}
        else:
            consumer, queue = source
            name = self._key("operation", action, consumer, queue, channel)
            amqp["ack"] = True
            through = f"the queue {queue}" if queue else "a queue that the broker names"
            by = f"{consumer} consumes" if consumer else "Consume"
            made = {"action": action, "summary": f"{by} from {through}"}
        made |= {"channel": {"$ref": f"#/channels/{channel}"}, "bindings": {"amqp": amqp}, "messages": []}
        operation = self.operations.setdefault(name, made)
        reference = {"$ref": f"#/channels/{channel}/messages/{message}"}
        if reference not in operation["messages"]:
            operation["messages"].append(reference)

    def _exchange(self, name: str) -> Exchange:
        found = self._exchanges.get(name)
        if found is None:
            kind = name.removeprefix("amq.") if name.startswith("amq.") else "topic"
            found = Exchange(name, "headers" if kind == "match" else kind)
        return found

    def _key(self, kind: str, *parts: str) -> str:
        """Return the key of a part of the document: unique, and without what references would escape."""
        known = (kind, *parts)
        made = self._names.get(known)
        if made is None:
            plain = "-".join(
                clean
                for part in parts
                if (clean := re.sub(r"[^A-Za-z0-9_.-]+", "-", _spelt(part)).strip("-."))
            )
            made, count = plain or kind, 1
            while (kind, made) in self._used:
                count += 1
                made = f"{plain}-{count}"
            self._used.add((kind, made))
            self._names[known] = made
        return made


def _spelt(part: str) -> str:
    return part.replace("*", "any").replace("#", "all")


def _topics(cls: type[Message]) -> str | None:
    """Return the topics of a class as a pattern; None if they are not known."""
    for name in ("topic_pattern", "topic"):
        found = getattr(cls, name, None)
        if isinstance(found, str) and found:
            return found
    return None


def _message(name: str, cls: type[Message], pointer: str) -> dict[str, Any]:
    made: dict[str, Any] = {"name": name, "title": cls.__qualname__, "contentType": "application/json"}
    # Of the class itself: a docstring that is inherited says nothing of it.
    text = inspect.cleandoc(cls.__dict__.get("__doc__") or "")
    if text:
        summary, _, description = text.partition("\n\n")
        made["summary"] = " ".join(summary.split())
        if description.strip():
            made["description"] = description.strip()
    if getattr(cls, "deprecated", False) is True:
        made["deprecated"] = True
    made["headers"] = {"$ref": "#/components/schemas/headers"}
    headers = _schema_of(cls, "headers_schema")
    if headers is not None and headers != HEADERS_SCHEMA:
        made["headers"] = payload_of(headers, f"{pointer}/headers")
    body = _schema_of(cls, "body_schema")
    if body is not None:
        made["payload"] = payload_of(body, f"{pointer}/payload")
    return made


def _schema_of(cls: type[Message], name: str) -> dict[str, Any] | None:
    """Return a schema of a class; None where it is a property, which only messages have."""
    schema = getattr(cls, name)
    return schema if isinstance(schema, dict) else None


def _servers(config: Config) -> dict[str, Any]:
    servers: dict[str, Any] = {}
    for number, each in enumerate(all_parameters(config.amqp_url), 1):
        host = f"[{each.host}]" if ":" in each.host else each.host
        servers["broker" if number == 1 else f"broker-{number}"] = {
            "host": f"{host}:{each.port}",
            "protocol": "amqps" if each.ssl_options is not None else "amqp",
            "pathname": f"/{quote(each.virtual_host, safe='')}",
        }
    return servers
