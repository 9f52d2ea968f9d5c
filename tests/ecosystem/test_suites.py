# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The schema packages' own tests, from their source archives, run on this package."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from ecosystem.fetch import PACKAGES


def test_the_wheel_is_what_runs() -> None:
    """The installed fedora-messaging is the wheel built from this tree, not a release from PyPI."""
    installed = metadata.distribution("fedora-messaging")
    origin = json.loads(installed.read_text("direct_url.json") or "{}")

    assert "4.0.0" == installed.version
    assert re.fullmatch(r"file://.*/fedora_messaging-4\.0\.0-py3-none-any\.whl", origin["url"])


@pytest.mark.parametrize("package", PACKAGES)
def test_own_tests(package: str, sources: Path, tmp_path: Path, says: Callable[[str, str], None]) -> None:
    """Every test that the package brings passes."""
    version = metadata.version(package)
    (source,) = sources.glob(f"{re.sub('[-_]', '[-_]', package)}-{version}")
    folder = tmp_path / package  # away from the configuration of this project's tests
    shutil.copytree(source, folder)

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )

    last = done.stdout.splitlines()[-1] if done.stdout else ""
    says(f"{package} {version}", last)
    assert 0 == done.returncode, done.stdout + done.stderr
    assert re.search(r"\b[1-9]\d* passed", last)
