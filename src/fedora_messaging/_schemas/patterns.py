# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Strings that a regular expression matches.

Literals, classes, groups, alternatives and quantifiers are understood; assertions that look around are passed
over. So a string is a proposal, which has to be tried on the pattern.
"""

from __future__ import annotations

import random
import string
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["UnknownPattern", "strings"]

_POOL = string.ascii_letters + string.digits + " !#$%&()*+,-./:;<=>?@[]^_{|}~'\"\\"
_WORD = string.ascii_letters + string.digits + "_"
_CLASSES = {
    "d": string.digits,
    "w": _WORD,
    "s": " ",
    "D": string.ascii_letters + "-",
    "S": string.ascii_letters,
    "W": " -.",
}
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "0": "\0"}
#: Escapes that match a place and no character.
_PLACES = "bBAZz"
_LONGEST = 10_000
_TRIES = 60


class UnknownPattern(ValueError):
    """The pattern has something that is not understood; the text says what."""


@dataclass(frozen=True, slots=True)
class _Chars:
    """One of these characters."""

    chars: str


@dataclass(frozen=True, slots=True)
class _Sequence:
    """All of these, one after the other."""

    parts: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Choice:
    """One of these."""

    options: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Repeat:
    """The same several times; without an upper limit if ``most`` is None."""

    part: Any
    least: int
    most: int | None


def strings(pattern: str, least: int = 0) -> Iterator[str]:
    """Yield strings that a pattern should match; the same ones each time.

    Args:
        pattern: The regular expression.
        least: How long they should be.

    Raises:
        UnknownPattern: It has something that is not understood.
    """
    node = _Parser(pattern).whole()
    chance = random.Random(1)
    for number in range(_TRIES):
        yield "".join(_made(node, chance, 0 if number < _TRIES // 3 else least))


def _made(node: Any, chance: random.Random, more: int) -> Iterator[str]:
    if isinstance(node, _Chars):
        yield chance.choice(node.chars)
    elif isinstance(node, _Sequence):
        for part in node.parts:
            yield from _made(part, chance, more)
    elif isinstance(node, _Choice):
        yield from _made(chance.choice(node.options), chance, more)
    else:
        most = node.least + 3 + more if node.most is None else min(node.most, node.least + 3 + more)
        for _ in range(chance.randint(max(node.least, min(1, most)), most)):
            yield from _made(node.part, chance, more)


class _Parser:
    """Reads a pattern from left to right."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0

    def whole(self) -> Any:
        found = self._choice()
        if self._at < len(self._pattern):
            raise self._refused("a bracket is closed that is not open")
        return found

    def _choice(self) -> Any:
        options = [self._sequence()]
        while self._takes("|"):
            options.append(self._sequence())
        return options[0] if len(options) == 1 else _Choice(tuple(options))

    def _sequence(self) -> _Sequence:
        parts = []
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            part = self._atom()
            parts.append(self._repeated(part))
        return _Sequence(tuple(parts))

    def _repeated(self, part: Any) -> Any:
        while True:
            if self._takes("?"):
                part = _Repeat(part, 0, 1)
            elif self._takes("*"):
                part = _Repeat(part, 0, None)
            elif self._takes("+"):
                part = _Repeat(part, 1, None)
            elif (limits := self._limits()) is not None:
                part = _Repeat(part, *limits)
            else:
                return part
            # What follows makes it lazy or possessive, and changes nothing about what can match.
            if not self._takes("?"):
                self._takes("+")

    def _limits(self) -> tuple[int, int | None] | None:
        end = self._pattern.find("}", self._at)
        if not self._pattern.startswith("{", self._at) or end < 0:
            return None
        low, comma, high = self._pattern[self._at + 1 : end].partition(",")
        if not all(each.isascii() and each.isdigit() for each in (low or "0", high or "0")) or not (
            low or comma
        ):
            return None  # a brace that is meant
        least = int(low or 0)
        most = least if not comma else int(high) if high else None
        if least > _LONGEST:
            raise self._refused(f"it repeats something {least} times")
        self._at = end + 1
        return least, most

    def _atom(self) -> Any:
        char = self._next()
        if char == "(":
            return self._group()
        if char == "[":
            return self._class()
        if char == "\\":
            escape = self._next()
            return _Sequence(()) if escape in _PLACES else _Chars(self._escaped(escape))
        if char in "^$":
            return _Sequence(())
        return _Chars(string.ascii_lowercase if char == "." else char)

    def _group(self) -> Any:
        looks = False
        if self._takes("?"):
            kind = self._next()
            if kind in "<P" and (kind == "<" or self._next() == "<"):
                if self._pattern[self._at : self._at + 1] in ("=", "!"):
                    self._next()
                    looks = True
                else:
                    while self._next() != ">":
                        pass
            elif kind in "=!":
                looks = True
            elif kind != ":":
                raise self._refused(f"it has a group that begins with (?{kind}")
        found = self._choice()
        if not self._takes(")"):
            raise self._refused("a bracket is not closed")
        return _Sequence(()) if looks else found

    def _class(self) -> _Chars:
        negated = self._takes("^")
        found = ""
        first = True
        while first or not self._takes("]"):
            first = False
            char = self._member()
            if (
                len(char) == 1
                and self._pattern.startswith("-", self._at)
                and self._pattern[self._at + 1 : self._at + 2] != "]"
            ):
                self._at += 1
                last = self._member()
                # Of a range that is long, some are enough.
                found += "".join(map(chr, range(ord(char), min(ord(last[0]), ord(char) + 200) + 1)))
            else:
                found += char
        if negated:
            found = "".join(each for each in _POOL if each not in found)
        if not found:
            raise self._refused("it has a class of characters that is empty")
        return _Chars(found)

    def _member(self) -> str:
        char = self._next()
        if char != "\\":
            return char
        escape = self._next()
        return "\b" if escape == "b" else self._escaped(escape)

    def _escaped(self, escape: str) -> str:
        if escape in _CLASSES:
            return _CLASSES[escape]
        if escape in _CONTROLS:
            return _CONTROLS[escape]
        if escape in "xu":
            length = 2 if escape == "x" else 4
            digits = self._pattern[self._at : self._at + length]
            self._at += length
            try:
                return chr(int(digits, 16))
            except ValueError as error:
                raise self._refused(f"it has the escape \\{escape}{digits}") from error
        if escape.isalnum():
            raise self._refused(f"it has the escape \\{escape}")
        return escape

    def _refused(self, why: str) -> UnknownPattern:
        return UnknownPattern(f"the pattern {self._pattern} is not understood: {why}")

    def _next(self) -> str:
        if self._at >= len(self._pattern):
            raise self._refused("it ends too early")
        self._at += 1
        return self._pattern[self._at - 1]

    def _takes(self, char: str) -> bool:
        if self._pattern.startswith(char, self._at):
            self._at += 1
            return True
        return False
