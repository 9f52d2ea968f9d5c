# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The service of a client: one for a configuration, another when its connection changes."""

from collections.abc import Iterator
from unittest import mock

import pytest

from fedora_messaging._client.current_service import CurrentService
from fedora_messaging._client.reactor_thread import reactor_thread
from fedora_messaging.config import conf, parse
from support.world import result_of


@pytest.fixture
def following() -> Iterator[CurrentService]:
    """One that follows the configuration of the process, which is restored."""
    with mock.patch.dict(conf, {"topic_prefix": "first"}):
        current = CurrentService(None)
        yield current
        result_of(current.stop())


def test_settings_of_a_fixed_configuration() -> None:
    """The settings of a fixed configuration are read once."""
    current = CurrentService(parse({"topic_prefix": "fixed"}))
    settings = current.settings

    assert "fixed" == settings.publish.topic_prefix
    assert settings is current.settings


def test_settings_follow_the_configuration(following: CurrentService) -> None:
    """They are read again when a value has changed, and only then."""
    before = following.settings
    assert before is following.settings
    conf["topic_prefix"] = "second"

    assert ("first", "second") == (before.publish.topic_prefix, following.settings.publish.topic_prefix)


def test_one_service(following: CurrentService) -> None:
    """It is kept while the settings of its connection stay, whatever else changes."""
    service = following.for_consumers()
    conf["topic_prefix"] = "second"

    assert service is following.for_consumers()
    assert service is following.service


@pytest.mark.parametrize("in_place", [False, True])
def test_another_connection(following: CurrentService, in_place: bool) -> None:
    """Other settings of the connection need another service, though a dictionary was changed in place."""
    service = following.for_consumers()
    if in_place:
        conf["client_properties"]["app"] = "another"
    else:
        conf["client_properties"] = {"app": "another"}
    other = following.for_consumers()

    assert service is not other
    assert service.stopping
    assert "another" == other.config.client_properties["app"]


def test_after_it_has_stopped(following: CurrentService) -> None:
    """A service that has stopped is forgotten: the next use makes another, and the process closes nothing."""
    service = following.for_consumers()
    assert following.stop in reactor_thread.closers
    assert result_of(following.stop()) is None

    assert following.service is None
    assert following.stop not in reactor_thread.closers
    assert service is not following.for_consumers()


def test_nothing_to_stop() -> None:
    """Without a service there is nothing to stop or to abort."""
    current = CurrentService(parse({}))
    current.abort()

    assert result_of(current.stop()) is None
