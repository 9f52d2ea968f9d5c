# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The patterns of topic exchanges."""

import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedora_messaging.broker._model.topic import TopicPatterns


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
    bound: TopicPatterns[str] = TopicPatterns()
    bound.add(pattern, "x")

    assert (["x"] if fits else []) == bound.match(key)


def test_a_value_is_found_once() -> None:
    """What several patterns lead to is found once."""
    bound: TopicPatterns[str] = TopicPatterns()
    for pattern in ("a.#", "#.b", "a.b"):
        bound.add(pattern, "x")

    assert ["x"] == bound.match("a.b")


def test_every_binding_is_undone_by_itself() -> None:
    """The same pattern added twice is there until it is discarded twice."""
    bound: TopicPatterns[str] = TopicPatterns()
    bound.add("a.b", "x")
    bound.add("a.b", "x")
    bound.discard("a.b", "x")

    assert ["x"] == bound.match("a.b")

    bound.discard("a.b", "x")

    assert [] == bound.match("a.b")


@pytest.mark.parametrize("key", [".".join("a" * 100), ".".join("ab" * 50), ".".join("b" * 100)])
def test_long_keys_and_hostile_patterns(key: str) -> None:
    """A thousand patterns of sixty words, each `#`, `*` or `a`, are matched with a key of a hundred words."""
    random = Random(60)
    patterns = [".".join(random.choices("#*a", k=60)) for _ in range(1000)]
    bound: TopicPatterns[str] = TopicPatterns()
    for pattern in patterns:
        bound.add(pattern, pattern)

    found = bound.match(key)

    assert set(found) == set(found) | {each for each in random.sample(patterns, 40) if _fits(each, key)}
    assert all(_fits(each, key) for each in random.sample(found, min(40, len(found))))


def test_many_patterns_come_and_go() -> None:
    """What was discarded takes no room in the way of what is added later."""
    bound: TopicPatterns[int] = TopicPatterns()
    for number in range(5000):
        bound.add(f"a.{number}.#", number)
        bound.discard(f"a.{number - 3}.#", number - 3)

    assert [4997, 4998, 4999] == sorted(bound.match(f"a.{n}.b.c")[0] for n in (4997, 4998, 4999))
    assert [] == bound.match("a.4996")


def test_discarding_what_is_not_there() -> None:
    """Discarding an unknown pattern changes nothing."""
    bound: TopicPatterns[str] = TopicPatterns()
    bound.add("a.b", "x")
    bound.discard("a.c", "x")
    bound.discard("a", "x")
    bound.discard("a.b", "y")

    assert ["x"] == bound.match("a.b")


def test_many_hashes_cost_little() -> None:
    """A pattern of a hundred hashes is matched without trying every way to split the key."""
    bound: TopicPatterns[str] = TopicPatterns()
    bound.add(".".join(["#"] * 100 + ["z"]), "x")

    assert [] == bound.match(".".join(["a"] * 100))


def _fits(pattern: str, key: str) -> bool:
    """Whether a pattern fits: the definition, place by place in pattern and key."""
    wanted, words = (each.split(".") if each else [] for each in (pattern, key))
    fits = [True] + [False] * len(words)
    for word in wanted:
        if word == "#":
            fits = [any(fits[: at + 1]) for at in range(len(fits))]
        else:
            fits = [False] + [fits[at] and word in ("*", each) for at, each in enumerate(words)]
    return fits[-1]


_LONG_WORDS = st.sampled_from(["a", "b", "", "#", "*"])


@given(
    st.lists(st.tuples(st.booleans(), st.lists(_LONG_WORDS, max_size=30).map(".".join)), max_size=20),
    st.lists(_LONG_WORDS, max_size=40).map(".".join),
)
def test_it_agrees_with_the_definition(changes: list[tuple[bool, str]], key: str) -> None:
    """Whatever was added and discarded before, what is found is what the definition finds."""
    bound: TopicPatterns[str] = TopicPatterns()
    there: set[str] = set()
    for add, pattern in changes:
        if add and pattern not in there:
            bound.add(pattern, pattern)
            there.add(pattern)
        elif there:
            gone = min(there)
            bound.discard(gone, gone)
            there.remove(gone)

    assert {each for each in there if _fits(each, key)} == set(bound.match(key))


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
    """They find what each pattern, read as a regular expression, finds."""
    bound: TopicPatterns[str] = TopicPatterns()
    for pattern in patterns:
        bound.add(pattern, pattern)
    dotted = "." + key if key else ""

    assert {p for p in patterns if _expression(p).fullmatch(dotted)} == set(bound.match(key))


@given(st.lists(_PATTERNS, max_size=6), _KEYS)
def test_what_is_discarded_is_forgotten(patterns: list[str], key: str) -> None:
    """When all patterns are discarded, nothing is left."""
    bound: TopicPatterns[str] = TopicPatterns()
    for pattern in patterns:
        bound.add(pattern, pattern)
    for pattern in patterns:
        bound.discard(pattern, pattern)

    assert [] == bound.match(key)
