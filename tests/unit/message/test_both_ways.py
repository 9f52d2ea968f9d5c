# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""One rule for what comes in and for what goes out."""

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pika import BasicProperties

from fedora_messaging import exceptions, message
from fedora_messaging._amqp import messages
from fedora_messaging._amqp import properties as _properties
from fedora_messaging._json import codec
from fedora_messaging._message.message import Message


def headers() -> dict[str, Any]:
    """The headers of a message that lacks nothing."""
    return {"fedora_messaging_schema": "base.message", "fedora_messaging_severity": 20}


texts = st.text(st.characters(exclude_categories=()), max_size=8)
trees_of_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=10,
)


@given(
    st.one_of(
        trees_of_json.map(lambda value: json.dumps({"a": value}).encode()),
        trees_of_json.map(
            lambda value: json.dumps({"a": value}, ensure_ascii=False).encode("utf-8", "surrogatepass")
        ),
        st.binary(max_size=30).map(lambda data: b'{"a":"' + data + b'"}'),
    )
)
@example(b'{"a": "\\ud800"}')
@example(b'{"\\udfff": 1}')
@example(b'{"a": "\\ud83c\\udf89 \\\\ud800"}')
@example(b'{"a": NaN}')
@example(b'{"a": 1e999}')
@example(b'{"a": 1, "a": 2}')
@example(b'{"a": 18446744073709551616, "b": -1e308, "c": -0.0, "d": 1E2}')
@example(b'{"a": ' + b"9" * 4300 + b"}")
@example(b'{"a": ' + b"9" * 4301 + b"}")
@example(b'{"a": ' + b"[" * 199 + b"]" * 199 + b"}")
@example(b'{"a": ' + b"[" * 200 + b"]" * 200 + b"}")
@example(b'{"": {"": "\\u0000"}}')
def test_what_is_received_can_be_published_again(data: bytes) -> None:
    """Whatever body is accepted can be published again as the same value; both readers accept the same."""
    outcomes = []
    ways: list[dict[str, Any]] = [{}, {"fast": None}]
    for options in ways:
        try:
            outcomes.append(codec.decode(data, **options))
        except ValueError:
            outcomes.append(None)
    try:
        received = message.get_message(
            "a", BasicProperties(content_encoding="utf-8", headers=headers()), data
        )
    except exceptions.ValidationError:
        assert outcomes == [None, None]
        return

    sent = message.check_outgoing(received)
    assert outcomes == [received.body, received.body]
    assert json.dumps(json.loads(sent), sort_keys=True) == json.dumps(received.body, sort_keys=True)
    assert codec.encode(received.body, fast=None) == codec.encode(codec.decode(sent, fast=None), fast=None)


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1", "utf-8"])
def test_received_in_another_encoding(encoding: str) -> None:
    """What was received in another encoding and is published again says that it is UTF-8."""
    properties = BasicProperties(content_encoding=encoding, headers=headers(), message_id="an-id")
    received = message.get_message("a", properties, '{"a": "é"}'.encode(encoding))
    sent = messages.encode(received)
    again = message.get_message("a", _properties.decode_properties(sent.properties), sent.body)

    assert again.body == received.body == {"a": "é"}


def test_topic_in_the_place_of_the_body() -> None:
    """Who gives the topic first is told that the body comes first."""
    swapped = Message("a.topic", {"a": 1})  # type: ignore[arg-type]

    with pytest.raises(exceptions.ValidationError) as caught:
        message.check_outgoing(swapped)
    with pytest.raises(jsonschema.ValidationError):
        swapped.validate()
    assert caught.value.summary == (
        "'a.topic' is not of type 'object'; the body comes first, and the topic by name: "
        "Message(body, topic=...)"
    )


def test_topic_in_the_place_of_the_headers() -> None:
    """Headers that are no dictionary are refused with the order of the arguments."""
    with pytest.raises(ValueError, match=r"must be a dictionary, not str: Message\(body, headers, topic\)"):
        Message({}, "a.topic")  # type: ignore[arg-type]


def test_received_text() -> None:
    """A received body that is text is refused without advice to whoever has sent it."""
    with pytest.raises(exceptions.ValidationError) as caught:
        message.get_message("a", BasicProperties(content_encoding="utf-8", headers=headers()), b'"text"')
    assert caught.value.summary == "'text' is not of type 'object'"


@pytest.mark.parametrize("options", [{}, {"fast": None}])
@pytest.mark.parametrize("data", [b'{"a": ["\\ud800"]}', b'{"a": ["\\uDFFFx"]}', b'{"a": ["\\\\\\ud834"]}'])
def test_half_a_pair(data: bytes, options: Any) -> None:
    """Half a surrogate pair is refused on receipt, in files it is kept."""
    with pytest.raises(ValueError, match=r"^\$\.a\[0\] holds a lone surrogate"):
        codec.decode(data, **options)
    assert codec.decode(data, halves=True, **options) == json.loads(data)
