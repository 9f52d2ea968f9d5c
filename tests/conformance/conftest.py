# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The two brokers that are compared: RabbitMQ (which one the variable RABBITMQ says, 3 or 4) and the embedded
one playing the same release."""

from collections.abc import Iterator

import pytest

from rabbitmq import Node, Settings, Vhost, VhostPool
from rabbitmq.installation import Installation

from .embedded import Embedded, embedded

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
def reference(installation: Installation) -> Iterator[Vhost]:
    """A virtual host, for all cases, of a RabbitMQ that refuses transient queues where it can."""
    settings = Settings(conf=_STRICT[installation.major])
    with Node(settings, installation=installation) as node:
        yield VhostPool(node).take()


@pytest.fixture(scope="session")
def reference_url(reference: Vhost) -> str:
    return reference.url


@pytest.fixture(scope="session")
def embedded_broker(release: str) -> Iterator[Embedded]:
    with embedded(release) as broker:
        yield broker


@pytest.fixture(scope="session")
def embedded_url(embedded_broker: Embedded) -> str:
    return embedded_broker.url()
