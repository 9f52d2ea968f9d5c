# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Which messages are wanted, told from topic and headers before the body is decoded."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..._message.filters import FILTERS
from ..._message.headers import INFO, SCHEMA, SEVERITY

__all__ = ["Wanted", "pattern"]


def pattern(text: str) -> Callable[[str], bool]:
    """Make a test for topics of a pattern of a topic exchange (AMQP 0-9-1, section 3.1.3.3).

    Args:
        text: Words with dots between them; ``*`` is one word, ``#`` any number of words, zero included.
    """
    words = {"#": r"(?:\.[^.]*)*", "*": r"\.[^.]*"}
    found = [words.get(word, rf"\.{re.escape(word)}") for word in text.split(".")] if text else []
    expression = re.compile("".join(found), re.DOTALL)
    # An empty topic has no words.
    return lambda topic: expression.fullmatch(f".{topic}" if topic else "") is not None


@dataclass(frozen=True)
class Wanted:
    """What messages have to meet: each kind, and one of several values of a kind.

    Attributes:
        schemas: The names of schemas; empty: any.
        packages: The names of RPM packages; empty: any.
        users: The names of users; empty: any.
        severity: The least severity; None: any.
        excluded: Tests for the topics that are not wanted.
        topics: Tests for those that are, where no binding has chosen them; empty: any.
    """

    schemas: frozenset[str] = frozenset()
    packages: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    severity: int | None = None
    excluded: tuple[Callable[[str], bool], ...] = ()
    topics: tuple[Callable[[str], bool], ...] = ()

    def is_met(self, topic: str, headers: Mapping[str, Any]) -> bool:
        """Whether a message with this topic and these headers is wanted."""
        if any(excludes(topic) for excludes in self.excluded):
            return False
        if self.topics and not any(includes(topic) for includes in self.topics):
            return False
        if self.schemas and headers.get(SCHEMA) not in self.schemas:
            return False
        if self.severity is not None:
            found = headers.get(SEVERITY, INFO)
            if not isinstance(found, (int, float)) or found < self.severity:
                return False
        return _has_one(headers, FILTERS["packages"], self.packages) and _has_one(
            headers, FILTERS["usernames"], self.users
        )


def _has_one(headers: Mapping[str, Any], prefix: str, names: tuple[str, ...]) -> bool:
    return not names or any(f"{prefix}{name}" in headers for name in names)
