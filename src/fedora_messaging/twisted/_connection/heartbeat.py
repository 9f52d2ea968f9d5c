# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Heartbeats (AMQP 0-9-1, section 4.2.7).

They are not pika's, which notice a silent peer after up to 2 x (heartbeat + 5) s.
"""

from __future__ import annotations

from typing import Any, Protocol

from ..._amqp import frames
from ..._core.clock import Clock

__all__ = ["Heartbeat"]


class Peer(Protocol):
    """What heartbeats need of a connection."""

    @property
    def received_at(self) -> float:
        """When bytes came last, by the clock."""

    @property
    def writes(self) -> int:
        """How many times frames were written."""

    @property
    def swallowing(self) -> bytes:
        """See :attr:`fedora_messaging._amqp.frames.FrameReader.swallowing`."""

    def send(self, data: bytes) -> None:
        """Write frames."""

    def abort(self, text: str, *, kind: str = "closed") -> None:
        """Drop the connection, for the reason ``text``, in a word ``kind``."""


class Heartbeat:
    """Sends heartbeats on an idle connection, and drops one whose peer is silent.

    Args:
        clock: The source of time.
        interval: The negotiated interval, in seconds.
        peer: The connection.
    """

    def __init__(self, clock: Clock, interval: float, peer: Peer) -> None:
        self._clock = clock
        self._interval = interval
        self._peer = peer
        self._swallowing = b""
        self._timers: dict[str, Any] = {}
        self._send(-1)
        self._check()

    def stop(self) -> None:
        """Send and check nothing any more."""
        for timer in self._timers.values():
            if timer.active():
                timer.cancel()
        self._timers.clear()

    def _send(self, writes_before: int) -> None:
        peer = self._peer
        if peer.writes == writes_before:
            peer.send(frames.HEARTBEAT)
        # Bytes that still arrive are no sign of life when a frame with a wrong size swallows them.
        swallowing, before = peer.swallowing, self._swallowing
        if swallowing and swallowing == before:
            peer.abort("corrupted frames from the broker: a heartbeat came within a frame")
            return
        self._swallowing = swallowing
        self._timers["send"] = self._clock.callLater(self._interval / 2, self._send, peer.writes)

    def _check(self) -> None:
        silent = self._clock.seconds() - self._peer.received_at
        if silent >= 2 * self._interval:
            self._peer.abort(
                f"the broker was silent for {silent:.1f} s (heartbeat {self._interval:g} s)", kind="heartbeat"
            )
        else:
            self._timers["check"] = self._clock.callLater(2 * self._interval - silent, self._check)
