# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A consumer whose database is away for a while: it rests, and gives no message up."""

import json
import math
import threading
import time
import urllib.error
import urllib.request
from typing import Any

import pytest

from rabbitmq import Vhost
from rabbitmq.ports import free_port
from support.account import Application
from support.amqp import Amqp
from support.failing import KINDS, QUEUE, kinds, topology
from support.waiting import until

pytestmark = [
    pytest.mark.fedora_messaging_real_broker,
    pytest.mark.usefixtures("no_unhandled_errors"),
]

COUNT = 5000
LIMIT = 5


class Database:
    """What a callback needs: away after so many calls, and for some seconds more once the consumer rests.

    The call after the first rest waits until somebody has looked at the consumer.
    """

    def __init__(self, seconds: float, after: int) -> None:
        self.seconds = seconds
        self.failures = 0
        self.rests = threading.Event()
        self.looked = threading.Event()
        self._left = after
        self._back = math.inf

    def __call__(self, number: int) -> None:
        self._left -= 1
        if self._left > 0:
            return
        if self.failures == LIMIT:
            self.looked.wait(60)
        if time.monotonic() < self._back:
            self.failures += 1
            if self.failures == LIMIT:
                self._back = time.monotonic() + self.seconds
                self.rests.set()
            raise OSError("the database is away")


def page(port: int) -> tuple[int, dict[str, Any]]:
    """The status and the content of the page /ready."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def outlast(vhost: Vhost, amqp: Amqp, kind: str, wait: str, seconds: float) -> None:
    """Consume 5,000 messages while the database is away in between."""
    amqp.queue(QUEUE, "t.#", arguments=KINDS[kind])
    with Application(vhost.url) as publishing:
        publishing.settled(publishing.publish(COUNT, topic=lambda n: f"t.{n}"), 60)
    database, port = Database(seconds, after=1000), free_port()
    policy = {
        "on": ["builtins:OSError"],
        "delays": [1, 1],
        "wait": wait,
        "then": "quarantine",
        "rest_after": LIMIT,
    }
    monitoring = {"address": "127.0.0.1", "port": port}
    with Application(vhost.url, database, **topology(kind), retry=policy, monitoring=monitoring) as app:
        assert database.rests.wait(60)
        app.logged("rests for 1 s", 60)
        status, state = page(port)
        database.looked.set()
        stats = app.service.consumers[0].stats
        until(lambda: bool(stats.processed == COUNT), 60 + seconds)
        after = page(port)

    assert 503 == status
    assert {QUEUE: f"resting: {LIMIT} failures in a row, last: OSError"} == state["resting"]
    assert 200 == after[0]
    assert "resting" not in after[1]
    # Rests of 1, 2, 4 ... seconds, each followed by one message.
    assert LIMIT <= database.failures <= LIMIT + math.ceil(math.log2(seconds + 1))
    assert set(range(COUNT)) == app.account.numbers()
    assert 0 == amqp.ready(f"{QUEUE}.quarantine")
    amqp.wait_for_ready(QUEUE, 0)


@pytest.mark.parametrize(("kind", "wait"), [("classic", "queue"), ("quorum", "aside")])
def test_the_database_is_away(vhost: Vhost, amqp: Amqp, kind: str, wait: str) -> None:
    """Of 5,000 messages as many fail as let it rest, and one after each rest; /ready says why meanwhile; none
    is given up, and all are processed afterwards."""
    outlast(vhost, amqp, kind, wait, 2.5)


@pytest.mark.slow
@kinds
@pytest.mark.parametrize("wait", ["queue", "aside"])
def test_the_database_is_away_for_longer(vhost: Vhost, amqp: Amqp, kind: str, wait: str) -> None:
    """The same for 20 seconds."""
    outlast(vhost, amqp, kind, wait, 20)
