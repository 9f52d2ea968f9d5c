# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Where the schema packages are, and what their own tests said. Run these tests with ``tox -e ecosystem``."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

SAID = pytest.StashKey[dict[str, str]]()


@pytest.fixture(scope="session")
def sources() -> Path:
    """The folder with the unpacked source archives."""
    folder = os.environ.get("ECOSYSTEM")
    assert folder is not None, "run these tests with tox -e ecosystem"
    return Path(folder) / "sources"


@pytest.fixture
def says(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Puts the last line of a package's own tests into the report."""
    return request.config.stash.setdefault(SAID, {}).__setitem__


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    """Say how each package's own tests ended."""
    for package, line in sorted(config.stash.get(SAID, {}).items()):
        terminalreporter.write_line(f"{package}: {line}")
