# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The reminder service: ``fedora-messaging --conf library.toml consume``."""

import logging
from datetime import timedelta
from pathlib import Path

from library_messages import BookLentV1

from fedora_messaging import api, config
from fedora_messaging.exceptions import Drop, Nack

_log = logging.getLogger(__name__)


class Reminders:
    """Writes a line into the calendar for each book that somebody has taken home.

    ``consumer_config`` names the file (``calendar``), and how many days before the book is due the reader
    is reminded (``days_before``).
    """

    def __init__(self) -> None:
        settings = config.conf["consumer_config"]
        self._calendar = Path(settings["calendar"])
        self._before = timedelta(days=settings.get("days_before", 2))

    def __call__(self, message: api.Message) -> None:
        """Handle one message: returning acknowledges it."""
        if not isinstance(message, BookLentV1):
            _log.warning("%s is no loan but %s", message.id, message.topic)
            raise Drop
        line = f"{message.due - self._before} remind {message.agent_name}: {message.title} ({message.id})\n"
        try:
            # A message may come again, with the same id: after a lost connection, for example.
            if self._calendar.exists() and message.id in self._calendar.read_text(encoding="utf-8"):
                return
            with self._calendar.open("a", encoding="utf-8") as calendar:
                calendar.write(line)
        except OSError as error:
            _log.error("The calendar cannot be written: %s", error)
            raise Nack from error  # it is delivered again, after a pause
