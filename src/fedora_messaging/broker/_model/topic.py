# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Binding patterns of topic exchanges: ``*`` is one word, ``#`` any number of them.

All patterns are followed at once, word by word of the key, as one non-deterministic automaton. Its states are
the places in the patterns, one bit each of an integer, and a word moves all of them in a few operations on
integers. So a match takes time linear in the words of the key times those of the patterns, divided by the
width of a machine word, whatever the patterns are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")
#: The most places that one integer holds; a change costs as much as copying it.
BLOCK_SIZE = 4096


class _Pattern(Generic[T]):
    """One pattern.

    Attributes:
        words: its words; of neighbouring ``#``, which mean the same as one, there is one.
        values: what is bound with it, and how often.
        block: where its places are, the first at ``start``, the one after its last word at ``end``.
    """

    __slots__ = ("block", "end", "start", "values", "words")

    block: _Block[T]

    def __init__(self, pattern: str) -> None:
        self.words: list[str] = []
        for word in _words(pattern):
            if word != "#" or self.words[-1:] != ["#"]:
                self.words.append(word)
        self.values: dict[T, int] = {}
        self.start = self.end = 0


class _Block(Generic[T]):
    """The places of some patterns.

    Attributes:
        size: places taken.
        patterns: the patterns, by the place after their last word.
    """

    def __init__(self) -> None:
        self.size = 0
        self.patterns: dict[int, _Pattern[T]] = {}
        self._starts = self._ends = self._stars = self._hashes = 0
        self._words: dict[str, int] = {}

    def add(self, pattern: _Pattern[T]) -> None:
        """Add a pattern."""
        pattern.block, pattern.start = self, self.size
        self._starts |= 1 << self.size
        for word in pattern.words:
            bit = 1 << self.size
            if word == "*":
                self._stars |= bit
            elif word == "#":
                self._hashes |= bit
            else:
                self._words[word] = self._words.get(word, 0) | bit
            self.size += 1
        pattern.end = self.size
        self._ends |= 1 << self.size
        self.patterns[self.size] = pattern
        self.size += 1

    def remove(self, pattern: _Pattern[T]) -> None:
        """Disable a pattern; its positions stay occupied."""
        del self.patterns[pattern.end]
        self._starts &= ~(1 << pattern.start)
        self._ends &= ~(1 << pattern.end)

    def match(self, words: list[str]) -> Iterator[_Pattern[T]]:
        """Yield the patterns that match."""
        stars, hashes, literal = self._stars, self._hashes, self._words
        # At a ``#``, the automaton may skip it without a word, and stays there with any word.
        places = self._starts
        places |= (places & hashes) << 1
        for word in words:
            places = (places & (literal.get(word, 0) | stars)) << 1 | places & hashes
            if not places:
                return
            places |= (places & hashes) << 1
        places &= self._ends
        if places:
            bits = bin(places)[:1:-1]
            at = bits.find("1")
            while at >= 0:
                yield self.patterns[at]
                at = bits.find("1", at + 1)


def _words(key: str) -> list[str]:
    """Split a routing key or pattern; an empty one has no words."""
    return key.split(".") if key else []


class TopicPatterns(Generic[T]):
    """Patterns and what is bound with them. A value may be bound often; each binding is undone by itself."""

    def __init__(self) -> None:
        self._patterns: dict[str, _Pattern[T]] = {}
        self._blocks: list[_Block[T]] = []

    def add(self, pattern: str, value: T) -> None:
        """Bind a value with a pattern."""
        bound = self._patterns.get(pattern)
        if bound is None:
            bound = self._patterns[pattern] = _Pattern(pattern)
            self._place(bound)
        bound.values[value] = bound.values.get(value, 0) + 1

    def discard(self, pattern: str, value: T) -> None:
        """Undo one ``add``."""
        bound = self._patterns.get(pattern)
        count = bound.values.get(value, 0) if bound is not None else 0
        if bound is None or not count:
            return
        if count > 1:
            bound.values[value] = count - 1
            return
        del bound.values[value]
        if not bound.values:
            del self._patterns[pattern]
            self._remove(bound)

    def match(self, routing_key: str) -> list[T]:
        """Return the values bound with a matching pattern, each once."""
        words = _words(routing_key)
        found: dict[T, None] = {}
        for block in self._blocks:
            for pattern in block.match(words):
                found.update(dict.fromkeys(pattern.values))
        return list(found)

    def _place(self, pattern: _Pattern[T]) -> None:
        """Add a pattern to the last block, or to a new one if that is full."""
        if not self._blocks or self._blocks[-1].size + len(pattern.words) >= BLOCK_SIZE:
            self._blocks.append(_Block())
        self._blocks[-1].add(pattern)

    def _remove(self, pattern: _Pattern[T]) -> None:
        """Remove a pattern, and rebuild its block if the block is mostly unused."""
        block = pattern.block
        block.remove(pattern)
        used = sum(each.end - each.start + 1 for each in block.patterns.values()) if block.size > 64 else 0
        if not block.patterns or (block.size > 64 and used * 2 < block.size):
            self._blocks.remove(block)
            for each in list(block.patterns.values()):
                self._place(each)
