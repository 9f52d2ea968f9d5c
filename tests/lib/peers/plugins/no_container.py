# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A pytest plugin for aio-pika's suite, which starts RabbitMQ in a container: the broker under test instead.

Loaded with ``-p no_container``, from the folder of the suite.
"""

import os
from importlib import import_module
from typing import Any

docker_client: Any = import_module("tests.docker_client")  # of the suite


class _NoContainer:
    """In the place of the suite's client of Docker."""

    def __init__(self, *_: object) -> None:
        pass

    def run(self, *_: object, **__: object) -> Any:
        ports = {"5672/tcp": int(os.environ["PEERS_PORT"]), "5671/tcp": int(os.environ["PEERS_TLS_PORT"])}
        return docker_client.ContainerInfo(id="none", ports=ports, host="127.0.0.1")

    def kill(self, *_: object) -> None:
        """Nothing to end."""

    def remove(self, *_: object) -> None:
        """Nothing to remove."""


docker_client.check_docker_available = lambda: None
docker_client.DockerClient = _NoContainer
