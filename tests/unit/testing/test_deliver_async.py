# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""deliver_async: a callback on the event loop of the test."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from fedora_messaging.exceptions import Drop, HaltConsumer, Nack
from fedora_messaging.message import Message
from fedora_messaging.testing import deliver_async
from support.loops import each_loop, run


@each_loop
@pytest.mark.parametrize(
    ("error", "action"), [(None, "ack"), (Nack(), "requeue"), (Drop(), "reject"), (HaltConsumer(), "halt")]
)
def test_outcomes(loop: str, error: Exception | None, action: str) -> None:
    """A coroutine function runs on the event loop of the test; its outcome is what a consumer makes of it."""

    async def main() -> None:
        running = asyncio.get_running_loop()

        async def callback(message: Message) -> None:
            await asyncio.sleep(0)
            assert asyncio.get_running_loop() is running
            assert {"n": 7} == message.body
            if error is not None:
                raise error

        assert action == (await deliver_async(callback, Message(body={"n": 7}), timeout=60)).action

    run(main(), loop)


def test_a_plain_function() -> None:
    """A plain function runs in another thread; what it returns is awaited on the event loop."""
    threads: list[int] = []

    async def later() -> None:
        threads.append(threading.get_ident())

    def callback(message: Message) -> Any:
        threads.append(threading.get_ident())
        return later()

    assert "ack" == run(deliver_async(callback, Message(), timeout=60)).action
    assert threads[0] != threading.get_ident() == threads[1]


def _defect(message: Message) -> None:
    raise KeyError("a defect")


async def _forever(message: Message) -> None:
    await asyncio.Event().wait()


def _two(message: Message, more: int) -> None:
    pass


@pytest.mark.parametrize(
    ("callback", "timeout", "error"),
    [(_defect, 60, KeyError), (_forever, 0.05, TimeoutError), (_two, 60, ValueError)],
)
def test_errors(callback: Callable[..., Any], timeout: float, error: type[Exception]) -> None:
    """A defect is raised, and so is a callback that does not end; what is no callback is refused."""
    with pytest.raises(error):
        run(deliver_async(callback, Message(), timeout=timeout))
