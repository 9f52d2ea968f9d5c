# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What a callback is told that needs an asyncio event loop where none runs."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from fedora_messaging.twisted._callbacks.awaiting import outcome_of
from fedora_messaging.twisted._callbacks.hints import event_loop_hint


async def sleeps() -> None:
    await asyncio.sleep(1)


async def awaits_a_future() -> None:
    loop = asyncio.new_event_loop()
    try:
        await loop.create_future()
    finally:
        loop.close()


@pytest.mark.parametrize("callback", [sleeps, awaits_a_future, asyncio.get_running_loop])
def test_without_an_event_loop(callback: Callable[[], Any]) -> None:
    """An error that says only that no event loop runs gets a hint where to consume instead."""
    errors: list[BaseException] = []

    async def called() -> None:
        try:
            result = callback()
            ended: Any = []
            done: Deferred[Any] = outcome_of(result)
            done.addBoth(ended.append)
            if ended[0].error is not None:
                raise ended[0].error
        except RuntimeError as error:
            errors.append(error)

    Deferred.fromCoroutine(called())

    assert "consume with fedora_messaging.asyncio" in event_loop_hint(errors[0])
    assert "twistd --reactor=asyncio" in event_loop_hint(errors[0])


@pytest.mark.parametrize("error", [RuntimeError("no disk"), KeyError("event loop"), SystemExit(1)])
def test_other_errors(error: BaseException) -> None:
    """No other error gets one."""
    assert not event_loop_hint(error)
