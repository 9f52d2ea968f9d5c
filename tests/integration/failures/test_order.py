# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Messages that wait in place: nothing overtakes them."""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import pytest

from faults import ProxyProcess
from rabbitmq import Vhost
from support.account import Application, through
from support.amqp import Amqp
from support.failing import KINDS, QUEUE, kinds, topology

pytestmark = [
    pytest.mark.fedora_messaging_real_broker,
    pytest.mark.usefixtures("no_unhandled_errors"),
]

COUNT = 30
#: Without it the broker delivers later messages to the next connection until it notices that one was cut.
SINGLE = {"x-single-active-consumer": True}


class Failing:
    """A callback that fails some messages as often as it is told, and notes which it has processed."""

    def __init__(self, times: dict[int, int]) -> None:
        self.times = times
        self.processed: list[int] = []

    def __call__(self, number: int) -> None:
        if self.times.get(number, 0):
            self.times[number] -= 1
            raise OSError("not yet")
        self.processed.append(number)


def fill(amqp: Amqp, arguments: Mapping[str, Any]) -> None:
    amqp.queue(QUEUE, "t.#", arguments=arguments)
    for n in range(COUNT):
        amqp.publish(f"t.{n}", {"n": n}, message_id=f"id-{n}")


@kinds
def test_in_place_keeps_the_order(vhost: Vhost, amqp: Amqp, kind: str) -> None:
    """Messages are processed in the order of the queue, whichever fail in between."""
    fill(amqp, KINDS[kind])
    callback = Failing({0: 1, 3: 3, 4: 1, COUNT - 1: 2})
    policy = {"on": ["builtins:OSError"], "delays": [0.05, 0.1, 0.1], "wait": "in-place"}
    with Application(vhost.url, callback, **topology(kind), retry=policy) as app:
        app.account.wait_for("all", lambda: len(callback.processed) == COUNT, 60)

    assert list(range(COUNT)) == callback.processed
    amqp.wait_for_ready(QUEUE, 0)


@kinds
@pytest.mark.parametrize("cut", ["waits", "runs"])
def test_in_place_keeps_the_order_over_a_reconnect(vhost: Vhost, amqp: Amqp, kind: str, cut: str) -> None:
    """Also when the connection is lost while one waits, or while its callback runs, if the queue has a single
    active consumer."""
    arguments = {**KINDS[kind], **SINGLE}
    keys = topology(kind)
    keys["queues"][QUEUE]["arguments"] = arguments
    fill(amqp, arguments)
    callback = Failing({3: 2})
    policy = {"on": ["builtins:OSError"], "delays": [1 if cut == "waits" else 0.1], "wait": "in-place"}
    with ExitStack() as stack:
        proxy = stack.enter_context(ProxyProcess(vhost.node.port))

        def cutting(number: int) -> None:
            if cut == "runs" and callback.times[3] == 1 and number == 3:
                proxy.cut()
            callback(number)

        app = stack.enter_context(Application(through(vhost.url, proxy), cutting, **keys, retry=policy))
        app.account.wait_for("the failure", lambda: (3, "id-3") in app.account.finished, 60)
        if cut == "waits":
            proxy.cut()
        app.account.wait_for("all", lambda: len(set(callback.processed)) == COUNT, 60)
        app.account.wait_for("connected again", lambda: len(app.account.declared_at) > 1, 60)

    assert list(range(COUNT)) == list(dict.fromkeys(callback.processed))
    first = callback.processed.index(3)
    assert [0, 1, 2, 3] == list(dict.fromkeys(callback.processed[: first + 1]))
    amqp.wait_for_ready(QUEUE, 0)
