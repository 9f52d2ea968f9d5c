# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Dictionaries from configuration become exchanges, queues and bindings."""

from typing import Any

import pytest

from fedora_messaging._core import topology
from fedora_messaging._core.topology import Binding, Exchange, Queue, Subscription


def test_exchanges() -> None:
    """Names to properties; what is left out has its default."""
    assert (Exchange("a", "fanout", False, True, {"x": 1}), Exchange("b")) == topology.exchanges(
        {"a": {"type": "fanout", "durable": False, "auto_delete": True, "arguments": {"x": 1}}, "b": {}}
    )


def test_queues() -> None:
    """A queue is durable unless it says otherwise."""
    assert (Queue("a", exclusive=True), Queue("b", durable=False, auto_delete=True)) == topology.queues(
        [{"a": {"exclusive": True}}, {"b": {"durable": False, "auto_delete": True}}]
    )


@pytest.mark.parametrize(
    "given",
    [
        {"exchange": "e", "queue": "q", "routing_keys": ["a", "b"]},
        {"exchange": "e", "queue_name": "q", "routing_keys": ("a", "b")},
        {"exchange": "e", "queue": "q", "routing_key": ["a", "b"]},
        {"exchange": "e", "queue": "q", "routing_keys": ["a"], "routing_key": "b"},
        [{"exchange": "e", "queue": "q", "routing_keys": ["a", "b"], "arguments": None}],
        Binding("q", "e", ("a", "b")),
        [Binding("q", "e", ("a", "b"))],
    ],
)
def test_bindings(given: Any) -> None:
    """One dictionary or several, under either name of queue and keys, or finished values."""
    assert (Binding("q", "e", ("a", "b")),) == topology.bindings(given)


def test_no_queue_in_binding() -> None:
    """A binding without a queue belongs to the server-named one."""
    assert (Binding("", "e", ("#",)),) == topology.bindings({"exchange": "e", "routing_keys": ["#"]})


def test_none_is_nothing() -> None:
    """None in the place of bindings, queues or exchanges is an empty tuple of them."""
    assert ((), (), ()) == (topology.bindings(None), topology.queues(None), topology.exchanges(None))


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        ("exchanges", {"a": {"typ": "x"}}, ['exchange "a"', '"typ"', "auto_delete"]),
        ("exchanges", {"a": {"durable": "yes"}}, ['exchange "a"', '"durable"', "true or false"]),
        ("exchanges", {"": {}}, ["default exchange"]),
        ("exchanges", {"a": []}, ['exchange "a"', "dictionary"]),
        ("exchanges", {3: {}}, ["exchange", "string"]),
        ("exchanges", "a", ["exchanges", "str"]),
        ("queues", {"a": {"durabel": True}}, ['queue "a"', '"durabel"', "exclusive"]),
        ("queues", {"a": {"arguments": 3}}, ['queue "a"', '"arguments"', "dictionary"]),
        ("queues", {"é" * 200: {}}, ["queue", "255 bytes"]),
        ("queues", 5, ["queues", "int"]),
        ("bindings", [{"exchange": "e", "routing_keys": ["a"]}, {"exchange": "e"}], ["2", "routing_keys"]),
        ("bindings", {"routing_keys": ["a"]}, ["binding 1", '"exchange"']),
        ("bindings", {"exchange": "e", "routing_keys": "a"}, ["binding 1", '"routing_keys"', "list"]),
        ("bindings", {"exchange": "e", "routing_keys": [5]}, ["binding 1", '"routing_keys"', "5"]),
        ("bindings", {"exchange": "e", "routing_keys": ["a" * 256]}, ["routing_keys", "255"]),
        ("bindings", {"exchange": 5, "routing_keys": []}, ["binding 1", '"exchange"', "string"]),
        ("bindings", {"exchange": "e", "routing_keys": [], "que": "q"}, ["binding 1", '"que"', "queue_name"]),
        ("bindings", [5], ["binding 1", "dictionary"]),
        ("bindings", "a", ["bindings", "list"]),
    ],
)
def test_bad(kind: str, given: Any, words: list[str]) -> None:
    """Bad input is a ValueError of one line that names the item and the key."""
    with pytest.raises(ValueError) as caught:
        getattr(topology, kind)(given)

    text = str(caught.value)

    assert [] == [word for word in words if word not in text]
    assert "\n" not in text


def test_subscriptions() -> None:
    """One for each queue, those that only bindings name included."""
    own, bound = Queue("own"), Binding("own", "e", ("a",))
    other = Binding("other", "e", ("b",))

    assert (
        Subscription(own, (bound,)),
        Subscription(Queue("idle"), ()),
        Subscription(Queue("other", arguments={"x-expires": 3_600_000}, existing=True), (other,)),
    ) == topology.subscriptions((own, Queue("idle")), (bound, other))


def test_subscriptions_without_a_name() -> None:
    """Bindings without a queue share one exclusive queue that the server names."""
    one, two = Binding("", "e", ("a",)), Binding("", "f", ("b",))

    assert (
        Subscription(Queue(durable=False, auto_delete=True, exclusive=True), (one, two)),
    ) == topology.subscriptions((), (one, two))


def test_subscriptions_with_a_given_server_named_queue() -> None:
    """Bindings without a queue belong to the server-named queue that was given."""
    queue, binding = Queue("", durable=False, exclusive=True), Binding("", "e", ("a",))

    assert (Subscription(queue, (binding,)),) == topology.subscriptions((queue,), (binding,))
