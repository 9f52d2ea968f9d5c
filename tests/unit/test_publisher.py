# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the publisher leaves behind."""

from pika import spec
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from fedora_messaging._wire import Encoded
from fedora_messaging.exceptions import PublishTimeout
from fedora_messaging.twisted._channel import Channel
from fedora_messaging.twisted._publisher import Publisher

_MESSAGE = Encoded(b"topic", b"\0\0", b"{}", b"1")


class _Wire:
    """A connection to nowhere."""

    frame_max = 131_072

    def send(self, data: bytes) -> None:
        """It goes nowhere."""

    def release(self, number: int) -> None:
        """Nothing to do."""


def _publisher(clock: Clock) -> tuple[Publisher, Channel]:
    channel = Channel(1, _Wire(), max_body=1000)
    publisher = Publisher(clock)
    publisher.connected(lambda: succeed(channel))
    publisher.publish(_MESSAGE, "amq.topic")  # a channel is opened for the first message
    channel.on_method(spec.Confirm.SelectOk())
    channel.on_confirm(1, False, True)
    return publisher, channel


def test_no_timer_is_left() -> None:
    """A message that is confirmed, given up or too late leaves no timer behind."""
    clock = Clock()
    publisher, channel = _publisher(clock)
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
