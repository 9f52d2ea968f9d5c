# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The fault proxy's decisions about bytes, without sockets."""

from typing import Any

import pytest
from twisted.internet.testing import MemoryReactorClock, StringTransport

from faults import Change, Proxy, Witness
from fedora_messaging._amqp import frames


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


def test_corrupts_further_on(proxy: Proxy) -> None:
    """Bytes may be let by before those that are inverted."""
    proxy.corrupt(2, "up", 3)

    assert (b"\x00\x00", False) == proxy.spoil("up", b"\x00\x00")
    assert (b"\x00\xff\xff\x00", False) == proxy.spoil("up", b"\x00\x00\x00\x00")


def test_corrupts_one_link(proxy: Proxy) -> None:
    """What is left to be inverted when a link has sent no more is not taken from another one."""
    proxy.black = True  # there is no broker
    one: Any = proxy.buildProtocol(None)
    other: Any = proxy.buildProtocol(None)
    proxy.corrupt(3, "down")

    assert (b"\xff\xff", False) == proxy.spoil("down", b"\x00\x00", one.link)
    assert (b"\x00\x00", False) == proxy.spoil("down", b"\x00\x00", other.link)
    assert (b"\xff\x00", False) == proxy.spoil("down", b"\x00\x00", one.link)


def test_a_delay_that_ends_keeps_the_order(proxy: Proxy) -> None:
    """What comes when a delay has ended does not overtake what is late."""
    proxy.black = True  # there is no broker
    link: Any = proxy.buildProtocol(None)
    transport: Any = StringTransport()
    transport.setTcpNoDelay = lambda enabled: None
    link.makeConnection(transport)
    proxy.black = False
    proxy.delay(0.2)
    link.link.received("down", b"1")
    proxy.reactor.advance(0.1)
    proxy.resume()
    link.link.received("down", b"2")
    before = transport.value()
    proxy.reactor.advance(0.1)
    link.link.received("down", b"3")

    assert b"" == before
    assert b"123" == transport.value()


def test_a_witness_names_what_was_changed() -> None:
    """A changed frame is noted with the messages it was about; other frames, and other messages, are not."""
    changes: list[Change] = []
    witness = Witness(1, lambda: 5.0, changes)
    published = [_publish(b"soak.%d" % n) for n in range(3)]
    witness.passed("up", b"AMQP\0\0\x09\x01", b"AMQP\0\0\x09\x01")
    for sent in published:
        witness.passed("up", sent, sent)
    first, second = frames.ack(1, 1, False), frames.ack(1, 2, False)
    witness.passed("down", first + second[:15], first + second[:15])
    witness.passed("down", second[15:], bytes([second[15] ^ 0xFF]) + second[16:])
    changed = bytes([*published[2][:-3], published[2][-3] ^ 0xFF, *published[2][-2:]])
    witness.passed("up", published[2], changed)

    assert [
        ("down", "basic.ack", ["soak.1", "soak.2"]),
        ("up", "content body", ["soak.2"]),
    ] == [(change.direction, change.frame, change.keys) for change in changes]


def _publish(key: bytes) -> bytes:
    return frames.publish(1, b"amq.topic", key, b"\0\0", b"body", mandatory=False, frame_max=1000)


def test_unknown_direction(proxy: Proxy) -> None:
    """A direction that does not exist is an error, not a fault that never happens."""
    with pytest.raises(ValueError, match="sideways"):
        proxy.stall("sideways")
