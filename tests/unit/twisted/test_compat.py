# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The names of release 3.9.1, on a clock and the embedded broker."""

from typing import Any

import pytest

from fedora_messaging.exceptions import BadDeclaration, NoFreeChannels
from fedora_messaging.message import Message
from fedora_messaging.twisted import factory, protocol, service
from support.world import PARAMETERS, World, result_of

QUEUES: dict[str, Any] = {"q": {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}}
BINDINGS = [{"exchange": "amq.topic", "queue": "q", "routing_keys": ["#"]}]


def connected(world: World, **parameters: Any) -> Any:
    """A protocol of 3.9.1's class that is ready."""
    with pytest.warns(DeprecationWarning, match="FedoraMessagingProtocol; release 5.0 removes it"):
        cls = protocol.FedoraMessagingProtocolV2
    for name, value in parameters.items():
        setattr(PARAMETERS, name, value)
    made = cls(PARAMETERS, clock=world.reactor)
    ready = made.ready
    pump = world.broker.join(made)
    pump.flush()
    result_of(ready)
    made.pump = pump
    return made


def test_a_service_publishes_and_consumes(world: World) -> None:
    """FedoraMessagingServiceV2 has a factory that consumes with bindings and queues given by position."""
    received: list[Message] = []

    async def callback(message: Message) -> None:
        received.append(message)

    with pytest.warns(DeprecationWarning, match="FedoraMessagingService; release 5.0 removes it"):
        made = service.FedoraMessagingServiceV2(config=world.config(), clock=world.reactor)
    made.startService()
    consuming = made.factory.consume(callback, BINDINGS, QUEUES)
    world.settle()
    (consumer,) = result_of(consuming)
    made.factory.publish(Message(topic="t", body={"a": 1}), "amq.topic")
    world.settle()

    assert [{"a": 1}] == [each.body for each in received]
    assert made.consuming
    assert 1 == made.stats.consumed.processed == made.factory.stats.published
    cancelled = made.factory.cancel([consumer])
    world.settle()
    assert result_of(cancelled) is None
    assert not made.consuming


def test_a_factory_takes_confirms_by_position(world: World) -> None:
    """FedoraMessagingFactoryV2(parameters, confirms) makes protocols of its own class."""
    with pytest.warns(DeprecationWarning, match="FedoraMessagingFactory; release 5.0 removes it"):
        made = factory.FedoraMessagingFactoryV2(PARAMETERS, False, clock=world.reactor)
    world.reactor.connectTCP("localhost", 5672, made)
    world.settle()

    assert not made.confirms
    assert "FedoraMessagingProtocolV2" == type(result_of(made.when_connected())).__name__


def test_a_protocol_declares_binds_and_consumes(world: World) -> None:
    """Topology is declared with the arguments of AMQP's methods, and a queue that exists is consumed from."""
    received: list[Message] = []

    async def callback(message: Message) -> None:
        received.append(message)

    made = connected(world)
    exchanges = made.declare_exchanges([{"exchange": "e", "type": "topic", "durable": True}])
    made.pump.flush()
    queue = made.declare_queue({"queue": "q", "durable": True})
    made.pump.flush()
    bound = made.bind_queues([{"queue": "q", "exchange": "e", "routing_key": "#"}])
    made.pump.flush()
    consuming = made.consume(callback, "q")
    made.pump.flush()
    published = made.publish(Message(topic="t", body={"a": 1}), "e")
    made.pump.advance(1)

    assert (None, "q", None, None) == tuple(map(result_of, (exchanges, queue, bound, published)))
    assert result_of(consuming).running
    assert 1 == len(received)
    halted = made.halt()
    made.pump.advance(1)
    assert result_of(halted) is None
    assert made.is_closed


def test_a_refused_declaration_is_named(world: World) -> None:
    """A declaration that the broker refuses is BadDeclaration, and the connection stays."""
    made = connected(world)
    refused = made.declare_queue({"queue": "missing", "passive": True})
    made.pump.flush()
    with pytest.raises(BadDeclaration, match="no queue 'missing'"):
        result_of(refused)

    assert made.is_open


def test_consuming_from_a_queue_that_is_not_there(world: World) -> None:
    """Consuming from a missing queue is BadDeclaration."""
    made = connected(world)
    consuming = made.consume(lambda _: None, "missing")
    made.pump.advance(1)

    with pytest.raises(BadDeclaration, match="no queue 'missing'"):
        result_of(consuming)


def test_all_channels_in_use(world: World) -> None:
    """When the connection has no channel left, NoFreeChannels says so."""
    made = connected(world)
    made._impl.params.channel_max = 1
    made.open_channel()
    made.pump.flush()

    with pytest.raises(NoFreeChannels):
        result_of(made.declare_queue({"queue": "q"}))
