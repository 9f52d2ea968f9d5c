# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Headers to filter by, made of what the accessors of a class return."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from fedora_messaging._message.accessors import Accessors
from fedora_messaging._message.filters import FILTERS, add_filters, overridden_filters

PREFIX = FILTERS["usernames"]


def made(values: Callable[[], Any]) -> dict[str, Any]:
    """The headers of a message with so many users."""

    class WithUsers(Accessors):
        @property
        def usernames(self) -> Any:
            return values()

    headers: dict[str, Any] = {}
    add_filters(WithUsers(), headers, "usernames", PREFIX)
    return headers


def test_which_accessors_are_asked() -> None:
    """Only the accessors that a class overrides cost anything."""

    class WithPackages(Accessors):
        packages = ["kernel"]  # noqa: RUF012

    assert () == overridden_filters(Accessors)
    assert (("packages", "fedora_messaging_rpm_"),) == overridden_filters(WithPackages)


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (["a", "b", "a"], ["a", "b"]),
        ([5, None], ["5", "None"]),
        (None, []),
        ([["a"], {"b"}, {"c": 1}, "d"], ["d"]),
        (["x" * (255 - len(PREFIX)), "x" * (256 - len(PREFIX)), "x" * 10**6], ["x" * (255 - len(PREFIX))]),
        (["ü" * 127], []),
    ],
)
def test_one_header_for_each_value(values: Any, names: list[str]) -> None:
    """Values that are no names, or too long for a header, are left out."""
    assert {f"{PREFIX}{name}": True for name in names} == made(lambda: values)


def test_values_without_end() -> None:
    """Of values without end no more are taken than fit into any header frame."""
    assert 65_536 == len(made(itertools.count))


@pytest.mark.parametrize("values", [lambda: 1 / 0, lambda: 5, lambda: ["\ud800"]])
def test_an_accessor_that_fails(values: Callable[[], Any]) -> None:
    """An accessor that fails adds no headers, and no error."""
    assert {} == made(values)
