# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Free ports on loopback."""

import os
import random
import socket
import tempfile
from pathlib import Path

# Below Linux's range for outgoing connections: a client that keeps trying to reach a node that is down must
# not get the node's own port as its source (it would then connect to itself).
_RANGE = range(20000, 32768)


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on, and that no other test process is given meanwhile."""
    for port in random.sample(_RANGE, 500):
        if not _reserve(port):
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port on loopback")


def _reserve(port: int) -> bool:
    """Whether the port is this process's from now on: a node binds it seconds after it was chosen."""
    folder = Path(tempfile.gettempdir()) / f"fedora-messaging-test-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / str(port)
    try:
        with path.open("x") as file:
            file.write(str(os.getpid()))
    except FileExistsError:
        try:
            os.kill(int(path.read_text() or 0), 0)
        except (OSError, ValueError):  # its process is gone
            path.unlink(missing_ok=True)
        return False
    return True
