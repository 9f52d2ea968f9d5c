# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The transport of a connection: how it is ended, and what its buffer says."""

from typing import Any

import pytest
from twisted.internet.abstract import FileDescriptor
from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactor

from fedora_messaging.twisted._connection.link import LINGER, Link


class Transport:
    """Notes what is called."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def setTcpNoDelay(self, enabled: bool) -> None:
        self.calls.append("no delay")

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self.calls.append("register")

    def unregisterProducer(self) -> None:
        self.calls.append("unregister")

    def loseConnection(self) -> None:
        self.calls.append("lose")

    def abortConnection(self) -> None:
        self.calls.append("abort")


class Linked:
    """A link whose transport is connected."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.writable: list[bool] = []
        self.link = Link(self.clock, self.writable.append)
        self.transport = Transport()
        self.link.connected(self.transport)
        self.calls = self.transport.calls
        self.calls.clear()


@pytest.fixture
def linked() -> Linked:
    """A link whose transport is connected."""
    return Linked()


def test_nagle() -> None:
    """Small writes are not held back, where the transport has that option."""
    transport = Transport()
    Link(Clock(), lambda _: None).connected(transport)
    Link(Clock(), lambda _: None).connected(object())

    assert ["no delay"] == transport.calls


@pytest.mark.parametrize("watched", [False, True])
def test_a_peer_that_does_not_answer(linked: Linked, watched: bool) -> None:
    """A transport that is not lost in order is aborted, once, whatever asked for its end meanwhile."""
    if watched:
        linked.link.watch()
    linked.link.lose()
    linked.clock.advance(LINGER / 2)
    linked.link.lose()
    before = linked.calls.count("abort")
    linked.clock.advance(LINGER / 2)
    linked.link.lose()
    linked.clock.advance(10)

    assert (0, 1) == (before, linked.calls.count("abort"))
    assert (["register", "unregister", "lose"] if watched else ["lose", "lose"]) == linked.calls[
        : 3 if watched else 2
    ]


@pytest.mark.parametrize(("first", "second", "at"), [(5.0, LINGER, LINGER), (0.25, LINGER, 0.25)])
def test_the_shorter_time_counts(linked: Linked, first: float, second: float, at: float) -> None:
    """Of two times the shorter one holds."""
    linked.link.abort_after(first)
    linked.link.abort_after(second)

    (call,) = linked.clock.calls
    assert at == call.getTime()


def test_once_it_is_lost(linked: Linked) -> None:
    """Nothing is left to be done, and no timer runs."""
    linked.link.lose()
    linked.link.lost()
    linked.link.lose()
    linked.link.abort()

    assert ["lose"] == linked.calls
    assert [] == list(linked.clock.getDelayedCalls())
    assert linked.link.transport is None


def test_a_transport_without_abort() -> None:
    """It is closed in order."""

    class Plain:
        lost = False

        def loseConnection(self) -> None:
            self.lost = True

    plain = Plain()
    link = Link(Clock(), lambda _: None)
    link.connected(plain)
    link.abort()

    assert plain.lost


def test_the_buffer(linked: Linked) -> None:
    """Whether it has room is passed on."""
    linked.link.pauseProducing()
    linked.link.resumeProducing()
    linked.link.stopProducing()

    assert [False, True, False] == linked.writable


class Descriptor(FileDescriptor):
    """A transport whose kernel takes so many bytes at a time, or None: has lost the connection."""

    connected = 1

    def __init__(self, takes: int | None) -> None:
        super().__init__(MemoryReactor())  # type: ignore[arg-type]
        self.takes = takes
        self.taken = b""

    def writeSomeData(self, data: bytes) -> int | BaseException:
        if self.takes is None:
            return ConnectionLost()
        self.taken += bytes(data[: self.takes])
        return min(self.takes, len(data))

    def waits(self) -> bool:
        """Whether the reactor is to write the rest."""
        writers: Any = self.reactor
        return self in writers.getWriters()


@pytest.mark.parametrize(
    ("takes", "taken", "waits"),
    [(10, b"abcdef", False), (4, b"abcd", True), (0, b"", True), (None, b"", True)],
)
def test_flushing(takes: int | None, taken: bytes, waits: bool) -> None:
    """What the kernel takes is written at once; the reactor does the rest, or notices the loss."""
    transport = Descriptor(takes)
    link = Link(Clock(), lambda _: None)
    link.connected(transport)
    transport.write(b"abcdef")
    link.flush()

    assert (taken, waits) == (transport.taken, transport.waits())


def test_flushing_a_transport_that_ends() -> None:
    """One that is being closed writes what is left by itself, and then closes; a lost one writes nothing."""
    transport: Any = Descriptor(10)
    link = Link(Clock(), lambda _: None)
    link.flush()
    link.connected(transport)
    transport.write(b"abcdef")
    transport.loseConnection()
    link.flush()
    transport.disconnecting, transport.connected = False, 0
    link.flush()

    assert (b"", True) == (transport.taken, transport.waits())


def test_flushing_a_full_buffer() -> None:
    """A message that filled the buffer leaves room when the kernel has taken it."""
    writable: list[bool] = []
    transport = Descriptor(1_000_000)
    link = Link(Clock(), writable.append)
    link.connected(transport)
    link.watch()
    transport.write(b"x" * 100_000)
    link.flush()

    assert [False, True] == writable


def test_transports_that_cannot_flush(linked: Linked) -> None:
    """Those that write when they like, as TLS does, are left alone."""
    linked.link.flush()

    assert [] == linked.calls
