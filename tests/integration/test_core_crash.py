# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A broker that is killed in the middle of 1,000 publishes and 1,000 deliveries."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fedora_messaging import api, config
from fedora_messaging.exceptions import HaltConsumer
from rabbitmq import Cluster, Node
from support.amqp import Amqp
from support.programs import Programs
from support.reactor import in_reactor

pytestmark = [pytest.mark.fedora_messaging_real_broker, pytest.mark.usefixtures("no_unhandled_errors")]

_COUNT = 1000


@pytest.fixture
def node(own_node: Callable[..., Node]) -> Node:
    """A node that may be killed."""
    return own_node()


@pytest.fixture
def own_client(node: Node, no_unhandled_errors: None) -> Iterator[api.Client]:
    """A client of that node."""
    with api.Client(config.parse({"amqp_url": node.url()})) as client:
        yield client


def _taken(node: Node, queue: str) -> dict[int, set[str | None]]:
    """The messages of a queue: the ids that each number arrived with."""
    found: dict[int, set[str | None]] = {}
    with Amqp(node.url()) as amqp:
        for got in amqp.take(queue):
            found.setdefault(json.loads(got.body)["n"], set()).add(got.id)
    return found


def test_killed_while_publishing_and_consuming(node: Node, own_client: api.Client) -> None:
    """Of 1,000 messages pipelined and 1,000 consumed, none is lost; copies have the same id."""
    with Amqp(node.url()) as amqp:
        amqp.queue("published", "publish")
        amqp.queue("consumed", "consume")
        for n in range(_COUNT):
            amqp.publish("consume", {"n": n}, message_id=f"m{n}")
    half, everything, killed = threading.Event(), threading.Event(), threading.Event()
    seen: Counter[str | None] = Counter()
    confirmed: list[int] = []
    messages = [api.Message(topic="publish", body={"n": n}) for n in range(_COUNT)]

    def callback(message: api.Message) -> None:
        seen[message.id] += 1
        if len(seen) == _COUNT // 2:
            half.set()
            killed.wait(60)  # the broker dies while this one is being handled
        if len(seen) == _COUNT:
            everything.set()

    async def consume() -> Any:
        (consumer,) = await own_client.twisted_consume(
            callback, {"exchange": "amq.topic", "queue": "consumed", "routing_keys": ["consume"]}
        )
        return consumer

    def noted(_: None, n: int) -> None:
        confirmed.append(n)

    async def publish(first: int, last: int) -> list[Any]:
        return [own_client.twisted_publish(messages[n]).addCallback(noted, n) for n in range(first, last)]

    consumer = in_reactor(consume)
    publishing = in_reactor(publish, 0, 800)
    assert half.wait(60)
    node.pause()  # what is sent from here on is in flight when the broker dies
    publishing += in_reactor(publish, 800, _COUNT)
    node.kill()
    killed.set()
    in_time = len(confirmed)
    node.start()

    async def finish() -> list[Any]:
        return [await each for each in publishing]

    assert [None] * _COUNT == in_reactor(finish, timeout=60)
    assert everything.wait(60)
    assert consumer.running
    own_client.close()
    published = _taken(node, "published")

    assert set(range(_COUNT)) == set(published)
    assert [{message.id} for message in messages] == [published[n] for n in range(_COUNT)]
    assert {f"m{n}" for n in range(_COUNT)} == set(seen)
    assert in_time <= 800
    assert {} == {name: count for name, count in node.list_queues().items() if count}


_PUBLISH = """
import sys
from fedora_messaging import api, exceptions

for n in range(int(sys.argv[1])):
    message = api.Message(topic="t", body={"n": n})
    api.publish(message, timeout=120)
    print("confirmed", n, message.id)
"""

_CONSUME = """
import sys
from fedora_messaging import api, exceptions
wanted, seen = int(sys.argv[1]), set()

def callback(message):
    print("got", message.body["n"], message.id)
    seen.add(message.id)
    if len(seen) == wanted:
        raise exceptions.HaltConsumer

try:
    api.consume(callback, {"exchange": "amq.topic", "queue": "q", "routing_keys": ["t"]})
except exceptions.HaltConsumer:
    print("halted")
"""


def test_killed_under_blocking_scripts(node: Node, programs: Programs) -> None:
    """One script publishes 1,000 messages, another consumes them; the broker's death costs none."""
    with Amqp(node.url()) as amqp:
        amqp.queue("q", "t")
    consumer = programs.start(_CONSUME, _COUNT, url=node.url())
    publisher = programs.start(_PUBLISH, _COUNT, url=node.url())
    consumer.wait_for("got", 100)
    publisher.wait_for("confirmed", 200)
    node.restart()

    assert 0 == publisher.ended(120), publisher.said[-4000:]
    assert 0 == consumer.ended(120), consumer.said[-4000:]
    sent = {tuple(line.split()[1:]) for line in publisher.lines}
    got = {tuple(line.split()[1:]) for line in consumer.lines if line.startswith("got")}
    assert _COUNT == len(sent)
    assert sent == got


def test_a_consumer_ends_while_another_waits_for_its_queue(
    cluster: Cluster, no_unhandled_errors: None
) -> None:
    """HaltConsumer ends consume although the node of another consumer's queue is down."""
    here, away, _ = cluster.nodes
    for node, name in ((here, "here"), (away, "away")):
        with Amqp(node.url()) as amqp:
            amqp.queue(name)
            amqp.publish(name, exchange="")
    away.kill()
    topics: list[str] = []

    def halt(message: api.Message) -> None:
        topics.append(message.topic)
        raise HaltConsumer

    bindings = [{"exchange": "amq.topic", "queue": name, "routing_keys": ["t"]} for name in ("away", "here")]
    with api.Client(config.parse({"amqp_url": here.url()})) as client, pytest.raises(HaltConsumer):
        client.consume(halt, bindings)

    assert ["here"] == topics
