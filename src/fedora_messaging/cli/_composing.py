# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Makes one message of the words of a command line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any

import click

from .._json import codec
from ..exceptions import excerpt
from ..message import DEBUG, ERROR, INFO, WARNING, Message
from ._ids import class_named

__all__ = ["SEVERITY_NAMES", "body_of", "composed", "near_property"]

#: The severities by their names.
SEVERITY_NAMES = {"debug": DEBUG, "info": INFO, "warning": WARNING, "error": ERROR}

_ITEM = re.compile(r"(?P<path>[^=]+?)(?P<kind>:?=)(?P<value>.*)", re.DOTALL)
#: A dot that separates names, and is not part of one (written \.).
_DOT = re.compile(r"(?<!\\)\.")


def composed(topic: str | None, body: dict[str, Any], schema: str | None, severity: str | None) -> Message:
    """Make a message; its body is not checked against its schema.

    Args:
        topic: The topic; None: that of the message class.
        body: The body.
        schema: The name of the schema; None: that of all messages.
        severity: The name of the severity; None: that of the message class.

    Raises:
        click.UsageError: There is no such schema, or no topic.
    """
    cls = Message if schema is None else class_named(schema, "'--schema'")
    number = None if severity is None else SEVERITY_NAMES[severity]
    message = cls(body=body, topic=topic, severity=number)
    if not message.topic:
        raise click.UsageError("name the topic by -t: only the binding # matches messages without one")
    return message


def near_property(message: Message) -> str:
    """Say which property may have been meant by one that the schema does not have; "" if there is none."""
    schema = message.body_schema
    known = schema.get("properties") if isinstance(schema, dict) else None
    if isinstance(known, dict):
        for name in message.body:
            near = difflib.get_close_matches(name, known, 1) if name not in known else ()
            if near:
                return f'; the schema has no "{excerpt(name, 60)}", did you mean {near[0]}?'
    return ""


def body_of(text: str | None, items: Iterable[str], start: dict[str, Any] | None = None) -> dict[str, Any]:
    """Make the body of a message.

    Args:
        text: A JSON object; None: what it begins with is given instead.
        items: Values to put into it: ``a.b=text`` or ``a.b:=JSON``; a dot in a name has a backslash
            before it.
        start: What it begins with; None: an empty object.

    Raises:
        click.UsageError: Something is not JSON, no object, or given twice.
    """
    body = (start or {}) if text is None else _json(text, "'-b'")
    if not isinstance(body, dict):
        raise click.BadParameter(
            f'a body is a JSON object, as in \'{{"name": "value"}}\', not {excerpt(body, 60)}',
            param_hint="'-b'",
        )
    seen: set[tuple[str, ...]] = set()
    for item in items:
        found = _ITEM.fullmatch(item)
        if found is None:
            raise click.UsageError(
                f'"{excerpt(item, 60)}" is neither NAME=TEXT nor NAME:=JSON; a FILE is published without -t, '
                "-b, --schema and --severity"
            )
        path = tuple(name.replace("\\.", ".") for name in _DOT.split(found["path"]))
        if path in seen:
            raise click.UsageError(f'"{excerpt(found["path"], 60)}" is given twice')
        seen.add(path)
        value = found["value"] if found["kind"] == "=" else _json(found["value"], f"'{found['path']}'")
        _put(body, path, value)
    return body


def _put(body: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    inner = body
    for depth, name in enumerate(path[:-1], 1):
        inner = inner.setdefault(name, {})
        if not isinstance(inner, dict):
            raise click.UsageError(
                f'"{excerpt(".".join(path), 60)}" needs an object, and '
                f'"{excerpt(".".join(path[:depth]), 60)}" is {excerpt(inner, 60)}'
            )
    inner[path[-1]] = value


def _json(text: str, what: str) -> Any:
    try:
        return codec.decode(text.encode("utf-8"))
    except (ValueError, UnicodeEncodeError) as error:
        raise click.BadParameter(
            f"{excerpt(text, 60)} is not JSON ({excerpt(error, 100)}); text is in double quotes there, or "
            "given by NAME=TEXT",
            param_hint=what,
        ) from error
