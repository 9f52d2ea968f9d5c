# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What passes on RabbitMQ, recorded: a file for each suite, a line for each test with its releases."""

from collections.abc import Iterable
from pathlib import Path

__all__ = ["read", "write"]

_FOLDER = Path(__file__).resolve().with_name("recorded")


def _lines(suite: str) -> dict[str, set[str]]:
    path = _FOLDER / f"{suite}.txt"
    found: dict[str, set[str]] = {}
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        releases, _, test = line.partition(" ")
        found[test] = set(releases.split(","))
    return found


def read(suite: str, release: str) -> set[str]:
    """The ids of the tests that pass on this release."""
    return {test for test, releases in _lines(suite).items() if release in releases}


def write(suite: str, release: str, tests: Iterable[str]) -> None:
    """Keep the ids of the tests that pass on this release in the place of those that were recorded for it."""
    kept = {test: releases - {release} for test, releases in _lines(suite).items()}
    for test in tests:
        kept.setdefault(test, set()).add(release)
    lines = [f"{','.join(sorted(releases))} {test}\n" for test, releases in sorted(kept.items()) if releases]
    (_FOLDER / f"{suite}.txt").write_text("".join(lines), "utf-8")
