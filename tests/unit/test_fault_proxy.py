# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The fault proxy's decisions about bytes, without sockets."""

import pytest
from twisted.internet.testing import MemoryReactorClock

from faults import Proxy


@pytest.fixture
def proxy() -> Proxy:
    """A proxy on a reactor in memory."""
    return Proxy(MemoryReactorClock(), 5672, 25672)


def test_listens_on_loopback_only(proxy: Proxy) -> None:
    """The proxy never listens on another interface than 127.0.0.1."""
    proxy.listen()

    assert [(25672, proxy, 50, "127.0.0.1")] == proxy.reactor.tcpServers


def test_corrupts_across_chunks(proxy: Proxy) -> None:
    """The bytes to invert may be spread over several chunks."""
    proxy.corrupt(3, "up")

    assert (b"\xff\xff", False) == proxy.spoil("up", b"\x00\x00")
    assert (b"\xff\x00", False) == proxy.spoil("up", b"\x00\x00")
    assert (b"\x00", False) == proxy.spoil("down", b"\x00")


def test_cuts_across_chunks(proxy: Proxy) -> None:
    """The count until the cut runs over chunks, and the cut comes once."""
    proxy.cut_after(3, "down")

    assert (b"ab", False) == proxy.spoil("down", b"ab")
    assert (b"c", True) == proxy.spoil("down", b"cd")
    assert (b"ef", False) == proxy.spoil("down", b"ef")


def test_unknown_direction(proxy: Proxy) -> None:
    """A direction that does not exist is an error, not a fault that never happens."""
    with pytest.raises(ValueError, match="sideways"):
        proxy.stall("sideways")
