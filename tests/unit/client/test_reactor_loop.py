# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Calls that belong to the reactor's thread, made elsewhere."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from fedora_messaging import api
from fedora_messaging._client.reactor_thread import reactor_thread, wait
from fedora_messaging.message import Message
from fedora_messaging.testing import mock_sends
from support.loops import each_loop, run

pytestmark = pytest.mark.fedora_messaging_real_broker  # which none of these reaches

CALLS: list[Callable[[], Any]] = [
    lambda: api.twisted_publish(Message()),
    lambda: api.twisted_consume(print),
]
each_call = pytest.mark.parametrize("call", CALLS, ids=["publish", "consume"])


@each_call
def test_in_another_thread(call: Callable[[], Any]) -> None:
    """While the reactor runs in another thread, the error names the calls for this one."""
    wait(reactor_thread.call(lambda: None), 30)
    with pytest.raises(RuntimeError, match=r"runs in another thread: use api\.\w+, .*asyncio\.\w+"):
        call()


@each_loop
@each_call
def test_on_an_event_loop(call: Callable[[], Any], loop: str) -> None:
    """In a coroutine of an event loop that is not the reactor's, the error names the calls for it."""

    async def main() -> None:
        await call()

    with pytest.raises(RuntimeError, match=r"the asyncio event loop .* await fedora_messaging\.asyncio\."):
        run(main(), loop)


def test_messages_that_a_test_takes() -> None:
    """``mock_sends`` takes messages in any thread."""

    async def main() -> None:
        with mock_sends(Message(topic="t")):
            await api.twisted_publish(Message(topic="t"))

    asyncio.run(main())


def test_before_the_reactor_runs() -> None:
    """A program may say what is to be published and consumed, and then run the reactor."""
    program = """if True:
        from twisted.internet import reactor
        from fedora_messaging import api, config
        config.conf.update(amqp_url="amqp://127.0.0.1:1")
        done = api.twisted_publish(api.Message(topic="t"), timeout=0.1)
        done.addErrback(lambda failure: print(failure.type.__name__))
        done.addBoth(lambda _: reactor.stop())
        reactor.run()
    """
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "FEDORA_MESSAGING_CONF": os.devnull},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )

    assert ("PublishTimeout\n", 0) == (done.stdout, done.returncode), done.stderr
