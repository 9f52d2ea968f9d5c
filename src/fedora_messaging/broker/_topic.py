# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Binding patterns of topic exchanges as a trie of words: `*` is one word, `#` any number of them."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class _Node(Generic[T]):
    __slots__ = ("children", "values")

    def __init__(self) -> None:
        self.children: dict[str, _Node[T]] = {}
        self.values: dict[T, int] = {}


def _words(key: str) -> list[str]:
    """An empty key has no word at all."""
    return key.split(".") if key else []


class TopicTrie(Generic[T]):
    """Patterns and what is bound with them. A value may be bound often; each binding is undone by itself."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()

    def add(self, pattern: str, value: T) -> None:
        node = self._root
        for word in _words(pattern):
            node = node.children.setdefault(word, _Node())
        node.values[value] = node.values.get(value, 0) + 1

    def discard(self, pattern: str, value: T) -> None:
        """Undoes one `add`; the words that nothing needs any more go with it."""
        path = [self._root]
        words = _words(pattern)
        for word in words:
            child = path[-1].children.get(word)
            if child is None:
                return
            path.append(child)
        count = path[-1].values.get(value, 0)
        if count > 1:
            path[-1].values[value] = count - 1
            return
        path[-1].values.pop(value, None)
        for parent, word, node in zip(reversed(path[:-1]), reversed(words), reversed(path[1:]), strict=True):
            if node.values or node.children:
                return
            del parent.children[word]

    def match(self, routing_key: str) -> list[T]:
        """What is bound with a pattern that fits, each once.

        Every pair of node and word is looked at once only, so that patterns full of `#` cost no more.
        """
        words = _words(routing_key)
        end = len(words)
        found: dict[T, None] = {}
        seen: set[tuple[int, int]] = set()
        todo = [(self._root, 0)]
        while todo:
            node, at = todo.pop()
            if (id(node), at) in seen:
                continue
            seen.add((id(node), at))
            if at == end:
                found.update(dict.fromkeys(node.values))
            else:
                child = node.children.get(words[at])
                if child is not None and words[at] not in ("*", "#"):
                    todo.append((child, at + 1))
                child = node.children.get("*")
                if child is not None:
                    todo.append((child, at + 1))
            child = node.children.get("#")
            if child is not None:
                todo.extend((child, rest) for rest in range(at, end + 1))
        return list(found)
