# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Nothing of OpenTelemetry is imported unless it is asked for."""

import ast
import subprocess
import sys

import pytest

_LOADED = (
    "print(sorted({name.partition('.')[0] for name in sys.modules if name.startswith('opentelemetry')}))"
)


def run(code: str) -> str:
    """What a program prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("enabled", [False, True])
def test_imports(enabled: bool) -> None:
    """A service and a client import OpenTelemetry when tracing is enabled, and not otherwise."""
    code = f"""
import sys
from fedora_messaging import api, asyncio, cli, config, testing
from fedora_messaging.message import Message
from fedora_messaging.twisted.service import FedoraMessagingService
values = config.parse({{"tracing": {{"enabled": {enabled}}}}})
FedoraMessagingService(print, config=values)
api.Client(values)._current.prepare(Message(topic="t"), None)
{_LOADED}
"""

    assert str(["opentelemetry"] if enabled else []) == run(code)


@pytest.mark.parametrize("of", ["FedoraMessagingService(print, config=values)", "settings"])
def test_not_installed(of: str) -> None:
    """Where it is enabled and not installed, the error names the key and the extra."""
    call = "api.Client(values)._current.prepare(Message(topic='t'), None)" if of == "settings" else of
    code = f"""
import sys
sys.modules["opentelemetry"] = None
from fedora_messaging import api, config
from fedora_messaging.exceptions import ConfigurationException
from fedora_messaging.message import Message
from fedora_messaging.twisted.service import FedoraMessagingService
values = config.parse({{"tracing": {{"enabled": True}}}})
try:
    {call}
except ConfigurationException as error:
    print(error)
"""
    text = run(code)

    assert "tracing.enabled: opentelemetry-api cannot be imported" in text
    assert 'pip install "fedora-messaging[otel]"' in text


def test_without_an_sdk() -> None:
    """Messages are published and processed as ever, and a callback passes on the context it was given."""
    code = """
from typing import Any
from fedora_messaging import config
from fedora_messaging.message import Message
from support.world import World

world = World()
seen: list[Any] = []

def callback(message):
    if message.topic == "t.1":
        service.publish(Message(topic="t.2"))
    seen.append(message._headers.get("traceparent"))

topology = {
    "queues": {"q": {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}},
    "bindings": [{"exchange": "amq.topic", "queue": "q", "routing_keys": ["t.#"]}],
}
service = world.service(callback, tracing={"enabled": True}, **topology)
service.startService()
world.settle(1)
service.publish(Message(topic="t.1"))
world.settle(1)
header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
service.publish(Message(topic="t.1", headers={"traceparent": header}))
world.settle(1)
print(seen)
"""
    path = f"import sys; sys.path[:0] = {sys.path!r}\n"
    header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    assert str([None, None, header, header]) == run(path + code)


def test_an_sdk_that_comes_late() -> None:
    """It is noticed within a second."""
    code = """
from fedora_messaging.message import Message
from support.world import World
from support.spans import spans

world = World()
topology = {
    "queues": {"q": {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}},
    "bindings": [{"exchange": "amq.topic", "queue": "q", "routing_keys": ["t.#"]}],
}
service = world.service(lambda _: None, tracing={"enabled": True}, **topology)
service.startService()
world.settle(1)
service.publish(Message(topic="t.1"))
world.settle(1)
made = spans()
world.settle(1)
service.publish(Message(topic="t.2"))
world.settle(1)
print([span.name for span in made.all])
"""
    path = f"import sys; sys.path[:0] = {sys.path!r}\n"

    assert ["process q", "publish amq.topic"] == sorted(ast.literal_eval(run(path + code)))
