# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Channels that are being closed, in memory."""

import struct

import pytest
from pika import spec
from twisted.internet.task import Clock

from fedora_messaging.broker import Broker
from wire import Client, joined

_CLOSE = spec.Channel.Close(200, "", 0, 0)


@pytest.fixture
def broker() -> Broker:
    return Broker(clock=Clock())


@pytest.fixture
def client(broker: Broker) -> Client:
    return joined(broker)


def test_closes_that_cross(client: Client) -> None:
    """A publish to a missing exchange and a close: 404 and close-ok; the client's own frees the number."""
    client.publish("k", exchange="none")
    client.send(_CLOSE)
    client.pump.flush()
    crossed = client.names()
    client.send(spec.Channel.CloseOk())
    opened = client.call(spec.Channel.Open())

    assert ["Channel.Close", "Channel.CloseOk"] == crossed
    assert "Channel.OpenOk" == opened.NAME


@pytest.mark.parametrize("closes", [0, 1, 2])
def test_a_number_is_in_use_until_the_answer(client: Client, closes: int) -> None:
    """An open before the client's close-ok is 504, however often the client has closed."""
    client.publish("k", exchange="none")
    for _ in range(closes):
        client.send(_CLOSE)
    client.pump.flush()
    client.take()
    refused = client.call(spec.Channel.Open())

    assert (504, "CHANNEL_ERROR - second 'channel.open' seen") == (refused.reply_code, refused.reply_text)


def test_a_content_under_way_when_the_broker_closes(broker: Broker, client: Client) -> None:
    """The rest of a content that the close interrupts is read as its rest, and dropped."""
    client.send(spec.Basic.Publish(exchange="amq.topic", routing_key="k"))
    client.transport.write(struct.pack(">BHIHHQHB", 2, 1, 14, 60, 0, 4, 0, 0xCE))
    client.transport.write(struct.pack(">BHI2sB", 3, 1, 2, b"ab", 0xCE))
    client.pump.flush()
    broker.faults.close_channels(404)
    client.transport.write(struct.pack(">BHI2sB", 3, 1, 2, b"cd", 0xCE))
    client.send(spec.Channel.CloseOk())
    opened = client.call(spec.Channel.Open())

    assert [] == list(broker.published)
    assert "Channel.Close" == opened.NAME
    assert ["Channel.OpenOk"] == client.names()


def test_closing_channels_keep_nothing_of_the_connection(broker: Broker, client: Client) -> None:
    """A connection that ends with channels unanswered leaves no connection behind."""
    client.publish("k", exchange="none")
    client.pump.flush()
    client.pump.cut()

    assert [] == broker.connections
