# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Connecting through endpoints: several addresses, IPv6, time-outs, and what a factory is told."""

from collections.abc import Sequence
from typing import Any

import pytest
from twisted.internet import error, protocol
from twisted.internet.address import HostnameAddress, IPv4Address, IPv6Address
from twisted.internet.interfaces import IHostnameResolver, IReactorPluggableNameResolver
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from zope.interface import alsoProvides, implementer

from fedora_messaging.twisted._connection.connector import Connector, endpoint
from support.world import no_unhandled_errors

FOUR = IPv4Address("TCP", "192.0.2.1", 5672)
SIX = IPv6Address("TCP", "2001:db8::1", 5672)


@implementer(IHostnameResolver)
class Resolver:
    """Knows some names; what is not there has no address. A name without an answer waits for ever."""

    def __init__(self, **names: list[Any]) -> None:
        self.names = names
        self.asked: list[str] = []

    def resolveHostName(
        self, receiver: Any, name: str, port: int = 0, types: Any = None, transport: str = "TCP"
    ) -> Any:
        self.asked.append(name)
        receiver.resolutionBegan(self)
        if name == "silent":
            return
        for address in self.names.get(name, []):
            receiver.addressResolved(address)
        receiver.resolutionComplete()


def reactor_with(resolver: Any) -> Any:
    """A reactor in memory with a resolver; that of Twisted 24.3 takes none by itself."""
    reactor: Any = MemoryReactorClock()
    reactor.nameResolver = resolver
    alsoProvides(reactor, IReactorPluggableNameResolver)
    return reactor


class Told(protocol.ReconnectingClientFactory):
    """Notes what a connector tells it."""

    noisy = False

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.made: list[protocol.Protocol] = []

    def startedConnecting(self, connector: Any) -> None:
        self.events.append("started")

    def buildProtocol(self, addr: Any) -> protocol.Protocol:
        self.events.append("built")
        made = protocol.Protocol()
        self.made.append(made)
        return made

    def clientConnectionFailed(self, connector: Any, reason: Any) -> None:
        self.events.append(("failed", reason.type, connector.state))

    def clientConnectionLost(self, connector: Any, reason: Any) -> None:
        self.events.append(("lost", reason.type, connector.state))

    def stopFactory(self) -> None:
        self.events.append("stopped")


class Case:
    """A connector on a reactor in memory."""

    def __init__(self, host: str, **names: list[Any]) -> None:
        self.resolver = Resolver(**names)
        self.reactor = reactor_with(self.resolver)
        self.factory = Told()

        def target() -> tuple[Any, str, int]:
            return endpoint(self.reactor, host, 5672, timeout=10), host, 5672

        self.connector = Connector(self.reactor, self.factory, target, timeout=10)
        self.connector.connect()

    @property
    def tried(self) -> list[str]:
        return [attempt[0] for attempt in self.reactor.tcpClients]

    def answer(self, number: int) -> StringTransport:
        """The attempt of this number has a connection."""
        made = self.reactor.tcpClients[number][2].buildProtocol(None)
        transport = StringTransport()
        made.makeConnection(transport)
        self.server_side = made
        return transport

    def refuse(self, number: int) -> None:
        factory, refused = self.reactor.tcpClients[number][2], Failure(error.ConnectionRefusedError())
        factory.clientConnectionFailed(self.reactor.connectors[number], refused)

    @property
    def left(self) -> int:
        return len(self.reactor.getDelayedCalls())


@pytest.fixture(autouse=True)
def _clean() -> Any:
    with no_unhandled_errors():
        yield


def test_a_name_that_has_an_ipv6_address_only() -> None:
    """A host that has only an IPv6 address is connected to."""
    case = Case("six", six=[SIX])
    case.answer(0)

    assert ["2001:db8::1"] == case.tried
    assert ["started", "built"] == case.factory.events
    assert ("connected", 0) == (case.connector.state, case.left)


def test_a_name_whose_first_address_is_dead() -> None:
    """The second is tried a moment later, and the first is given up when the second answers."""
    case = Case("both", both=[SIX, FOUR])
    before = list(case.tried)
    case.reactor.advance(1)
    case.answer(1)

    assert (["2001:db8::1"], ["2001:db8::1", "192.0.2.1"]) == (before, case.tried)
    assert case.reactor.connectors[0].stoppedConnecting
    assert ["started", "built"] == case.factory.events
    assert ("connected", 0) == (case.connector.state, case.left)


def test_a_name_all_of_whose_addresses_refuse() -> None:
    """That is one failure, when the last has refused."""
    case = Case("both", both=[SIX, FOUR])
    case.refuse(0)
    between = list(case.factory.events)
    case.reactor.advance(1)
    case.refuse(1)
    case.reactor.advance(1)

    assert ["started"] == between
    assert ["started", ("failed", error.ConnectionRefusedError, "disconnected"), "stopped"] == (
        case.factory.events
    )
    assert 0 == case.left


@pytest.mark.parametrize("host", ["192.0.2.7", "::1", "2001:db8::7", "fe80::1%lo"])
def test_addresses_are_not_looked_up(host: str) -> None:
    """An IP address needs no resolver."""
    case = Case(host)

    assert ([host], []) == (case.tried, case.resolver.asked)


@pytest.mark.parametrize("host", ["my_broker", "rabbit-1.example", "bücher.example", "A.B"])
def test_names_are_looked_up_as_they_are(host: str) -> None:
    """Names with an underscore, as among containers, too."""
    case = Case(host, **{host: [FOUR]})

    assert ([host], ["192.0.2.1"]) == (case.resolver.asked, case.tried)


def test_some_of_the_addresses_of_a_name() -> None:
    """Only those are tried that are chosen, and where the connection leads is said."""
    asked: list[list[str]] = []
    reached: list[str | None] = []
    reactor = reactor_with(Resolver(both=[SIX, FOUR]))

    def choose(addresses: Sequence[str]) -> list[str]:
        asked.append(list(addresses))
        return ["192.0.2.1"]

    def target() -> tuple[Any, str, int]:
        return endpoint(reactor, "both", 5672, timeout=10, choose=choose), "both", 5672

    Connector(reactor, Told(), target, timeout=10, reached=reached.append).connect()
    reactor.tcpClients[0][2].buildProtocol(None).makeConnection(StringTransport(peerAddress=FOUR))

    assert [["2001:db8::1", "192.0.2.1"]] == asked
    assert ["192.0.2.1"] == [attempt[0] for attempt in reactor.tcpClients]
    assert ["192.0.2.1"] == reached


def test_an_unknown_name() -> None:
    """Connecting to a name that has no address fails at once."""
    case = Case("nowhere")

    assert ["started", ("failed", error.DNSLookupError, "disconnected"), "stopped"] == case.factory.events
    assert 0 == case.left


@pytest.mark.parametrize("host", ["silent", "both"])
def test_connecting_has_a_time_out(host: str) -> None:
    """A resolver and addresses that never answer are given up together."""
    case = Case(host, both=[SIX, FOUR])
    case.reactor.pump([0.5] * 19)
    before = list(case.factory.events)
    case.reactor.advance(1)

    assert ["started"] == before
    assert ["started", ("failed", error.TimeoutError, "disconnected"), "stopped"] == case.factory.events
    assert 0 == case.left


@pytest.mark.parametrize("host", ["silent", "both"])
@pytest.mark.parametrize("how", ["stopConnecting", "disconnect"])
def test_connecting_can_be_stopped(host: str, how: str) -> None:
    """The factory is told, and nothing is left over; a second call does nothing."""
    case = Case(host, both=[SIX, FOUR])
    getattr(case.connector, how)()
    getattr(case.connector, how)()

    assert ["started", ("failed", error.UserError, "disconnected"), "stopped"] == case.factory.events
    assert 0 == case.left


def test_a_factory_that_stops_connecting_as_it_starts() -> None:
    """No endpoint is asked."""
    case = Case("nowhere")
    case.factory.startedConnecting = lambda connector: connector.stopConnecting()  # type: ignore[method-assign]
    case.resolver.asked.clear()
    case.connector.connect()

    assert [] == case.resolver.asked
    assert ("failed", error.UserError, "disconnected") in case.factory.events


def test_a_lost_connection_can_be_made_again() -> None:
    """The factory is told after its protocol, and may connect with the same connector."""
    case = Case("four", four=[FOUR])
    case.answer(0)
    case.server_side.connectionLost(Failure(error.ConnectionLost()))
    case.connector.connect()
    case.answer(1)

    assert ["started", "built", ("lost", error.ConnectionLost, "disconnected"), "stopped"] == (
        case.factory.events[:4]
    )
    assert ["started", "built"] == case.factory.events[4:]
    with pytest.raises(RuntimeError, match="connected"):
        case.connector.connect()


def test_data_goes_through() -> None:
    """What is received is the factory's protocol's, what it writes is the transport's."""
    case = Case("four", four=[FOUR])
    received: list[bytes] = []
    building = case.factory.buildProtocol

    def build(addr: Any) -> protocol.Protocol:
        made = building(addr)
        made.dataReceived = received.append  # type: ignore[method-assign, assignment]
        return made

    case.factory.buildProtocol = build  # type: ignore[method-assign]
    transport = case.answer(0)
    case.server_side.dataReceived(b"abc")
    written: Any = case.factory.made[0].transport
    written.write(b"def")
    case.connector.disconnect()

    assert ([b"abc"], b"def") == (received, transport.value())
    assert transport.disconnecting


@pytest.mark.parametrize(
    ("host", "kind"), [("192.0.2.7", IPv4Address), ("::1", IPv6Address), ("a_b", HostnameAddress)]
)
def test_the_destination(host: str, kind: type) -> None:
    """The destination of a connector is of the kind of its host: an address, IPv4 or IPv6, or a name."""
    assert isinstance(Case(host).connector.getDestination(), kind)
