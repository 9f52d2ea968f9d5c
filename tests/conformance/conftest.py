# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The two brokers that are compared: RabbitMQ (which one the variable RABBITMQ says) and the embedded one
playing the same release, or the one nearest to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rabbitmq import Node, Settings, Vhost, VhostPool
from rabbitmq.guard import absent, say
from rabbitmq.installation import Installation, NotInstalled, find

from .embedded import Embedded, embedded

#: The releases whose outcomes are written down, and which one the embedded broker plays beside each.
PLAYED = {"3.10": "3.10", "4.0": "4.3", "4.3": "4.3"}
_STRICT = "deprecated_features.permit.transient_nonexcl_queues = false"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--record",
        action="store_true",
        help="conformance: write down RabbitMQ's outcomes instead of comparing with them",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave RabbitMQ's side out where it is a release whose outcomes nobody has written down, and say so."""
    try:
        version, known = find().version, find().release in PLAYED
    except NotInstalled:
        return  # said elsewhere
    if known or config.getoption("--record", default=False):
        return
    unknown = [item for item in items if _on_rabbitmq(item)]
    if unknown:
        items[:] = [item for item in items if item not in unknown]
        config.hook.pytest_deselected(items=unknown)
        releases = ", ".join(PLAYED)
        say(
            config,
            f"Conformance: {len(unknown)} cases were not run on RabbitMQ {version}, for which no outcomes "
            f"are written down (there are those of {releases}).",
        )


def _on_rabbitmq(item: pytest.Item) -> bool:
    here = item.path.parent == Path(__file__).parent
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    return here and ("reference" in getattr(item, "fixturenames", ()) or "rabbitmq" in parameters.values())


@pytest.fixture(scope="session")
def release() -> str:
    """The release that is compared with."""
    return "4.3" if absent() else find().release


@pytest.fixture(scope="session")
def emulated(release: str) -> str:
    """The release that the embedded broker plays: this run's, or the nearest to it."""
    return PLAYED.get(release, "3.10" if release.startswith("3.") else "4.3")


@pytest.fixture(scope="session")
def reference(installation: Installation) -> Iterator[Vhost]:
    """A virtual host, for all cases, of a RabbitMQ that refuses transient queues where it can."""
    settings = Settings(conf=(_STRICT,) if installation.since(4) else ())
    with Node(settings, installation=installation) as node:
        yield VhostPool(node).take()


@pytest.fixture(scope="session")
def reference_url(reference: Vhost) -> str:
    return reference.url


@pytest.fixture(scope="session")
def embedded_broker(emulated: str) -> Iterator[Embedded]:
    with embedded(emulated) as broker:
        yield broker


@pytest.fixture(scope="session")
def embedded_url(embedded_broker: Embedded) -> str:
    return embedded_broker.url()
