# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The service of the parent of several workers, and its pages."""

import json
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from fedora_messaging import config
from fedora_messaging._config.model import Monitoring
from fedora_messaging._metrics.snapshot import NOTHING
from fedora_messaging._metrics.status import Consumer, Status
from fedora_messaging._runner.supervisor import Outcome
from fedora_messaging.twisted._workers import WorkersService, worker_state
from fedora_messaging.twisted.service import FedoraMessagingService

PORT = 8000


class Supervisor:
    """Does nothing by itself; the test ends the workers and answers for them."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.done: Deferred[Outcome] = Deferred()
        self.asked: list[Deferred[Any]] = []

    def start(self) -> Deferred[Outcome]:
        self.calls.append("start")
        return self.done

    def stop(self) -> None:
        self.calls.append("stop")

    def ask(self, timeout: float) -> Deferred[dict[str, Any]]:
        self.asked.append(Deferred())
        return self.asked[-1]

    def ask_status(self, timeout: float) -> Deferred[Any]:
        self.asked.append(Deferred())
        return self.asked[-1]


class Parent:
    """The service over scripted workers, on a reactor without sockets."""

    def __init__(self, **keys: Any) -> None:
        self.reactor: Any = MemoryReactorClock()
        self.supervisor = Supervisor()
        supervisor: Any = self.supervisor
        self.service = WorkersService(supervisor, Monitoring(PORT, **keys), self.reactor)
        self.service.startService()

    def get(self, path: str) -> StringTransport:
        """Ask for a page; the transport gets the answer when the workers have answered."""
        [(port, factory, *_)] = self.reactor.tcpServers
        assert PORT == port
        protocol = factory.buildProtocol(None)
        transport = StringTransport()
        protocol.makeConnection(transport)
        protocol.dataReceived(f"GET /{path} HTTP/1.0\r\n\r\n".encode())
        return transport


@pytest.fixture
def parent() -> Parent:
    """A parent that has been started."""
    return Parent()


def answer(transport: StringTransport) -> tuple[int, dict[str, Any]]:
    """Status and content of an answer."""
    head, _, body = transport.value().partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


READY = {"state": "ready", "restarts": 0, "answers": True, "ready": True, "consuming": True}
DRAINING = {**READY, "ready": False, "consuming": False}
SILENT = {"state": "waiting", "restarts": 3, "answers": False}


@pytest.mark.parametrize(
    ("second", "ready", "consuming"), [(READY, 200, True), (DRAINING, 503, False), (SILENT, 503, False)]
)
def test_the_pages(second: dict[str, Any], ready: int, consuming: bool, parent: Parent) -> None:
    """Ready is 200 when each worker has said that it is; live is always 200; both show what is counted."""
    pages = [parent.get("ready"), parent.get("live")]
    for each in parent.supervisor.asked:
        each.callback({"published": 2, "consumed": {"received": 3}, "workers": {"0": READY, "1": second}})
    answers = [answer(page) for page in pages]

    assert [ready, 200] == [status for status, _ in answers]
    assert answers[0][1] == answers[1][1]
    consumed = {"received": 3, "processed": 0, "dropped": 0, "rejected": 0, "failed": 0}
    assert {
        "consuming": consuming,
        "published": 2,
        "consumed": consumed,
        "workers": {"0": READY, "1": second},
    } == answers[0][1]


def test_whoever_asked_has_gone(parent: Parent) -> None:
    """An answer that nobody waits for any more is dropped."""
    [(_, factory, *_)] = parent.reactor.tcpServers
    protocol = factory.buildProtocol(None)
    transport = StringTransport()
    protocol.makeConnection(transport)
    protocol.dataReceived(b"GET /live HTTP/1.0\r\n\r\n")
    protocol.connectionLost(Failure(ConnectionDone()))
    parent.supervisor.asked[0].callback({"workers": {}})

    assert b"" == transport.value()


def test_the_end(parent: Parent) -> None:
    """Stopping tells the workers, and is over when none is left; whoever waits for the end is told then."""
    ends: list[Any] = []
    parent.service.when_ended().addCallback(ends.append)
    stopped: list[Any] = []
    parent.service.stopService().addCallback(stopped.append)
    before = list(stopped)
    parent.supervisor.done.callback(Outcome(7, "enough"))
    parent.service.when_ended().addCallback(ends.append)

    assert ["start", "stop"] == parent.supervisor.calls
    assert [] == before
    assert [None] == stopped
    assert [Outcome(7, "enough")] * 2 == ends
    assert not parent.service.running


def test_what_a_worker_says_of_itself() -> None:
    """It says whether it is ready, and what the pages of a single process say."""
    state = worker_state(FedoraMessagingService(None, config=config.parse({})))

    assert (True, False, 0) == (state["ready"], state["consuming"], state["published"])
    assert {"received", "processed"} < state["consumed"].keys()


def test_the_dashboard_shows_what_the_workers_send() -> None:
    """The parent asks them once a second, and waits for no answer that does not come before it asks again."""
    parent = Parent(dashboard=True)
    viewer = parent.get("events")
    consumers = (Consumer("", "q", "consuming", "", 1, 0, 0),)
    for _ in range(3):
        parent.reactor.advance(1)
    [asked] = parent.supervisor.asked
    asked.callback((NOTHING, {"0": Status((), consumers), "1": Status((), consumers)}))
    parent.reactor.advance(1)
    [line] = [line for line in viewer.value().decode().splitlines() if line.startswith("data: ")]
    shown = json.loads(line.removeprefix("data: "))

    assert 2 == len(parent.supervisor.asked)
    assert (2, "q", 2) == (
        shown["workers"],
        shown["consumers"][0]["queue"],
        shown["consumers"][0]["unacknowledged"],
    )
