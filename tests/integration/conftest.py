# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Fixtures of the tests that run the whole of it on RabbitMQ."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from rabbitmq import Vhost
from support.amqp import Amqp
from support.programs import Programs
from support.reactor import nothing_unhandled


@pytest.fixture
def no_unhandled_errors() -> Iterator[None]:
    """Fails the test when Twisted has logged an error that nobody handled."""
    with nothing_unhandled():
        yield


@pytest.fixture
def programs(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Programs]:
    """Starts programs in processes of their own, configured for this test's vhost if for no other broker."""
    folder = tmp_path / "programs"
    folder.mkdir()
    started = Programs(folder, lambda: request.getfixturevalue("vhost").url)
    yield started
    started.close()


@pytest.fixture
def amqp(vhost: Vhost) -> Iterator[Amqp]:
    """Another client's view of this test's vhost."""
    with Amqp(vhost.url) as connected:
        yield connected


@pytest.fixture
def client(vhost: Vhost, no_unhandled_errors: None) -> Iterator[Callable[..., Any]]:
    """Makes blocking clients in this process; the arguments are keys of the configuration."""
    from fedora_messaging import api, config

    with ExitStack() as clients:

        def make(**keys: Any) -> api.Client:
            values = {"amqp_url": vhost.url, "client_properties": {"app": "tests"}, **keys}
            return clients.enter_context(api.Client(config.parse(values)))

        yield make


@pytest.fixture
def measured(record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """Notes figures of a test for the report (``--junit-xml``) and for whoever runs it with ``-s``."""

    def note(**figures: object) -> None:
        for name, figure in figures.items():
            record_property(name, figure)
        print("measured:", figures)

    return note
