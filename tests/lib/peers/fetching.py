# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Downloads the suites and makes their environments: ``fetch(FOLDER, NAMES)``.

The archives are pinned by version and hash. Each suite has an environment of its own, so that what one of
them needs does not fight with what another needs; it is kept while its requirements stay the same.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from .suites import Suite

__all__ = ["fetch"]

_HERE = Path(__file__).resolve().parent


def fetch(folder: Path, suites: Iterable[Suite]) -> None:
    """Put unpacked archives into ``folder/sources`` and environments into ``folder/NAME``."""
    archives, sources = folder / "archives", folder / "sources"
    for old in (archives, sources):
        shutil.rmtree(old, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    subprocess.run([*command, "-r", _HERE / "archives.txt", "--dest", archives], check=True)
    for archive in archives.iterdir():
        shutil.unpack_archive(archive, sources, filter="data")
    for suite in suites:
        _environment(folder / suite.name, _HERE / "requirements" / f"{suite.name}.txt")


def _environment(folder: Path, requirements: Path) -> None:
    installed, wanted = folder / "installed.txt", f"{sys.version}\n{requirements.read_text()}"
    if installed.exists() and installed.read_text() == wanted:
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
    install = ["-m", "pip", "install", "--quiet", "--no-deps", "-r", str(requirements)]
    subprocess.run([folder / "bin" / "python", *install], check=True)
    installed.write_text(wanted)
