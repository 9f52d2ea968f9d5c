# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The pytest plugin and its broker, in a pytest of their own."""

import os
import subprocess
import sys
from pathlib import Path

TESTS = """
import pytest
from fedora_messaging import api, exceptions
from fedora_messaging.testing import UnmockedPublish


def test_blocking(fedora_messaging_broker):
    api.publish(api.Message(topic="t", body={"a": 1}))

    assert [{"a": 1}] == [each.body for each in fedora_messaging_broker.published]


@pytest.mark.parametrize("n", range(20))
def test_each_has_a_broker_of_its_own(fedora_messaging_broker, n):
    api.publish(api.Message(topic="t", body={"n": n}))

    assert [n] == [each.body["n"] for each in fedora_messaging_broker.published]


def test_consuming(fedora_messaging_broker):
    api.publish(api.Message(topic="early"))
    received = []

    def callback(message):
        received.append(message.topic)
        raise exceptions.HaltConsumer()

    binding = {"exchange": "amq.topic", "queue": "q", "routing_keys": ["#"]}

    async def consume():
        consumers = await api.twisted_consume(callback, binding)
        await api.twisted_publish(api.Message(topic="late"))
        try:
            await consumers[0].result
        except exceptions.HaltConsumer:
            pass

    fedora_messaging_broker.run(consume)

    assert ["late"] == received
    assert 0 == fedora_messaging_broker.queue("q").ready


def test_faults(fedora_messaging_broker):
    fedora_messaging_broker.faults.drop_after(1)
    for n in range(3):
        api.publish(api.Message(topic="t", body={"n": n}))

    assert {0, 1, 2} == {each.body["n"] for each in fedora_messaging_broker.published}


def test_refusal(fedora_messaging_broker):
    with pytest.raises(exceptions.PublishReturned, match="no exchange 'nowhere'"):
        api.publish(api.Message(topic="t"), exchange="nowhere")


def test_guard():
    with pytest.raises(UnmockedPublish):
        api.publish(api.Message(topic="t"))
"""
ASYNCIO = """
from twisted.internet import asyncioreactor

asyncioreactor.install()

import asyncio
from fedora_messaging import api, exceptions


def test_coroutines(fedora_messaging_broker):
    received = []

    async def callback(message):
        await asyncio.sleep(0)
        received.append(message.topic)
        raise exceptions.HaltConsumer()

    async def consume():
        binding = {"exchange": "amq.topic", "queue": "q", "routing_keys": ["#"]}
        (consumer,) = await api.twisted_consume(callback, binding)
        await asyncio.sleep(0)
        await api.twisted_publish(api.Message(topic="t"))
        try:
            await consumer.result
        except exceptions.HaltConsumer:
            pass

    fedora_messaging_broker.run(consume)

    assert ["t"] == received
"""
COROUTINES = """
import asyncio
import pytest
import fedora_messaging.asyncio as messaging
from fedora_messaging.testing import UnmockedPublish, deliver_async, mock_sends

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[("asyncio", {"use_uvloop": False}), ("asyncio", {"use_uvloop": True})])
def anyio_backend(request):
    return request.param


async def test_through_the_broker(fedora_messaging_broker):
    bindings = {"exchange": "amq.topic", "queue": "q", "routing_keys": ["#"]}
    async with messaging.messages(bindings) as stream:
        await messaging.publish(messaging.Message(topic="t", body={"a": 1}))
        assert {"a": 1} == (await anext(stream)).body
        await stream.ack()

    assert ["t"] == [each.topic for each in fedora_messaging_broker.published]


async def test_taken():
    async def callback(message):
        await asyncio.sleep(0)
        await messaging.publish(messaging.Message(topic="out"))

    with mock_sends(messaging.Message(topic="out")):
        assert "ack" == (await deliver_async(callback, messaging.Message(topic="in"))).action


async def test_guard():
    with pytest.raises(UnmockedPublish):
        await messaging.publish(messaging.Message(topic="t"))
"""
CLEAN = """
import sys


def test_nothing_is_imported_early():
    client = {"fedora_messaging._client", "fedora_messaging._client.interception"}
    loaded = {name for name in sys.modules if name.startswith("fedora_messaging")}
    assert {"fedora_messaging", "fedora_messaging.pytest_plugin", *client} >= loaded
    assert not any(name.startswith("twisted") for name in sys.modules)
"""
OFF = """
import pytest
from fedora_messaging import api, exceptions


{decorator}def test_publish():
    with pytest.raises(exceptions.PublishTimeout):
        api.publish(api.Message(topic="t"), timeout=0.1)
"""


def _pytest(folder: Path, text: str, *argv: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    (folder / "test_it.py").write_text(text)
    conf = folder / "config.toml"
    conf.write_text('amqp_url = "amqp://guest:guest@127.0.0.1:9/"\n')
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *argv, "test_it.py"],
        cwd=folder,
        env={**os.environ, "FEDORA_MESSAGING_CONF": str(conf), **environ},
        capture_output=True,
        text=True,
        timeout=180,
    )


def test_the_fixture_gives_a_broker(tmp_path: Path) -> None:
    """Blocking and Twisted code publishes to and consumes from the fixture's broker, faults included."""
    done = _pytest(tmp_path, TESTS)

    assert "25 passed" in done.stdout, done.stdout + done.stderr


def test_coroutines_as_tests(tmp_path: Path) -> None:
    """Tests that are coroutines publish, consume and are guarded on asyncio's event loop and on uvloop."""
    result = _pytest(tmp_path, COROUTINES)

    assert "6 passed" in result.stdout, result.stdout


def test_the_fixture_with_the_asyncio_reactor(tmp_path: Path) -> None:
    """Where the asyncio reactor runs, coroutines await Deferreds and futures alike."""
    done = _pytest(tmp_path, ASYNCIO)

    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_the_plugin_imports_nothing(tmp_path: Path) -> None:
    """A test that does not use the package finds neither it nor a reactor imported."""
    done = _pytest(tmp_path, CLEAN)

    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_the_guard_can_be_switched_off(tmp_path: Path) -> None:
    """By the environment, by the configuration, and by a marker."""
    marked = OFF.format(decorator="@pytest.mark.fedora_messaging_real_broker\n")
    plain = OFF.format(decorator="")
    runs = [
        _pytest(tmp_path, marked),
        _pytest(tmp_path, plain, FEDORA_MESSAGING_GUARD="0"),
        _pytest(tmp_path, plain, "-o", "fedora_messaging_guard=false"),
    ]

    assert [True] * 3 == ["1 passed" in done.stdout for done in runs], [done.stdout for done in runs]


_TRIAL = """
from twisted.trial import unittest
from fedora_messaging import api
from fedora_messaging.testing import EmbeddedBroker

class Tests(unittest.TestCase):
    def test_with(self):
        for _ in range(2):
            with self.assertRaisesRegex(RuntimeError, "async with"):
                EmbeddedBroker().__enter__()

    async def test_async_with(self):
        for _ in range(2):
            async with EmbeddedBroker() as broker:
                await api.twisted_publish(api.Message(topic="t"))
                self.assertEqual(["t"], [message.topic for message in broker.published])

    def test_with_again(self):
        self.test_with()

    test_z_async_with_again = test_async_with
"""


def test_under_trial(tmp_path: Path) -> None:
    """In the reactor's thread a broker is entered with ``async with``; without, it is refused on entering."""
    (tmp_path / "test_of_trial.py").write_text(_TRIAL)
    done = subprocess.run(
        [sys.executable, "-m", "twisted.trial", "test_of_trial"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
    )

    assert "PASSED (successes=4)" in done.stdout, done.stdout + done.stderr
