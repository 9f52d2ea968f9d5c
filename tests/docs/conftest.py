# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Fixtures of the tests of what is written: the built pages, an embedded broker, and programs that use it."""

import subprocess
import sys
from pathlib import Path

import pytest

from support.embedded_fixtures import embedded, programs, session_broker

__all__ = ["built", "embedded", "programs", "session_broker"]

_DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the documentation as HTML, built anew: what readers see."""
    folder = tmp_path_factory.mktemp("built")
    build = [sys.executable, "-m", "sphinx", "-q", "-E", "-b", "html", str(_DOCS), str(folder)]
    subprocess.run(build, check=True, timeout=600)
    return folder
