# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Checks the parts of one message: its topic, and its headers and body against schemas."""

from __future__ import annotations

from typing import Any, Protocol

from .._json.bounds import is_plain
from .._json.schema import check, proves
from ..exceptions import ValidationError, excerpt
from .headers import PACKAGE, SCHEMA, SENT_AT, SEVERITIES, SEVERITY, SHORT, HeaderType, are_common

__all__ = ["BODY_SCHEMA", "HEADERS_SCHEMA", "Parts", "encoded_topic", "is_body_proven", "validate"]

#: The schema that the headers of all messages are valid by.
HEADERS_SCHEMA: dict[str, Any] = {
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
#: The schema that the bodies of all messages are valid by.
BODY_SCHEMA: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "description": "Schema for message body",
    "type": "object",
}


class Parts(Protocol):
    """The parts of a message that schemas are about, and the schemas of its class."""

    body: Any
    headers_schema: dict[str, Any]
    body_schema: dict[str, Any]

    @property
    def _headers(self) -> HeaderType: ...


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


def is_body_proven(message: Parts) -> bool:
    """Whether the fast path shows that the body is valid and contains only types that decoding JSON gives."""
    try:
        schema, body = message.body_schema, message.body
        if schema is BODY_SCHEMA:
            return type(body) is dict and is_plain(body)
        return proves(schema, body, type(message))
    except Exception:  # a property of the class may fail: validation will raise it
        return False


def validate(message: Parts, *, decoded: bool = False, proven: bool = False) -> None:
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
        check(HEADERS_SCHEMA, headers)
    schema = message.headers_schema
    if schema is not HEADERS_SCHEMA:
        check(schema, headers, cls)
    if not isinstance(body, dict):
        _check_no_object(body, decoded)
    schema = message.body_schema
    if not proven and schema is not BODY_SCHEMA:
        check(schema, body, cls, decoded=decoded)


def _check_no_object(body: Any, decoded: bool) -> None:
    """Raise the error for a body that is not an object, with a hint at the likely mistake."""
    try:
        check(BODY_SCHEMA, body)
    except Exception as error:
        if isinstance(body, str) and not decoded and hasattr(error, "message"):
            error.message += "; the body comes first, and the topic by name: Message(body, topic=...)"
        raise
