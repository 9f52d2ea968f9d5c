# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Rows C of the matrix: no broker at start, and a broker that takes no messages."""

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from faults import ProxyProcess
from fedora_messaging import exceptions
from rabbitmq import Node, Vhost
from support.account import QUEUE, SLACK, Application, declare, fill, taken, through

pytestmark = [
    pytest.mark.fedora_messaging_real_broker,
    pytest.mark.usefixtures("no_unhandled_errors"),
    pytest.mark.slow,
]


def test_c1_no_broker_at_start(vhost: Vhost, measured: Callable[..., None]) -> None:
    """A publish waits until its deadline, a consumer for ever; both work once the broker is there."""
    declare(vhost.url)
    with ExitStack() as stack:
        proxy = stack.enter_context(ProxyProcess(vhost.node.port))
        proxy.refuse()
        app = stack.enter_context(Application(through(vhost.url, proxy), lambda _: None, wait=False))
        (late,) = app.publish(1, timeout=3)
        waiting = app.publish(5)
        waited = app.settled([late], 3 + SLACK)
        ready = app.ready
        proxy.resume()
        back = app.settled(waiting, 8 + SLACK)
        app.account.wait_for("all", lambda: app.account.numbers() >= set(waiting), 8 + SLACK)
        measured(waited=waited, back=back)
        error = app.account.failed[late]

    assert isinstance(error, exceptions.PublishTimeout)
    assert "last state: connecting (nothing listens at the broker's address" in str(error)
    assert not ready
    assert 3 <= waited + 0.5
    assert set(waiting) == app.account.numbers()
    app.account.check_left(taken(vhost.url))


_ALARMS: dict[str, tuple[Callable[[Node], object], Callable[[Node], object]]] = {
    "memory": (Node.block_publishers, Node.unblock_publishers),
    "disk": (
        lambda node: node.rabbitmqctl("set_disk_free_limit", str(10**15)),
        lambda node: node.rabbitmqctl("set_disk_free_limit", "1000000"),
    ),
}


@pytest.mark.parametrize("alarm", list(_ALARMS))
def test_c2_the_broker_blocks_publishers(
    own_node: Callable[..., Node], alarm: str, measured: Callable[..., None]
) -> None:
    """During an alarm nothing more is written after connection.blocked, consumers go on, and afterwards all
    that waited is published within a second."""
    node = own_node()
    raise_alarm, clear_alarm = _ALARMS[alarm]
    count = 100
    fill(node.url(), count)
    with ExitStack() as stack:
        proxy = stack.enter_context(ProxyProcess(node.port))
        # One that does both, and one whose publishing connection alone goes through the proxy.
        go_on = threading.Event()
        app = stack.enter_context(
            Application(node.url(query="heartbeat=1"), lambda _: go_on.wait(60), first=1000)
        )
        counted = stack.enter_context(Application(through(node.url(), proxy), first=2000))
        app.settled(app.publish(1), 60)
        counted.settled(counted.publish(1), 60)
        raise_alarm(node)
        first = app.publish(1), counted.publish(1)  # what makes the broker say connection.blocked
        app.logged("The broker has blocked publishing", 5 + SLACK, count=2)
        written = proxy.counts().up
        waiting = app.publish(10), counted.publish(10)
        (late,) = app.publish(1, timeout=5)  # some heartbeats long: neither side takes the other for dead
        app.settled([late], 5 + SLACK)
        error = app.account.failed[late]
        written_later = proxy.counts().up
        go_on.set()
        app.account.wait_for("consumed all the same", lambda: len(app.account.numbers()) >= count + 1, 60)
        acknowledged = _empties(node)
        ready = app.ready
        clear_alarm(node)
        # The broker notices on its own schedule: what counts is the moment it says so.
        resumed = counted.settled([*first[1], *waiting[1]], 1 + SLACK)
        app.settled([*first[0], *waiting[0]], 1 + SLACK)
        app.account.wait_for("all", lambda: app.account.numbers() >= set(waiting[0]), 60)
        measured(resumed=resumed)

    assert isinstance(error, exceptions.PublishTimeout)
    assert f"last state: blocked by the broker: low on {alarm}" in str(error)
    assert written == written_later
    assert acknowledged
    assert ready
    assert [] == app.account.reasons == counted.account.reasons
    assert {late} == app.account.failed.keys()
    assert late not in app.account.numbers()
    assert len(app.account.finished) == len(set(app.account.finished))


def _empties(node: Node) -> bool:
    """Whether the acknowledgements arrive, all within a second."""
    until = time.monotonic() + 1 + SLACK
    while node.list_queues()[QUEUE]:
        if time.monotonic() > until:
            return False
    return True
