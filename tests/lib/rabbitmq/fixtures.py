# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The nodes as pytest fixtures.

Which RabbitMQ they start comes from the environment variable RABBITMQ, see `installation`. None is skipped
silently: `guard` ends the run where no node can be started, and counts what RABBITMQ=none leaves out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from .certificates import Certificates
from .cluster import Cluster
from .guard import absent
from .installation import Installation, NotInstalled, find
from .node import Node, Settings
from .upgrade import Upgrade
from .vhosts import Vhost, VhostPool

if TYPE_CHECKING:
    from support.embedded_node import EmbeddedNode, EmbeddedVhost

_KEPT_BACK = "consumer_disconnected_timeout = 3000"


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
def vhosts(request: pytest.FixtureRequest) -> Iterator[VhostPool | EmbeddedNode]:
    """Virtual hosts of the shared node; of an embedded broker with RABBITMQ=none."""
    if absent():
        from support.embedded_node import EmbeddedNode

        with EmbeddedNode() as node:
            yield node
    else:
        yield VhostPool(request.getfixturevalue("rabbitmq"))


@pytest.fixture
def vhost(vhosts: VhostPool | EmbeddedNode) -> Vhost | EmbeddedVhost:
    """An empty virtual host of the shared node, for this test alone."""
    return vhosts.take()


@pytest.fixture
def own_node(installation: Installation) -> Iterator[Callable[..., Node]]:
    """Starts nodes that the test may kill and configure; the arguments are those of `Settings`."""
    with ExitStack() as nodes:
        yield lambda **settings: nodes.enter_context(Node(Settings(**settings), installation=installation))


@pytest.fixture(scope="session")
def three_nodes(installation: Installation) -> Iterator[Cluster]:
    """The cluster that all tests share; take the fixture `cluster`, which restores it.

    What consumers of a node have not acknowledged when it dies, quorum queues keep back for a minute, in case
    it was only cut off; here for some seconds.
    """
    with Cluster(settings=Settings(conf=(_KEPT_BACK,)), installation=installation) as nodes:
        yield nodes


@pytest.fixture
def cluster(three_nodes: Cluster) -> Cluster:
    """Three nodes that know each other, of RabbitMQ 4.3 and later: the tests that use it run there alone.

    A test may kill, restart and separate them; all run again, and have no queues, when the next one begins.
    """
    three_nodes.restore()
    return three_nodes


@pytest.fixture
def upgrade(installation: Installation) -> Iterator[Upgrade]:
    """A node of the system's RabbitMQ 3, which runs, and one of 4.3 to follow it at its port."""
    try:
        old = find("3")
    except NotInstalled as error:
        pytest.skip(f"needs RabbitMQ 3 beside RabbitMQ 4.3: {error}")
    with Upgrade(old, installation) as nodes:
        yield nodes


@pytest.fixture(scope="session")
def certificates() -> Certificates:
    """An authority with a certificate for localhost and 127.0.0.1."""
    return Certificates()
