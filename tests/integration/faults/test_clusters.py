# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Rows R of the matrix: the nodes of a cluster fail, one after the other or several at once."""

import secrets
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from fedora_messaging import exceptions
from rabbitmq import Cluster, Node, Upgrade
from support.account import QUEUE, SLACK, Application, fill, taken
from support.amqp import Amqp
from support.reactor import in_reactor

pytestmark = [
    pytest.mark.fedora_messaging_real_broker,
    pytest.mark.usefixtures("no_unhandled_errors"),
    pytest.mark.slow,
]

QUORUM = {"x-queue-type": "quorum"}
QUEUES = {QUEUE: {"durable": True, "auto_delete": False, "exclusive": False, "arguments": QUORUM}}


def _declare(node: Node) -> None:
    """Make the quorum queue at this node, which leads it then."""
    with Amqp(node.url()) as amqp:
        amqp.queue(QUEUE, "faults.#", arguments=QUORUM)


def _application(cluster: Cluster, here: Node, **keys: Any) -> Application:
    """One that consumes from the quorum queue, connected to this node."""
    urls = cluster.urls(first=here, query="heartbeat=5")
    return Application(urls, lambda _: None, failover="in-order", queues=QUEUES, **keys)


def _goes_on(app: Application, began: float, bound: float) -> dict[str, float]:
    """Wait until a message that is published now has been confirmed and has reached a callback.

    Returns:
        How long after a moment that was.
    """
    account = app.account
    (number,) = app.publish(1)
    app.settled([number], bound + SLACK)
    published = time.monotonic() - began
    account.wait_for("consuming", lambda: number in account.numbers(), bound + SLACK)
    return {"published": published, "consumed": time.monotonic() - began}


def _all_arrive(app: Application, failed: int = 0) -> None:
    """Stop what publishes steadily: nothing has failed, and what was confirmed has reached a callback."""
    account = app.account
    app.publish_no_more(60)
    account.wait_for("all", lambda: account.numbers() >= account.confirmed.keys(), 60)

    assert failed == len(account.failed), account
    assert [] == account.foreign
    assert account.most_running <= 1


@pytest.mark.parametrize("leader", ["here", "elsewhere"])
def test_r1_our_node_is_killed(cluster: Cluster, leader: str, measured: Callable[..., None]) -> None:
    """Publishing and consuming go on at another node within 5 s, and nothing is lost, whether the node leads
    the queue or another one does."""
    here, there, _ = cluster.nodes
    _declare(here if leader == "here" else there)
    with _application(cluster, here) as app:
        app.publish_steadily(streams=5)
        app.confirmed_again(time.monotonic(), 60)
        here.kill()
        measured(**_goes_on(app, time.monotonic(), 5))
        _all_arrive(app)
        app.account.check_consumed(len(app.account.sent))

    assert 2 == len(app.account.reasons), app.account
    app.account.check_left(taken(there.url()))


def test_r2_the_leader_is_killed(cluster: Cluster, measured: Callable[..., None]) -> None:
    """The queue's leader dies, we are connected to another node: all goes on within 2 s on the connections
    that there are, and nothing is lost."""
    here, there, _ = cluster.nodes
    _declare(there)
    with _application(cluster, here) as app:
        app.publish_steadily(streams=5)
        app.confirmed_again(time.monotonic(), 60)
        there.kill()
        measured(**_goes_on(app, time.monotonic(), 2))
        _all_arrive(app)
        app.account.check_consumed(len(app.account.sent))

    assert [] == app.account.reasons
    app.account.check_left(taken(here.url()))


def test_r3_a_classic_queues_node_is_killed(cluster: Cluster, measured: Callable[..., None]) -> None:
    """The consumer looks for its queue, unready, and consumes within 5 s of the return of its node."""
    here, home, _ = cluster.nodes
    with Amqp(home.url()) as amqp:
        amqp.queue(QUEUE, "faults.#")
    with Application(cluster.urls(first=here), lambda _: None, failover="in-order") as app:
        account = app.account
        _goes_on(app, time.monotonic(), 5)
        home.kill()
        app.logged("looking for the queue", 60)
        time.sleep(1)
        ready = app.ready
        home.start()
        began = time.monotonic()
        account.wait_for("consuming again", lambda: len(account.declared_at) > 1, 5 + SLACK)
        measured(consuming=time.monotonic() - began)
        _goes_on(app, time.monotonic(), 5)
        _all_arrive(app)

    assert not ready
    assert [] == account.reasons


def test_r4_the_majority_is_killed(cluster: Cluster, measured: Callable[..., None]) -> None:
    """With one node of three publishes wait until their deadline, which names what they wait for; once there
    are two, publishing and consuming go on within 10 s, and nothing confirmed is lost."""
    here, there, left = cluster.nodes
    _declare(here)
    with _application(cluster, here) as app:
        account = app.account
        app.publish_steadily(streams=5)
        app.confirmed_again(time.monotonic(), 60)
        here.kill()
        there.kill()
        waiting = app.publish(10)
        (late,) = app.publish(1, timeout=5)
        waited = app.settled([late], 5 + SLACK)
        there.start()
        began = time.monotonic()
        resumed = _goes_on(app, began, 10)
        app.settled(waiting, SLACK)
        measured(waited=waited, error=str(account.failed[late]), **resumed)
        _all_arrive(app, failed=1)

    error = account.failed[late]
    assert isinstance(error, exceptions.PublishTimeout)
    assert "last state: " in str(error)
    account.check_left(taken(left.url()))


def test_r5_all_nodes_are_restarted_in_turn(cluster: Cluster, measured: Callable[..., None]) -> None:
    """A rolling restart, with the first node put into maintenance before: no publish fails at a deadline of
    30 s, and nothing is lost."""
    first, _, last = cluster.nodes
    _declare(first)
    with _application(cluster, first) as app:
        account = app.account
        app.publish_steadily(streams=5, timeout=30)
        for node in cluster.nodes:
            app.confirmed_again(time.monotonic(), 60)
            if node is first:
                node.eval("rabbit_maintenance:drain()", timeout=60)
                app.confirmed_again(time.monotonic(), 60)
            node.stop()
            node.start()
            cluster.wait_until_whole()
        _goes_on(app, time.monotonic(), 5)
        _all_arrive(app)
        account.check_consumed(len(account.sent))
        pauses = [
            after - before
            for before, after in zip(
                sorted(account.confirmed.values())[:-1], sorted(account.confirmed.values())[1:], strict=True
            )
        ]
        measured(confirmed=len(account.confirmed), longest_pause=max(pauses))

    account.check_left(taken(last.url()))


def test_r7_a_disk_alarm_of_another_node(cluster: Cluster, measured: Callable[..., None]) -> None:
    """An alarm of any node blocks publishing on all; consuming goes on, and what waits is published within a
    second of its end."""
    here, there, _ = cluster.nodes
    count = 50
    fill(here.url(), count, QUORUM)
    with ExitStack() as stack:
        app = stack.enter_context(_application(cluster, here, first=1000))
        account = app.account
        account.wait_for("what was there", lambda: len(account.numbers()) == count, 60)
        there.set_disk_free_limit(10**15)
        stack.callback(there.set_disk_free_limit, 10**6)
        first = app.publish(1)
        app.logged("The broker has blocked publishing", 5 + SLACK)
        waiting = app.publish(10)
        (late,) = app.publish(1, timeout=3)
        app.settled([late], 3 + SLACK)
        ready = app.ready
        there.set_disk_free_limit(10**6)
        resumed = app.settled([*first, *waiting], 1 + SLACK)
        account.wait_for("all", lambda: account.numbers() >= {*first, *waiting}, 60)
        measured(resumed=resumed)

    assert ready
    assert {late} == account.failed.keys()
    assert "last state: blocked by the broker: low on disk" in str(account.failed[late])
    assert [] == account.reasons


def test_r6_our_node_is_cut_off(cluster: Cluster, measured: Callable[..., None]) -> None:
    """Our node loses the others in a partition and keeps its connections: publishing and consuming go on at
    another node within 30 s, and nothing is lost, also when they meet again."""
    here, there, _ = cluster.nodes
    _declare(there)
    with _application(cluster, here) as app:
        account = app.account
        app.publish_steadily(streams=5)
        app.confirmed_again(time.monotonic(), 60)
        cluster.part(here)
        measured(**_goes_on(app, time.monotonic(), 30), reasons=account.reasons)
        cluster.heal()
        cluster.wait_until_whole()
        _goes_on(app, time.monotonic(), 5)
        _all_arrive(app)
        account.check_consumed(len(account.sent))

    assert 2 == len(account.reasons), account
    assert any("the broker has confirmed nothing for" in reason for reason in account.reasons)
    assert any("does not know its consumer" in reason for reason in account.reasons)
    account.check_left(taken(there.url()))


@pytest.mark.parametrize("what", ["password", "user", "vhost"])
def test_r8_credentials_change(cluster: Cluster, what: str, measured: Callable[..., None]) -> None:
    """A password is changed and the service given the new one; a user, or the virtual host, is deleted and
    made again: it is consuming again within 30 s, without a restart."""
    here = cluster.nodes[0]
    name = vhost = f"r8-{secrets.token_hex(4)}"
    here.add_vhost(vhost)
    here.add_user(name, "before")
    here.set_permissions(name, vhost)
    urls = cluster.urls(vhost, user=name, password="before")
    with ExitStack() as stack:
        stack.callback(here.delete_vhost, vhost)
        app = stack.enter_context(Application(urls, lambda _: None, queues=QUEUES))
        account = app.account
        _goes_on(app, time.monotonic(), 5)
        if what == "password":
            here.change_password(name, "after")
            for node in cluster.nodes:
                node.close_connections("the password has changed")
        elif what == "user":
            here.delete_user(name)
        else:
            here.delete_vhost(vhost)
        app.logged("Next try in", 60)
        time.sleep(2)
        ready = app.ready
        if what == "password":

            async def renew() -> None:
                await app.service.factory.update_secret("after")

            in_reactor(renew)
        elif what == "user":
            here.add_user(name, "before")
            here.set_permissions(name, vhost)
        else:
            here.add_vhost(vhost)
            here.set_permissions(name, vhost)
        began = time.monotonic()
        declared = len(account.declared_at)
        account.wait_for("consuming again", lambda: len(account.declared_at) > declared, 30 + SLACK)
        measured(back=time.monotonic() - began)
        _goes_on(app, time.monotonic(), 5)

    assert not ready
    assert {} == account.failed
    assert "before" not in app.log


def test_r9_the_queues_policy_changes(cluster: Cluster) -> None:
    """Length, delivery limit and dead-letter exchange are changed by policies while messages flow: neither
    the consumer nor the log notices."""
    here, there, _ = cluster.nodes
    _declare(there)
    with ExitStack() as stack:
        app = stack.enter_context(_application(cluster, here))
        account = app.account
        app.publish_steadily(streams=5)
        stack.callback(here.clear_policy, "r9")
        for definition in (
            {"max-length": 100000, "overflow": "reject-publish"},
            {"delivery-limit": 50},
            {"delivery-limit": 7, "dead-letter-exchange": "amq.fanout"},
        ):
            here.set_policy("r9", f"^{QUEUE}$", definition, apply_to="quorum_queues")
            _goes_on(app, time.monotonic(), 5)
        _all_arrive(app)
        account.check_consumed(len(account.sent))
        noticed = [line for line in app.log.splitlines() if line.startswith(("WARNING", "ERROR"))]

    assert [] == noticed
    assert 1 == len(account.declared_at)
    assert [] == account.reasons


def test_r10_another_release_at_the_same_port(upgrade: Upgrade, measured: Callable[..., None]) -> None:
    """RabbitMQ 3.10 is stopped, and 4.3 started at its port with its definitions: publishing and consuming go
    on within 10 s of that."""
    user, password = "somebody", "secret"
    before = upgrade.before
    before.add_user(user, password)
    before.set_permissions(user, "/")
    url = before.url(user=user, password=password)
    with Application(url, lambda _: None, queues=QUEUES) as app:
        account = app.account
        app.publish_steadily(streams=5)
        app.confirmed_again(time.monotonic(), 60)
        upgrade.stop_old()
        stopped = time.monotonic()
        upgrade.start_new()
        began = time.monotonic()
        measured(**_goes_on(app, began, 10))
        app.publish_no_more(60)
        later = {number for number, when in account.confirmed.items() if when > stopped}
        account.wait_for("all", lambda: account.numbers() >= later, 60)
        version = upgrade.after.eval("rabbit_misc:version()")

    assert version.startswith('"4.')
    assert {} == account.failed
    account.check_left(taken(url))
