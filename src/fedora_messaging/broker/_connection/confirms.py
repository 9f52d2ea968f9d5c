# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Publisher confirms: every publish on a channel has a number, and acks are sent in batches.

https://www.rabbitmq.com/docs/confirms#publisher-confirms
"""

from __future__ import annotations

from collections.abc import Iterator

from pika import spec

from .._wire.codec import encode_ack, encode_method


class Confirms:
    """What was published on one channel and has not been answered."""

    def __init__(self) -> None:
        self._last = 0
        self._waiting: dict[int, None] = {}
        self._acked: list[int] = []
        self._nacked: list[int] = []

    @property
    def due(self) -> bool:
        """Whether there are answers to send."""
        return bool(self._acked or self._nacked)

    def begin(self) -> int:
        """Number a publish."""
        self._last += 1
        self._waiting[self._last] = None
        return self._last

    def settle(self, number: int, accepted: bool) -> None:
        """Note whether a publish was accepted."""
        if number in self._waiting:
            del self._waiting[number]
            (self._acked if accepted else self._nacked).append(number)

    def frames(self, channel: int) -> Iterator[bytes]:
        """Yield the answers that are due; acks with no unanswered publish before them become one."""
        for number in sorted(self._nacked):
            yield encode_method(channel, spec.Basic.Nack(number, multiple=False, requeue=False))
        self._nacked.clear()
        if not self._acked:
            return
        cutoff = next(iter(self._waiting), self._last + 1)
        together = [number for number in self._acked if number < cutoff]
        if together:
            yield encode_ack(channel, max(together), len(together) > 1)
        for number in sorted(number for number in self._acked if number > cutoff):
            yield encode_ack(channel, number, False)
        self._acked.clear()
