# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The headers that brokers can filter messages by: one for each value of an accessor that names things."""

from __future__ import annotations

from functools import lru_cache
from itertools import islice

from .._reporting.log import SafeLog
from .._reporting.loggers import SCHEMA
from ..exceptions import excerpt
from .accessors import Accessors
from .headers import SHORT, HeaderType

__all__ = ["FILTERS", "add_filters", "overridden_filters"]

_log = SafeLog(SCHEMA)

#: The prefix of the header that each value of an accessor adds.
FILTERS = {
    "usernames": "fedora_messaging_user_",
    "groups": "fedora_messaging_group_",
    "packages": "fedora_messaging_rpm_",
    "containers": "fedora_messaging_container_",
    "modules": "fedora_messaging_module_",
    "flatpaks": "fedora_messaging_flatpak_",
}

# More than fit into the headers of any message, which is then refused for its size.
_MOST_FILTERS = 65_536
_NO_NAMES = (dict, list, tuple, set, frozenset)


@lru_cache(maxsize=1024)
def overridden_filters(cls: type[Accessors]) -> tuple[tuple[str, str], ...]:
    """Return the accessors that a class overrides, with the prefixes of their headers."""
    return tuple(
        (name, prefix)
        for name, prefix in FILTERS.items()
        if getattr(cls, name) is not getattr(Accessors, name)
    )


def add_filters(message: Accessors, headers: HeaderType, name: str, prefix: str) -> None:
    """Add the headers of one accessor; one that fails adds none.

    Args:
        message: The message.
        headers: Its headers.
        name: The accessor's name.
        prefix: The prefix of its headers.
    """
    try:
        values = getattr(message, name)
        keys = []
        for value in islice(values or (), _MOST_FILTERS):
            # A value that is too long for a header, or whose text may be endless, is not converted to text.
            if isinstance(value, _NO_NAMES) or (isinstance(value, str) and len(value) > SHORT):
                continue
            key = f"{prefix}{value}"
            if len(key.encode("utf-8")) <= SHORT:
                keys.append(key)
        headers.update(dict.fromkeys(keys, True))
    except Exception as error:
        _log.debug("No headers for %s of %s: %s", name, type(message).__name__, excerpt(error))
