# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""When the publisher writes."""

from typing import Any

from pika import spec
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from fedora_messaging._wire import Encoded
from fedora_messaging.exceptions import PublishTimeout
from fedora_messaging.twisted._channel import Channel
from fedora_messaging.twisted._pika import Connection
from fedora_messaging.twisted._publisher import Publisher

_MESSAGE = Encoded(b"topic", b"\0\0", b"{}", b"1")


class _Wire:
    """A connection that notes what is sent and when it is flushed."""

    frame_max = 131_072

    def __init__(self) -> None:
        self.done: list[str] = []

    def send(self, data: bytes) -> None:
        self.done.append("send")

    def flush(self) -> None:
        self.done.append("flush")

    def release(self, number: int) -> None:
        """Nothing to do."""


def _publisher(clock: Clock) -> tuple[Publisher, Channel, _Wire]:
    wire = _Wire()
    channel = Channel(1, wire, max_body=1000)
    publisher = Publisher(clock)
    publisher.connected(lambda: succeed(channel))
    publisher.publish(_MESSAGE, "amq.topic")  # a channel is opened for the first message
    channel.on_method(spec.Confirm.SelectOk())
    channel.on_confirm(1, False, True)
    wire.done.clear()
    return publisher, channel, wire


def test_a_message_that_is_alone_is_written_at_once() -> None:
    """With nothing else in flight a message does not wait for the reactor's next turn; others share one."""
    publisher, channel, wire = _publisher(Clock())
    for _ in range(3):
        publisher.publish(_MESSAGE, "amq.topic")
    several = list(wire.done)
    channel.on_confirm(4, True, True)
    wire.done.clear()
    publisher.publish(_MESSAGE, "amq.topic")

    assert several == ["send", "flush", "send", "send"]
    assert wire.done == ["send", "flush"]


def test_no_timer_is_left() -> None:
    """A message that is confirmed, given up or too late leaves no timer behind."""
    clock = Clock()
    publisher, channel, _ = _publisher(clock)
    failures: list[object] = []

    def published() -> Deferred[None]:
        return publisher.publish(_MESSAGE, "amq.topic", timeout=5)

    published()
    channel.on_confirm(2, False, True)
    confirmed = clock.getDelayedCalls()
    cancelled = published().addErrback(failures.append)
    cancelled.cancel()
    given_up = clock.getDelayedCalls()
    published().addErrback(lambda failure: failures.append(failure.type))
    clock.advance(5)

    assert (confirmed, given_up, clock.getDelayedCalls()) == ([], [], [])
    assert failures[1:] == [PublishTimeout]


class _Tcp:
    """A socket's transport, as far as flushing goes."""

    connected = True
    disconnecting = False

    def __init__(self) -> None:
        self.written = 0

    def doWrite(self) -> None:
        self.written += 1


class _Tls:
    """What Twisted's TLS looks like: everything that it has not itself is the socket's."""

    disconnecting = False

    def __init__(self, transport: _Tcp) -> None:
        self.transport = transport

    def __getattr__(self, name: str) -> Any:
        return getattr(self.transport, name)


def test_flushing_is_for_sockets_that_are_open() -> None:
    """A socket is written to at once, unless it is closing; TLS decides by itself when to write."""
    written = []
    for closing in (False, True):
        tcp = _Tcp()
        tcp.disconnecting = closing
        for transport in (tcp, _Tls(tcp), object()):
            connection = Connection(clock=Clock())
            connection.transport = transport  # type: ignore[assignment]
            connection.flush()
        written.append(tcp.written)

    assert written == [1, 0]
