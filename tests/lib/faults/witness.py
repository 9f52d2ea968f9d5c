# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Reads along on a link, and notes each AMQP frame that was changed on its way: what it was, and which
messages it was about.

What is read is the streams as they were sent, so they are frames as long as both ends speak AMQP.
"""

import struct
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

_U32 = struct.Struct(">I").unpack_from
_U64 = struct.Struct(">Q").unpack_from
_FRAME = struct.Struct(">BHI").unpack_from

#: The methods that say which message something is about.
_CHANNEL_OPEN = 20, 10
_PUBLISH = 60, 40
_DELIVER = 60, 60
_ACK = 60, 80
_REJECT = 60, 90
_NACK = 60, 120
_NAMES = {_PUBLISH: "basic.publish", _DELIVER: "basic.deliver", _ACK: "basic.ack", _REJECT: "basic.reject"}
_NAMES |= {_NACK: "basic.nack", (60, 50): "basic.return"}
_KINDS = {2: "content header", 3: "content body", 8: "heartbeat"}
#: A frame noted is cut to that many bytes.
_NOTED = 300


@dataclass(frozen=True, slots=True)
class Change:
    """A frame that was changed.

    Attributes:
        link: The number of the link, counted from 1.
        direction: "up" or "down".
        at: When the frame was complete, on the monotonic clock.
        frame: What it was.
        keys: The routing keys of the messages it was about: the one published or delivered, or those in
            flight on its channel when a confirm or a settlement was changed.
        before: The frame as it was sent, in hexadecimal digits.
        after: The same bytes as they arrived.
    """

    link: int
    direction: str
    at: float
    frame: str
    keys: list[str]
    before: str
    after: str


@dataclass(slots=True)
class _Stream:
    """One direction of a link: what was sent, and what went out for it, up to the end of the last frame."""

    before: bytearray = field(default_factory=bytearray)
    after: bytearray = field(default_factory=bytearray)
    begun: bool = False
    current: dict[int, str] = field(default_factory=dict)  # channel -> routing key of the content that comes


class Witness:
    """The witness of one link.

    Args:
        link: Its number.
        clock: Tells the time.
        changes: Where changes are noted.
    """

    def __init__(self, link: int, clock: Callable[[], float], changes: list[Change]) -> None:
        self._link = link
        self._clock = clock
        self._changes = changes
        self._streams = {"up": _Stream(), "down": _Stream(begun=True)}
        self._published: dict[int, dict[int, str]] = defaultdict(dict)  # channel -> tag -> routing key
        self._delivered: dict[int, dict[int, str]] = defaultdict(dict)
        self._last_tag: dict[int, int] = defaultdict(int)
        self._lost = False

    def passed(self, direction: str, before: bytes, after: bytes) -> None:
        """These bytes were sent, and those went out for them; as many, unless the link is cut there."""
        if self._lost:
            return
        stream = self._streams[direction]
        stream.before += before
        stream.after += after
        while len(stream.before) >= 8:
            if not stream.begun:
                stream.begun = True
                end = 8  # the protocol header
            else:
                kind, channel, size = _FRAME(stream.before)
                end = size + 8
                if len(stream.before) < end:
                    return
                frame, arrived = bytes(stream.before[:end]), bytes(stream.after[:end])
                if frame[-1] != 0xCE:
                    self._lost = True  # one end no longer speaks AMQP
                    return
                try:
                    self._read(direction, stream, kind, channel, frame, arrived)
                except (IndexError, struct.error):
                    self._lost = True
                    return
            del stream.before[:end]
            del stream.after[:end]

    def _read(
        self, direction: str, stream: _Stream, kind: int, channel: int, frame: bytes, arrived: bytes
    ) -> None:
        name = _KINDS.get(kind, f"frame of type {kind}")
        about = [stream.current[channel]] if channel in stream.current and kind in (2, 3) else []
        if kind == 1:
            method = struct.unpack_from(">HH", frame, 7)
            name = _NAMES.get(method, "method {}.{}".format(*method))
            about = self._method(direction, stream, channel, method, frame)
        if not frame.startswith(arrived):  # shorter where the link is cut
            change = frame[:_NOTED].hex(), arrived[:_NOTED].hex()
            self._changes.append(Change(self._link, direction, self._clock(), name, about, *change))

    def _method(
        self, direction: str, stream: _Stream, channel: int, method: tuple[Any, ...], frame: bytes
    ) -> list[str]:
        up = direction == "up"
        if method == _CHANNEL_OPEN and up:
            self._published.pop(channel, None)
            self._delivered.pop(channel, None)
            self._last_tag.pop(channel, None)
        elif method == _PUBLISH and up:
            at = 13  # a reserved short comes first
            key = _short(frame, at + 1 + frame[at])
            self._last_tag[channel] += 1
            self._published[channel][self._last_tag[channel]] = stream.current[channel] = key
            return [key]
        elif method == _DELIVER and not up:
            at = 12 + frame[11]
            (tag,) = _U64(frame, at)
            key = _short(frame, at + 10 + frame[at + 9])
            self._delivered[channel][tag] = stream.current[channel] = key
            return [key]
        elif method in (_ACK, _NACK, _REJECT):
            # Upwards they settle deliveries, downwards they confirm what was published.
            open_ = (self._delivered if up else self._published)[channel]
            about = list(open_.values())
            (tag,) = _U64(frame, 11)
            if method != _REJECT and frame[19] & 1:
                for each in [each for each in open_ if each <= tag or not tag]:
                    del open_[each]
            else:
                open_.pop(tag, None)
            return about
        return []


def _short(frame: bytes, at: int) -> str:
    return frame[at + 1 : at + 1 + frame[at]].decode("utf-8", "replace")
