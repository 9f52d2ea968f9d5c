# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The number of a worker in its log lines."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

__all__ = ["numbered", "to_stdout"]

#: The formatter of handlers that have none.
_NAME = "fedora_messaging worker"


def numbered(log_config: dict[str, Any], number: int) -> dict[str, Any]:
    """A ``log_config`` whose lines begin with the worker's number.

    Formatters of classes of their own, and formats that name the process (``processName``, which is
    ``worker-2`` for example), stay as they are.

    Args:
        log_config: The configuration, for :func:`logging.config.dictConfig`; it is not changed.
        number: The worker's number.
    """
    prefix = f"worker {number}: "
    formatters = {
        name: _numbered(each, prefix) if isinstance(each, Mapping) else each
        for name, each in log_config.get("formatters", {}).items()
    }
    handlers = {
        name: {**each, "formatter": _NAME} if isinstance(each, Mapping) and "formatter" not in each else each
        for name, each in log_config.get("handlers", {}).items()
    }
    formatters.setdefault(_NAME, {"format": f"{prefix}%(message)s"})
    return {**log_config, "formatters": formatters, "handlers": handlers}


def _numbered(formatter: Mapping[str, Any], prefix: str) -> Mapping[str, Any]:
    own = "class" in formatter or "()" in formatter
    text = formatter.get("format") or "%(message)s"
    if own or not isinstance(text, str) or "processName" in text:
        return formatter
    return {**formatter, "format": prefix + text}


def to_stdout() -> Any:
    """The ``--logger`` of workers whose parent logs to standard output: lines begin with the number."""
    from twisted.logger import FileLogObserver, formatEventAsClassicLogText

    prefix = f"worker {os.environ.get('FEDORA_MESSAGING_WORKER', '?')}: "

    def line(event: Any) -> str | None:
        text = formatEventAsClassicLogText(event)
        return None if text is None else prefix + text

    return FileLogObserver(sys.stdout, line)
