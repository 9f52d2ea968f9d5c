# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What probes are told."""

import json
from typing import Any

from twisted.internet.defer import Deferred
from twisted.web.test.requesthelper import DummyRequest

from fedora_messaging.message import Message
from fedora_messaging.twisted.monitor import PAGES
from support.world import World

QUEUE = {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}
TOPOLOGY: dict[str, Any] = {
    "queues": {"q": QUEUE},
    "bindings": [{"exchange": "amq.topic", "queue": "q", "routing_keys": ["t.#"]}],
}


class Pages:
    """The pages of a service."""

    def __init__(self, service: Any) -> None:
        self._pages = {path: page(service) for path, page in PAGES.items()}

    def get(self, path: str, **arguments: str) -> tuple[int, list[str]]:
        """The status, and the reasons for it."""
        request: Any = DummyRequest([path.encode()])
        request.args = {name.encode(): [value.encode()] for name, value in arguments.items()}
        text = self._pages[path].render_GET(request)
        return request.responseCode, json.loads(text).get("reasons", [])


def running(world: World, on_message: Any, **keys: Any) -> tuple[Any, Pages]:
    """A service that is started, and its pages."""
    service = world.service(on_message, **{**TOPOLOGY, **keys})
    service.startService()
    return service, Pages(service)


def test_from_start_to_loss(world: World) -> None:
    """Startup and readiness come with the first connection; without one only readiness goes."""
    _, pages = running(world, lambda _: None)
    before = [pages.get(path) for path in ("live", "ready", "startup")]
    world.settle(1)
    there = [pages.get(path) for path in ("live", "ready", "startup")]
    world.reactor.reachable = False
    world.reactor.cut()
    world.settle(3)

    connecting = 503, ["the consumer of the queue q is connecting"]
    assert [(200, []), connecting, connecting] == before
    assert [(200, [])] * 3 == there
    assert [(200, []), connecting, (200, [])] == [pages.get(path) for path in ("live", "ready", "startup")]


def test_publishing_counts_where_something_was_published(world: World) -> None:
    """Before that its connection is nobody's concern; a broker that blocks it makes the process not ready."""
    service, pages = running(world, lambda _: None)
    world.settle(1)
    unused = pages.get("ready")
    service.publish(Message(topic="t.1", body={}))
    world.settle(1)
    used = pages.get("ready")
    world.broker.faults.block("low on memory")
    service.publish(Message(topic="t.1", body={})).addErrback(lambda _: None)
    world.settle(1)
    blocked = pages.get("ready")
    world.broker.faults.unblock()
    world.settle(1)

    assert [(200, [])] * 2 == [unused, used]
    assert (503, ["publishing is blocked by the broker: low on memory"]) == blocked
    assert (200, []) == pages.get("ready")


def test_one_consumer(world: World) -> None:
    """It is asked for by its name or its queue; a name that nobody has is 404."""
    service, pages = running(world, lambda _: None)
    service.consume(lambda _: None, queues={"other": QUEUE}, bindings=[], name="billing")
    world.settle(1)
    service.consumers[1].cancel()

    assert (200, []) == pages.get("ready", consumer="q")
    assert (503, ["the consumer billing is draining"]) == pages.get("ready", consumer="billing")
    assert (404, ["there is no consumer nobody"]) == pages.get("ready", consumer="nobody")


def test_a_consumer_that_ended(world: World) -> None:
    """Its error is in the log; the page says that there was one."""
    service, pages = running(world, lambda _: 1 / 0)
    world.settle(1)
    service.publish(Message(topic="t.1", body={}))
    world.settle(1)

    assert (503, ["a consumer has ended with an error"]) == pages.get("ready")


def test_a_stuck_callback(world: World) -> None:
    """The process is alive until a callback has run for longer than it may."""
    ends: Deferred[None] = Deferred()
    service, pages = running(world, lambda _: ends, monitoring={"metrics": True, "stuck_after": 60})
    world.settle(1)
    service.publish(Message(topic="t.1", body={}))
    world.settle(59)
    before = pages.get("live")
    world.settle(2)
    after = pages.get("live")
    ends.callback(None)
    world.settle(1)

    assert (200, []) == before == pages.get("live")
    assert (503, ["a callback has been running for 61 s, longer than stuck_after (60 s)"]) == after
