# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The names of loggers: what is logged about what, whichever module does it."""

from __future__ import annotations

import logging

__all__ = ["CONNECTION", "CONSUMER", "MAIN", "PUBLISHER", "SCHEMA", "logger_for"]

#: Programs, processes, and what has no name of its own.
MAIN = "fedora_messaging"
#: Connections to brokers, and TLS.
CONNECTION = "fedora_messaging.connection"
#: Consumers, and what becomes of their messages.
CONSUMER = "fedora_messaging.consumer"
#: Messages that are published.
PUBLISHER = "fedora_messaging.publisher"
#: Message classes, and schemas.
SCHEMA = "fedora_messaging.schema"

# Compatibility with release 3.9.1, until 5.0
_TWISTED = "fedora_messaging.twisted"
#: The modules whose names its loggers have, by what they log about.
_RELEASED = {
    MAIN: ("fedora_messaging.cli", "fedora_messaging.api", f"{_TWISTED}.service", _TWISTED),
    CONNECTION: (f"{_TWISTED}.protocol", f"{_TWISTED}.factory", _TWISTED),
    CONSUMER: (f"{_TWISTED}.consumer", f"{_TWISTED}.protocol", _TWISTED),
    PUBLISHER: (f"{_TWISTED}.protocol", "fedora_messaging.api", _TWISTED),
    SCHEMA: ("fedora_messaging.message", "fedora_messaging.schema_utils"),
}


def logger_for(name: str) -> logging.Logger:
    """Return the logger whose level, filters and handlers apply to records of a name.

    It is the one of that name, unless the application has set up none but one that release 3.9.1 would have
    used: a level for ``fedora_messaging.twisted.protocol``, for example. It is looked up for each record,
    since logging may be set up at any time.
    """
    known = logging.root.manager.loggerDict
    if name == MAIN or not _is_set_up(known.get(name)):
        for released in _RELEASED.get(name, ()):
            found = known.get(released)
            if isinstance(found, logging.Logger) and _is_set_up(found):
                return found
    return logging.getLogger(name)


def _is_set_up(logger: object) -> bool:
    return isinstance(logger, logging.Logger) and bool(logger.level or logger.handlers or logger.filters)
