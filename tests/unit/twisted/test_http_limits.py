# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Nobody keeps the probes of a platform from being answered."""

from typing import Any

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web import resource, server

from fedora_messaging.twisted._http_limits import MOST, PATIENCE, LimitedConnections

_ADDRESS: Any = IPv4Address("TCP", "127.0.0.1", 1)


class Connections:
    """A server of one page, and connections to it."""

    def __init__(self) -> None:
        self.clock = Clock()
        page: Any = resource.Resource()
        page.isLeaf, page.render_GET = True, lambda request: b"here"
        self.factory = LimitedConnections(server.Site(page, reactor=self.clock), self.clock)

    def connect(self) -> tuple[Any, StringTransport]:
        """A new connection: its protocol and its transport."""
        transport: Any = StringTransport()
        protocol = self.factory.buildProtocol(_ADDRESS)

        def lost(reason: Failure) -> None:
            transport.disconnected = True
            protocol.connectionLost(reason)

        transport.connectionLost = lost
        protocol.makeConnection(transport)
        return protocol, transport


@pytest.fixture
def connections() -> Connections:
    """A server of one page."""
    return Connections()


def ask(protocol: Any) -> None:
    """A whole request."""
    protocol.dataReceived(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")


def test_one_more_than_the_limit_is_answered(connections: Connections) -> None:
    """Unfinished requests on all connections keep nobody out: the one that was idle longest makes room."""
    opened = [connections.connect() for _ in range(MOST)]
    for protocol, _ in opened:
        protocol.dataReceived(b"GET / HTTP/1.1\r\nA: b\r\n")
    probe, transport = connections.connect()
    ask(probe)

    assert b"here" in transport.value()
    assert [0] == [place for place, (_, other) in enumerate(opened) if other.disconnected]


def test_who_got_an_answer_last_is_cut_last(connections: Connections) -> None:
    """An answer counts as progress: others are cut before."""
    opened = [connections.connect() for _ in range(MOST)]
    ask(opened[0][0])
    connections.connect()

    assert [1] == [place for place, (_, other) in enumerate(opened) if other.disconnected]


def test_a_request_that_trickles_in_has_an_end(connections: Connections) -> None:
    """Headers that arrive byte by byte get the same time as those that do not arrive at all."""
    protocol, transport = connections.connect()
    protocol.dataReceived(b"GET / HTTP/1.1\r\nA: ")
    for _ in range(int(PATIENCE) - 1):
        connections.clock.advance(1)
        protocol.dataReceived(b"b")
        assert not transport.disconnected
    connections.clock.advance(1)

    assert transport.disconnected
    assert connections.clock.getDelayedCalls() == []


def test_a_connection_that_is_used_stays(connections: Connections) -> None:
    """A probe may ask again and again on one connection."""
    protocol, transport = connections.connect()
    for _ in range(5):
        connections.clock.advance(PATIENCE - 1)
        ask(protocol)

    assert transport.value().count(b"here") == 5
    assert not transport.disconnected
