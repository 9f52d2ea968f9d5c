# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Sets up the other side: ``python fetch.py FOLDER`` makes a virtual environment with the release 3.9.1.

It is kept, and made again when the release in it is another one.
"""

import subprocess
import sys
from pathlib import Path

RELEASE = "3.9.1"
SCHEMAS = Path(__file__).parents[1] / "schemas.txt"


def version(folder: Path) -> str:
    """The release in a virtual environment, an empty text if there is none."""
    python = folder / "bin" / "python"
    if not python.exists() or not (folder / "complete").exists():
        return ""
    ask = "from importlib.metadata import version; print(version('fedora-messaging'))"
    return subprocess.run([python, "-c", ask], capture_output=True, text=True).stdout.strip()


def fetch(folder: Path) -> None:
    """Make the virtual environment if there is none."""
    if version(folder) == RELEASE:
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
    pip: list[str | Path] = [folder / "bin" / "python", "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, f"fedora-messaging=={RELEASE}"], check=True)
    subprocess.run([*pip, "--no-deps", "-r", SCHEMAS], check=True)
    (folder / "complete").touch()


if __name__ == "__main__":
    fetch(Path(sys.argv[1]))
