# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The consumer, without a broker."""

from pathlib import Path

import pytest
from library.reminders import Reminders
from library_messages import BookLentV1

from fedora_messaging import api, config
from fedora_messaging.testing import deliver


@pytest.fixture
def calendar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The calendar's file, which the configuration names."""
    path = tmp_path / "calendar.txt"
    monkeypatch.setitem(config.conf, "consumer_config", {"calendar": str(path), "days_before": 3})
    return path


def loan() -> BookLentV1:
    """A message."""
    return BookLentV1(body={"agent": "amy", "title": "Momo", "due": "2026-12-24"})


def test_reminder(calendar: Path) -> None:
    """A loan is a line in the calendar, some days before the book is due."""
    assert deliver(Reminders, loan()).action == "ack"
    assert calendar.read_text().startswith("2026-12-21 remind amy: Momo")


def test_again(calendar: Path) -> None:
    """A message that comes twice is one line."""
    message = loan()
    reminders = Reminders()

    assert [deliver(reminders, message).action for _ in range(2)] == ["ack", "ack"]
    assert len(calendar.read_text().splitlines()) == 1


def test_other_messages(calendar: Path) -> None:
    """What is no loan is dropped."""
    assert deliver(Reminders, api.Message(topic="library.closed")).action == "reject"


def test_no_calendar(calendar: Path) -> None:
    """When the calendar cannot be written, the message goes back to the queue."""
    calendar.mkdir()

    assert deliver(Reminders, loan()).action == "requeue"
