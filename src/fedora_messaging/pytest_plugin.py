# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The pytest plugin: the fixture ``fedora_messaging_broker``, and the guard.

pytest loads it wherever the package is installed. It imports nothing until a fixture needs it, so it neither
installs a reactor nor disturbs the coverage of other projects.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .testing import EmbeddedBroker

__all__ = ["fedora_messaging_broker", "pytest_addoption", "pytest_configure", "pytest_runtest_call"]

_MARKER = "fedora_messaging_real_broker"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the setting of the guard."""
    parser.addini(
        "fedora_messaging_guard",
        "fail a fedora_messaging publish that the test has not prepared for (default: true)",
        type="bool",
        default=True,
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", f"{_MARKER}: publishes to a real broker on purpose")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Guard the test."""
    off = (
        not item.config.getini("fedora_messaging_guard")
        or os.environ.get("FEDORA_MESSAGING_GUARD", "").lower() in ("0", "false", "no", "off")
        or item.get_closest_marker(_MARKER) is not None
        or "fedora_messaging_broker" in getattr(item, "fixturenames", ())
    )
    if off:
        yield
        return
    from ._client.interception import interception  # imports nothing

    before, interception.guard = interception.guard, _forbid
    try:
        yield
    finally:
        interception.guard = before


def _forbid(message: Any) -> None:
    from .testing import UnmockedPublish

    raise UnmockedPublish(message)


@pytest.fixture
def fedora_messaging_broker() -> Iterator[EmbeddedBroker]:
    """An embedded broker for this test, with the configuration pointed at it."""
    from .testing import EmbeddedBroker

    with EmbeddedBroker() as broker:
        yield broker
