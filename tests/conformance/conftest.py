# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The two brokers that are compared: RabbitMQ (which one the variable RABBITMQ says) and the embedded one
playing the same release, or the one nearest to it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rabbitmq import ControlFailed, Node, Settings, Vhost, VhostPool
from rabbitmq.guard import absent, say
from rabbitmq.installation import Installation, NotInstalled, find

from .embedded import Embedded, embedded
from .lab import CASES

#: The releases whose outcomes are written down, and which one the embedded broker plays beside each.
PLAYED = {"3.10": "3.10", "4.0": "4.3", "4.3": "4.3"}
#: Cases that have not been seen on a release yet: topics, and cases of other topics.
_UNSEEN = {
    "4.0": (
        "deadletters",
        "retries",
        "policies",
        "when_quorum_queues_expire",
        "what_a_full_quorum_queue_drops",
    )
}
_STRICT = "deprecated_features.permit.transient_nonexcl_queues = false"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--record",
        action="store_true",
        help="conformance: write down RabbitMQ's outcomes instead of comparing with them",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave RabbitMQ's side out where nobody has written down the outcomes of its release, and say so."""
    try:
        found = find()
    except NotInstalled:
        return  # said elsewhere
    if config.getoption("--record", default=False):
        return
    unknown = [item for item in items if _on_rabbitmq(item) and not _written_down(item, found.release)]
    if unknown:
        items[:] = [item for item in items if item not in unknown]
        config.hook.pytest_deselected(items=unknown)
        releases = ", ".join(PLAYED)
        say(
            config,
            f"Conformance: {len(unknown)} cases were not run on RabbitMQ {found.version}, because their "
            f"outcomes there are not written down (there are outcomes of {releases}).",
        )


def _on_rabbitmq(item: pytest.Item) -> bool:
    here = item.path.parent == Path(__file__).parent
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    return here and ("reference" in getattr(item, "fixturenames", ()) or "rabbitmq" in parameters.values())


def _written_down(item: pytest.Item, release: str) -> bool:
    if release not in PLAYED:
        return False
    case = getattr(getattr(item, "callspec", None), "params", {}).get("name")
    topic = CASES[case].__module__.rpartition("cases_")[2] if case in CASES else ""
    return not {topic, str(case).partition("[")[0]} & set(_UNSEEN.get(release, ()))


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
        yield VhostPool(node, batch=1).take()


@pytest.fixture(scope="session")
def reference_url(reference: Vhost) -> str:
    return reference.url


class RabbitMQControl:
    """Sets the policies of RabbitMQ."""

    def __init__(self, vhost: Vhost) -> None:
        self._vhost = vhost

    def set_policy(self, name: str, pattern: str, definition: dict[str, Any], priority: int) -> None:
        options = ("-p", self._vhost.name, "--priority", str(priority), "--apply-to", "queues")
        try:
            self._vhost.node.rabbitmqctl("set_policy", *options, name, pattern, json.dumps(definition))
        except ControlFailed as error:
            raise ValueError(str(error)) from error

    def clear_policy(self, name: str) -> None:
        self._vhost.node.rabbitmqctl("clear_policy", "-p", self._vhost.name, name)


@pytest.fixture(scope="session")
def reference_control(reference: Vhost) -> RabbitMQControl:
    return RabbitMQControl(reference)


@pytest.fixture(scope="session")
def embedded_broker(emulated: str) -> Iterator[Embedded]:
    with embedded(emulated) as broker:
        yield broker


@pytest.fixture(scope="session")
def embedded_url(embedded_broker: Embedded) -> str:
    return embedded_broker.url()
