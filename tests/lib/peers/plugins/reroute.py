# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A pytest plugin: connections that a suite opens to 5672 and 5671 reach the broker under test.

Loaded with ``-p reroute``. The environment variables PEERS_PORT and PEERS_TLS_PORT say where that broker is.
"""

import os
import socket
from typing import Any

_PORTS = {5672: int(os.environ["PEERS_PORT"]), 5671: int(os.environ["PEERS_TLS_PORT"])}
_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex


def _moved(address: Any) -> Any:
    if isinstance(address, tuple) and len(address) >= 2:
        host, port, *rest = address
        return (host, _PORTS.get(port, port), *rest)
    return address


def _connect_moved(self: socket.socket, address: Any) -> None:
    _connect(self, _moved(address))


def _connect_ex_moved(self: socket.socket, address: Any) -> int:
    return _connect_ex(self, _moved(address))


setattr(socket.socket, "connect", _connect_moved)  # noqa: B010
setattr(socket.socket, "connect_ex", _connect_ex_moved)  # noqa: B010
