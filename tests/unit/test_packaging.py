# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What is installed is what pyproject.toml says."""

import re
from importlib import metadata
from pathlib import Path

import toml

_CHECKOUT = Path(__file__).resolve().parents[2]


def _floors(requirements: list[str]) -> dict[str, str]:
    """Name and lowest version of each requirement that has one."""
    found = (re.match(r"([A-Za-z0-9_.\[\]-]+)[>=]=([0-9.]+)", line) for line in requirements)
    return {match[1].lower(): match[2] for match in found if match}


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def test_the_lowest_run_installs_the_lower_bounds() -> None:
    """tests/lowest.txt pins exactly the lower bounds of the dependencies."""
    project = toml.load(_CHECKOUT / "pyproject.toml")["project"]
    pinned = _floors((_CHECKOUT / "tests/lowest.txt").read_text().splitlines())
    floors = _floors(project["dependencies"])

    assert len(floors) == len(project["dependencies"])
    assert pinned.keys() == floors.keys()
    for name, floor in floors.items():
        assert _release(pinned[name])[: len(_release(floor))] == _release(floor)


def test_the_distribution_is_a_drop_in() -> None:
    """The distribution's name and major version are what requirements on PyPI ask for."""
    assert metadata.version("fedora-messaging").split(".")[0] == "4"


def test_entry_points() -> None:
    """The base class is in the registry's group, and the command is installed."""
    points = metadata.distribution("fedora-messaging").entry_points

    assert [(p.name, p.value) for p in points if p.group == "fedora.messages"] == [
        ("base.message", "fedora_messaging.message:Message")
    ]
    assert [(p.name, p.value) for p in points if p.group == "console_scripts"] == [
        ("fedora-messaging", "fedora_messaging.cli:main")
    ]
