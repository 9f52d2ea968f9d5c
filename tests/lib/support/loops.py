# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The event loops that asyncio programs run on."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest
import uvloop

__all__ = ["LOOPS", "each_loop", "run"]

_T = TypeVar("_T")

#: How to make each kind.
LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}

#: Parametrizes a test with the names of ``LOOPS``.
each_loop = pytest.mark.parametrize("loop", list(LOOPS))


def run(coroutine: Coroutine[Any, Any, _T], loop: str = "asyncio", timeout: float = 60) -> _T:
    """Run a coroutine on an event loop of its own, as ``asyncio.run`` does.

    Args:
        coroutine: The coroutine.
        loop: Which of ``LOOPS``.
        timeout: Seconds after which it is cancelled, and TimeoutError raised.
    """

    async def limited() -> _T:
        return await asyncio.wait_for(coroutine, timeout)

    made = LOOPS[loop]()
    try:
        return made.run_until_complete(limited())
    finally:
        _cancel_all(made)
        made.run_until_complete(made.shutdown_asyncgens())
        made.run_until_complete(made.shutdown_default_executor())
        made.close()


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for each in tasks:
        each.cancel()
    if tasks:
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
