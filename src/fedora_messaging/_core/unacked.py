# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The unsettled deliveries of one channel, and the fewest acknowledgements that settle them.

Sans-I/O: deliveries and outcomes go in, ``(tag, multiple)`` pairs come out.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["UnackedTags"]


class UnackedTags:
    """Delivery tags of one channel, in the order of their arrival.

    ``basic.ack`` with ``multiple`` settles every delivery up to its tag (AMQP 0-9-1, 1.8.3.13), so it
    may only be used below the lowest tag that is still unsettled. Tags above one that is held back are
    acknowledged one by one, never kept back.
    """

    __slots__ = ("_unsettled",)

    def __init__(self) -> None:
        self._unsettled: dict[int, None] = {}

    def arrived(self, tag: int) -> None:
        """Add the tag of a delivery that came in."""
        self._unsettled[tag] = None

    def settle(self, tag: int) -> bool:
        """Settle one delivery by a method of its own; False when it had been settled before."""
        if tag in self._unsettled:
            del self._unsettled[tag]
            return True
        return False

    def acknowledge(self, tags: Iterable[int]) -> list[tuple[int, bool]]:
        """Settle several deliveries; returns ``(tag, multiple)`` of each ``basic.ack`` to send, in order."""
        unsettled = self._unsettled
        done = []
        for tag in tags:
            if tag in unsettled:
                del unsettled[tag]
                done.append(tag)
        if not done:
            return []
        done.sort()
        lowest = next(iter(unsettled), None)
        if lowest is None or lowest > done[-1]:
            return [(done[-1], len(done) > 1)]
        below = [tag for tag in done if tag < lowest]
        acks = [(below[-1], len(below) > 1)] if below else []
        return acks + [(tag, False) for tag in done if tag > lowest]

    def take_all(self) -> list[int]:
        """Remove and return all unsettled tags: the channel is gone, or all deliveries are returned."""
        tags = list(self._unsettled)
        self._unsettled.clear()
        return tags

    def __contains__(self, tag: int) -> bool:
        return tag in self._unsettled

    def __len__(self) -> int:
        return len(self._unsettled)
