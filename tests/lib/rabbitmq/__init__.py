# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Private RabbitMQ nodes for tests, benchmarks and demonstrations.

Everything listens on loopback only, and ends with the process that started it, whichever way that ends.
"""

from .certificates import Certificates
from .cluster import Cluster
from .control import Control, ControlFailed
from .installation import Installation, NotInstalled, find
from .node import Epmd, Node, NodeFailed, Settings
from .ports import free_port
from .upgrade import Upgrade
from .vhosts import Vhost, VhostPool

__all__ = [
    "Certificates",
    "Cluster",
    "Control",
    "ControlFailed",
    "Epmd",
    "Installation",
    "Node",
    "NodeFailed",
    "NotInstalled",
    "Settings",
    "Upgrade",
    "Vhost",
    "VhostPool",
    "find",
    "free_port",
]
