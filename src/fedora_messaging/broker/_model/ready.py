# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The messages of a queue that wait to be delivered, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from operator import attrgetter

from .message import Entry

_position = attrgetter("position")


class Ready:
    """Entries by level (highest first) and position; what comes back goes to where it was."""

    def __init__(self) -> None:
        self._levels: dict[int, deque[Entry]] = {}
        self._order: list[int] = []
        self._count = 0
        self.size = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Entry]:
        for level in self._order:
            yield from self._levels[level]

    def append(self, entry: Entry) -> None:
        """Add an entry at the end of its level."""
        self._level(entry.level).append(entry)
        self._added(entry)

    def put_back(self, entries: Iterable[Entry]) -> None:
        """Return entries to their positions."""
        for entry in sorted(entries, key=_position, reverse=True):
            level = self._level(entry.level)
            if not level or entry.position < level[0].position:
                level.appendleft(entry)
            elif entry.position > level[-1].position:
                level.append(entry)
            else:
                level.insert(_insertion_point(level, entry.position), entry)
            self._added(entry)

    def heads(self) -> list[Entry]:
        """The first entry of each level."""
        return [self._levels[level][0] for level in self._order if self._levels[level]]

    def pop(self, entry: Entry | None = None) -> Entry:
        """Take the first entry of all, or of the level of an entry."""
        for level in self._order if entry is None else (entry.level,):
            if self._levels[level]:
                entry = self._levels[level].popleft()
                self._count -= 1
                self.size -= len(entry.message.body)
                return entry
        raise IndexError("nothing is ready")

    def clear(self) -> list[Entry]:
        """Take all entries."""
        entries = list(self)
        for level in self._levels.values():
            level.clear()
        self._count = self.size = 0
        return entries

    def _level(self, number: int) -> deque[Entry]:
        level = self._levels.get(number)
        if level is None:
            level = self._levels[number] = deque()
            self._order = sorted(self._levels, reverse=True)
        return level

    def _added(self, entry: Entry) -> None:
        self._count += 1
        self.size += len(entry.message.body)


def _insertion_point(level: deque[Entry], position: int) -> int:
    low, high = 0, len(level)
    while low < high:
        middle = (low + high) // 2
        if level[middle].position < position:
            low = middle + 1
        else:
            high = middle
    return low
