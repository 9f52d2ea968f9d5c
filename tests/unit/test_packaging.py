# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What is installed is what pyproject.toml says."""

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[2]


def _lower_bounds(requirements: list[str]) -> dict[str, tuple[int, ...]]:
    """Name and lowest version of each requirement that has one."""
    found = (re.match(r"([A-Za-z0-9_.-]+)[^=]*[>=]=([0-9.]+)", line) for line in requirements)
    return {match[1].lower(): tuple(int(part) for part in match[2].split(".")) for match in found if match}


def test_the_lowest_run_installs_the_lower_bounds() -> None:
    """tests/lowest.txt pins exactly the lower bounds of the dependencies."""
    required = [line for line in metadata.requires("fedora-messaging") or () if "extra ==" not in line]
    lower_bounds = _lower_bounds(required)
    pinned = _lower_bounds((_CHECKOUT / "tests/lowest.txt").read_text().splitlines())

    assert len(required) == len(lower_bounds)
    assert lower_bounds.keys() == pinned.keys()
    assert lower_bounds == {name: pinned[name][: len(bound)] for name, bound in lower_bounds.items()}


def test_the_distribution_is_a_drop_in() -> None:
    """The distribution's name and major version are what requirements on PyPI ask for."""
    assert "4" == metadata.version("fedora-messaging").split(".")[0]


def test_entry_points() -> None:
    """The base class is in the registry's group, and the command is installed."""
    points = metadata.distribution("fedora-messaging").entry_points

    assert [(p.name, p.value) for p in points if p.group == "fedora.messages"] == [
        ("base.message", "fedora_messaging.message:Message")
    ]
    assert [(p.name, p.value) for p in points if p.group == "console_scripts"] == [
        ("fedora-messaging", "fedora_messaging.cli:main")
    ]


def test_twistd_finds_the_plugin() -> None:
    """The plugin's file is installed where twistd looks, and shadows nothing of Twisted."""
    code = (
        "from twisted.application.service import IServiceMaker\n"
        "from twisted.plugin import getPlugins\n"
        "print([m.module for m in getPlugins(IServiceMaker) if m.tapname == 'fedora-messaging'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "['fedora_messaging.twisted.tap']" == done.stdout.strip()
