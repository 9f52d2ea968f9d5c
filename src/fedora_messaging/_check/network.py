# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Checks the way to a broker: the addresses of its name, and whether something listens there."""

from __future__ import annotations

from typing import Any

from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint
from twisted.internet.interfaces import IResolutionReceiver
from twisted.internet.protocol import Factory, Protocol
from zope.interface import implementer

from .._core.address import Address
from ..twisted._connection.errors import transport_reason
from .findings import Report

__all__ = ["addresses_of", "reachable"]


@implementer(IResolutionReceiver)
class _Found:
    """The addresses of a name; ``done`` fires with them."""

    def __init__(self) -> None:
        self.done: Deferred[list[str]] = Deferred()
        self._addresses: list[str] = []

    def resolutionBegan(self, resolutionInProgress: Any) -> None:
        """Twisted's; see :class:`twisted.internet.interfaces.IResolutionReceiver`."""

    def addressResolved(self, address: Any) -> None:
        """Twisted's; see :class:`twisted.internet.interfaces.IResolutionReceiver`."""
        self._addresses.append(address.host)

    def resolutionComplete(self) -> None:
        """Twisted's; see :class:`twisted.internet.interfaces.IResolutionReceiver`."""
        if not self.done.called:
            self.done.callback(list(dict.fromkeys(self._addresses)))


async def addresses_of(report: Report, address: Address, reactor: Any, timeout: float) -> list[str]:
    """Find the addresses of a broker's name.

    Args:
        report: Gets the findings.
        address: The broker.
        reactor: Twisted's reactor.
        timeout: Seconds that it may take.
    """
    host = address.host
    if isIPAddress(host) or isIPv6Address(host):
        return [host]
    found = _Found()
    reactor.nameResolver.resolveHostName(found, host, address.port)
    fix = f"correct the host in amqp_url, or find out why the resolver does not know {host}"
    try:
        addresses = await found.done.addTimeout(timeout, reactor)
    except TimeoutError:
        report.problem("DNS", f"{host}: no answer within {timeout:g} s", fix)
        return []
    if not addresses:
        report.problem("DNS", f"{host}: no address is known", fix)
        return []
    report.ok("DNS", f"{host}: {len(addresses)} {'address' if len(addresses) == 1 else 'addresses'}")
    return addresses


async def reachable(
    report: Report, address: Address, addresses: list[str], reactor: Any, timeout: float
) -> list[str]:
    """Find out at which of its addresses a broker can be reached.

    Args:
        report: Gets the findings.
        address: The broker.
        addresses: Those of its name.
        reactor: Twisted's reactor.
        timeout: Seconds that each address may take.
    """
    outcomes: dict[str, float | Exception] = {}
    for each in addresses:
        kind: Any = TCP4ClientEndpoint if isIPAddress(each) else TCP6ClientEndpoint
        begin = reactor.seconds()
        try:
            made = await kind(reactor, each, address.port, timeout).connect(Factory.forProtocol(Protocol))
        except CancelledError:
            raise
        except Exception as error:  # of Twisted, or of the operating system
            outcomes[each] = error
        else:
            outcomes[each] = reactor.seconds() - begin
            made.transport.abortConnection()
    open_ones = [each for each, outcome in outcomes.items() if not isinstance(outcome, Exception)]
    for each, outcome in outcomes.items():
        where = f"[{each}]:{address.port}" if ":" in each else f"{each}:{address.port}"
        if not isinstance(outcome, Exception):
            report.ok("TCP", f"{where} in {outcome * 1000:.0f} ms")
            continue
        words = transport_reason(outcome, opened=False).text.partition(": ")[0]
        text = f"{where}: {words}"
        if open_ones:
            report.warning("TCP", text, f"take {each} out of the name {address.host}, or mend what is there")
        else:
            usual = 5671 if address.tls else 5672
            report.problem(
                "TCP",
                text,
                "start the broker, let firewalls pass the connection, or correct host and port in amqp_url "
                f"(the usual port is {usual})",
            )
    return open_ones
