# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Message classes that both sides of the interoperability tests have."""

from typing import Any

from fedora_messaging import message


class Everything(message.Message):
    """Has every accessor, so that all kinds of filter headers are sent."""

    severity = message.WARNING
    topic = "org.example.everything"

    @property
    def summary(self) -> Any:
        return f"all about {self.body['name']}"

    @property
    def url(self) -> Any:
        return f"https://example.org/{self.body['name']}"

    @property
    def app_name(self) -> Any:
        return "everything"

    @property
    def app_icon(self) -> Any:
        return "https://example.org/icon.png"

    @property
    def agent_name(self) -> Any:
        return self.body["usernames"][0]

    @property
    def usernames(self) -> Any:
        return self.body["usernames"]

    @property
    def groups(self) -> Any:
        return self.body["groups"]

    @property
    def packages(self) -> Any:
        return self.body["packages"]

    @property
    def containers(self) -> Any:
        return self.body["containers"]

    @property
    def modules(self) -> Any:
        return self.body["modules"]

    @property
    def flatpaks(self) -> Any:
        return self.body["flatpaks"]


class Strict(message.Message):
    """Has a schema of its own."""

    body_schema = {  # noqa: RUF012, as such classes are written
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {"number": {"type": "integer", "minimum": 0}, "when": {"type": "string"}},
        "required": ["number"],
    }
