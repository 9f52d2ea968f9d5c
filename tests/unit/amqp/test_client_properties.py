# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Client properties are sent as they are, or refused by name when they are configured."""

import datetime
from decimal import Decimal
from typing import Any

import pika
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedora_messaging._amqp.client_properties import MOST, check_client_properties, encode_client_properties
from fedora_messaging._amqp.property_decoder import decode_any
from fedora_messaging.config import parse
from fedora_messaging.exceptions import ConfigurationException
from fedora_messaging.twisted.factory import FedoraMessagingFactory
from support.world import World

ROUND: list[Any] = []
ROUND.append(ROUND)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("day", datetime.date(2020, 1, 1)),
        ("large", 2**64),
        ("infinite", float("inf")),
        ("k" * 300, "x"),
        ("nested", {"a": [{"b": object()}]}),
        ("nested", {"k" * 300: 1}),
        ("text", "\ud800"),
        ("\ud800", "text"),
        ("round", ROUND),
        ("long", "x" * 4000),
        ("set", {1}),
    ],
)
def test_what_cannot_be_sent_is_refused_by_name(key: str, value: Any) -> None:
    """The configuration is refused and names the key; so is a factory's argument."""
    with pytest.raises(ConfigurationException, match=r"client_properties\..*: (cannot|has)") as raised:
        parse({"client_properties": {key: value}})
    parameters = pika.ConnectionParameters()
    parameters.client_properties = {key: "replaced below"}
    parameters.client_properties[key] = value
    with pytest.raises(ValueError, match=r"(cannot be sent|they may have)"):
        FedoraMessagingFactory(parameters, (), clock=World().reactor)

    assert key[:10].encode("utf-8", "backslashreplace").decode() in str(raised.value)


@pytest.mark.parametrize("value", ["x", 5, None, [1]])
def test_capabilities_are_a_table(value: Any) -> None:
    """Capabilities that are no table are refused by their name."""
    with pytest.raises(ConfigurationException, match=r"client_properties\.capabilities"):
        parse({"client_properties": {"capabilities": value}})


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.binary(max_size=20)
    | st.builds(lambda n: Decimal(n).scaleb(-2), st.integers(-(2**31), 2**31 - 1))
    | st.integers(0, 2**32).map(lambda at: datetime.datetime.fromtimestamp(at, datetime.timezone.utc)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=20), values, max_size=5))
def test_every_type_is_sent_as_it_is(properties: dict[str, Any]) -> None:
    """What is encoded is decoded as the same table."""
    raw = pika.BasicProperties.FLAG_HEADERS.to_bytes(2, "big") + encode_client_properties(properties)

    assert properties == decode_any(raw).headers


def test_the_limit() -> None:
    """All together may have a little less than the smallest frame."""
    room = MOST - len(encode_client_properties({"x": ""}))
    check_client_properties({"x": "y" * room})

    with pytest.raises(ValueError, match=r"x: has .* bytes"):
        check_client_properties({"x": "y" * (room + 1)})


def test_the_broker_gets_them() -> None:
    """They arrive with the handshake, floats among them."""
    world = World()
    service = world.service(client_properties={"float": 1.5, "large": 2**62, "table": {"a": [1, "b"]}})
    service.startService()
    world.settle()
    (seen,) = [each.client_properties for each in world.broker.connections]

    assert (b"d", b"l", b"F") == tuple(seen[key].kind for key in ("float", "large", "table"))
