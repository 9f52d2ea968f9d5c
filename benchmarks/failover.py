# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""How long publishing and consuming pause when nodes of a cluster fail, as in rows R1 to R4."""

import time
from dataclasses import dataclass
from typing import Any

from rabbitmq import Cluster, Node
from support.account import QUEUE, Application
from support.amqp import Amqp

__all__ = ["FAILURES", "Outage"]

_LIMIT = 90.0


@dataclass(frozen=True, slots=True)
class Outage:
    """Seconds until a message that was published after the failure was confirmed, and reached a callback.

    None: that was not looked for.
    """

    published: float | None
    consumed: float


def _application(cluster: Cluster, here: Node, leader: Node, kind: str = "quorum") -> Application:
    """One that publishes and consumes at a node, from a queue of another one or the same."""
    arguments = {"x-queue-type": kind}
    with Amqp(leader.url()) as amqp:
        amqp.queue(QUEUE, "faults.#", arguments=arguments)
    queue: dict[str, Any] = {
        "durable": True,
        "auto_delete": False,
        "exclusive": False,
        "arguments": arguments,
    }
    urls = cluster.urls(first=here, query="heartbeat=5")
    return Application(urls, lambda _: None, failover="in-order", queues={QUEUE: queue})


def _outage(app: Application, began: float) -> Outage:
    account = app.account
    (number,) = app.publish(1)
    app.settled([number], _LIMIT)
    published = time.monotonic() - began
    account.wait_for("a callback", lambda: number in account.numbers(), _LIMIT)
    return Outage(published, time.monotonic() - began)


def our_node(cluster: Cluster) -> Outage:
    """The node that we are connected to, which leads the queue, is killed."""
    here = cluster.nodes[0]
    with _application(cluster, here, here) as app:
        _outage(app, time.monotonic())
        here.kill()
        return _outage(app, time.monotonic())


def the_leader(cluster: Cluster) -> Outage:
    """The node that leads the queue is killed, and we are connected to another."""
    here, there, _ = cluster.nodes
    with _application(cluster, here, there) as app:
        _outage(app, time.monotonic())
        there.kill()
        return _outage(app, time.monotonic())


def a_classic_queues_node(cluster: Cluster) -> Outage:
    """The node of a classic queue is killed and comes back: counted from then on."""
    here, home, _ = cluster.nodes
    with _application(cluster, here, home, "classic") as app:
        _outage(app, time.monotonic())
        home.kill()
        app.logged("looking for the queue", 30)
        home.start()
        began, account = time.monotonic(), app.account
        account.wait_for("consuming", lambda: len(account.declared_at) > 1, _LIMIT)
        return Outage(None, max(account.declared_at[-1] - began, 0.0))


def the_majority(cluster: Cluster) -> Outage:
    """Two nodes are killed, and one comes back: counted from then on."""
    here, there, _ = cluster.nodes
    with _application(cluster, here, here) as app:
        _outage(app, time.monotonic())
        here.kill()
        there.kill()
        waiting = app.publish(1)
        there.start()
        began = time.monotonic()
        outage = _outage(app, began)
        app.settled(waiting, _LIMIT)
        return outage


#: What is done, and how the table calls it.
FAILURES = {
    "R1, our node is killed": our_node,
    "R2, the leader is killed": the_leader,
    "R3, a classic queue's node is back": a_classic_queues_node,
    "R4, a majority is back": the_majority,
}
