# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Waiting for what nobody reports: it is looked at again and again, up to a limit."""

import time
from collections.abc import Callable

__all__ = ["until"]


def until(
    reached: Callable[[], bool],
    limit: float = 60,
    what: Callable[[], object] = str,
    pause: float = 0.02,
) -> None:
    """Return when something holds.

    Args:
        reached: Whether it holds.
        limit: After this many seconds it is an error that it does not.
        what: Called for what the error says besides.
        pause: How long not to look, in seconds.
    """
    deadline = time.monotonic() + limit
    while not reached():
        assert time.monotonic() < deadline, f"not within {limit:g} s {what()}".rstrip()
        time.sleep(pause)
