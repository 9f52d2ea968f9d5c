# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The page about the embedded broker says what the conformance suite knows."""

from dataclasses import fields
from pathlib import Path

import pytest

from conformance.differences import DIFFERENCES, MISSING
from fedora_messaging.broker._emulation import RELEASES, Emulation

_PAGE = (Path(__file__).parents[2] / "docs" / "explanation" / "embedded-broker.md").read_text()


@pytest.mark.parametrize(
    "what", sorted({each.what for each in DIFFERENCES.values()} | {name for name, _ in MISSING})
)
def test_every_difference_is_told(what: str) -> None:
    """The page tells where the embedded broker is not RabbitMQ."""
    assert what in _PAGE


def test_the_releases_differ_in_everything_listed() -> None:
    """A column of the table of releases that is the same everywhere is no column."""
    same = [
        each.name
        for each in fields(Emulation)
        if len({getattr(r, each.name) for r in RELEASES.values()}) == 1
    ]

    assert [] == same
