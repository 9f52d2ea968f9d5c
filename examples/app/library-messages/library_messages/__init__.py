# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The messages that the library publishes."""

from datetime import date

from fedora_messaging import message

__all__ = ["BookLentV1"]


class BookLentV1(message.Message):
    """Somebody has taken a book home."""

    topic = "library.book.lent"
    severity = message.INFO
    body_schema = {  # noqa: RUF012
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {
            "agent": {"type": "string", "description": "The reader's user name"},
            "title": {"type": "string", "minLength": 1},
            "due": {"type": "string", "format": "date", "description": "The day it is to be back"},
        },
        "required": ["agent", "title", "due"],
    }

    @property
    def summary(self) -> str:
        """One line for people."""
        return f"{self.agent_name} has borrowed “{self.title}” until {self.due}"

    @property
    def app_name(self) -> str:
        """Who sends it."""
        return "library"

    @property
    def agent_name(self) -> str:
        """The reader."""
        return str(self.body["agent"])

    @property
    def usernames(self) -> list[str]:
        """Whom it is about: a header for each lets consumers choose."""
        return [self.agent_name]

    @property
    def title(self) -> str:
        """The book's title."""
        return str(self.body["title"])

    @property
    def due(self) -> date:
        """The day it is to be back."""
        return date.fromisoformat(self.body["due"])
