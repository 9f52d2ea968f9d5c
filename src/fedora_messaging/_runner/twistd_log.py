# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Python's logging, written into the log that twistd keeps (``--logfile``, ``--syslog``, ``--logger``).

The package logs with the standard library, by default to standard error; but a daemon has none.
"""

from __future__ import annotations

import logging
from typing import Any

from twisted.logger import Logger, LogLevel

__all__ = ["TwistdHandler", "for_twistd"]

_LEVELS = (
    (logging.CRITICAL, LogLevel.critical),
    (logging.ERROR, LogLevel.error),
    (logging.WARNING, LogLevel.warn),
    (logging.INFO, LogLevel.info),
)


class TwistdHandler(logging.Handler):
    """Hands records to Twisted's logging, with their traceback, under the name of their logger."""

    def emit(self, record: logging.LogRecord) -> None:
        """Python's; see :meth:`logging.Handler.emit`."""
        try:
            level = next((ours for number, ours in _LEVELS if record.levelno >= number), LogLevel.debug)
            Logger(namespace=record.name).emit(level, "{message}", message=self.format(record))
        except Exception:
            self.handleError(record)


def for_twistd(log_config: dict[str, Any]) -> dict[str, Any]:
    """A ``log_config`` whose levels stay and whose records all go into twistd's log."""
    into_twistd = {"handlers": ["twistd"]}
    loggers = {
        name: {**logger, **into_twistd} if logger.get("handlers") else logger
        for name, logger in log_config.get("loggers", {}).items()
    }
    return {
        **log_config,
        "handlers": {"twistd": {"()": TwistdHandler}},
        "loggers": loggers,
        "root": {**log_config.get("root", {}), **into_twistd},
    }
