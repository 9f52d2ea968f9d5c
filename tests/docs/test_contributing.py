# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""CONTRIBUTING.md and its companions name what is there."""

import re
import subprocess
from pathlib import Path

import pytest

_CHECKOUT = Path(__file__).resolve().parents[2]
_PAGES = ["CONTRIBUTING.md", "README.md", "RELEASING.md"]


@pytest.mark.parametrize("name", _PAGES)
def test_make_has_every_target_that_is_named(name: str) -> None:
    """Each `make TARGET` on the page is a target of the Makefile."""
    named = {
        target
        for words in re.findall(r"^\$ make (.+)|`make ([^`]+)`", (_CHECKOUT / name).read_text(), re.MULTILINE)
        for target in "".join(words).split()
        if re.fullmatch(r"[a-z][a-z0-9-]*", target)
    }
    targets = set(re.findall(r"^([a-z0-9 -]+):", (_CHECKOUT / "Makefile").read_text(), re.MULTILINE))

    assert set() == named - {target for line in targets for target in line.split()}


def test_the_table_of_places_names_what_is_there() -> None:
    """Each path in CONTRIBUTING's table of places exists."""
    text = (_CHECKOUT / "CONTRIBUTING.md").read_text()
    section = text[text.index("## Where things are") : text.index("## Rules for code")]
    paths = [path for path in re.findall(r"`([\w./*-]+)`", section) if "/" in path]

    assert paths
    assert [] == [path for path in paths if not list(_CHECKOUT.glob(path.rstrip("/")))]


def test_source_files_say_their_licence() -> None:
    """Every Python file starts with the two-line SPDX header."""
    files = subprocess.run(
        ["git", "ls-files", "*.py", "*.tac"], cwd=_CHECKOUT, capture_output=True, text=True, check=False
    ).stdout.split()
    header = [
        "# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project",
        "# SPDX-License-Identifier: MIT",
    ]

    beginnings = {file: (_CHECKOUT / file).read_text().splitlines()[:2] for file in files}
    assert [] == [file for file, lines in beginnings.items() if lines and lines != header]
