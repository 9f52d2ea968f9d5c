# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Fixtures for suites whose programs use an embedded broker; their conftest.py imports them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .embedded import Embedded
from .programs import Programs

__all__ = ["embedded", "programs", "session_broker"]


@pytest.fixture(scope="session")
def session_broker() -> Iterator[Embedded]:
    """An embedded broker in this process, for programs in others."""
    with Embedded() as broker:
        yield broker


@pytest.fixture
def embedded(session_broker: Embedded) -> Embedded:
    """The same, empty."""
    session_broker.forget()
    return session_broker


@pytest.fixture
def programs(tmp_path: Path, embedded: Embedded) -> Iterator[Programs]:
    """Starts programs whose configuration names the embedded broker."""
    folder = tmp_path / "programs"
    folder.mkdir()
    started = Programs(folder, lambda: embedded.url)
    yield started
    started.close()
