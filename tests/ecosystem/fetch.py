# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Downloads, unpacks and installs the schema packages: ``python fetch.py FOLDER``.

They come as source archives, since wheels lack the tests, and are installed without their requirements:
nothing here may bring another fedora-messaging than the wheel that is tested.
"""

import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = [
    line
    for line in Path(__file__).with_name("packages.txt").read_text().splitlines()
    if line and not line.startswith("#")
]


def pip(*arguments: str) -> None:
    """Run pip for this interpreter."""
    subprocess.run([sys.executable, "-m", "pip", *arguments, "--quiet", "--no-deps"], check=True)


def fetch(folder: Path) -> None:
    """Put the unpacked sources into a folder, and install them."""
    shutil.rmtree(folder, ignore_errors=True)
    archives = folder / "archives"
    pip("download", "--no-binary", ",".join(PACKAGES), "--dest", str(archives), *PACKAGES)
    found = sorted(archives.iterdir())
    for archive in found:
        shutil.unpack_archive(archive, folder / "sources", filter="data")
    pip("install", *map(str, found))


if __name__ == "__main__":
    fetch(Path(sys.argv[1]))
