# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the tests of typed bodies share."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from fedora_messaging._message.message import registry


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """A function that registers a class for the time of the test, and returns its schema name."""

    def register(cls: type[Any], package: str = "test_schemas", name: str = "") -> str:
        name = name or f"test.{uuid.uuid4()}"
        registry.load()
        monkeypatch.setitem(registry.classes, name, cls)
        monkeypatch.setitem(registry.names, cls, name)
        monkeypatch.setitem(registry.packages, name, package)
        return name

    return register
