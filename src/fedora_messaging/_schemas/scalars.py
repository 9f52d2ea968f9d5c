# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Strings and numbers that a schema should accept, likely ones first."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Iterator
from fractions import Fraction

from .patterns import strings

__all__ = ["FORMATS", "numbers", "texts"]

#: How a string of each format looks; the number makes several.
FORMATS = {
    "date": "2026-11-{:02}",
    "date-time": "2026-11-{:02}T09:02:55+00:00",
    "duration": "P{}D",
    "email": "user{}@example.org",
    "hostname": "host{}.example.org",
    "idn-email": "user{}@example.org",
    "idn-hostname": "host{}.example.org",
    "ipv4": "192.0.2.{}",
    "ipv6": "2001:db8::{}",
    "iri": "https://example.org/page/{}",
    "iri-reference": "/page/{}",
    "json-pointer": "/items/{}",
    "regex": "^item{}$",
    "relative-json-pointer": "{}/items",
    "time": "09:02:{:02}+00:00",
    "uri": "https://example.org/page/{}",
    "uri-reference": "/page/{}",
    "uri-template": "https://example.org/page/{}",
    "uuid": "6f1c2f0e-7a51-4b1f-9d3c-0000000000{:02}",
}
#: Other ways to write the same, for patterns that want one of them.
_OTHERWISE = {
    "date-time": (
        "2026-11-{:02}T09:02:55Z",
        "2026-11-{:02}T09:02:55.000000Z",
        "2026-11-{:02}T09:02:55.000000+00:00",
    ),
    "time": ("09:02:{:02}Z", "09:02:{:02}"),
}
_SEVERAL = 12
_PADDING = "text"


def texts(name: str, format_: str | None, patterns: Iterable[str], least: int, most: float) -> Iterator[str]:
    """Yield strings, of which those that a schema refuses have to be left out.

    Args:
        name: What the place is called.
        format_: The format that the schema names.
        patterns: The patterns that it has.
        least: The fewest characters.
        most: The most characters.

    Raises:
        UnknownPattern: A pattern is not understood; after the strings that do not depend on it.
    """
    shapes = [FORMATS[format_], *_OTHERWISE.get(format_, ())] if format_ in FORMATS else []
    for shape in shapes:
        yield from (shape.format(number) for number in range(1, _SEVERAL))
    plain = name or "text"
    for number in range(1, _SEVERAL):
        text = plain if number == 1 else f"{plain} {number}"
        if len(text) > most:
            text = text[: int(most) - 1] + text[-1] if most else ""
        yield from _long_enough(text, least)
    for pattern in patterns:
        for text in strings(pattern, least):
            yield from _long_enough(text, least)


def _long_enough(text: str, least: int) -> Iterator[str]:
    yield text
    lacking = least - len(text)
    if lacking > 0:
        padding = (_PADDING * (lacking // len(_PADDING) + 1))[:lacking]
        yield text + padding
        yield padding + text


def numbers(
    low: float | None, high: float | None, steps: Iterable[float], *, whole: bool
) -> Iterator[int | float]:
    """Yield numbers, of which those that a schema refuses have to be left out.

    Args:
        low: The lower bound, or None.
        high: The upper bound, or None.
        steps: What they have to be multiples of.
        whole: Whether they have to be integers.
    """
    units = [unit for each in steps if (unit := abs(Fraction(str(each))))] + ([Fraction(1)] if whole else [])
    bottom, top = (None if bound is None else Fraction(str(bound)) for bound in (low, high))
    step = functools.reduce(_least_common, units) if units else Fraction(1)
    first = 1 if bottom is None else max(1, math.ceil(bottom / step))
    if top is not None and first * step > top:
        first = math.floor(top / step)
        yield from (_plain((first - number) * step) for number in range(_SEVERAL))
    else:
        yield from (_plain((first + number) * step) for number in range(_SEVERAL))
    if bottom is not None and top is not None and not units:
        yield from (_plain(bottom + (top - bottom) * number / _SEVERAL) for number in range(_SEVERAL + 1))
    yield from (_plain(each) for each in (bottom, top) if each is not None)
    if not units:
        yield _plain((first + Fraction(1, 2)) * step)


def _least_common(one: Fraction, other: Fraction) -> Fraction:
    """Return the least common multiple."""
    return Fraction(
        math.lcm(one.numerator * other.denominator, other.numerator * one.denominator),
        one.denominator * other.denominator,
    )


def _plain(value: Fraction) -> int | float:
    return value.numerator if value.denominator == 1 else float(value)
