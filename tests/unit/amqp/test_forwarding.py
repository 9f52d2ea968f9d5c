# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Messages that are published again to wait, or to quarantine: what stays, and what goes."""

from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pika import BasicProperties

from fedora_messaging._amqp.forwarding import attempts_before, forwarded
from fedora_messaging._amqp.properties import decode_properties, encode_properties
from fedora_messaging._core.delivery import Delivery
from fedora_messaging.exceptions import ValidationError

DELIVERY = Delivery("q", "q.requeue", b"a.topic", 1, 1, False, 0.0, b"\0\0", b"body")

_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.binary(max_size=20),
    st.just(Decimal("1.5")),
    st.just(datetime(2026, 5, 1, tzinfo=timezone.utc)),
)
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)
_headers = st.dictionaries(st.text(min_size=1, max_size=20), _values, max_size=6)
_short = st.none() | st.text(max_size=30)


@given(_headers, _short, _short, st.none() | st.integers(0, 255), st.none() | st.integers(0, 2**32))
def test_everything_else_stays(
    headers: dict[str, Any], kind: str | None, app: str | None, priority: int | None, stamp: int | None
) -> None:
    """Properties and headers of any shape come out as they went in, and the added header is among them."""
    properties = BasicProperties(
        content_type="application/json",
        headers=headers,
        delivery_mode=2,
        message_id="an-id",
        type=kind,
        app_id=app,
        timestamp=stamp,
    )
    raw = encode_properties(properties, headers, priority)
    encoded = forwarded(DELIVERY._replace(properties=raw), "q.retry.10s", {"fedora_messaging_attempts": 3})
    found, expected = decode_properties(encoded.properties), decode_properties(raw)

    assert {**(expected.headers or {}), "fedora_messaging_attempts": 3} == found.headers
    found.headers = expected.headers = None
    assert expected == found
    assert (b"q.retry.10s", b"a.topic", b"body", b"an-id") == (
        encoded.exchange,
        encoded.routing_key,
        encoded.body,
        encoded.message_id,
    )


def test_what_belongs_to_one_delivery_goes() -> None:
    """Brokers' headers and our own are left out, as are the two properties that would end the message."""
    headers = {
        "x-death": [{"count": 3}],
        "x-first-death-queue": "q",
        "x-delivery-count": 7,
        "fedora_messaging_attempts": 9,
        "fedora_messaging_failure_error": "an old one",
        "x-own": "kept",
        "fedora_messaging_schema": "s",
    }
    properties = BasicProperties(headers=headers, expiration="1000", user_id="guest", reply_to="me")
    raw = _encoded(properties)
    found = decode_properties(forwarded(DELIVERY._replace(properties=raw), "q.quarantine", {}).properties)

    assert {"x-own": "kept", "fedora_messaging_schema": "s"} == found.headers
    assert (None, None, "me") == (found.expiration, found.user_id, found.reply_to)


def _encoded(properties: BasicProperties) -> bytes:
    """As another client encodes them, which sends headers that this package does not."""
    return b"".join(properties.encode())


@given(st.binary(max_size=60))
def test_bytes_that_are_no_properties(raw: bytes) -> None:
    """Whatever the bytes are, there is an encoded message or the documented error."""
    delivery = DELIVERY._replace(properties=raw)
    try:
        encoded = forwarded(delivery, "q.quarantine", {"fedora_messaging_attempts": 1})
    except ValidationError:
        return
    assert b"fedora_messaging_attempts" in encoded.properties
    assert delivery.body == encoded.body


def test_a_body_that_was_not_kept() -> None:
    """A message whose body was larger than allowed cannot be published again."""
    with pytest.raises(ValidationError, match="max_message_size"):
        forwarded(DELIVERY._replace(body=None), "q.quarantine", {})


@pytest.mark.parametrize(
    ("exchange", "value", "attempts"),
    [
        ("q.requeue", 3, 3),
        ("amq.topic", 3, 0),
        ("", 3, 0),
        ("other.requeue", 3, 0),
        ("q.requeue", "3", 0),
        ("q.requeue", -1, 0),
        ("q.requeue", True, 0),
        ("q.requeue", 2**40, 0),
    ],
)
def test_attempts_count_only_from_a_delay_queue(exchange: str, value: Any, attempts: int) -> None:
    """The header counts on messages that came through the policy's own exchange, and as a number."""
    raw = _encoded(BasicProperties(headers={"fedora_messaging_attempts": value}))

    assert attempts == attempts_before(DELIVERY._replace(exchange=exchange, properties=raw))
