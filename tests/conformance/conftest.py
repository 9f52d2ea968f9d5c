# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The two brokers that are compared: RabbitMQ (which one the variable RABBITMQ says, 3 or 4) and the embedded
one playing the same release."""

from collections.abc import Iterator
from itertools import count

import pytest

from rabbitmq import Node, Settings, VhostPool
from rabbitmq.installation import Installation

from .embedded import embedded

_RELEASES = {3: "3.10", 4: "4.3"}
_STRICT = {3: (), 4: ("deprecated_features.permit.transient_nonexcl_queues = false",)}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--record",
        action="store_true",
        help="conformance: write down RabbitMQ's outcomes instead of comparing with them",
    )


@pytest.fixture(scope="session")
def release(installation: Installation) -> str:
    """The release that is compared with, and played."""
    return _RELEASES[installation.major]


@pytest.fixture(scope="session")
def reference(installation: Installation) -> Iterator[VhostPool]:
    """Virtual hosts of a RabbitMQ that refuses transient queues, where it can."""
    settings = Settings(conf=_STRICT[installation.major])
    with Node(settings, installation=installation) as node:
        yield VhostPool(node)


@pytest.fixture(scope="session")
def reference_url(reference: VhostPool) -> str:
    """The virtual host on RabbitMQ that all cases share."""
    return reference.take().url


@pytest.fixture(scope="session")
def embedded_base(release: str) -> Iterator[str]:
    """The embedded broker."""
    with embedded(release) as url:
        yield url


@pytest.fixture(scope="session")
def embedded_url(embedded_base: str) -> str:
    """The virtual host on the embedded broker that all cases share."""
    return f"{embedded_base}/%2F"


_numbers = count(1)


@pytest.fixture
def url(request: pytest.FixtureRequest) -> str:
    """The broker that the test is parametrized with."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def fresh(reference: VhostPool, embedded_base: str) -> tuple[str, str]:
    """An empty virtual host on each of the two brokers."""
    return reference.take().url, f"{embedded_base}/t{next(_numbers)}"
