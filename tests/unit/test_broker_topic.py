# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The trie of topic patterns."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedora_messaging.broker._topic import TopicTrie


@pytest.mark.parametrize(
    ("pattern", "key", "fits"),
    [
        ("a.b", "a.b", True),
        ("a.b", "a.c", False),
        ("*", "a", True),
        ("*", "a.b", False),
        ("*", "", False),
        ("#", "", True),
        ("#", "a.b.c", True),
        ("a.#", "a", True),
        ("a.#.c", "a.c", True),
        ("a.#.c", "a.b.b.c", True),
        ("a.*.c", "a.c", False),
        ("#.#", "a", True),
        ("", "", True),
        ("", "a", False),
        ("a..b", "a..b", True),
        ("a.*.b", "a..b", True),
    ],
)
def test_patterns(pattern: str, key: str, fits: bool) -> None:
    """A star is one word, a hash any number of them, and an empty key has none."""
    trie: TopicTrie[str] = TopicTrie()
    trie.add(pattern, "x")

    assert (["x"] if fits else []) == trie.match(key)


def test_a_value_is_found_once() -> None:
    """What several patterns lead to is found once."""
    trie: TopicTrie[str] = TopicTrie()
    for pattern in ("a.#", "#.b", "a.b"):
        trie.add(pattern, "x")

    assert ["x"] == trie.match("a.b")


def test_every_binding_is_undone_by_itself() -> None:
    """The same pattern added twice is there until it is discarded twice."""
    trie: TopicTrie[str] = TopicTrie()
    trie.add("a.b", "x")
    trie.add("a.b", "x")
    trie.discard("a.b", "x")

    assert ["x"] == trie.match("a.b")

    trie.discard("a.b", "x")

    assert [] == trie.match("a.b")


def test_discarding_what_is_not_there() -> None:
    """Discarding an unknown pattern changes nothing."""
    trie: TopicTrie[str] = TopicTrie()
    trie.add("a.b", "x")
    trie.discard("a.c", "x")
    trie.discard("a", "x")
    trie.discard("a.b", "y")

    assert ["x"] == trie.match("a.b")


def test_many_hashes_cost_little() -> None:
    """A pattern of a hundred hashes is matched without trying every way to split the key."""
    trie: TopicTrie[str] = TopicTrie()
    trie.add(".".join(["#"] * 100 + ["z"]), "x")

    assert [] == trie.match(".".join(["a"] * 100))


_WORDS = st.sampled_from(["a", "b", ""])
_KEYS = st.lists(_WORDS, max_size=5).map(".".join)
_PATTERNS = st.lists(st.sampled_from(["a", "b", "", "*", "#"]), max_size=5).map(".".join)


def _expression(pattern: str) -> re.Pattern[str]:
    """A pattern as a regular expression over a key, whose every word begins with a dot."""
    words = pattern.split(".") if pattern else []
    parts = {"*": r"\.[^.]*", "#": r"(?:\.[^.]*)*"}
    return re.compile("".join(parts.get(word, r"\." + word) for word in words))


@given(st.lists(_PATTERNS, max_size=4), _KEYS)
def test_it_agrees_with_regular_expressions(patterns: list[str], key: str) -> None:
    """The trie finds what each pattern, read as a regular expression, finds."""
    trie: TopicTrie[str] = TopicTrie()
    for pattern in patterns:
        trie.add(pattern, pattern)
    dotted = "." + key if key else ""

    assert {p for p in patterns if _expression(p).fullmatch(dotted)} == set(trie.match(key))


@given(st.lists(_PATTERNS, max_size=6), _KEYS)
def test_what_is_discarded_is_forgotten(patterns: list[str], key: str) -> None:
    """When all patterns are discarded, nothing is left."""
    trie: TopicTrie[str] = TopicTrie()
    for pattern in patterns:
        trie.add(pattern, pattern)
    for pattern in patterns:
        trie.discard(pattern, pattern)

    assert [] == trie.match(key)
