# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The base class of messages, with schema names, headers and validation."""

from __future__ import annotations

import json
import time
import uuid
from functools import lru_cache
from itertools import islice
from logging import getLogger
from typing import Any, cast

import pika

from .._json import codec
from .._json.bounds import is_plain
from .._json.equality import are_same
from .._json.schema import check, check_finite, proves
from ..exceptions import ValidationError, excerpt, from_wire
from .accessors import Accessors
from .headers import (
    FILTERS,
    INFO,
    PACKAGE,
    SCHEMA,
    SENT_AT,
    SEVERITIES,
    SEVERITY,
    SHORT,
    HeaderType,
    are_common,
    compared,
    now,
    without_brokers,
)
from .jsonable import presentable, representation
from .registry import Registry, Schema

__all__ = [
    "BASE",
    "Message",
    "encoded_topic",
    "get_class",
    "get_name",
    "is_body_proven",
    "load_message_classes",
    "outgoing_headers",
    "registry",
    "validate",
]

_log = getLogger(__name__)

# More than fit into the headers of any message, which is then refused for its size.
_MOST_FILTERS = 65_536
_NO_NAMES = (dict, list, tuple, set, frozenset)


class Message(Accessors):
    """A message. Each subclass describes one kind of message: its schema, and accessors for people and tools.

    Messages cannot be hashed: two of equal content are equal whatever their ids, and content can change.

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
        deprecated: Whether the class is to be replaced by another.
        headers_schema: The JSON schema for the headers.
        body_schema: The JSON schema for the body.

    Raises:
        TypeError: The class is not registered (see :func:`get_name`).
    """

    topic: str = ""
    severity: int = INFO
    deprecated: bool = False
    headers_schema: dict[str, Any] = {  # noqa: RUF012, subclasses may make properties of these
        "$schema": "http://json-schema.org/draft-04/schema#",
        "description": "Schema for message headers",
        "type": "object",
        "properties": {
            SEVERITY: {"type": "number", "enum": list(SEVERITIES)},
            SCHEMA: {"type": "string"},
            PACKAGE: {"type": "string"},
            SENT_AT: {"type": "string"},
        },
    }
    body_schema: dict[str, Any] = {  # noqa: RUF012
        "$schema": "http://json-schema.org/draft-04/schema#",
        "description": "Schema for message body",
        "type": "object",
    }
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
        self.__properties = properties
        self.__priority: int | None = None
        if properties is not None:
            if properties.headers is None:
                properties.headers = {}
            self.__headers: HeaderType = properties.headers
            return
        self.__id: str | None = str(uuid.uuid4())
        own = {} if headers is None else _copied(headers)
        own[SCHEMA] = schema.name
        if schema.package is not None:
            own[PACKAGE] = schema.package
        own[SEVERITY] = self.severity
        own[SENT_AT] = now(int(time.time()))
        own["priority"] = 0
        for name, prefix in _filters(cls):
            self.__add_filters(own, name, prefix)
        self.__headers = own

    def __add_filters(self, headers: HeaderType, name: str, prefix: str) -> None:
        try:
            values = getattr(self, name)
            keys = []
            for value in islice(values or (), _MOST_FILTERS):
                # A value that is too long for a header, or whose text may be endless, is not converted to
                # text.
                if isinstance(value, _NO_NAMES) or (isinstance(value, str) and len(value) > SHORT):
                    continue
                key = f"{prefix}{value}"
                if len(key.encode("utf-8")) <= SHORT:
                    keys.append(key)
            headers.update(dict.fromkeys(keys, True))
        except Exception as error:
            _log.debug("No headers for %s of %s: %s", name, type(self).__name__, excerpt(error))

    # The AMQP properties are made only on access: encoding does not need them.

    @property
    def _properties(self) -> pika.BasicProperties:
        if self.__properties is None:
            self.__properties = pika.BasicProperties(
                content_type="application/json",
                content_encoding="utf-8",
                delivery_mode=2,
                message_id=self.__id,
                priority=self.__priority,
                headers=self.__headers,
            )
        return self.__properties

    @_properties.setter
    def _properties(self, properties: pika.BasicProperties) -> None:
        self.__properties = properties
        self._headers = {} if properties.headers is None else properties.headers

    def _basics(self) -> tuple[str | None, int | None] | None:
        """Return id and priority as long as the AMQP properties have not been made, which hold them then."""
        return (self.__id, self.__priority) if self.__properties is None else None

    @property
    def _headers(self) -> HeaderType:
        return self.__headers

    @_headers.setter
    def _headers(self, headers: HeaderType) -> None:
        self.__headers = headers
        if self.__properties is not None:
            self.__properties.headers = headers

    @property
    def id(self) -> str | None:
        """The message's id."""
        if self.__properties is None:
            return self.__id
        return cast("str | None", self.__properties.message_id)

    @id.setter
    def id(self, value: str | None) -> None:
        if self.__properties is None:
            self.__id = value
        else:
            self.__properties.message_id = value

    @property
    def priority(self) -> int:
        """The message's priority, 0 when it has none. Settable."""
        value = self.__priority if self.__properties is None else self.__properties.priority
        return value or 0

    @priority.setter
    def priority(self, value: int | None) -> None:
        value = value or 0
        if self.__properties is None:
            self.__priority = value
        else:
            self.__properties.priority = value
        self.__headers["priority"] = value

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

        Not to be overridden.

        Raises:
            jsonschema.ValidationError: The headers or the body are not valid; or one of them contains itself,
                is nested too deep or is too large.
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
    """Import all registered message classes now instead of on first use."""
    registry.load()


def get_class(schema_name: str, *, schema_package: str | None = None) -> type[Message]:
    """Find the message class with a schema name, or with the Python path ``package.module:Class``.

    Only registered classes are found; nothing is imported for a name. For other names it returns
    :class:`Message`, and logs one warning for each name.

    Args:
        schema_name: The name.
        schema_package: The distribution that provides it according to the message, for the warning.
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


@lru_cache(maxsize=1024)
def _filters(cls: type[Message]) -> tuple[tuple[str, str], ...]:
    """Return the accessors that a class overrides, with the prefixes of their headers."""
    return tuple(
        (name, prefix) for name, prefix in FILTERS.items() if getattr(cls, name) is not getattr(Message, name)
    )


def encoded_topic(topic: object) -> bytes:
    """Encode a topic.

    Raises:
        ValidationError: It cannot be sent.
    """
    if not isinstance(topic, str):
        raise ValidationError(f"The topic must be a string, not {type(topic).__name__}")
    try:
        encoded = topic.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValidationError(f"The topic {excerpt(topic)} cannot be sent as UTF-8") from error
    if len(encoded) > SHORT:
        raise ValidationError(f"The topic has {len(encoded)} bytes; {SHORT} is the most: {excerpt(topic)}")
    return encoded


def is_body_proven(message: Message) -> bool:
    """Whether the fast path shows that the body is valid and contains only types that decoding JSON gives."""
    try:
        schema, body = message.body_schema, message.body
        if schema is Message.body_schema:
            return type(body) is dict and is_plain(body)
        return proves(schema, body, type(message))
    except Exception:  # a property of the class may fail: validation will raise it
        return False


def validate(message: Message, *, decoded: bool = False, proven: bool = False) -> None:
    """Check headers and body.

    Args:
        message: The message.
        decoded: Whether the body is a result of decoding JSON.
        proven: The result of :func:`is_body_proven`.

    Raises:
        jsonschema.ValidationError: The headers or the body are not valid.
        jsonschema.SchemaError: The schema of the class is not valid.
    """
    cls = type(message)
    headers, body = message._headers, message.body
    if not are_common(headers):
        check(Message.headers_schema, headers, Message)
    schema = message.headers_schema
    if schema is not Message.headers_schema:
        check(schema, headers, cls)
    if not isinstance(body, dict):
        _check_no_object(body, decoded)
    schema = message.body_schema
    if not proven and schema is not Message.body_schema:
        check(schema, body, cls, decoded=decoded)


def _check_no_object(body: Any, decoded: bool) -> None:
    """Raise the error for a body that is not an object, with a hint at the likely mistake."""
    try:
        check(Message.body_schema, body, Message)
    except Exception as error:
        if isinstance(body, str) and not decoded and hasattr(error, "message"):
            error.message += "; the body comes first, and the topic by name: Message(body, topic=...)"
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
