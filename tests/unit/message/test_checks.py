# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Topic, headers and body are checked by the base schemas, and by those of the class."""

from typing import Any

import jsonschema
import pytest

from fedora_messaging._message.checks import (
    BODY_SCHEMA,
    HEADERS_SCHEMA,
    encoded_topic,
    is_body_proven,
    validate,
)
from fedora_messaging.exceptions import ValidationError


class Example:
    """The parts of a message."""

    headers_schema = HEADERS_SCHEMA
    body_schema = BODY_SCHEMA

    def __init__(self, body: Any, **headers: Any) -> None:
        self.body = body
        self._headers = headers


class Strict(Example):
    """Its class has schemas of its own."""

    headers_schema = {"required": ["x"]}  # noqa: RUF012
    body_schema = {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}  # noqa: RUF012


@pytest.mark.parametrize("topic", ["", "a.b", "x" * 255, "ü" * 127])
def test_topics(topic: str) -> None:
    """A topic is text of 255 bytes at most."""
    assert topic.encode() == encoded_topic(topic)


@pytest.mark.parametrize(
    ("topic", "words"),
    [
        (None, "not NoneType"),
        (b"a", "not bytes"),
        ("\ud800", "UTF-8"),
        ("x" * 256, "256 bytes; 255 is the most"),
    ],
)
def test_bad_topics(topic: Any, words: str) -> None:
    """What cannot be sent as a topic is refused, and the error says why."""
    with pytest.raises(ValidationError, match=words):
        encoded_topic(topic)


@pytest.mark.parametrize(
    ("message", "proven"),
    [
        (Example({}), True),
        (Example({"a": [1, {"b": None}]}), True),
        (Example([]), False),
        (Example({"a": (1,)}), False),
        (Strict({"a": 1}), True),
        (Strict({"a": "1"}), False),
        (Strict({}), False),
    ],
)
def test_proven_bodies(message: Example, proven: bool) -> None:
    """A body is proven if it is valid by the schema of its class, and as decoding JSON gives it."""
    assert proven == is_body_proven(message)


def test_a_schema_that_raises() -> None:
    """The body of a class whose schema raises is not proven: validation raises the error."""

    class Broken(Example):
        @property
        def body_schema(self) -> Any:  # type: ignore[override]
            raise LookupError("no schema")

    broken: Any = Broken({})

    assert not is_body_proven(broken)
    with pytest.raises(LookupError):
        validate(broken)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (Example({}, fedora_messaging_severity=5), "5 is not one of"),
        (Example({}, fedora_messaging_schema=5), "5 is not of type 'string'"),
        (Example([]), "is not of type 'object'"),
        (Strict({"a": 1}), "'x' is a required property"),
        (Strict({}, x=1), "'a' is a required property"),
        (Strict({"a": "1"}, x=1), "'1' is not of type 'integer'"),
    ],
)
def test_errors(message: Example, words: str) -> None:
    """The error is jsonschema's."""
    with pytest.raises(jsonschema.ValidationError, match=words):
        validate(message)


@pytest.mark.parametrize(
    "message", [Example({}), Example({}, fedora_messaging_severity=20), Strict({"a": 1}, x=1)]
)
@pytest.mark.parametrize("decoded", [False, True])
def test_valid(message: Example, decoded: bool) -> None:
    """Valid headers and bodies pass, whether the body was decoded or made by the application."""
    validate(message, decoded=decoded)
    validate(message, decoded=decoded, proven=is_body_proven(message))


def test_a_topic_in_the_place_of_the_body() -> None:
    """A text as the body of a message that was not received is likely to be its topic: the error says so."""
    with pytest.raises(jsonschema.ValidationError, match=r"Message\(body, topic=...\)"):
        validate(Example("a.topic"))
    with pytest.raises(jsonschema.ValidationError) as caught:
        validate(Example("a.topic"), decoded=True)
    assert "topic=" not in caught.value.message
