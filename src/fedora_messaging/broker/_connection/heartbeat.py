# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Heartbeats in both directions (AMQP 0-9-1, 4.2.7).

As RabbitMQ does, the broker sends one after half an interval without other frames, and closes the connection
after two intervals in which nothing came.
"""

from __future__ import annotations

from collections.abc import Callable

from .._clock import Clock, Timer


class Heartbeat:
    """The heartbeats of one connection.

    Args:
        interval: seconds, as tuned.
        send: sends a heartbeat.
        expired: called when the peer was silent too long.

    Attributes:
        sent, received: set whenever bytes go out or come in.
        paused: set while nothing is read from the peer.
    """

    def __init__(
        self, clock: Clock, interval: float, send: Callable[[], None], expired: Callable[[], None]
    ) -> None:
        self._clock = clock
        self._interval = interval
        self._send = send
        self._expired = expired
        self._missed = 0
        self.sent = self.received = True
        self.paused = False
        self._sender: Timer = clock.callLater(interval / 2, self._beat)
        self._receiver: Timer = clock.callLater(interval, self._listen)

    def stop(self) -> None:
        """Stop both timers."""
        for timer in (self._sender, self._receiver):
            if timer.active():
                timer.cancel()

    def _beat(self) -> None:
        self._sender = self._clock.callLater(self._interval / 2, self._beat)
        if not self.sent:
            self._send()
        self.sent = False

    def _listen(self) -> None:
        self._receiver = self._clock.callLater(self._interval, self._listen)
        self._missed = 0 if self.received or self.paused else self._missed + 1
        self.received = False
        if self._missed >= 2:
            self._expired()
