# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Accessors of messages, for people and for tools that do not know the schema."""

from __future__ import annotations

from ..schema_utils import user_avatar_url

__all__ = ["Accessors"]


class Accessors:
    """The accessors that message classes may override; by default most are empty."""

    topic: str

    @property
    def summary(self) -> str:
        """One line about the message for people, like the subject of an e-mail; the topic by default."""
        return self.topic

    @property
    def url(self) -> str | None:
        """The address of a page about what happened."""
        return None

    @property
    def app_name(self) -> str | None:
        """The name of the application that sent the message."""
        return None

    @property
    def app_icon(self) -> str | None:
        """The address of the icon of the application that sent the message."""
        return None

    @property
    def agent_name(self) -> str | None:
        """The name of the user who caused what happened."""
        return None

    @property
    def agent_avatar(self) -> str | None:
        """The address of the avatar of the user who caused what happened."""
        name = self.agent_name
        return None if name is None else user_avatar_url(name)

    @property
    def usernames(self) -> list[str]:
        """The names of the users who are affected."""
        return []

    @property
    def groups(self) -> list[str]:
        """The names of the groups that are affected."""
        return []

    @property
    def packages(self) -> list[str]:
        """The names of the RPM packages that are affected."""
        return []

    @property
    def containers(self) -> list[str]:
        """The names of the containers that are affected."""
        return []

    @property
    def modules(self) -> list[str]:
        """The names of the modules that are affected."""
        return []

    @property
    def flatpaks(self) -> list[str]:
        """The names of the Flatpaks that are affected."""
        return []
