# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What is logged of a factory's connection, and how the broker is named in it."""

import logging
from typing import Any

import pytest
from twisted.internet.address import IPv4Address, UNIXAddress

from fedora_messaging._core.address import Address
from fedora_messaging._core.lifecycle import CloseReason, Scope
from fedora_messaging.twisted._connection.connection_log import ConnectionLog, peer

ADDRESS = Address("broker.example", 5672, False, "/", "me")
REFUSED = CloseReason(Scope.CONNECTION, 403, "ACCESS_REFUSED", opened=False, peer="there")


class Connector:
    """A connector with a destination."""

    def __init__(self, destination: object) -> None:
        self.destination = destination

    def getDestination(self) -> object:
        return self.destination


@pytest.mark.parametrize(
    ("connector", "address", "expected"),
    [
        (None, None, "an unknown address"),
        (object(), ADDRESS, str(ADDRESS)),
        (Connector(IPv4Address("TCP", "192.0.2.1", 5673)), None, "192.0.2.1:5673"),
        (
            Connector(IPv4Address("TCP", "192.0.2.1", 5673)),
            ADDRESS,
            "192.0.2.1:5673 (virtual host '/', user 'me')",
        ),
        (Connector(UNIXAddress(b"/run/broker")), ADDRESS, str(ADDRESS)),
    ],
)
def test_the_name_of_the_broker(connector: Any, address: Address | None, expected: str) -> None:
    """Where the connector leads, with what is known of virtual host and user; else what is configured."""
    assert expected == peer(connector, address)


def test_an_end_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """The orderly end of a connection is logged once, and only if the connection was."""
    caplog.set_level(logging.INFO)
    log = ConnectionLog()
    log.closed()
    log.connected("there")
    log.closed()
    log.closed()

    assert ["Connected to the broker at there.", "The connection to the broker is closed."] == caplog.messages


@pytest.mark.parametrize("told", [True, False])
def test_a_refusal_is_shown_once(caplog: pytest.LogCaptureFixture, told: bool) -> None:
    """A refusal that somebody was given as an error, who will show it, is logged at level DEBUG."""
    caplog.set_level(logging.DEBUG)
    ConnectionLog().waiting_until_wanted(REFUSED, told=told)

    assert [logging.DEBUG if told else logging.WARNING] == [each.levelno for each in caplog.records]
    assert "check the user name and the password" in caplog.text
