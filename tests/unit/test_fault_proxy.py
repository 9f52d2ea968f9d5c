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

    assert proxy.reactor.tcpServers == [(25672, proxy, 50, "127.0.0.1")]


def test_corrupts_across_chunks(proxy: Proxy) -> None:
    """The bytes to invert may be spread over several chunks."""
    proxy.corrupt(3, "up")

    assert proxy.spoil("up", b"\x00\x00") == (b"\xff\xff", False)
    assert proxy.spoil("up", b"\x00\x00") == (b"\xff\x00", False)
    assert proxy.spoil("down", b"\x00") == (b"\x00", False)


def test_cuts_across_chunks(proxy: Proxy) -> None:
    """The count until the cut runs over chunks, and the cut comes once."""
    proxy.cut_after(3, "down")

    assert proxy.spoil("down", b"ab") == (b"ab", False)
    assert proxy.spoil("down", b"cd") == (b"c", True)
    assert proxy.spoil("down", b"ef") == (b"ef", False)


def test_unknown_direction(proxy: Proxy) -> None:
    """A direction that does not exist is an error, not a fault that never happens."""
    with pytest.raises(ValueError, match="sideways"):
        proxy.stall("sideways")
