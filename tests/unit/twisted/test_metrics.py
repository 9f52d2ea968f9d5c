# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The metrics of a running service, and the page that shows them."""

from typing import Any

import prometheus_client
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from twisted.web.test.requesthelper import DummyRequest

from fedora_messaging._metrics.recorder import Metrics
from fedora_messaging._metrics.table import (
    BUILD_INFO,
    CALLBACK_DURATION,
    CALLBACK_RUNNING,
    CONNECTED,
    CONNECTION_BLOCKED,
    CONSUMER_STATE,
    METRICS,
    PUBLISH_PENDING,
    PUBLISHED,
    RECEIVED,
    SETTLED,
    UNACKNOWLEDGED,
    WAITING,
    Metric,
)
from fedora_messaging.exceptions import Drop
from fedora_messaging.message import Message
from fedora_messaging.metrics import Collector
from fedora_messaging.twisted.monitor import MetricsPage
from support.world import World

TOPOLOGY: dict[str, Any] = {
    "queues": {"q": {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}},
    "bindings": [{"exchange": "amq.topic", "queue": "q", "routing_keys": ["t.#"]}],
    "monitoring": {"metrics": True},
}


def running(world: World, on_message: Any, **keys: Any) -> Any:
    """A service that consumes and counts."""
    service = world.service(on_message, **{**TOPOLOGY, **keys})
    service.startService()
    world.settle(1)
    return service


def value(service: Any, metric: Metric, *labels: str) -> Any:
    return service.metrics.snapshot().value(metric, *labels)


def test_messages_there_and_back(world: World) -> None:
    """What is published and consumed is counted by its outcome, on both sides."""

    def callback(message: Message) -> None:
        if message.topic == "t.drop":
            raise Drop

    service = running(world, callback)
    for topic in ("t.1", "t.2", "t.drop"):
        service.publish(Message(topic=topic, body={}))
    world.settle(1)

    assert 3 == value(service, PUBLISHED, "amq.topic", "confirmed") == value(service, RECEIVED, "q")
    assert (2, 1) == (value(service, SETTLED, "q", "acked"), value(service, SETTLED, "q", "rejected"))
    assert [1, 1] == [value(service, CONNECTED, name) for name in ("consuming", "publishing")]
    assert 1 == value(service, CONSUMER_STATE, "q", "consuming")
    assert 0 == value(service, CONSUMER_STATE, "q", "connecting")


def test_what_waits(world: World) -> None:
    """Gauges show what waits on either side, and that the broker blocks."""
    from twisted.internet.defer import Deferred

    running_callbacks: list[Deferred[None]] = []

    def callback(message: Message) -> Deferred[None]:
        running_callbacks.append(Deferred())
        return running_callbacks[-1]

    service = running(world, callback)
    for _ in range(3):
        service.publish(Message(topic="t.1", body={}))
    world.settle(1)
    world.broker.faults.block()
    service.publish(Message(topic="t.1", body={})).addErrback(lambda _: None)
    world.settle(1)

    assert (3, 2) == (value(service, UNACKNOWLEDGED, "q"), value(service, WAITING, "q"))
    assert (1, 1) == (value(service, PUBLISH_PENDING), value(service, CONNECTION_BLOCKED, "publishing"))
    world.broker.faults.unblock()
    while running_callbacks:
        running_callbacks.pop(0).callback(None)
        world.settle(1)
    assert (0, 0) == (value(service, UNACKNOWLEDGED, "q"), value(service, WAITING, "q"))


def test_a_callback_that_runs(world: World) -> None:
    """A gauge shows for how long, and its duration is counted when it has ended."""
    from twisted.internet.defer import Deferred

    ends: Deferred[None] = Deferred()
    service = running(world, lambda _: ends)
    before = value(service, CALLBACK_RUNNING, "q")
    service.publish(Message(topic="t.1", body={}))
    world.settle(7)
    meanwhile, longest = value(service, CALLBACK_RUNNING, "q"), service.metrics.longest_callback
    counted = value(service, CALLBACK_DURATION, "q")
    ends.callback(None)
    world.settle(1)

    assert (0, 0) == (before, counted)
    assert 6 <= meanwhile == longest <= 7
    assert meanwhile == value(service, CALLBACK_DURATION, "q").sum
    assert 0 == value(service, CALLBACK_RUNNING, "q") == service.metrics.longest_callback


def test_what_was_received_stays(world: World) -> None:
    """It is counted over all connections, and remains when the consumer has ended."""
    service = running(world, lambda _: None)
    for _ in range(2):
        service.publish(Message(topic="t.1", body={}))
        world.settle(1)
        world.reactor.cut()
        world.settle(2)
    before = value(service, RECEIVED, "q")
    service.consumers[0].cancel()
    world.settle(1)

    assert 2 == before == value(service, RECEIVED, "q")


def test_a_stuck_callback_of_a_consumer_that_has_ended(world: World) -> None:
    """It is shown until it returns: its process is as stuck as before."""
    from twisted.internet.defer import Deferred

    ends: Deferred[None] = Deferred()
    service = running(world, lambda _: ends)
    service.publish(Message(topic="t.1", body={}))
    world.settle(1)
    service.consumers[0].abort()
    world.settle(9)
    longest = service.metrics.longest_callback
    ends.callback(None)
    world.settle(1)

    assert () == service.consumers
    assert 9 <= longest <= 11
    assert 0 == service.metrics.longest_callback


def test_one_observer_of_several_services(world: World) -> None:
    """Metrics that observe services count for all of them, running callbacks included."""
    from twisted.internet.defer import Deferred

    ends: Deferred[None] = Deferred()
    shared = Metrics(world.reactor.seconds)
    consuming = {key: TOPOLOGY[key] for key in ("queues", "bindings")}
    for _ in range(2):
        service = world.service(lambda _: ends, observer=shared, **consuming)
        service.startService()
        world.settle(1)
        service.publish(Message(topic="t.1", body={}))
        service.publish(Message(topic="t.1", body={}))
        world.settle(1)

    snapshot = shared.snapshot()
    assert 4 == snapshot.value(RECEIVED, "q")
    assert 1 <= snapshot.value(CALLBACK_RUNNING, "q") <= 3


def test_without_a_connection(world: World) -> None:
    """The state says so, and the failures are counted."""
    service = running(world, lambda _: None)
    world.reactor.reachable = False
    world.reactor.cut()
    world.settle(3)

    assert (0, 0) == (
        value(service, CONNECTED, "consuming"),
        value(service, CONSUMER_STATE, "q", "consuming"),
    )
    assert 1 == value(service, CONSUMER_STATE, "q", "connecting")


def test_the_page(world: World) -> None:
    """It is valid OpenMetrics for who asks for that, and has all metrics of the table."""
    service = running(world, lambda _: None)
    service.publish(Message(topic="t.1", body={}))
    world.settle(1)
    world.reactor.cut()
    world.settle(1)
    request: Any = DummyRequest([b"metrics"])
    request.requestHeaders.setRawHeaders(b"accept", [b"application/openmetrics-text"])
    page = MetricsPage(service.metrics.snapshot).render_GET(request).decode()
    parse: Any = text_string_to_metric_families
    families = {family.name: family for family in parse(page)}

    assert {metric.name.removesuffix("_total") for metric in METRICS} == set(families)
    assert [b"application/openmetrics-text; version=1.0.0; charset=utf-8"] == (
        request.responseHeaders.getRawHeaders(b"content-type")
    )


def test_the_collector(world: World) -> None:
    """A registry of prometheus_client shows the same values."""
    service = running(world, lambda _: None)
    service.publish(Message(topic="t.1", body={}))
    world.settle(1)
    registry = prometheus_client.CollectorRegistry()
    registry.register(Collector(service))

    assert 1 == registry.get_sample_value(PUBLISHED.name, {"exchange": "amq.topic", "outcome": "confirmed"})
    assert 1 == registry.get_sample_value("fedora_messaging_callback_duration_seconds_count", {"queue": "q"})
    broker = next(iter(service.metrics.snapshot().series[BUILD_INFO.name]))[2]
    assert broker


def test_a_collector_without_a_service() -> None:
    """Before there is a service, there is nothing to collect."""
    registry = prometheus_client.CollectorRegistry()
    registry.register(Collector())

    assert b"" == prometheus_client.generate_latest(registry)


def test_nothing_is_counted_unless_it_is_wanted(world: World) -> None:
    """Without [monitoring], or with metrics = false, there is no observer."""
    assert world.service(None).metrics is None
    assert world.service(None, monitoring={"port": 0, "metrics": False}).metrics is None
    assert world.service(None).factory._settings.observer is None
