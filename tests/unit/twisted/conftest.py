# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the tests of the layer on Twisted share."""

from collections.abc import Iterator

import pytest

from support.world import World, no_unhandled_errors


@pytest.fixture(autouse=True)
def clean_log() -> Iterator[None]:
    """No test leaves an unhandled error behind."""
    with no_unhandled_errors():
        yield


@pytest.fixture
def world() -> World:
    """A client and a broker."""
    return World()
