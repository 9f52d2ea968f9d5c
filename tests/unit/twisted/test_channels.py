# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The channels of a connection: their numbers, and whose frames are."""

from typing import Any

import pytest
from twisted.internet.task import Clock

from fedora_messaging._amqp.frames import ProtocolBreach
from fedora_messaging._core.lifecycle import CloseReason, Scope
from fedora_messaging.exceptions import NoFreeChannels
from fedora_messaging.twisted._connection.channel import ChannelEnded
from fedora_messaging.twisted._connection.channels import Channels
from support.world import result_of

GONE = CloseReason(Scope.TRANSPORT, 0, "gone")


class Pika:
    """pika's connection, and the wire of our channels."""

    frame_max = 4096

    def __init__(self, channel_max: int) -> None:
        self.params = self
        self.channel_max = channel_max
        self._channels: dict[int, Any] = {}

    def send(self, data: bytes) -> None:
        pass

    def flush(self) -> None:
        pass

    def release(self, number: int) -> None:
        pass


def as_any(value: Any) -> Any:
    """A double, where pika's own class is asked for."""
    return value


class World:
    """The channels of a connection that allows so many."""

    def __init__(self, channel_max: int) -> None:
        self.clock = Clock()
        self.pika = as_any(Pika(channel_max))
        self.sinks: dict[int, Any] = {}
        self.channels = Channels(self.pika, self.sinks, self.clock)

    def open(self) -> Any:
        """Open a channel; returns its Deferred."""
        return self.channels.open(self.pika, 1000)


def test_numbers_are_taken_from_the_top() -> None:
    """pika's channels and ours do not meet, and a number is used again when its channel is closed."""
    world = World(4)
    world.pika._channels[1] = object()
    for _ in range(2):
        world.open()
    before = sorted(world.sinks)
    world.channels.release(4)
    world.open()

    assert ([3, 4], [3, 4]) == (before, sorted(world.sinks))


def test_no_limit() -> None:
    """A channel_max of 0 means as many as there are numbers."""
    world = World(0)
    world.open()

    assert [65535] == list(world.sinks)


@pytest.mark.parametrize(("negotiated", "origin"), [(2, "amqp_url says so"), (1, "the broker says so")])
def test_all_are_in_use(negotiated: int, origin: str) -> None:
    """The error says who set the limit."""
    world = World(2)
    world.pika.channel_max = negotiated
    for _ in range(negotiated):
        world.open()
    refused = world.open()

    with pytest.raises(ChannelEnded, match=f"channel_max is {negotiated}, {origin}") as caught:
        result_of(refused)
    assert isinstance(caught.value.reason.cause, NoFreeChannels)


def test_one_is_being_closed() -> None:
    """While a channel is being closed, that all are in use is not final."""
    world = World(1)
    world.open()
    world.sinks[1].close()
    refused = world.open()

    with pytest.raises(ChannelEnded) as caught:
        result_of(refused)
    assert caught.value.reason.cause is None


def test_frames_of_pika() -> None:
    """pika is given the frames of the connection and of its own channels."""
    world = World(4)
    world.pika._channels[1] = object()

    assert [True, True] == [world.channels.is_pikas(number) for number in (0, 1)]


def test_frames_of_closed_channels(caplog: pytest.LogCaptureFixture) -> None:
    """Late frames of a channel that was open, pika's or ours, are dropped, which is logged."""
    world = World(4)
    world.pika._channels[1] = object()
    world.channels.is_pikas(1)
    world.pika._channels.clear()
    world.open()
    world.channels.release(4)

    assert [False, False] == [world.channels.is_pikas(number) for number in (1, 4)]
    world.channels.end(GONE)
    assert ["1.", "1."] == [record.getMessage().split()[-1] for record in caplog.records]
    assert [] == list(world.clock.getDelayedCalls())


def test_a_channel_that_was_never_opened() -> None:
    """A frame for it is a breach of the protocol."""
    with pytest.raises(ProtocolBreach, match="channel 3, which was never opened"):
        World(4).channels.is_pikas(3)


def test_the_end_of_the_connection() -> None:
    """All channels end for its reason."""
    world = World(4)
    opening = [world.open(), world.open()]
    world.channels.end(GONE)

    for each in opening:
        with pytest.raises(ChannelEnded) as caught:
            result_of(each)
        assert GONE is caught.value.reason
