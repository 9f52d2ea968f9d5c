# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Headers, id and priority are the same, whether the AMQP properties have been made or not."""

import uuid
from typing import Any

import pika
import pytest

from fedora_messaging._message.envelope import Envelope


def test_a_new_one() -> None:
    """A new envelope has the headers it is given, an id of its own, and no properties until they are read."""
    headers: dict[str, Any] = {"a": 1}
    one, other = Envelope(headers), Envelope({})

    assert one._headers is headers
    assert 4 == uuid.UUID(one.id).version
    assert one.id != other.id
    assert (one.id, None) == one._basics()
    properties = one._properties
    assert properties is one._properties
    assert one._basics() is None
    assert properties.headers is headers
    assert ("application/json", "utf-8", 2, one.id, None) == (
        properties.content_type,
        properties.content_encoding,
        properties.delivery_mode,
        properties.message_id,
        properties.priority,
    )


@pytest.mark.parametrize("headers", [None, {"a": 1}])
def test_a_received_one(headers: dict[str, Any] | None) -> None:
    """A received envelope has the properties as they are, but for headers where there were none."""
    properties = pika.BasicProperties(message_id="id", priority=3, headers=headers)
    envelope = Envelope({"ignored": 1}, properties)

    assert properties is envelope._properties
    assert envelope._basics() is None
    assert (headers or {}) == envelope._headers
    assert envelope._headers is properties.headers
    assert ("id", 3) == (envelope.id, envelope.priority)


@pytest.mark.parametrize("made", [False, True])
def test_what_is_set(made: bool) -> None:
    """What is set is in the properties and, for the priority, in the headers."""
    envelope = Envelope({})
    if made:
        _ = envelope._properties
    envelope.id = "new"
    envelope.priority = 7

    assert ("new", 7) == (envelope.id, envelope.priority)
    assert ("new", 7) == (envelope._properties.message_id, envelope._properties.priority)
    assert {"priority": 7} == envelope._properties.headers
    envelope._headers = {"b": 2}
    assert {"b": 2} == envelope._properties.headers
    envelope.priority = None
    assert 0 == envelope.priority


def test_other_properties() -> None:
    """Properties may be replaced as a whole, and bring their headers with them."""
    envelope = Envelope({"a": 1})
    envelope._properties = pika.BasicProperties(message_id="id")

    assert "id" == envelope.id
    assert {} == envelope._headers
    assert envelope._headers is envelope._properties.headers
