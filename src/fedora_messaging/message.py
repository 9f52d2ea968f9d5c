# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Messages: a topic, a JSON object as the body, headers, and a class that knows their schema."""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Iterable
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any, cast

import pika

from . import _json
from ._present import presentable
from ._registry import Registry, Schema
from ._validation import check
from .exceptions import ValidationError, excerpt
from .schema_utils import user_avatar_url

__all__ = [
    "DEBUG",
    "ERROR",
    "INFO",
    "SERIALIZED_MESSAGE_SCHEMA",
    "SEVERITIES",
    "WARNING",
    "HeaderType",
    "Message",
    "dumps",
    "get_class",
    "get_message",
    "get_name",
    "load_message",
    "load_message_classes",
    "loads",
]

_log = logging.getLogger(__name__)

#: For debugging, or of very low priority for another reason.
DEBUG = 10
#: Informational: nobody is notified unless they ask for it.
INFO = 20
#: A problem, or something else that matters.
WARNING = 30
#: Critical: to be acted upon as soon as possible.
ERROR = 40

#: All severities.
SEVERITIES = (DEBUG, INFO, WARNING, ERROR)

#: The headers of a message.
HeaderType = dict[str, Any]

#: The JSON schema of one message in its serialised form.
SERIALIZED_MESSAGE_SCHEMA: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "description": "Schema for the JSON object that is one serialised message",
    "type": "object",
    "properties": {
        "topic": {"type": "string", "description": "The message topic"},
        "headers": {"type": ["object", "null"], "description": "The message headers"},
        "id": {"type": ["string", "null"], "description": "The message id"},
        "body": {"type": "object", "description": "The message body"},
        "queue": {"type": ["string", "null"], "description": "The queue it was received from"},
        "priority": {"type": ["integer", "null"], "description": "The message priority"},
    },
    "required": ["topic", "body"],
}

_SCHEMA = "fedora_messaging_schema"
_PACKAGE = "fedora_messaging_schema_package"
_SEVERITY = "fedora_messaging_severity"
_SENT_AT = "sent-at"

# A short string of AMQP 0-9-1 (section 4.2.5.3): routing keys and the keys of headers.
_SHORT = 255

# The headers that each value of an accessor adds, for brokers to filter by.
_FILTERS = {
    "usernames": "fedora_messaging_user_",
    "groups": "fedora_messaging_group_",
    "packages": "fedora_messaging_rpm_",
    "containers": "fedora_messaging_container_",
    "modules": "fedora_messaging_module_",
    "flatpaks": "fedora_messaging_flatpak_",
}

# What brokers add on the way (https://www.rabbitmq.com/docs/dlx#effects and, on quorum queues,
# https://www.rabbitmq.com/docs/quorum-queues#poison-message-handling).
_BROKER_HEADERS = ("x-death", "x-delivery-count", "x-acquired-count")
_BROKER_PREFIXES = ("x-first-death-", "x-last-death-")
_UNCOMPARED = frozenset({_SENT_AT, "traceparent", "tracestate", "baggage", *_BROKER_HEADERS})

# The names in content_encoding that are read. Nothing else that a message names is even looked up.
_ENCODINGS = frozenset(
    ["utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin-1", "latin1"]
    + [f"utf-{bits}{order}" for bits in (16, 32) for order in ("", "le", "be")]
)


class Message:
    """A message. Subclasses describe one kind of message: its schema, and accessors for people and tools.

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
        queue: The queue it was received from, None on a message of one's own.
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
            _SEVERITY: {"type": "number", "enum": list(SEVERITIES)},
            _SCHEMA: {"type": "string"},
            _PACKAGE: {"type": "string"},
            _SENT_AT: {"type": "string"},
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
        if topic is not None:
            _assign(self, "topic", topic)
        if severity is not None:
            _assign(self, "severity", severity)
        self.__properties = properties
        self.__priority: int | None = None
        if properties is not None:
            if properties.headers is None:
                properties.headers = {}
            self.__headers: HeaderType = properties.headers
            return
        self.__id: str | None = str(uuid.uuid4())
        own = {} if headers is None else dict(headers)
        own[_SCHEMA] = schema.name
        if schema.package is not None:
            own[_PACKAGE] = schema.package
        own[_SEVERITY] = self.severity
        own.setdefault(_SENT_AT, _now(int(time.time())))
        own.setdefault("priority", 0)
        for name, prefix in _filters(cls):
            self.__add_filters(own, name, prefix)
        self.__headers = own

    def __add_filters(self, headers: HeaderType, name: str, prefix: str) -> None:
        try:
            values = getattr(self, name)
            keys = [prefix + value for value in values or () if isinstance(value, str)]
            headers.update({key: True for key in keys if len(key.encode("utf-8")) <= _SHORT})
        except Exception as error:
            _log.debug("No headers for %s of %s: %s", name, type(self).__name__, excerpt(error))

    # The AMQP properties are made only when somebody wants to see them: the wing encodes them by itself.

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
        if self.__properties is None:
            self.__priority = value
        else:
            self.__properties.priority = value
        self.__headers["priority"] = value or 0

    @property
    def _body(self) -> Any:
        return self.body

    @_body.setter
    def _body(self, body: Any) -> None:
        self.body = body

    @property
    def _encoded_routing_key(self) -> bytes:
        return _encoded_topic(self.topic)

    @property
    def _encoded_body(self) -> bytes:
        try:
            return _json.encode(self.body)
        except ValueError as error:
            raise ValidationError(f"The body cannot be sent: {error}") from error

    def validate(self) -> None:
        """Check headers and body against the schema of the class, and against the base schema.

        Not to be overridden.

        Raises:
            jsonschema.ValidationError: The headers or the body are not valid.
            jsonschema.SchemaError: The schema of the class is not.
        """
        _validate(self, plain=False)

    # Defining this alone makes messages unhashable, as they shall be.
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, self.__class__):
            return NotImplemented
        return (
            self.topic == other.topic
            and self.body == other.body
            and _compared(self._headers) == _compared(other._headers)
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}(id={self.id!r}, topic={self.topic!r}, body={self.body!r})"

    def __str__(self) -> str:
        headers, body = (
            json.dumps(presentable(value), sort_keys=True, indent=4) for value in (self._headers, self.body)
        )
        return f"Id: {self.id}\nTopic: {self.topic}\nHeaders: {headers}\nBody: {body}"

    @property
    def summary(self) -> str:
        """One line about the message for people, like the subject of an e-mail; the topic by default."""
        return self.topic

    @property
    def url(self) -> str | None:
        """The address of a page about what happened."""
        return None

    @property
    def app_name(self) -> str | None:
        """The name of the application that sent the message."""
        return None

    @property
    def app_icon(self) -> str | None:
        """The address of the icon of the application that sent the message."""
        return None

    @property
    def agent_name(self) -> str | None:
        """The name of the user who caused what happened."""
        return None

    @property
    def agent_avatar(self) -> str | None:
        """The address of the avatar of the user who caused what happened."""
        name = self.agent_name
        return None if name is None else user_avatar_url(name)

    @property
    def usernames(self) -> list[str]:
        """The names of the users who are affected."""
        return []

    @property
    def groups(self) -> list[str]:
        """The names of the groups that are affected."""
        return []

    @property
    def packages(self) -> list[str]:
        """The names of the RPM packages that are affected."""
        return []

    @property
    def containers(self) -> list[str]:
        """The names of the containers that are affected."""
        return []

    @property
    def modules(self) -> list[str]:
        """The names of the modules that are affected."""
        return []

    @property
    def flatpaks(self) -> list[str]:
        """The names of the Flatpaks that are affected."""
        return []


_registry = Registry(Message)
_BASE_SCHEMA = Schema("base.message", "fedora_messaging")


def load_message_classes() -> None:
    """Import all registered message classes now instead of on first use."""
    _registry.load()


def get_class(schema_name: str, schema_package: str | None = None) -> type[Message]:
    """The message class with a schema name, or with the Python path ``package.module:Class``.

    Nothing is imported for it: only registered classes are found. For other names it is
    :class:`Message`, with one warning a name.

    Args:
        schema_name: The name.
        schema_package: The distribution that is said to have it, for the warning.
    """
    return _registry.find(schema_name, schema_package)


def get_name(cls: type[Message]) -> str:
    """The schema name of a message class.

    Raises:
        TypeError: The class is not registered as an entry point.
    """
    return _schema_of(cls).name


def _schema_of(cls: type[Message]) -> Schema:
    if cls is Message:
        return _BASE_SCHEMA
    schema = _registry.schema(cls)
    if schema is None:
        raise TypeError(
            f"The class {cls.__module__}.{cls.__qualname__} is not in the message registry. Add an entry "
            f'point to its package, such as "your.schema.name" = "{cls.__module__}:{cls.__qualname__}" in '
            'the group "fedora.messages" (in pyproject.toml: [project.entry-points."fedora.messages"]), '
            "and install it."
        )
    return schema


def _assign(message: Message, name: str, value: Any) -> None:
    """Set an attribute, unless the class has made it a property of its own."""
    try:
        setattr(message, name, value)
    except AttributeError:
        if not isinstance(getattr(type(message), name, None), property):
            raise


@lru_cache(maxsize=4)
def _now(second: int) -> str:
    return datetime.fromtimestamp(second, timezone.utc).isoformat()


@lru_cache(maxsize=1024)
def _filters(cls: type[Message]) -> tuple[tuple[str, str], ...]:
    """The accessors of a class that have anything to say."""
    return tuple(
        (name, prefix)
        for name, prefix in _FILTERS.items()
        if getattr(cls, name) is not getattr(Message, name)
    )


def _compared(headers: HeaderType) -> HeaderType:
    return {
        key: value
        for key, value in headers.items()
        if key not in _UNCOMPARED and not (isinstance(key, str) and key.startswith(_BROKER_PREFIXES))
    }


def _encoded_topic(topic: object) -> bytes:
    if not isinstance(topic, str):
        raise ValidationError(f"The topic must be a string, not {type(topic).__name__}")
    try:
        encoded = topic.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValidationError(f"The topic {excerpt(topic)} cannot be sent as UTF-8") from error
    if len(encoded) > _SHORT:
        raise ValidationError(f"The topic has {len(encoded)} bytes; {_SHORT} is the most: {excerpt(topic)}")
    return encoded


def _has_base_headers(headers: Any) -> bool:
    """Whether headers are valid by the base schema: the common case, without a validator."""
    if type(headers) is not dict:
        return False
    severity = headers.get(_SEVERITY, INFO)
    if type(severity) is not int or severity not in SEVERITIES:
        return False
    return all(type(headers.get(key, "")) is str for key in (_SCHEMA, _PACKAGE, _SENT_AT))


def _validate(message: Message, *, plain: bool) -> None:
    cls = type(message)
    headers, body = message._headers, message.body
    if not _has_base_headers(headers):
        check(Message.headers_schema, headers, Message)
    schema = message.headers_schema
    if schema is not Message.headers_schema:
        check(schema, headers, cls)
    if not isinstance(body, dict):
        check(Message.body_schema, body, Message)
    schema = message.body_schema
    if schema is not Message.body_schema:
        check(schema, body, cls, plain=plain)


def outgoing_headers(message: Message) -> HeaderType:
    """The headers to send: without those that brokers added when the message was received."""
    headers = message._headers
    for key in headers:
        if key in _BROKER_HEADERS or (isinstance(key, str) and key.startswith(_BROKER_PREFIXES)):
            return {
                key: value
                for key, value in headers.items()
                if key not in _BROKER_HEADERS
                and not (isinstance(key, str) and key.startswith(_BROKER_PREFIXES))
            }
    return headers


def check_outgoing(message: object) -> None:
    """Check all of a message that can be checked before it is encoded.

    Raises:
        ValidationError: It is not a message, not valid, or its topic cannot be sent.
    """
    if not isinstance(message, Message):
        raise ValidationError(f"Not a message but {type(message).__name__}: {excerpt(message)}")
    _encoded_topic(message.topic)
    try:
        _validate(message, plain=False)
    except Exception as error:
        raise _invalid(error) from error


def _invalid(error: Exception) -> ValidationError:
    if isinstance(error, ValidationError):
        return error
    if isinstance(error, RecursionError):
        return ValidationError("The message is nested too deep to be validated")
    if isinstance(getattr(error, "message", None), str):
        return ValidationError(error)  # jsonschema's
    return ValidationError(f"{type(error).__name__}: {error}")


def get_message(routing_key: str, properties: pika.BasicProperties, body: bytes) -> Message:
    """The message that was received.

    Args:
        routing_key: Its topic.
        properties: Its AMQP properties, whatever they hold.
        body: Its body as it came.

    Raises:
        ValidationError: It is no message, or not a valid one.
    """
    try:
        return _get_message(routing_key, properties, body)
    except ValidationError:
        raise
    except Exception as error:
        raise _invalid(error) from error


def _get_message(routing_key: str, properties: pika.BasicProperties, body: bytes) -> Message:
    headers = properties.headers
    if headers is None:
        _log.warning("Message %s has no headers", excerpt(properties.message_id, 100))
        headers = properties.headers = {}
    elif not isinstance(headers, dict):
        raise ValidationError(f"The headers are not a table: {excerpt(headers)}")
    encoding = properties.content_encoding
    if encoding != "utf-8":
        body = _as_utf8(body, encoding, properties)
    try:
        content, plain = _json.decode_plain(body)
    except ValueError as error:
        raise ValidationError(f"The body is not valid JSON: {error}") from error
    message = _class_for(headers, properties)(
        body=content, topic=routing_key, properties=properties, severity=_severity_of(headers, properties)
    )
    if content is None:
        message.body = None  # which is not the empty object it stands for in one's own messages
    # A class may do what it likes with the body when it is made.
    _validate(message, plain=plain and message.body is content)
    return message


def _as_utf8(body: bytes, encoding: object, properties: pika.BasicProperties) -> bytes:
    if encoding is None or encoding == "":
        _log.warning("Message %s names no encoding; utf-8 it is", excerpt(properties.message_id, 100))
        return body
    known = encoding.lower() if isinstance(encoding, str) else ""
    if known not in _ENCODINGS:
        raise ValidationError(f"The content encoding {excerpt(encoding)} is not known")
    try:
        return body.decode(known).encode("utf-8")
    except UnicodeError as error:
        raise ValidationError(f"The body is not {known}: {error}") from error


def _class_for(headers: HeaderType, properties: pika.BasicProperties) -> type[Message]:
    name = headers.get(_SCHEMA)
    if name is None:
        _log.warning("Message %s names no schema; it gets none", excerpt(properties.message_id, 100))
        return Message
    if not isinstance(name, str):
        raise ValidationError(f"The header {_SCHEMA} must be a string: {excerpt(name)}")
    package = headers.get(_PACKAGE)
    return get_class(name, package if isinstance(package, str) else None)


def _severity_of(headers: HeaderType, properties: pika.BasicProperties) -> int:
    severity = headers.get(_SEVERITY)
    if severity is None:
        _log.warning("Message %s has no severity; INFO it is", excerpt(properties.message_id, 100))
        return INFO
    return cast(int, severity)


def load_message(message_dict: dict[str, Any]) -> Message:
    """The message that a dictionary in the serialised form describes.

    Id, ``sent-at``, severity, queue and priority are restored; the body is not checked against its schema.

    Raises:
        ValidationError: The dictionary does not keep to :data:`SERIALIZED_MESSAGE_SCHEMA`.
    """
    try:
        check(SERIALIZED_MESSAGE_SCHEMA, message_dict)
        return _load_message(message_dict)
    except Exception as error:
        raise _invalid(error) from error


def _load_message(content: dict[str, Any]) -> Message:
    headers = dict(content.get("headers") or {})
    headers.setdefault(_SEVERITY, INFO)
    headers.setdefault(_SENT_AT, _now(int(time.time())))
    priority = content.get("priority")
    properties = pika.BasicProperties(
        content_type="application/json",
        content_encoding="utf-8",
        delivery_mode=2,
        message_id=content.get("id") or str(uuid.uuid4()),
        priority=priority,
        headers=headers,
    )
    headers.setdefault("priority", priority or 0)
    headers.setdefault(_SCHEMA, _BASE_SCHEMA.name)
    severity = _severity_of(headers, properties)
    message = _class_for(headers, properties)(
        body=content["body"], topic=content["topic"], properties=properties, severity=severity
    )
    message.queue = content.get("queue")
    return message


def dumps(messages: Message | Iterable[Message]) -> str:
    """Messages in the serialised form: one JSON object a line.

    Raises:
        TypeError: Something among them is not a message.
        ValidationError: A body holds what JSON cannot.
    """
    several = [messages] if isinstance(messages, Message) else list(messages)
    return "\n".join(_dump(message) for message in several)


def _dump(message: Message) -> str:
    if not isinstance(message, Message):
        raise TypeError(f"Not a message but {type(message).__name__}: {excerpt(message)}")
    content = {
        "body": message.body,
        "headers": presentable(message._headers),
        "id": None if message.id is None else str(presentable(message.id)),
        "priority": message.priority if isinstance(message.priority, int) else 0,
        "queue": message.queue,
        "topic": message.topic,
    }
    try:
        return json.dumps(content, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        _ = message._encoded_body  # says what is wrong with the body, and where
        raise ValidationError(f"The body cannot be written as JSON: {error}") from error


def loads(serialized_messages: str) -> list[Message]:
    """The messages in text of the serialised form, one a line; empty lines are left out.

    Raises:
        ValidationError: Names the line that is broken.
    """
    # Not splitlines(): JSON strings may hold U+2028 and its like as they are.
    lines = enumerate(serialized_messages.split("\n"), 1)
    return [_load_line(number, line) for number, line in lines if line.strip()]


def _load_line(number: int, line: str) -> Message:
    try:
        return load_message(_json.decode(line.encode("utf-8")))
    except ValidationError as error:
        raise ValidationError(f"Line {number}: {error}") from error
    except ValueError as error:
        raise ValidationError(f"Line {number} is not valid JSON: {error}") from error
