# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The serialised form of messages: JSON, one message a line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from .._json import codec
from .._json.bounds import MAX_DEPTH
from .._json.schema import check
from ..exceptions import ValidationError, excerpt
from .checks import HEADERS_SCHEMA
from .headers import INFO, SCHEMA, SEVERITY
from .jsonable import presentable
from .message import BASE, Message
from .validation import class_for, invalid

__all__ = ["SERIALIZED_MESSAGE_SCHEMA", "dumps", "load_message", "loads"]

#: The JSON schema of one message in its serialised form.
SERIALIZED_MESSAGE_SCHEMA: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "description": "Schema for the JSON object that is one serialised message",
    "type": "object",
    "properties": {
        "topic": {"type": "string", "description": "The message topic"},
        "headers": {**HEADERS_SCHEMA, "description": "The message headers"},
        "id": {"type": ["string", "null"], "description": "The message id"},
        "body": {"type": "object", "description": "The message body"},
        "queue": {"type": ["string", "null"], "description": "The queue it was received from"},
        "priority": {"type": ["integer", "null"], "description": "The message priority"},
    },
    "required": ["topic", "body"],
}

_HALF_PAIR = re.compile("[\ud800-\udfff]")


def load_message(message_dict: dict[str, Any]) -> Message:
    """Make a message from a dictionary in the serialised form.

    Id, ``sent-at``, severity, queue and priority are restored; the body is not checked against its schema.

    Raises:
        ValidationError: The dictionary does not match :data:`SERIALIZED_MESSAGE_SCHEMA`.
    """
    try:
        content = message_dict
        if type(content) is dict and type(content.get("body")) is dict:
            content = {**content, "body": {}}  # the content of the body is checked when it is sent
        check(SERIALIZED_MESSAGE_SCHEMA, content)
        return _load_message(message_dict)
    except Exception as error:
        raise invalid(error) from error


def _load_message(content: dict[str, Any]) -> Message:
    given = content.get("headers") or {}
    severity = given.get(SEVERITY, INFO)
    cls = class_for({SCHEMA: BASE.name, **given}, content.get("id"))
    message = cls(body=content["body"], topic=content["topic"], severity=severity)
    # Including those that were made when it was sent, and the name of a schema that is not registered here.
    message._headers.update(given)
    if content.get("id"):
        message.id = content["id"]
    if content.get("priority"):
        message.priority = content["priority"]
    message.queue = content.get("queue")
    return message


def dumps(messages: Message | Iterable[Message]) -> str:
    """Serialise messages, as one JSON object per line. Each line ends with a line break.

    Raises:
        ValidationError: One of them is not valid, or not a message.
    """
    several = [messages] if isinstance(messages, Message) else messages
    return "".join(f"{_dump(message)}\n" for message in several)


def _dump(message: Message) -> str:
    if not isinstance(message, Message):
        raise ValidationError(f"Not a message but {type(message).__name__}: {excerpt(message)}")
    try:
        message.validate()
    except Exception as error:
        raise invalid(error) from error
    content = {
        "body": message.body,
        "headers": presentable(message._headers),
        "id": None if message.id is None else str(presentable(message.id)),
        "priority": message.priority if type(message.priority) is int else 0,
        "queue": message.queue,
        "topic": message.topic,
    }
    try:
        text = json.dumps(content, sort_keys=True, allow_nan=False, ensure_ascii=False)
        if text.isascii() or (len(text.splitlines()) == 1 and not _HALF_PAIR.search(text)):
            return text
        # Half of a surrogate pair is not valid UTF-8, and some readers take U+2028 and the like for ends of
        # lines.
        return json.dumps(content, sort_keys=True)
    except (TypeError, ValueError, RecursionError) as error:
        _ = message._encoded_body  # its error names the path
        raise ValidationError(f"The body cannot be written as JSON: {error}") from error


def loads(serialized_messages: str) -> list[Message]:
    """Parse messages in the serialised form, one per line. Empty lines are skipped.

    Raises:
        ValidationError: A line is not valid. The error names it.
    """
    # Not splitlines(): JSON strings may contain U+2028 and the like unescaped.
    lines = enumerate(serialized_messages.split("\n"), 1)
    return [_load_line(number, line) for number, line in lines if line.strip()]


def _load_line(number: int, line: str) -> Message:
    try:
        # One level more than a body; and files may contain what is refused only when it is sent.
        return load_message(codec.decode(line.encode("utf-8"), levels=MAX_DEPTH + 1, halves=True))
    except ValidationError as error:
        raise ValidationError(f"Line {number}: {error}") from error
    except ValueError as error:
        raise ValidationError(f"Line {number} is not valid JSON: {error}") from error
