# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Validates incoming and outgoing messages; every error is a ValidationError."""

from __future__ import annotations

from typing import cast

import pika

from .._json import codec
from .._json.bounds import MOST
from .._json.measure import TooLarge
from .._reporting import loggers
from .._reporting.log import SafeLog, Tally
from .._reporting.text import shown
from ..exceptions import ValidationError, excerpt
from .checks import HEADERS_SCHEMA, encoded_topic, is_body_proven, validate
from .headers import INFO, PACKAGE, SCHEMA, SEVERITY, HeaderType, are_common
from .message import Message, get_class

__all__ = ["check_outgoing", "class_for", "get_message", "invalid", "received_message"]

_log = SafeLog(loggers.SCHEMA)
#: Messages of other clients may lack headers: one log line for each kind and queue is enough.
_missing = Tally()

# The supported values of content_encoding. Other codecs that a message names are not even looked up.
_ENCODINGS = frozenset(
    ["utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin-1", "latin1"]
    + [f"utf-{bits}{order}" for bits in (16, 32) for order in ("", "le", "be")]
)


def check_outgoing(message: object, most: int = MOST) -> bytes:
    """Check a message that is to be sent.

    Args:
        message: The message.
        most: How many bytes its body may have. A body that certainly has more is refused before it is
            encoded.

    Returns:
        Its encoded body: encoding first makes the validation cheaper.

    Raises:
        ValidationError: It is not a message, not valid, or its topic or body cannot be sent.
    """
    if not isinstance(message, Message):
        raise ValidationError(f"Not a message but {type(message).__name__}: {excerpt(message)}")
    encoded_topic(message.topic)
    # First the fast validation, which also shows whether the body can be encoded without another check.
    proven = is_body_proven(message)
    try:
        body = codec.encode(message.body, proven=proven, most=most)
    except TooLarge as error:
        raise ValidationError(f"The body has more than {most} bytes; max_message_size is {most}") from error
    except ValueError as error:
        raise ValidationError(f"The body cannot be sent: {error}") from error
    try:
        # What the usual message needs of validate(), without a call.
        if not proven or message.headers_schema is not HEADERS_SCHEMA or not are_common(message._headers):
            validate(message, proven=proven)
    except Exception as error:
        raise invalid(error) from error
    return body


def invalid(error: BaseException) -> ValidationError:
    """Convert any error about a message to this package's ValidationError."""
    kind = type(error)  # isinstance() would ask the error's __class__, which may raise
    if issubclass(kind, ValidationError):
        return error  # type: ignore[return-value]
    if issubclass(kind, RecursionError):
        return ValidationError("The message is nested too deep to be validated")
    try:
        if issubclass(type(getattr(error, "message", None)), str):
            return ValidationError(error)  # jsonschema's
    except Exception:  # of a property
        return ValidationError(shown(error, 500))
    return ValidationError(shown(error))


def get_message(routing_key: str, properties: pika.BasicProperties, body: bytes) -> Message:
    """Make the message that was received.

    Args:
        routing_key: Its topic.
        properties: Its AMQP properties.
        body: Its body.

    Raises:
        ValidationError: It is not a message, or is not valid.
    """
    return received_message(routing_key, properties, body, "")


def received_message(routing_key: str, properties: pika.BasicProperties, body: bytes, queue: str) -> Message:
    """Make the message that was received from a queue, whose name is for the log.

    Raises:
        ValidationError: See :func:`get_message`.
    """
    try:
        return _get_message(routing_key, properties, body, queue)
    except (ValidationError, KeyboardInterrupt):
        raise
    except BaseException as error:  # a schema class may raise SystemExit as well as anything else
        raise invalid(error) from error


def _get_message(routing_key: str, properties: pika.BasicProperties, body: bytes, queue: str) -> Message:
    headers = properties.headers
    if headers is None:
        _report_missing("has no headers", properties.message_id, queue)
        headers = properties.headers = {}
    elif not isinstance(headers, dict):
        raise ValidationError(f"The headers are not a table: {excerpt(headers)}")
    encoding = properties.content_encoding
    if encoding != "utf-8":
        body = _as_utf8(body, encoding, properties, queue)
    try:
        content = codec.decode(body)
    except ValueError as error:
        raise ValidationError(f"The body is not valid JSON: {error}") from error
    cls = class_for(headers, properties.message_id, queue)
    severity = _severity_of(headers, properties.message_id, queue)
    message = cls(body=content, topic=routing_key, properties=properties, severity=severity)
    if content is None:
        message.body = None  # the constructor makes an empty object of None
    # The class may have changed the body.
    validate(message, decoded=message.body is content)
    return message


def _as_utf8(body: bytes, encoding: object, properties: pika.BasicProperties, queue: str) -> bytes:
    if encoding is None or encoding == "":
        _report_missing("names no encoding; utf-8 it is", properties.message_id, queue)
        return body
    known = encoding.lower() if isinstance(encoding, str) else ""
    if known not in _ENCODINGS:
        raise ValidationError(f"The content encoding {excerpt(encoding)} is not known")
    try:
        return body.decode(known).encode("utf-8")
    except UnicodeError as error:
        raise ValidationError(f"The body is not {known}: {error}") from error


def class_for(headers: HeaderType, message_id: object, queue: str = "") -> type[Message]:
    """Find the class that headers name.

    Args:
        headers: The headers.
        message_id: The message's id, for the log.
        queue: The queue, for the log, which reports each kind of missing header once for each queue.

    Raises:
        ValidationError: The name of the schema is not a string.
    """
    name = headers.get(SCHEMA)
    if name is None:
        _report_missing("names no schema; it gets none", message_id, queue)
        return Message
    if not isinstance(name, str):
        raise ValidationError(f"The header {SCHEMA} must be a string: {excerpt(name)}")
    package = headers.get(PACKAGE)
    return get_class(name, schema_package=package if isinstance(package, str) else None)


def _severity_of(headers: HeaderType, message_id: object, queue: str) -> int:
    severity = headers.get(SEVERITY)
    if severity is None:
        _report_missing("has no severity; INFO it is", message_id, queue)
        return INFO
    return cast(int, severity)


def _report_missing(what: str, message_id: object, queue: str) -> None:
    count = _missing.due((what, queue))
    if not count:
        return
    where = f" from the queue {excerpt(queue, 100)}" if queue else ""
    so_far = f" (the {count:,}th of this kind)" if count > 1 else ""
    _log.warning("Message %s%s %s%s", excerpt(message_id, 100), where, what, so_far)
