# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The dashboard's page, and its stream of events, in memory."""

import base64
import hashlib
import json
import re
from typing import Any

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from fedora_messaging._config.model import Monitoring
from fedora_messaging.config import parse
from fedora_messaging.exceptions import ConfigurationException
from fedora_messaging.message import Message
from fedora_messaging.retry import retry
from fedora_messaging.twisted._dashboard.events import MOST_VIEWERS
from fedora_messaging.twisted.monitor import monitor_service
from support.world import World

_ADDRESS: Any = IPv4Address("TCP", "127.0.0.1", 1)
_CANARY = "canary-6f1d"
_QUEUE = {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}
_TOPOLOGY: dict[str, Any] = {
    "queues": {"q": _QUEUE},
    "bindings": [{"exchange": "amq.topic", "queue": "q", "routing_keys": ["#"]}],
}


class Transport(StringTransport):
    """One that notices when it is cut, and may be full."""

    protocol: Any = None
    producer: Any = None
    cut = False

    def text(self) -> str:
        """All that was written."""
        written: bytes = self.value()  # type: ignore[no-untyped-call]
        return written.decode()

    def abortConnection(self) -> None:
        self.cut = True
        self.leave()

    def leave(self) -> None:
        """The connection ends."""
        self.protocol.connectionLost(Failure(ConnectionDone()))

    def body(self) -> str:
        """What came after the headers."""
        return self.text().partition("\r\n\r\n")[2]

    def events(self) -> list[dict[str, Any]]:
        """The events so far; HTTP's chunks are joined."""
        return [json.loads(each) for each in re.findall(r"data: (.*)\n\n", self.body())]


class Monitor:
    """A service on a world's clock, and its monitor, which listens to nobody."""

    def __init__(self, world: World, on_message: Any, **keys: Any) -> None:
        self.world = world
        self.listening: list[Any] = []
        world.reactor.listenTCP = self._listen  # type: ignore[attr-defined]
        monitoring = {"port": 8000, "dashboard": True}
        self.service = world.service(on_message, monitoring=monitoring, **{**_TOPOLOGY, **keys})
        self.service.startService()

    def _listen(self, port: int, factory: Any, interface: str) -> Any:
        self.listening.append((port, interface, factory))

        class Port:
            def stopListening(self) -> None:
                pass

        return Port()

    def get(self, path: str, method: str = "GET") -> Transport:
        """Ask for a page."""
        transport = Transport()  # type: ignore[no-untyped-call]
        transport.protocol = self.listening[0][2].buildProtocol(_ADDRESS)
        transport.protocol.makeConnection(transport)
        transport.protocol.dataReceived(f"{method} {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        return transport


def publish(monitor: Monitor, count: int = 1, topic: str = "t", **values: Any) -> None:
    """Publish messages, and see them arrive."""
    for _ in range(count):
        monitor.service.publish(Message(topic=topic, body={}, **values)).addErrback(lambda _: None)
    monitor.world.settle()


def test_the_policy_allows_this_style_and_this_script(world: World) -> None:
    """The hashes of the header are those of the page, which has nothing from outside, and nothing inline."""
    transport = Monitor(world, lambda _: None).get("/")
    head = transport.text().partition("\r\n\r\n")[0]
    page = transport.body()
    hashes = {}
    for tag in ("style", "script"):
        [text] = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        hashes[tag] = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    assert (
        f"Content-Security-Policy: default-src 'none'; style-src 'sha256-{hashes['style']}'; "
        f"script-src 'sha256-{hashes['script']}'; connect-src 'self'\r\n"
    ) in head
    assert [] == re.findall(r"""\b(?:src|href|style|on\w+)=["']|@import|url\(|innerHTML""", page)
    assert {"http://www.w3.org/2000/svg"} == set(re.findall(r"""https?://[^"\s]+""", page))
    assert page.count("\n") <= 300


def test_one_snapshot_a_second(world: World) -> None:
    """The first at once; then each second what has changed, to everybody, and nothing to nobody."""
    monitor = Monitor(world, lambda _: None)
    world.settle(1)
    first = monitor.get("/events")
    world.settle(1)
    publish(monitor, 7)
    second = monitor.get("/events")
    world.settle(1)
    for transport in (first, second):
        transport.leave()
    asked = len(first.events())
    world.settle(5)

    assert "text/event-stream" in first.text()
    assert [0, 7] == [round(sum(each["consumers"][0]["points"])) for each in first.events()[1:]]
    assert first.events()[-1] == second.events()[-1]
    assert 3 == asked == len(first.events())
    assert not [call for call in world.reactor.calls if "LoopingCall" in repr(call)]


def test_what_is_shown(world: World) -> None:
    """Connections with host and version, consumers with their counts, the publisher, and failures."""
    held: list[Deferred[None]] = []

    @retry(on=(OSError,), delays=(5.0,), then="reject")
    def callback(message: Message) -> Any:
        if message.topic == "fail":
            raise OSError(_CANARY)
        held.append(Deferred())
        return held[-1]

    monitor = Monitor(world, callback, qos={"prefetch_count": 3})
    world.settle(1)
    publish(monitor, topic="fail")
    publish(monitor, 2, topic=_CANARY, headers={"x": _CANARY})
    viewer = monitor.get("/events")
    world.settle(2)
    shown = viewer.events()[-1]
    [consumer] = shown["consumers"]

    assert [("consuming", "connected", "localhost:5672"), ("publishing", "connected", "localhost:5672")] == [
        (each["purpose"], each["state"], each["host"]) for each in shown["connections"]
    ]
    assert all("4.3" in each["broker"] and each["since"] for each in shown["connections"])
    assert ("q", "consuming", 3, 1, 1, "2 s") == tuple(
        consumer[key] for key in ("queue", "state", "unacknowledged", "waiting", "held", "oldest")
    )
    assert [("base.message", "OSError", 1)] == [
        (each["schema"], each["error"], each["attempts"]) for each in shown["failures"]
    ]
    assert (0, 0) == (shown["publisher"]["pending"], shown["publisher"]["in_flight"])
    assert _CANARY not in viewer.text()
    assert "guest" not in viewer.text()


def test_a_blocked_and_a_lost_connection(world: World) -> None:
    """Why, in words, and since when."""
    monitor = Monitor(world, lambda _: None)
    world.settle(1)
    publish(monitor)
    viewer = monitor.get("/events")
    world.broker.faults.block("low on memory")
    publish(monitor)
    world.settle(1)
    world.reactor.reachable = False
    world.reactor.cut()
    world.settle(3)
    blocked, lost = (
        {each["purpose"]: each for each in viewer.events()[place]["connections"]} for place in (1, -1)
    )

    assert ("blocked", "low on memory") == (
        blocked["publishing"]["state"],
        blocked["publishing"]["reason"],
    )
    assert ("not connected", "refused", "") == tuple(
        lost["consuming"][key] for key in ("state", "reason", "broker")
    )
    assert lost["consuming"]["since"]


def test_no_more_than_twenty_look_at_a_time(world: World) -> None:
    """Who comes too late is told so, and may come again when somebody has left."""
    monitor = Monitor(world, lambda _: None)
    viewers = [monitor.get("/events") for _ in range(MOST_VIEWERS)]
    refused = monitor.get("/events")
    viewers[0].leave()
    admitted = monitor.get("/events")

    assert refused.text().startswith("HTTP/1.1 503 ")
    assert "20 others look at this dashboard already, and more may not.\n" == refused.body()
    assert 1 == len(admitted.events())


def test_who_reads_slowly_is_cut(world: World) -> None:
    """Nothing is written to a full buffer; who catches up stays, who does not is cut after five seconds."""
    monitor = Monitor(world, lambda _: None)
    slow, patient = monitor.get("/events"), monitor.get("/events")
    for transport in (slow, patient):
        transport.producer.pauseProducing()
    full = len(slow.text())
    world.settle(4)
    patient.producer.resumeProducing()
    world.settle(2)

    assert full == len(slow.text())
    assert (True, False) == (slow.cut, patient.cut)
    assert 3 == len(patient.events())


def test_asking_for_the_headers_ends(world: World) -> None:
    """HEAD has no stream."""
    answer = Monitor(world, lambda _: None).get("/events", "HEAD")

    assert answer.text().startswith("HTTP/1.1 200 ")
    assert "text/event-stream" in answer.text()
    assert "" == answer.body()


def test_the_end_of_the_service_ends_the_streams(world: World) -> None:
    """Nobody looks at a process that has stopped."""
    monitor = Monitor(world, lambda _: None)
    world.settle(1)
    viewer = monitor.get("/events")
    monitor.service.stopService()
    world.settle(1)

    assert viewer.cut
    assert [] == world.reactor.calls


def test_it_is_for_this_machine_unless_an_address_is_set(world: World) -> None:
    """Neither the configuration nor the function listens on all interfaces by default."""
    by_default = Monitor(world, lambda _: None)
    monitor_service(by_default.service, port=1, reactor=world.reactor).startService()
    monitor_service(by_default.service, port=2, address="", reactor=world.reactor).startService()
    keys = {"port": 1, "dashboard": True, "address": "::"}

    assert [(8000, "127.0.0.1"), (1, "127.0.0.1"), (2, "")] == [each[:2] for each in by_default.listening]
    assert Monitoring(1, "::", dashboard=True) == parse({"monitoring": keys}).monitoring


@pytest.mark.parametrize("keys", [{"metrics": True}, {"port": 1, "metrics": False}])
def test_it_needs_a_port_and_metrics(keys: dict[str, Any]) -> None:
    """Without one of them the key is refused."""
    with pytest.raises(ConfigurationException) as caught:
        parse({"monitoring": {**keys, "dashboard": True}})

    assert "monitoring.dashboard: needs a port, and metrics = true" in str(caught.value)
