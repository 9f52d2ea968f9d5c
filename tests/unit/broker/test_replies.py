# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Direct reply-to, in memory."""

import pytest
from pika import spec
from twisted.internet.task import Clock

from fedora_messaging.broker import Broker
from wire import Client, joined

_QUEUE = "amq.rabbitmq.reply-to"


@pytest.fixture(params=["3.10", "4.3"])
def broker(request: pytest.FixtureRequest) -> Broker:
    return Broker(clock=Clock(), emulate=request.param)


def _reply_to(name: str) -> bytes:
    return b"\x02\x00" + bytes([len(name)]) + name.encode()


def _asking(broker: Broker) -> tuple[Client, str]:
    client = joined(broker)
    client.call(spec.Queue.Declare(queue="questions", durable=True))
    client.call(spec.Basic.Consume(queue=_QUEUE, consumer_tag="t", no_ack=True))
    client.publish("questions", b"question", properties=_reply_to(_QUEUE))
    client.pump.flush()
    properties = broker.queue("questions").messages[-1].properties
    return client, properties[3:].decode()


def test_an_address_is_unguessable_and_fits_a_short_string(broker: Broker) -> None:
    """Two channels get addresses of their own, that a routing key can hold."""
    addresses = {_asking(broker)[1] for _ in range(2)}

    assert 2 == len(addresses)
    assert all(address.startswith(_QUEUE + ".") and len(address) < 256 for address in addresses)


def test_an_address_ends_with_its_connection(broker: Broker) -> None:
    """Nothing is kept of an address whose client is gone, and what is sent to it is dropped."""
    asking, address = _asking(broker)
    asking.pump.cut()
    other = joined(broker)
    other.publish(address, b"late")

    assert isinstance(other.call(spec.Queue.Declare(queue=address, passive=True)), spec.Channel.Close)


def test_replies_go_to_the_one_that_asked(broker: Broker) -> None:
    """Of two that ask, each gets its own answer, without a queue in between."""
    (one, _), (two, address) = _asking(broker), _asking(broker)
    answering = joined(broker)
    answering.publish(address, b"answer")
    for client in (answering, one, two):
        client.pump.flush()

    assert ([], b"answer") == (one.take(), two.take()[0].body)
    assert ["questions"] == list(broker.vhosts["/"].queues)
