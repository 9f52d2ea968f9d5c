# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Rows A of the matrix: the broker or the link goes away."""

import random
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

import pytest

from faults import ProxyProcess
from fedora_messaging import api, config, exceptions
from fedora_messaging.message import Message
from rabbitmq import Node, Vhost
from support.account import SLACK, Application, declare, fill, taken, through

pytestmark = [
    pytest.mark.fedora_messaging_real_broker,
    pytest.mark.usefixtures("no_unhandled_errors"),
    pytest.mark.slow,
]


def test_a1_killed_while_publishing(own_node: Callable[..., Node], measured: Callable[..., None]) -> None:
    """The broker is killed three times: nothing is lost, and publishing goes on within 10 s of its return."""
    node = own_node()
    declare(node.url())
    with Application(node.url(query="heartbeat=2")) as app:
        app.publish_steadily()
        again = []
        for _ in range(3):
            app.confirmed_again(time.monotonic() + 0.5, 60)
            node.kill()
            node.start()
            again.append(app.confirmed_again(time.monotonic(), 10 + SLACK))
        app.publish_no_more(60)
        measured(again=again, confirmed=len(app.account.confirmed))

    app.account.check_published(taken(node.url()))


def test_a2_killed_while_consuming(own_node: Callable[..., Node], measured: Callable[..., None]) -> None:
    """The broker is killed three times: every message reaches a callback, within 10 s of its return."""
    node = own_node()
    count = 300
    fill(node.url(), count)
    with Application(node.url(query="heartbeat=2"), lambda _: time.sleep(0.02)) as app:
        again = []

        def arrived(count: int) -> bool:
            return len(app.account.numbers()) >= count

        for killed in range(3):
            app.account.wait_for("progress", partial(arrived, 75 * (killed + 1)), 60)
            node.kill()
            node.start()
            again.append(app.consumed_again(time.monotonic(), 10 + SLACK))
        app.account.wait_for("all", lambda: len(app.account.numbers()) == count, 60)
        measured(again=again, callbacks=len(app.account.finished))

    app.account.check_consumed(count)
    app.account.check_left(taken(node.url()))


class _Cuts:
    """Cuts the links of a proxy every 0.5 to 2 s, in a thread, while it is open."""

    def __init__(self, proxy: ProxyProcess, seed: int) -> None:
        self._proxy = proxy
        self._random = random.Random(seed)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._cut)
        self.count = 0

    def _cut(self) -> None:
        while not self._over.wait(self._random.uniform(0.5, 2.0)):
            self._proxy.cut()
            self.count += 1

    def __enter__(self) -> "_Cuts":
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._over.set()
        self._thread.join()


def test_a3_the_link_is_cut_again_and_again(vhost: Vhost, measured: Callable[..., None]) -> None:
    """For 60 s one thread and eight threads publish, another client consumes: none is lost, all is done."""
    declare(vhost.url)
    errors: list[Exception] = []
    confirmed: list[tuple[int, str | None]] = []
    over = threading.Event()
    numbers = iter(range(10**6))
    lock = threading.Lock()

    def publish(client: api.Client) -> None:
        while not over.is_set():
            with lock:
                number = next(numbers)
            message = Message(topic=f"faults.{number}", body={"n": number})
            try:
                client.publish(message, timeout=30)
            except Exception as error:
                errors.append(error)
            else:
                confirmed.append((number, message.id))
            over.wait(0.02)

    with ExitStack() as stack:
        proxy = stack.enter_context(ProxyProcess(vhost.node.port))
        url = through(vhost.url, proxy, "heartbeat=2")
        settings = config.parse({"amqp_url": url, "client_properties": {"app": "tests"}})
        app = stack.enter_context(Application(url, lambda _: None))
        clients = [stack.enter_context(api.Client(settings)) for _ in range(2)]
        threads = [threading.Thread(target=publish, args=(clients[n > 0],)) for n in range(9)]
        for thread in threads:
            thread.start()
        with _Cuts(proxy, 12) as cuts:
            over.wait(60)
        over.set()
        for thread in threads:
            thread.join(40)
        sent = dict(confirmed)
        app.account.wait_for("all", lambda: app.account.numbers() >= sent.keys(), 60)
        measured(cuts=cuts.count, confirmed=len(confirmed), callbacks=len(app.account.finished))

    assert [] == errors
    assert sent == {n: id_ for n, id_ in app.account.finished if n in sent}
    assert app.account.most_running <= 1
    app.account.check_left(taken(vhost.url))


def test_a4_an_outage_of_a_minute(vhost: Vhost, measured: Callable[..., None]) -> None:
    """After 60 s without a broker, publishing and consuming go on within 30 s, and nothing is lost."""
    with ExitStack() as stack:
        proxy = stack.enter_context(ProxyProcess(vhost.node.port))
        app = stack.enter_context(Application(through(vhost.url, proxy), lambda _: None))
        app.settled(app.publish(10), 60)
        proxy.refuse()
        proxy.cut()
        waiting = app.publish(10)
        late = app.publish(1, timeout=5)
        time.sleep(60)
        began = time.monotonic()
        proxy.resume()
        app.settled(waiting, 30 + SLACK)
        app.account.wait_for("all", lambda: app.account.numbers() >= set(waiting), 30 + SLACK)
        measured(after=time.monotonic() - began, attempts=len(app.account.reasons))

    assert {late[0]} == app.account.failed.keys()
    assert isinstance(app.account.failed[late[0]], exceptions.PublishTimeout)
    app.account.check_consumed(20)
    app.account.check_left(taken(vhost.url))
