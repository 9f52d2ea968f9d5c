# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Exchanges, queues and bindings: what consuming declares, and what it takes as it is."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from fedora_messaging import api
from fedora_messaging.exceptions import BadDeclaration, HaltConsumer, PermissionException
from rabbitmq import Vhost
from support.amqp import Amqp
from support.programs import Programs
from support.reactor import in_reactor, outcome

pytestmark = [pytest.mark.fedora_messaging_real_broker, pytest.mark.usefixtures("no_unhandled_errors")]

_FACTS = ("name", "durable", "auto_delete", "exclusive", "arguments")


def _queues(vhost: Vhost) -> list[dict[str, Any]]:
    rows = vhost.node.rows("list_queues", *_FACTS, vhost=vhost.name)
    return [{**row, "arguments": {name for name, *_ in _pairs(row["arguments"])}} for row in rows]


def _pairs(arguments: Any) -> list[Any]:
    """A table as rabbitmqctl shows it: a list of lists, or a dictionary, as the release has it."""
    return list(arguments.items()) if isinstance(arguments, dict) else arguments


def _names(vhost: Vhost) -> set[str]:
    return set(vhost.queues())


async def _nothing(message: api.Message) -> None:
    """A callback that takes everything."""


class Halting:
    """A callback that remembers what it is given, and ends after some messages."""

    def __init__(self, count: int) -> None:
        self.topics: list[str] = []
        self._count = count

    async def __call__(self, message: api.Message) -> None:
        self.topics.append(message.topic)
        if len(self.topics) == self._count:
            raise HaltConsumer


def test_by_default_the_queue_is_named_by_the_broker(
    client: Callable[..., api.Client], vhost: Vhost, amqp: Amqp
) -> None:
    """With nothing configured: an exclusive, auto-deleted queue that gets everything on amq.topic."""
    made = client()
    callback = Halting(1)

    async def scenario() -> Any:
        (consumer,) = await made.twisted_consume(callback)
        return consumer.queue, consumer

    name, consumer = in_reactor(scenario)
    (row,) = _queues(vhost)
    amqp.publish("any.topic")

    async def ended() -> Any:
        return await outcome(consumer.result)

    assert isinstance(in_reactor(ended), HaltConsumer)
    assert ["any.topic"] == callback.topics
    assert name.startswith("amq.gen-")
    assert (name, False, True) == (row["name"], row["durable"], row["auto_delete"])
    assert row["exclusive"] not in (False, "")  # 4.3 names its owner
    assert set() == _names(vhost)


def test_a_queue_named_only_in_bindings_is_declared_to_last(
    client: Callable[..., api.Client], vhost: Vhost, amqp: Amqp
) -> None:
    """It is durable, not auto-deleted and expires an hour after its last use; it keeps what comes later."""
    made = client()
    binding = {"exchange": "amq.topic", "queue": "mine", "routing_keys": ["a.#", "b"]}

    async def scenario() -> None:
        consumers = await made.twisted_consume(_nothing, binding)
        await made.running_service().factory.cancel(consumers)

    in_reactor(scenario)
    for topic in ("a.x", "b", "c", "a"):
        amqp.publish(topic)
    (row,) = _queues(vhost)

    assert {
        "name": "mine",
        "durable": True,
        "auto_delete": False,
        "exclusive": False,
        "arguments": {"x-expires"},
    } == {
        **row,
        "exclusive": bool(row["exclusive"]),
        "arguments": row["arguments"] - {"x-queue-type"},  # 4.3 adds it by itself
    }
    amqp.queue("mine", arguments={"x-expires": 3_600_000})
    assert ["a.x", "b", "a"] == [got.topic for got in amqp.take("mine")]


def test_a_queue_that_exists_is_used_as_it_is(
    client: Callable[..., api.Client], vhost: Vhost, amqp: Amqp
) -> None:
    """Whatever its arguments are, a queue that only bindings name is consumed from and bound."""
    arguments = {"x-max-length": 17, "x-queue-type": "quorum"}
    amqp.queue("existing", arguments=arguments)
    made = client()
    callback = Halting(1)

    async def scenario() -> Any:
        binding = {"exchange": "amq.topic", "queue": "existing", "routing_keys": ["t"]}
        (consumer,) = await made.twisted_consume(callback, binding)
        await made.twisted_publish(api.Message(topic="t", body={}))
        return await outcome(consumer.result)

    in_reactor(scenario)

    assert ["t"] == callback.topics
    amqp.queue("existing", arguments=arguments)


def test_configured_exchanges_queues_and_bindings_are_declared(
    client: Callable[..., api.Client], vhost: Vhost, amqp: Amqp
) -> None:
    """Consuming without arguments declares what is configured, and consumes from each queue."""
    made = client(
        exchanges={
            "ours": {"type": "direct", "durable": True, "auto_delete": False, "arguments": {}},
            "fan": {"type": "fanout", "durable": True, "auto_delete": True, "arguments": {}},
        },
        queues={
            "one": {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}},
            "two": {
                "durable": True,
                "auto_delete": False,
                "exclusive": False,
                "arguments": {"x-queue-type": "quorum"},
            },
        },
        bindings=[
            {"exchange": "ours", "queue": "one", "routing_keys": ["a", "b"]},
            {"exchange": "fan", "queue": "two", "routing_keys": [""]},
            {
                "exchange": "amq.headers",
                "queue": "two",
                "routing_keys": [""],
                "arguments": {"x-match": "all"},
            },
        ],
    )
    seen: list[tuple[str | None, str]] = []

    async def scenario() -> Any:
        from twisted.internet.defer import Deferred

        done: Deferred[None] = Deferred()

        async def callback(message: api.Message) -> None:
            seen.append((message.queue, message.topic))
            if len(seen) == 3:
                done.callback(None)

        consumers = await made.twisted_consume(callback)
        for topic, exchange in (("a", "ours"), ("b", "ours"), ("c", "ours"), ("x", "fan")):
            await made.twisted_publish(api.Message(topic=topic, body={}), exchange)
        await done
        return sorted(consumer.queue for consumer in consumers)

    names = in_reactor(scenario)
    amqp.channel.exchange_declare("ours", "direct", durable=True)
    amqp.queue("two", arguments={"x-queue-type": "quorum"})

    assert ["one", "two"] == names
    assert [("one", "a"), ("one", "b"), ("two", "x")] == sorted(seen)


def test_a_second_consumer_on_one_queue(client: Callable[..., api.Client], amqp: Amqp) -> None:
    """Calling twisted_consume again adds a consumer with a callback of its own; they share the messages."""
    amqp.queue("q", "#")
    made = client(qos={"prefetch_count": 1})
    binding = {"exchange": "amq.topic", "queue": "q", "routing_keys": ["#"]}

    async def scenario() -> Any:
        from twisted.internet.defer import Deferred

        both: Deferred[None] = Deferred()
        seen: list[str] = []

        def callback(name: str) -> Callable[[api.Message], Any]:
            async def wait_for_the_other(message: api.Message) -> None:
                seen.append(name)
                if len(seen) == 2:
                    both.callback(None)
                else:
                    await both

            return wait_for_the_other

        (first,) = await made.twisted_consume(callback("first"), binding)
        (second,) = await made.twisted_consume(callback("second"), binding)
        for _ in range(2):
            await made.twisted_publish(api.Message(topic="t", body={}))
        await both
        await made.running_service().factory.cancel([first])
        return sorted(seen), first.running, second.running, made.running_service().consuming

    seen, first, second, consuming = in_reactor(scenario)
    amqp.wait_for_consumers("q", 1)

    assert ["first", "second"] == seen
    assert (False, True, True) == (first, second, consuming)


def test_passive_declares_take_what_is_there(client: Callable[..., api.Client], amqp: Amqp) -> None:
    """With passive_declares a queue that is missing is a BadDeclaration, and one that is there is used."""
    keys = {
        "passive_declares": True,
        "queues": {"q": {"durable": False, "auto_delete": True, "exclusive": False, "arguments": {}}},
        "bindings": [{"exchange": "amq.topic", "queue": "q", "routing_keys": ["#"]}],
    }
    with pytest.raises(BadDeclaration, match="404 NOT_FOUND - no queue 'q'"):
        client(**keys).consume(_nothing)
    amqp.queue("q")
    amqp.publish("q", exchange="")
    with pytest.raises(HaltConsumer):
        client(**keys).consume(Halting(1))

    assert [] == amqp.take("q")


_REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "another queue of that name": (
        {"queues": {"q": {"durable": True, "auto_delete": False}}, "bindings": []},
        "queue q",
        "406 PRECONDITION_FAILED - inequivalent arg 'x-max-length'",
    ),
    "another exchange of that name": (
        {"exchanges": {"amq.topic": {"type": "direct"}}},
        "exchange amq.topic",
        "406 PRECONDITION_FAILED - inequivalent arg 'type'",
    ),
    "binding to nothing": (
        {"queues": {}, "bindings": [{"exchange": "missing", "queue": "q", "routing_keys": ["#"]}]},
        "binding",
        "404 NOT_FOUND - no exchange 'missing'",
    ),
    "reserved name": (
        {
            "queues": {
                "amq.mine": {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}
            }
        },
        "amq.mine",
        "403 ACCESS_REFUSED",
    ),
}


@pytest.mark.parametrize(("keys", "what", "words"), _REFUSED.values(), ids=_REFUSED)
def test_a_refused_declaration_ends_consuming(
    client: Callable[..., api.Client], amqp: Amqp, keys: dict[str, Any], what: str, words: str
) -> None:
    """BadDeclaration names the object and has the broker's words."""
    amqp.queue("q", arguments={"x-max-length": 3})
    with pytest.raises(BadDeclaration, match=words) as caught:
        client(**keys).consume(_nothing)

    assert isinstance(caught.value, PermissionException)
    assert what in f"{caught.value.obj_type} {caught.value.description}"


@pytest.mark.parametrize(
    ("bindings", "queues"),
    [
        ("amq.topic", None),
        ([{"exchange": "amq.topic"}], None),
        ({"exchange": 3, "routing_keys": ["#"]}, None),
        ({"exchange": "amq.topic", "routing_keys": "#"}, None),
        ([["amq.topic"]], None),
        ({"exchange": "amq.topic", "routing_keys": ["#"], "colour": "red"}, None),
        (None, "q"),
        (None, {"q": {"durable": "yes"}}),
        (None, {"q": {"colour": "red"}}),
        (None, {"q" * 256: {}}),
    ],
)
def test_bad_bindings_and_queues_are_refused(
    client: Callable[..., api.Client], bindings: Any, queues: Any
) -> None:
    """Bindings and queues of another shape are a ValueError that says more than that, at once."""
    made = client()

    async def scenario() -> Any:
        return await made.twisted_consume(_nothing, bindings, queues)

    with pytest.raises(ValueError) as caught:
        made.consume(_nothing, bindings, queues)
    with pytest.raises(ValueError):
        in_reactor(scenario)

    assert any(word in str(caught.value) for word in ("queue", "binding"))


def test_one_binding_may_be_a_dictionary_with_the_older_keys(
    client: Callable[..., api.Client], amqp: Amqp
) -> None:
    """routing_key and queue_name are understood; without a queue's name the broker chooses one."""
    amqp.queue("q")
    amqp.publish("q", exchange="")
    with pytest.raises(HaltConsumer):
        client().consume(Halting(1), {"exchange": "amq.topic", "queue_name": "q", "routing_key": "#"})
    made = client()

    async def scenario() -> Any:
        callback = Halting(1)
        (consumer,) = await made.twisted_consume(callback, {"exchange": "amq.topic", "routing_key": "a.*"})
        for topic in ("b", "a.b"):
            await made.twisted_publish(api.Message(topic=topic, body={}))
        await outcome(consumer.result)
        return callback.topics

    assert ["a.b"] == in_reactor(scenario)


_CONFIGURED = """
from fedora_messaging import api, exceptions

def callback(message):
    print(message.queue, message.topic)
    raise exceptions.HaltConsumer

try:
    api.consume(callback)
except exceptions.HaltConsumer:
    api.publish(api.Message(topic="t", body={}))
"""

_CONFIG = """
topic_prefix = "org.fedora."
publish_exchange = "ours"
publish_priority = 3

[exchanges.ours]
type = "topic"

[queues.configured]
durable = true
auto_delete = false
exclusive = false
arguments = {"x-max-priority" = 5}

[[bindings]]
queue = "configured"
exchange = "ours"
routing_keys = ["a", "org.#"]

[qos]
prefetch_count = 1
"""


def test_the_configuration_file_says_it_all(programs: Programs, amqp: Amqp) -> None:
    """A script takes queue, exchange, bindings, prefix and priority from its file alone."""
    amqp.queue("configured", arguments={"x-max-priority": 5})
    amqp.publish("configured", {"n": 1}, exchange="")
    program = programs.start(_CONFIGURED, config=_CONFIG)

    assert 0 == program.ended(), program.said
    assert ["configured configured"] == program.lines
    (got,) = amqp.take("configured")
    assert ("org.fedora.t", 3, {}) == (got.topic, got.properties.priority, json.loads(got.body))


def test_the_broker_knows_whose_connection_it_is(client: Callable[..., api.Client], vhost: Vhost) -> None:
    """The configured client_properties are what the broker shows of a connection."""
    made = client(client_properties={"app": "the application"})
    made.publish(api.Message(topic="t", body={}))
    rows = vhost.node.rows("list_connections", "vhost", "client_properties")
    (properties,) = [row["client_properties"] for row in rows if row["vhost"] == vhost.name]

    assert "the application" in str(properties)
