# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Messages that wait on the broker: their queue is deleted, the broker ends, there are many of them."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest

from rabbitmq import Node, Vhost, VhostPool
from support.account import Application
from support.amqp import Amqp
from support.failing import KINDS, QUEUE, kinds, topology
from support.waiting import until

pytestmark = [
    pytest.mark.fedora_messaging_real_broker,
    pytest.mark.usefixtures("no_unhandled_errors"),
]


class Failing:
    """A callback that fails each message as often as it is told."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.tried: dict[int, int] = {}

    def __call__(self, number: int) -> None:
        self.tried[number] = self.tried.get(number, 0) + 1
        if self.tried[number] <= self.times:
            raise OSError("not yet")


def consuming(url: str, callback: Any, kind: str, **retry: Any) -> Application:
    """An application whose messages wait in queues."""
    policy = {"on": ["builtins:OSError"], "wait": "queue", **retry}
    return Application(url, callback, **topology(kind), retry=policy)


def fill(amqp: Amqp, kind: str, count: int, first: int = 0) -> None:
    """Put messages into the queue."""
    amqp.queue(QUEUE, "t.#", arguments=KINDS[kind])
    for n in range(first, first + count):
        amqp.publish(f"t.{n}", {"n": n}, message_id=f"id-{n}")


@kinds
@pytest.mark.parametrize("what", ["queue", "exchange", "both"])
def test_a_delay_that_was_deleted(vhost: Vhost, amqp: Amqp, kind: str, what: str) -> None:
    """The next failure declares its queue and exchange again, with one warning; none that fails is lost."""
    fill(amqp, kind, 5)
    with consuming(vhost.url, Failing(1), kind, delays=[1]) as app:
        account = app.account
        delay = f"{QUEUE}.retry.1s"
        account.wait_for("the first", lambda: account.numbers() == set(range(5)), 60)
        account.wait_for("their second attempts", lambda: len(account.finished) == 10, 60)
        if what != "exchange":
            amqp.channel.queue_delete(delay)
        if what != "queue":
            amqp.channel.exchange_delete(delay)
        fill(amqp, kind, 5, first=5)
        account.wait_for("the others", lambda: len(account.finished) == 20, 60)
        warned = app.log.count("declaring it again")
        ready = app.ready

    assert {(n, f"id-{n}") for n in range(10)} == set(account.finished)
    assert ready
    assert 1 <= warned <= 5
    assert [0, 0] == [amqp.ready(name) for name in (QUEUE, delay)]


@kinds
def test_a_delay_that_was_deleted_with_what_waited_in_it(vhost: Vhost, amqp: Amqp, kind: str) -> None:
    """What waits in a queue goes with it, which is the doing of whoever deletes it; the consumer goes on."""
    fill(amqp, kind, 3)
    with consuming(vhost.url, Failing(1), kind, delays=[600]) as app:
        amqp.wait_for_ready(f"{QUEUE}.retry.600s", 3)
        until(lambda: moved(app, 3))
        amqp.channel.queue_delete(f"{QUEUE}.retry.600s")
        fill(amqp, kind, 2, first=3)
        until(lambda: moved(app, 5))

    assert {"t.3", "t.4"} == {got.topic for got in amqp.take(f"{QUEUE}.retry.600s")}


@pytest.mark.slow
def test_the_broker_ends_while_messages_wait(own_node: Callable[..., Node]) -> None:
    """Killed and started again, it still has what waited, which is tried again and processed."""
    node = own_node()
    vhosts = {kind: VhostPool(node, prefix=kind, batch=1).take() for kind in KINDS}
    with ExitStack() as stack:
        apps = []
        for kind, vhost in vhosts.items():
            with Amqp(vhost.url) as amqp:
                fill(amqp, kind, 10)
            apps.append(stack.enter_context(consuming(vhost.url, Failing(1), kind, delays=[5])))
        for app in apps:
            until(partial(moved, app, 10))
        node.restart()
        for app in apps:
            until(partial(processed, app, 10), 60)
        # The broker may have forgotten that it was told what is done with: such a message comes twice.
        for vhost in vhosts.values():
            with Amqp(vhost.url) as amqp:
                for name in (f"{QUEUE}.retry.5s", QUEUE):
                    amqp.wait_for_ready(name, 0)

    for app in apps:
        assert {(n, f"id-{n}") for n in range(10)} == set(app.account.finished)


def moved(app: Application, count: int) -> bool:
    """Whether so many messages have been moved to where they wait, and are acknowledged."""
    return bool(app.service.stats.consumed.retried == count)


def processed(app: Application, count: int) -> bool:
    """Whether so many have been processed; a broker that was killed may deliver one twice."""
    return len(set(app.account.finished)) >= count


@pytest.mark.slow
@kinds
def test_ten_thousand_drain_in_order(
    vhost: Vhost, amqp: Amqp, kind: str, measured: Callable[..., None]
) -> None:
    """Of 10,000 that wait in one queue, each comes back, in the order in which they came to it."""
    count, delay = 10_000, f"{QUEUE}.retry.15s"
    with consuming(vhost.url, Failing(0), kind, delays=[15]):
        """Declares what is needed."""
    with Application(vhost.url) as publishing:
        numbers = publishing.publish(count, exchange=delay, topic=lambda n: f"t.{n}")
        publishing.settled(numbers, 60)
    measured(waiting=amqp.ready(delay))
    with consuming(vhost.url, Failing(0), kind, delays=[15]) as app:
        app.account.wait_for("all", lambda: len(app.account.finished) >= count, 120)

    assert list(range(count)) == [number for number, _ in app.account.finished]
    assert publishing.account.sent == dict(app.account.finished)
