# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Our own client cannot tell the embedded broker from RabbitMQ."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from fedora_messaging.api import Client, Message
from fedora_messaging.config import parse
from fedora_messaging.exceptions import Drop, HaltConsumer, Nack, PublishForbidden, PublishReturned

from .lab import Lab

pytestmark = pytest.mark.fedora_messaging_real_broker


@pytest.fixture(params=["rabbitmq", "embedded"])
def url(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue("reference_url" if request.param == "rabbitmq" else "embedded_url")
    return found


def _client(url: str, **more: Any) -> Client:
    return Client(parse({"amqp_url": url, **more}))


def _queue() -> tuple[str, dict[str, Any], dict[str, Any]]:
    """A name, a queue and a binding to it, as configuration has them."""
    name = f"own-{uuid.uuid4()}"
    options = {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}
    return name, {name: options}, {"exchange": "amq.topic", "queue": name, "routing_keys": [f"{name}.#"]}


def _prepared(url: str, release: str, name: str, **arguments: Any) -> Lab:
    lab = Lab(url, release, name)
    channel = lab.channel()
    channel.queue_declare(name, durable=True, arguments=arguments)
    channel.queue_bind(name, "amq.topic", f"{name}.#")
    return lab


@pytest.mark.parametrize("outcome", [None, Nack, Drop])
def test_what_a_callback_decides(url: str, release: str, outcome: type[Exception] | None) -> None:
    """Messages are acknowledged, delivered again or dead-lettered, as the callback says."""
    name, queues, binding = _queue()
    lab = Lab(url, release, name)
    channel = lab.channel()
    channel.queue_declare(f"{name}.dead", durable=True)
    arguments = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": f"{name}.dead"}
    queues[name]["arguments"] = arguments
    channel.queue_declare(name, durable=True, arguments=arguments)
    channel.queue_bind(name, "amq.topic", f"{name}.#")
    seen: list[str] = []
    times: dict[type[Exception] | None, int] = {None: 1, Nack: 2, Drop: 1}

    def callback(message: Message) -> None:
        seen.append(message.topic.removeprefix(f"{name}."))
        if len(seen) == 1 and outcome is not None:
            raise outcome()
        if "last" in seen and (outcome is not Nack or seen.count("first") == 2):
            raise HaltConsumer()

    try:
        with _client(url) as client:
            for topic in ("first", "last"):
                client.publish(Message(topic=f"{name}.{topic}", body={"a": 1}))
            with pytest.raises(HaltConsumer):
                client.consume(callback, binding, queues)

        assert times[outcome] == seen.count("first")
        assert (1 if outcome is Drop else 0) == lab.ready(channel, f"{name}.dead", int(outcome is Drop))
        assert 0 == lab.ready(channel, name, 0)
    finally:
        lab.close()


_REFUSALS: dict[str, Callable[[Client, str], None]] = {
    "no exchange": lambda client, name: client.publish(Message(topic="t"), exchange=name),
    "internal exchange": lambda client, name: client.publish(Message(topic="t"), "amq.rabbitmq.trace"),
}


@pytest.mark.parametrize(
    ("label", "error"), [("no exchange", PublishReturned), ("internal exchange", PublishForbidden)]
)
def test_publishes_that_are_refused(url: str, label: str, error: type[Exception]) -> None:
    """A refused publish is an error at once, and the next one works."""
    with _client(url) as client:
        with pytest.raises(error):
            _REFUSALS[label](client, f"none-{uuid.uuid4()}")
        client.publish(Message(topic="fine"))


def test_what_no_queue_takes(url: str) -> None:
    """A mandatory message without a queue is returned; another is confirmed."""
    with _client(url, mandatory=True) as client, pytest.raises(PublishReturned):
        client.publish(Message(topic=f"nobody.{uuid.uuid4()}"))
    with _client(url) as client:
        client.publish(Message(topic=f"nobody.{uuid.uuid4()}"))


def test_many_publishes(url: str, release: str) -> None:
    """A hundred messages arrive in order."""
    name, _, _ = _queue()
    lab = _prepared(url, release, name)
    try:
        with _client(url) as client:
            for number in range(100):
                client.publish(Message(topic=f"{name}.{number}", body={"n": number}))

        assert [f"{name}.{n}" for n in range(100)] == [
            each["routing_key"] for each in lab.drain(lab.channel(), name)
        ]
    finally:
        lab.close()
