# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The base class of messages, and the registry of the classes."""

from __future__ import annotations

import json
import time
from typing import Any

import pika

from .._json import codec
from .._json.equality import are_same
from .._json.schema import check_finite
from ..exceptions import ValidationError, from_wire
from .accessors import Accessors
from .checks import BODY_SCHEMA, HEADERS_SCHEMA, encoded_topic, validate
from .envelope import Envelope
from .filters import add_filters, overridden_filters
from .headers import (
    INFO,
    PACKAGE,
    SCHEMA,
    SENT_AT,
    SEVERITY,
    HeaderType,
    compared,
    now,
    without_brokers,
)
from .jsonable import presentable, representation
from .registry import Registry, Schema

__all__ = [
    "BASE",
    "Message",
    "get_class",
    "get_name",
    "load_message_classes",
    "outgoing_headers",
    "registry",
]


class Message(Envelope, Accessors):
    """A message. Each subclass describes one kind of message: its schema, and accessors for people and tools.

    Messages with equal content are equal, even if their ids differ. They are not hashable, because they can
    change.

    Args:
        body: A JSON object; None means an empty one. It is not copied.
        headers: More headers; they are copied.
        topic: Words separated by dots, at most 255 bytes; the default is the topic of the class.
        properties: The AMQP properties of a received message. Their headers and id are used as they are,
            and ``headers`` is ignored.
        severity: One of :data:`SEVERITIES`; the default is the severity of the class.

    Attributes:
        id: A UUID. None if a received message carries none.
        queue: The queue it was received from; None for a message that was not received.
        deprecated: Whether another class replaces this one.
        headers_schema: The JSON schema for the headers.
        body_schema: The JSON schema for the body.

    Raises:
        TypeError: The class is not registered (see :func:`get_name`).
    """

    topic: str = ""
    severity: int = INFO
    deprecated: bool = False
    headers_schema: dict[str, Any] = HEADERS_SCHEMA  # subclasses may make properties of these
    body_schema: dict[str, Any] = BODY_SCHEMA
    queue: str | None = None

    def __init__(
        self,
        body: dict[str, Any] | None = None,
        headers: HeaderType | None = None,
        topic: str | None = None,
        properties: pika.BasicProperties | None = None,
        severity: int | None = None,
    ) -> None:
        cls: Any = type(self)
        schema = _schema_of(cls)
        self.body: Any = {} if body is None else body
        try:
            if topic:
                self.topic = topic
            if severity:
                self.severity = severity
        except AttributeError:  # a class may define them as properties
            _assign(self, "topic", topic)
            _assign(self, "severity", severity)
        if properties is not None:
            super().__init__(None, properties)
            return
        own = {} if headers is None else _copied(headers)
        super().__init__(own)
        own[SCHEMA] = schema.name
        if schema.package is not None:
            own[PACKAGE] = schema.package
        own[SEVERITY] = self.severity
        own[SENT_AT] = now(int(time.time()))
        own["priority"] = 0
        for name, prefix in overridden_filters(cls):
            add_filters(self, own, name, prefix)

    # Compatibility with release 3.9.1, until 5.0: _body and _encoded_routing_key
    @property
    def _body(self) -> Any:
        return self.body

    @_body.setter
    def _body(self, body: Any) -> None:
        self.body = body

    @property
    def _encoded_routing_key(self) -> str:
        encoded_topic(self.topic)  # raises an error if it cannot be sent
        return self.topic

    @property
    def _encoded_body(self) -> bytes:
        try:
            return codec.encode(self.body)
        except ValueError as error:
            raise ValidationError(f"The body cannot be sent: {error}") from error

    def validate(self) -> None:
        """Check headers and body against the schema of the class, and against the base schema.

        Do not override this method.

        Raises:
            jsonschema.ValidationError: The headers or the body are not valid, contain themselves, are nested
                too deeply, or are too large.
            jsonschema.SchemaError: The schema of the class is not valid.
        """
        check_finite(self._headers)
        check_finite(self.body)
        validate(self)

    # Without __hash__ beside it, this makes messages unhashable, which is intended.
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, self.__class__):
            return NotImplemented
        return (
            self.topic == other.topic
            and are_same(self.body, other.body)
            and are_same(compared(self._headers), compared(other._headers))
        )

    # These also work for messages that cannot be sent or contain themselves, which are shown in part.

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(id={self.id!r}, topic={self.topic!r}, body={representation(self.body)})"
        )

    def __str__(self) -> str:
        headers, body = (
            json.dumps(presentable(value), sort_keys=True, indent=4) for value in (self._headers, self.body)
        )
        # Escaped as json does: the text is printed on terminals.
        message_id, topic = from_wire(self.id), from_wire(self.topic)
        return f"Id: {message_id}\nTopic: {topic}\nHeaders: {headers}\nBody: {body}"


#: The message classes of this process.
registry = Registry(Message)
#: The registration of the base class.
BASE = Schema("base.message", "fedora_messaging")


def load_message_classes() -> None:
    """Import all registered message classes now, instead of when they are first used."""
    registry.load()


def get_class(schema_name: str, *, schema_package: str | None = None) -> type[Message]:
    """Find the message class with a schema name, or with the Python path ``package.module:Class``.

    Only registered classes are found; nothing else is imported. For any other name it returns
    :class:`Message`, and logs a warning once for each name.

    Args:
        schema_name: The name.
        schema_package: The distribution that the message names, for the warning.
    """
    return registry.find(schema_name, schema_package)


def get_name(cls: type[Message]) -> str:
    """Return the schema name of a message class.

    Raises:
        TypeError: The class is not registered as an entry point.
    """
    return _schema_of(cls).name


def _schema_of(cls: type[Message]) -> Schema:
    if cls is Message:
        return BASE
    schema = registry.schema(cls)
    if schema is None:
        raise TypeError(
            f"The class {cls.__module__}.{cls.__qualname__} is not in the message registry. Add an entry "
            f'point to its package, such as "your.schema.name" = "{cls.__module__}:{cls.__qualname__}" in '
            'the group "fedora.messages" (in pyproject.toml: [project.entry-points."fedora.messages"]), '
            "and install it."
        )
    return schema


def _assign(message: Message, name: str, value: Any) -> None:
    """Set an attribute if there is a value, unless the class defines it as a property."""
    try:
        if value:
            setattr(message, name, value)
    except AttributeError:
        if not isinstance(getattr(type(message), name, None), property):
            raise


def _copied(headers: Any) -> HeaderType:
    try:
        return dict(headers)
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"The headers must be a dictionary, not {type(headers).__name__}: Message(body, headers, topic)"
        ) from error


def outgoing_headers(message: Message) -> HeaderType:
    """Return the headers to send, without those that brokers added when the message was received."""
    return without_brokers(message._headers)


# Applications, and the entry point, import it from there.
Message.__module__ = "fedora_messaging.message"
