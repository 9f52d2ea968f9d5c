# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Calls in the reactor's thread whose time does not include its start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["call_in_reactor"]

#: Seconds that the start of the reactor may take, which is the first thing that many test runs do.
_START = 60.0


def call_in_reactor(call: Callable[[], Any], timeout: float) -> Any:
    """Call a function in the reactor's thread, and wait for its result.

    Args:
        call: The function; it may return a Deferred.
        timeout: How long it may take, in seconds, once the reactor runs.

    Returns:
        What the call returned.

    Raises:
        TimeoutError: It takes longer, or the reactor did not start within a minute.
        Exception: Whatever the call raised.
    """
    from .._client.reactor_thread import reactor_thread, wait

    wait(reactor_thread.call(_started), _START)
    return wait(reactor_thread.call(call), timeout)


def _started() -> None:
    """Called as soon as the reactor runs."""
