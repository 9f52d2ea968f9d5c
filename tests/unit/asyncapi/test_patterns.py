# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Which bindings can get which messages."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedora_messaging._asyncapi.patterns import can_match


@pytest.mark.parametrize(
    ("key", "topics", "expected"),
    [
        ("#", "a.b", True),
        ("a.b", "a.b", True),
        ("a.b", "a.c", False),
        ("a.*", "a.b", True),
        ("a.*", "a.b.c", False),
        ("a.#", "a", True),
        ("*.b", "a.*", True),
        ("*.b", "a.*.c", False),
        ("a.#.z", "#.y.z", True),
        ("a.#.z", "b.#", False),
        ("#.a.#.a.#", "b.*.b", False),
    ],
)
def test_topic_exchanges(key: str, topics: str, expected: bool) -> None:
    """A key and a pattern of topics are related if some topic follows both."""
    assert expected == can_match(key, topics)
    assert expected == can_match(topics, key)


@pytest.mark.parametrize(
    ("kind", "key", "expected"),
    [("direct", "a.b", True), ("direct", "a.*", False), ("fanout", "x", True), ("headers", "", True)],
)
def test_other_exchanges(kind: str, key: str, expected: bool) -> None:
    """The key of a direct exchange is a topic; others do not look at it."""
    assert expected == can_match(key, "a.b", kind)


def _regex(pattern: str) -> str:
    """A pattern as a regular expression for topics of words with a dot behind each."""
    wild = {"*": r"[a-z]\.", "#": r"([a-z]\.)*"}
    return "".join(wild.get(word, rf"{word}\.") for word in pattern.split("."))


_patterns = st.lists(st.sampled_from(["a", "b", "*", "#"]), min_size=1, max_size=4).map(".".join)
_topics = st.lists(st.sampled_from("abc"), min_size=1, max_size=6).map(".".join)


@given(first=_patterns, second=_patterns, topic=_topics)
def test_a_topic_that_follows_both_proves_it(first: str, second: str, topic: str) -> None:
    """Two patterns that one topic follows are never said to be unrelated."""
    follows = all(re.fullmatch(_regex(each), f"{topic}.") for each in (first, second))

    assert can_match(first, second) or not follows
