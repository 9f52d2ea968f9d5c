# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What has been sent before: how far back it goes, and messages from the archive."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from .._datagrepper import search
from ._filters import Wanted

__all__ = ["History", "span"]

_SPAN = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,7})s)?")
#: The ids of so many messages are known when they come again: more than wait in the queue meanwhile.
_KNOWN = 20_000


def span(text: str) -> timedelta:
    """Read a span of time, as ``15m`` or ``1h30m``.

    Raises:
        ValueError: It is none.
    """
    found = _SPAN.fullmatch(text)
    if found is None or not any(found.groups()):
        raise ValueError(f"{text!r} is no span of time: write 90s, 15m, 2h, 1h30m or 3d")
    days, hours, minutes, seconds = (int(each or 0) for each in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


class History:
    """The messages of the archive since a time; used by one thread until they have been read.

    Args:
        url: The archive.
        since: How far back they go.
        wanted: Which are wanted.
        patterns: The patterns of their topics.
    """

    def __init__(self, url: str, since: timedelta, wanted: Wanted, patterns: tuple[str, ...]) -> None:
        self._url = url
        self._since = since
        self._wanted = wanted
        # The archive knows whole topics only.
        whole = () if any("*" in each or "#" in each for each in patterns) else patterns
        self._asked = {"topic": whole, "package": wanted.packages, "user": wanted.users}
        self._known: dict[object, None] = {}

    def messages(self) -> Iterator[Mapping[str, Any]]:
        """Yield the messages, the oldest first, as the archive has them, each id once. Blocks.

        Raises:
            ConnectionException: The archive cannot be reached, or does not answer.
            ValidationError: Its answer is no list of messages.
        """
        for found in search(self._url, round(time.time() - self._since.total_seconds()), self._asked):
            topic, headers, key = found.get("topic"), found.get("headers"), found.get("id")
            if key in self._known:
                continue
            if isinstance(key, str):
                self._known[key] = None
                if len(self._known) > _KNOWN:
                    del self._known[next(iter(self._known))]
            if self._wanted.is_met(str(topic), headers if isinstance(headers, dict) else {}):
                yield found

    def has(self, message_id: object) -> bool:
        """Whether a message with this id was among them."""
        return isinstance(message_id, str) and message_id in self._known
