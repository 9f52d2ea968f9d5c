# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Connecting through Twisted's endpoints, for a factory that knows connectors only.

``reactor.connectTCP`` tries one IPv4 address of a name. :class:`HostnameEndpoint` tries all that the name
has, IPv6 and IPv4, a third of a second apart, and the first that answers wins (RFC 8305). This connector
gives a :class:`~twisted.internet.protocol.ReconnectingClientFactory` what ``connectTCP`` would.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet import error
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.address import HostnameAddress, IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import HostnameEndpoint, TCP4ClientEndpoint, TCP6ClientEndpoint, wrapClientTLS
from twisted.internet.interfaces import (
    IConnector,
    IHostnameResolver,
    IReactorPluggableNameResolver,
    IResolutionReceiver,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from ..._core.clock import Clock

__all__ = ["Connector", "endpoint"]


def endpoint(
    reactor: Any,
    host: str,
    port: int,
    *,
    timeout: float,
    tls: Any = None,
    choose: Callable[[Sequence[str]], Sequence[str]] = lambda addresses: addresses,
) -> Any:
    """Where to connect to.

    Args:
        reactor: Twisted's reactor; names are resolved by its ``nameResolver``.
        host: A host name, or an IPv4 or IPv6 address.
        port: The TCP port.
        timeout: How long each address of the name may take, in seconds.
        tls: What :func:`~fedora_messaging.twisted._connection.tls.client_options` makes; None: without TLS.
        choose: Given the addresses of a host name when they are known; returns those of them to try.
    """
    plain: Any
    if isIPAddress(host):
        plain = TCP4ClientEndpoint(reactor, host, port, timeout)
    elif isIPv6Address(host):
        plain = TCP6ClientEndpoint(reactor, host, port, timeout)
    else:
        # It would refuse names with an underscore, which are no host names by IDNA 2008 and usual among
        # containers. The name that it is given does not matter, since the resolver below knows the real one.
        plain = HostnameEndpoint(_NamedReactor(reactor, host, choose), "broker", port, timeout)
    return plain if tls is None else wrapClientTLS(tls, plain)


@implementer(IReactorPluggableNameResolver, IHostnameResolver)
class _NamedReactor:
    """A reactor whose name resolver knows one name."""

    def __init__(self, reactor: Any, host: str, choose: Callable[[Sequence[str]], Sequence[str]]) -> None:
        self._reactor = reactor
        self._host = host
        self._choose = choose
        self.nameResolver = self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def installNameResolver(self, resolver: Any) -> Any:
        """Twisted's; the reactor's own is the one to replace."""
        return self._reactor.installNameResolver(resolver)

    def resolveHostName(
        self,
        resolutionReceiver: Any,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Any = None,
        transportSemantics: str = "TCP",
    ) -> Any:
        """Twisted's; see :class:`twisted.internet.interfaces.IHostnameResolver`."""
        return self._reactor.nameResolver.resolveHostName(
            _Chosen(resolutionReceiver, self._choose),
            self._host,
            portNumber,
            addressTypes,
            transportSemantics,
        )


@implementer(IResolutionReceiver)
class _Chosen:
    """Passes some of the addresses of a name on, when all are known."""

    def __init__(self, receiver: Any, choose: Callable[[Sequence[str]], Sequence[str]]) -> None:
        self._receiver = receiver
        self._choose = choose
        self._found: list[Any] = []

    def resolutionBegan(self, resolutionInProgress: Any) -> None:
        """Twisted's; see :class:`twisted.internet.interfaces.IResolutionReceiver`."""
        self._receiver.resolutionBegan(resolutionInProgress)

    def addressResolved(self, address: Any) -> None:
        """Twisted's; see :class:`twisted.internet.interfaces.IResolutionReceiver`."""
        self._found.append(address)

    def resolutionComplete(self) -> None:
        """Twisted's; see :class:`twisted.internet.interfaces.IResolutionReceiver`."""
        chosen = set(self._choose([address.host for address in self._found]))
        for address in self._found:
            if address.host in chosen:
                self._receiver.addressResolved(address)
        self._receiver.resolutionComplete()


@implementer(IConnector)
class Connector:
    """Connects a client factory through endpoints; one connection at a time.

    The factory is called as by ``reactor.connectTCP``: ``doStart``, ``startedConnecting``,
    ``buildProtocol``, then ``clientConnectionFailed`` or, in the end, ``clientConnectionLost``, and
    ``doStop`` unless it has connected again by then. Each attempt ends: with a connection, with an error, or
    after ``timeout`` seconds, resolving the name included. After that neither a timer nor a Deferred is left.

    Args:
        clock: The source of time.
        factory: Whose connection it is.
        target: Called at each attempt; returns the endpoint, and the host and port that it leads to.
        timeout: How long one attempt may take, in seconds.
        reached: Called with the IP address of each connection that is made; None if it has none.
    """

    def __init__(
        self,
        clock: Clock,
        factory: Any,
        target: Callable[[], tuple[Any, str, int]],
        *,
        timeout: float,
        reached: Callable[[str | None], None] = lambda _: None,
    ) -> None:
        self.state = "disconnected"
        self.factory = factory
        self.host, self.port = "", 0
        self.transport: Any = None
        self._clock = clock
        self._target = target
        self._timeout = timeout
        self._reached = reached
        self._attempt: Deferred[Any] | None = None
        self._given_up: Exception | None = None
        self._timer: Any = None

    def connect(self) -> None:
        """Connect, once more if need be.

        Raises:
            RuntimeError: It is connected, or connecting.
        """
        if self.state != "disconnected":
            raise RuntimeError(f"cannot connect: it is {self.state}")
        self.state = "connecting"
        self._given_up = None
        target, self.host, self.port = self._target()
        self.factory.doStart()
        self.factory.startedConnecting(self)
        given_up: Any = self._given_up
        if given_up is not None:  # the factory has changed its mind
            self._failed(Failure(given_up))
            return
        self._timer = self._clock.callLater(self._timeout, self._give_up, error.TimeoutError())
        self._attempt = maybeDeferred(target.connect, _Linking(self))
        self._attempt.addCallbacks(lambda _: None, self._failed)

    def stopConnecting(self) -> None:
        """Give up connecting, if it is connecting."""
        if self.state == "connecting":
            self._give_up(error.UserError())

    def disconnect(self) -> None:
        """Give up connecting, or close the connection."""
        if self.state == "connecting":
            self.stopConnecting()
        elif self.transport is not None:
            self.transport.loseConnection()

    def getDestination(self) -> Any:
        """Where it leads to."""
        if isIPAddress(self.host):
            return IPv4Address("TCP", self.host, self.port)
        if isIPv6Address(self.host):
            return IPv6Address("TCP", self.host, self.port)
        return HostnameAddress(self.host.encode("ascii", "backslashreplace"), self.port)

    # What the attempt comes to

    def _give_up(self, reason: Exception) -> None:
        self._given_up = reason
        if self._attempt is not None:
            self._attempt.cancel()

    def _failed(self, reason: Failure) -> None:
        self._cancel_timer()
        self._attempt = None
        if self._given_up is not None:
            reason = Failure(self._given_up)
        elif reason.check(error.DNSLookupError):
            reason = Failure(error.DNSLookupError(f"no address is known for {self.host!r}"))
        self._disconnected(self.factory.clientConnectionFailed, reason)

    def linked(self, transport: Any) -> None:
        """A connection is there."""
        self._cancel_timer()
        self._attempt = None
        self.state = "connected"
        self.transport = transport
        self._reached(getattr(transport.getPeer(), "host", None))

    def lost(self, reason: Failure) -> None:
        """The connection is gone."""
        self.transport = None
        self._disconnected(self.factory.clientConnectionLost, reason)

    def _disconnected(self, notify: Callable[[Connector, Failure], Any], reason: Failure) -> None:
        self.state = "disconnected"
        notify(self, reason)
        if self.state == "disconnected":
            self.factory.doStop()

    def _cancel_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()


class _Linking(Factory):
    """What an endpoint is given in the place of the factory, which its attempts neither start nor stop."""

    noisy = False

    def __init__(self, connector: Connector) -> None:
        self._connector = connector

    def buildProtocol(self, addr: Any) -> Any:
        made = self._connector.factory.buildProtocol(addr)
        return None if made is None else _Link(self._connector, made)


class _Link(Protocol):
    """Passes everything on to a protocol, and the beginning and the end to the connector."""

    def __init__(self, connector: Connector, protocol: Any) -> None:
        self._connector = connector
        self._protocol = protocol
        # The protocol's own, so that reading costs nothing more.
        self.dataReceived = protocol.dataReceived  # type: ignore[method-assign]

    def makeConnection(self, transport: Any) -> None:
        self.transport = transport
        self.connected = 1
        self._connector.linked(transport)
        self._protocol.makeConnection(transport)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.connected = 0
        self._protocol.connectionLost(reason)
        self._connector.lost(reason)
