# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Fixtures of the tests of what is written: the built pages, an embedded broker, and programs that use it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.embedded import Embedded
from support.programs import Programs

_DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the documentation as HTML, built anew: what readers see."""
    folder = tmp_path_factory.mktemp("built")
    build = [sys.executable, "-m", "sphinx", "-q", "-E", "-b", "html", str(_DOCS), str(folder)]
    subprocess.run(build, check=True, timeout=600)
    return folder


@pytest.fixture(scope="session")
def session_broker() -> Iterator[Embedded]:
    """An embedded broker in this process, for programs in others."""
    with Embedded() as broker:
        yield broker


@pytest.fixture
def embedded(session_broker: Embedded) -> Embedded:
    """The same, empty."""
    session_broker.forget()
    return session_broker


@pytest.fixture
def programs(tmp_path: Path, embedded: Embedded) -> Iterator[Programs]:
    """Starts programs whose configuration names the embedded broker."""
    folder = tmp_path / "programs"
    folder.mkdir()
    started = Programs(folder, lambda: embedded.url)
    yield started
    started.close()
