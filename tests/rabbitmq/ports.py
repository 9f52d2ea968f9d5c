# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Free ports on loopback."""

import random
import socket

# Below Linux's range for outgoing connections: a client that keeps trying to reach a node that is down must
# not get the node's own port as its source (it would then connect to itself).
_RANGE = range(20000, 32768)


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on."""
    for port in random.sample(_RANGE, 200):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port on loopback")
