# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Three nodes that know each other."""

import secrets
from dataclasses import replace

from .installation import Installation, find
from .node import Epmd, Node, Settings


class Cluster:
    """A cluster of private nodes; each has its own port and may be killed and started by itself.

    Args:
        size: How many nodes.
        settings: For all of them.
        installation: Which RabbitMQ; None: the one that RABBITMQ names.
    """

    def __init__(
        self, size: int = 3, settings: Settings | None = None, *, installation: Installation | None = None
    ) -> None:
        installation = installation or find()
        settings = settings or Settings()
        mark = secrets.token_hex(3)
        names = [f"c{number}-{mark}" for number in range(1, size + 1)]
        conf = (
            "cluster_formation.peer_discovery_backend = classic_config",
            *(
                f"cluster_formation.classic_config.nodes.{n} = {name}@localhost"
                for n, name in enumerate(names, 1)
            ),
        )
        settings = replace(settings, conf=(*conf, *settings.conf))
        cookie = secrets.token_hex(10)
        self._epmd = Epmd(installation)
        self.nodes = tuple(
            Node(settings, installation=installation, name=name, epmd=self._epmd, cookie=cookie)
            for name in names
        )

    def start(self) -> None:
        """Start all nodes side by side and return when each accepts connections.

        Raises:
            NodeFailed: One of them did not start.
        """
        for node in self.nodes:
            node.launch()
        for node in self.nodes:
            node.wait()

    def close(self) -> None:
        """End all nodes and their epmd, and remove their files."""
        for node in self.nodes:
            node.close()
        self._epmd.close()

    def __enter__(self) -> "Cluster":
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
