# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Downloads and unpacks JSON Schema's own test suite: ``python fetch.py FOLDER``.

It is part of jsonschema's source archive, which is pinned by version and hash in ``requirements.txt``.
"""

import shutil
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def fetch(folder: Path) -> None:
    """Put the unpacked archive into a folder."""
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
    command += ["--require-hashes", "--requirement", str(REQUIREMENTS), "--dest", str(folder)]
    subprocess.run(command, check=True)
    (archive,) = folder.glob("jsonschema-*.tar.gz")
    shutil.unpack_archive(archive, folder, filter="data")


if __name__ == "__main__":
    fetch(Path(sys.argv[1]))
