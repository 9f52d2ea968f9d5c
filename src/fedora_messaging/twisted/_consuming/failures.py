# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What is written down about a message that goes to quarantine."""

from __future__ import annotations

import socket
from datetime import datetime, timezone
from functools import cache
from typing import Any

from ..._core.delivery import Delivery, InvalidMessage
from ..._message.headers import FAILURE
from ..._reporting.text import escaped, shown, traceback_of
from ...exceptions import CallbackRaised, excerpt

__all__ = ["failure_headers"]

#: The most bytes of the error and of its traceback.
_MOST_ERROR, _MOST_TRACEBACK = 1_000, 4_000
_MOST_NAME = 255


def failure_headers(delivery: Delivery, outcome: Exception) -> dict[str, Any]:
    """Describe a failure, in the headers of the message in quarantine.

    Args:
        delivery: The delivery, whose ``attempts`` count the last one.
        outcome: What the callback raised, or why there was no message for it.

    Returns:
        The headers. Control characters are escaped, passwords in URLs hidden.
    """
    error: BaseException = outcome
    if issubclass(type(outcome), InvalidMessage):
        error, traceback = outcome.error, ""  # type: ignore[attr-defined]
    else:
        if issubclass(type(outcome), CallbackRaised) and outcome.__cause__ is not None:
            error = outcome.__cause__
        traceback = _cut(traceback_of(error, _MOST_TRACEBACK), _MOST_TRACEBACK)
    values = {
        "error": _cut(escaped(shown(error, _MOST_ERROR)), _MOST_ERROR),
        "traceback": traceback,
        "at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "attempts": delivery.attempts,
        "queue": excerpt(delivery.queue, _MOST_NAME),
        "exchange": excerpt(delivery.exchange, _MOST_NAME),
        "host": _host(),
    }
    return {f"{FAILURE}{name}": value for name, value in values.items()}


@cache
def _host() -> str:
    return excerpt(socket.gethostname(), _MOST_NAME)


def _cut(text: str, most: int) -> str:
    """Shorten a text to so many bytes."""
    return text.encode("utf-8", "backslashreplace")[:most].decode("utf-8", "ignore")
