# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The nodes as pytest fixtures.

Which RabbitMQ they start comes from the environment variable RABBITMQ, 3 or 4. Where that one can't be
started the tests fail and say what to do: none is skipped.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from .certificates import Certificates
from .cluster import Cluster
from .installation import Installation, NotInstalled, find, wanted
from .node import Node, Settings
from .vhosts import Vhost, VhostPool


@pytest.fixture(scope="session")
def installation() -> Installation:
    """The RabbitMQ that this run tests against."""
    return find()


@pytest.fixture(scope="session")
def rabbitmq(installation: Installation) -> Iterator[Node]:
    """The node that most tests share: take a vhost of it, and neither end nor configure it."""
    with Node(installation=installation) as node:
        yield node


@pytest.fixture(scope="session")
def vhosts(rabbitmq: Node) -> VhostPool:
    """Virtual hosts of the shared node."""
    return VhostPool(rabbitmq)


@pytest.fixture
def vhost(vhosts: VhostPool) -> Vhost:
    """An empty virtual host of the shared node, for this test alone."""
    return vhosts.take()


@pytest.fixture
def own_node(installation: Installation) -> Iterator[Callable[..., Node]]:
    """Starts nodes that the test may kill and configure; the arguments are those of `Settings`."""
    with ExitStack() as nodes:
        yield lambda **settings: nodes.enter_context(Node(Settings(**settings), installation=installation))


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Three nodes of RabbitMQ 4 that know each other; the tests that use it belong to RABBITMQ=4 alone."""
    with Cluster() as nodes:
        yield nodes


@pytest.fixture(scope="session")
def certificates() -> Certificates:
    """An authority with a certificate for localhost and 127.0.0.1."""
    return Certificates()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the cluster's tests to the runs on RabbitMQ 4; pytest counts them as deselected."""
    if wanted() == 4:
        return
    later = [item for item in items if "cluster" in getattr(item, "fixturenames", ())]
    if later:
        items[:] = [item for item in items if item not in later]
        config.hook.pytest_deselected(items=later)


def pytest_report_header() -> str:
    """Say which RabbitMQ is used, or why there is none."""
    try:
        return f"rabbitmq: {find().version}"
    except NotInstalled as error:
        return f"rabbitmq: {error}"
