# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The table of releases that the embedded broker plays."""

from dataclasses import fields

import pytest

from fedora_messaging.broker._model.emulation import RELEASES, Emulation


@pytest.mark.parametrize("name", [each.name for each in fields(Emulation)])
def test_the_releases_differ(name: str) -> None:
    """A line of the table that is the same for all releases is no difference."""
    assert len({getattr(release, name) for release in RELEASES.values()}) > 1
