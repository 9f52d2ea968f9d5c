# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The table of exceptions of other clients' suites, against what is recorded of RabbitMQ."""

import pytest

from peers.exceptions import EXCEPTIONS
from peers.record import read
from peers.suites import SUITES

RELEASES = ("3.10", "4.3")


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("suite", [suite.name for suite in SUITES])
def test_every_suite_is_recorded(suite: str, release: str) -> None:
    """For each suite there are tests that pass on each release of RabbitMQ that is emulated."""
    assert read(suite, release)


def test_exceptions_pass_on_rabbitmq() -> None:
    """An exception names tests that pass on RabbitMQ, of each release that it concerns."""
    for each in EXCEPTIONS:
        for release in each.releases:
            assert set(each.tests) <= read(each.suite, release)


@pytest.mark.parametrize("release", RELEASES)
def test_exceptions_are_few(release: str) -> None:
    """No more than 1 % of what passes on RabbitMQ is excepted."""
    passing = sum(len(read(suite.name, release)) for suite in SUITES)
    excepted = sum(len(each.tests) for each in EXCEPTIONS if release in each.releases)
    assert excepted <= passing / 100
