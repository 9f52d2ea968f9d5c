# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Downloads the suites and makes their environments: ``fetch(FOLDER, NAMES)``.

The archives are pinned by version and hash. Each suite has an environment of its own, so that what one of
them needs does not fight with what another needs; it is kept while its requirements stay the same.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterable
from pathlib import Path

from .suites import Suite

__all__ = ["fetch"]

_HERE = Path(__file__).resolve().parent
#: pika's archive on PyPI has no tests; this one has. Relative to a mirror of Debian.
_PIKA = "pool/main/p/python-pika/python-pika_1.3.2.orig.tar.gz"
_PIKA_HASH = "5eb71b9a0047c77d99378e525a2041fc50aae4a177b060f9825b3e2fdcc96fc4"


def fetch(folder: Path, suites: Iterable[Suite]) -> None:
    """Put unpacked archives into ``folder/sources`` and environments into ``folder/NAME``."""
    archives, sources = folder / "archives", folder / "sources"
    for old in (archives, sources):
        shutil.rmtree(old, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    subprocess.run([*command, "-r", _HERE / "archives.txt", "--dest", archives], check=True)
    _fetch_from_debian(archives)
    for archive in archives.iterdir():
        shutil.unpack_archive(archive, sources, filter="data")
    for suite in suites:
        _environment(folder / suite.name, _HERE / "requirements" / f"{suite.name}.txt")


def _fetch_from_debian(archives: Path) -> None:
    """Put pika's source archive, as Debian keeps it, into a folder, from the mirror that apt uses here."""
    sources = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    text = "\n".join(path.read_text() for path in sources if path.is_file())
    mirror = re.search(r"^(?:URIs:|deb .*?)\s*(https?://\S+/debian)/?(?:\s|$)", text, re.MULTILINE)
    if mirror is None:
        sys.exit(
            "pika's suite comes from a Debian mirror, and apt knows none here: leave pika out with PEERS"
        )
    with urllib.request.urlopen(f"{mirror[1]}/{_PIKA}", timeout=60) as answer:
        data = answer.read()
    if hashlib.sha256(data).hexdigest() != _PIKA_HASH:
        sys.exit(f"{_PIKA} is not the archive that is pinned")
    (archives / Path(_PIKA).name).write_bytes(data)


def _environment(folder: Path, requirements: Path) -> None:
    installed, wanted = folder / "installed.txt", f"{sys.version}\n{requirements.read_text()}"
    if installed.exists() and installed.read_text() == wanted:
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
    install = ["-m", "pip", "install", "--quiet", "--no-deps", "-r", str(requirements)]
    subprocess.run([folder / "bin" / "python", *install], check=True)
    installed.write_text(wanted)
