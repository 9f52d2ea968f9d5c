# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Rows B of the matrix: the peer falls silent, or speaks nonsense."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from faults import ProxyProcess
from rabbitmq import Certificates, Node, Settings, Vhost
from rabbitmq.installation import Installation
from support.account import QUEUE, SLACK, Application, declare, fill, taken, through
from support.programs import Programs

pytestmark = [
    pytest.mark.fedora_messaging_real_broker,
    pytest.mark.usefixtures("no_unhandled_errors"),
    pytest.mark.slow,
]

#: The heartbeat of these tests, and how soon a silent peer is to be noticed, in seconds.
HEARTBEAT = "heartbeat=2"
SILENCE = 2 * 2 + 1
#: How soon the broker ends a connection on which it hears nothing: RabbitMQ looks once an interval, and "will
#: time out between 2 and 3 intervals after the last data has been received" (rabbit_heartbeat.erl).
BROKERS_SILENCE = 3 * 2 + 1


class Target(NamedTuple):
    """A broker behind a proxy."""

    direct: str  # the URL without the proxy and without TLS
    proxy: ProxyProcess
    tls: bool
    node: Node

    def url(self, query: str = HEARTBEAT) -> str:
        """The URL that leads through the proxy."""
        direct = self.direct.replace("amqp://", "amqps://").replace("127.0.0.1", "localhost")
        return through(direct if self.tls else self.direct, self.proxy, query)

    @property
    def keys(self) -> dict[str, Any]:
        """What the configuration needs besides."""
        return {"tls": {"ca_cert": str(self.node.folder / "ca.pem")}} if self.tls else {}


@pytest.fixture(scope="module")
def tls_node(installation: Installation, certificates: Certificates) -> Iterator[Node]:
    """A node with TLS that the tests of this file share."""
    with Node(Settings(tls=certificates), installation=installation) as node:
        yield node


@pytest.fixture(params=["tcp", "tls"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Target]:
    """A broker behind a proxy, over TCP and over TLS."""
    if request.param == "tls":
        node: Node = request.getfixturevalue("tls_node")
        name = tmp_path.name
        node.add_vhost(name)
        direct, port = node.url(name), node.tls_port
    else:
        vhost: Vhost = request.getfixturevalue("vhost")
        node, direct, port = vhost.node, vhost.url, vhost.node.port
    with ProxyProcess(port) as proxy:
        yield Target(direct, proxy, request.param == "tls", node)


def _falls_silent(
    target: Target,
    measured: Callable[..., None],
    size: int = 0,
    direction: str = "both",
    bound: float = SILENCE,
) -> list[str]:
    """Stall an application that consumes and publishes; it is to notice, and to come back.

    Returns:
        How it says that its connections ended.
    """
    proxy = target.proxy
    with Application(target.url(), lambda _: None, **target.keys) as app:
        account = app.account
        app.settled(app.publish(10), 60)
        account.wait_for("the first ones", lambda: len(account.numbers()) == 10, 60)
        before = len(account.disconnected_at)
        proxy.stall(direction)
        began = time.monotonic()
        waiting = app.publish(5, size=size)
        account.wait_for(
            "noticed on both connections", lambda: len(account.disconnected_at) >= before + 2, bound + SLACK
        )
        noticed = account.disconnected_at[before + 1] - began
        reasons = account.reasons[before : before + 2]
        proxy.resume()
        resumed = time.monotonic()
        app.settled(waiting, 60)
        account.wait_for("all", lambda: account.numbers() >= set(waiting), 60)
        measured(noticed=noticed, back=time.monotonic() - resumed)

    assert {} == account.failed
    account.check_consumed(15)
    account.check_left(taken(target.direct))
    return reasons


@pytest.mark.parametrize("direction", ["both", "down"])
@pytest.mark.parametrize("target", ["tcp"], indirect=True)
def test_b1_silent_peer(target: Target, direction: str, measured: Callable[..., None]) -> None:
    """A peer that falls silent is noticed within two heartbeats and a second; then all goes on."""
    reasons = _falls_silent(target, measured, direction=direction)

    assert all("silent" in reason for reason in reasons), reasons


@pytest.mark.parametrize("target", ["tcp"], indirect=True)
def test_b1_peer_that_does_not_hear_us(target: Target, measured: Callable[..., None]) -> None:
    """A peer that goes on sending heartbeats is not silent: that it hears nothing is noticed by the broker,
    within three heartbeats."""
    reasons = _falls_silent(target, measured, direction="up", bound=BROKERS_SILENCE)

    assert not any("silent" in reason for reason in reasons), reasons


@pytest.mark.parametrize("target", ["tls"], indirect=True)
def test_b2_silent_peer_with_tls(target: Target, measured: Callable[..., None]) -> None:
    """The same over TLS, where a close in order would wait for the peer."""
    reasons = _falls_silent(target, measured)

    assert all("silent" in reason for reason in reasons), reasons


def test_b3_silent_peer_and_a_full_buffer(target: Target, measured: Callable[..., None]) -> None:
    """The same with 40 MB that could not be sent."""
    reasons = _falls_silent(target, measured, 8_000_000)

    assert all("silent" in reason for reason in reasons), reasons


def test_b4_peer_that_never_speaks(target: Target, measured: Callable[..., None]) -> None:
    """A peer that accepts and says nothing is given up after 10 s; consumer and message wait for a better
    one."""
    declare(target.direct)
    target.proxy.blackhole()
    with Application(target.url(), lambda _: None, wait=False, **target.keys) as app:
        account = app.account
        waiting = app.publish(1)
        account.wait_for("given up", lambda: len(account.reasons) >= 2, 10 + SLACK)
        reasons = account.reasons[:2]
        target.proxy.resume()
        # Attempts that fell into the hole meanwhile take their 10 s.
        app.settled(waiting, 10 + 8 + SLACK)
        account.wait_for("consumed", lambda: account.numbers() >= set(waiting), 10 + 8 + SLACK)
        # Each from its TCP connection, as the peer sees it: when the application began is another matter.
        given_up = target.proxy.counts().lasted[:2]
        measured(given_up=given_up)

    assert all(seconds <= 10 + SLACK for seconds in given_up), given_up
    assert all("handshake within 10 s" in reason for reason in reasons), reasons


@pytest.mark.parametrize(
    ("fault", "links"),
    [
        (lambda proxy: proxy.half_close("down"), 2),
        (lambda proxy: proxy.half_close("up"), 2),
        (lambda proxy: proxy.corrupt(1, "down"), 1),
        (lambda proxy: proxy.corrupt(12, "down"), 1),
        (lambda proxy: proxy.corrupt(12, "up"), 1),
        (lambda proxy: proxy.corrupt(1, "down", 5), 1),
    ],
    ids=[
        "half-closed by the broker",
        "half-closed by us",
        "corrupt type",
        "corrupt frame",
        "ours corrupt",
        "corrupt size",
    ],
)
def test_b5_one_clean_reconnect(
    vhost: Vhost, fault: Callable[[ProxyProcess], None], links: int, measured: Callable[..., None]
) -> None:
    """A half-closed link, and bytes that are no frames, cost one reconnect within 5 s and no message."""
    with ExitStack() as stack:
        proxy = stack.enter_context(ProxyProcess(vhost.node.port))
        app = stack.enter_context(Application(through(vhost.url, proxy, HEARTBEAT), lambda _: None))
        account = app.account
        app.settled(app.publish(10), 60)
        account.wait_for("the first ones", lambda: len(account.numbers()) == 10, 60)
        fault(proxy)
        began = time.monotonic()
        waiting = app.publish(10)
        account.wait_for("noticed", lambda: len(account.reasons) >= links, 5 + SLACK)
        account.wait_for("connected again", lambda: len(account.connected_at) >= 2 + links, 5 + SLACK)
        back = account.connected_at[-1] - began
        app.settled(waiting, 60)
        account.wait_for("all", lambda: len(account.numbers()) == 20, 60)
        measured(back=back, reasons=account.reasons)
        reconnects = proxy.counts().accepted - 2

    assert links == reconnects
    assert {} == account.failed
    account.check_consumed(20)
    account.check_left(taken(vhost.url))


@pytest.mark.parametrize("after", [1, 200, 1500])
def test_b5_a_link_cut_in_the_handshake(target: Target, after: int, measured: Callable[..., None]) -> None:
    """It is tried again, also at the first start: TLS or the login were not refused."""
    declare(target.direct)
    target.proxy.cut_after(after, "down")
    began = time.monotonic()
    with Application(target.url(), lambda _: None, wait=False, **target.keys) as app:
        waiting = app.publish(1)
        app.settled(waiting, 5 + SLACK)
        app.account.wait_for("consumed", lambda: app.account.numbers() == set(waiting), 5 + SLACK)
        measured(done=time.monotonic() - began, reasons=app.account.reasons)

    assert {} == app.account.failed


_BUSY = """
import sys
from fedora_messaging import api

def callback(message):
    print("started", flush=True)
    sys.stdin.readline()
    print("finished", flush=True)

api.consume(callback, {"exchange": "amq.topic", "queue": "faults", "routing_keys": ["faults.#"]})
print("returned")
"""


@pytest.mark.parametrize("finishes", [True, False], ids=["callback ends", "callback does not end"])
def test_b6_sigterm_while_the_peer_is_silent(
    target: Target, tmp_path: Path, finishes: bool, measured: Callable[..., None]
) -> None:
    """The process ends within its grace period, and the message is still the queue's."""
    fill(target.direct, 3)
    grace = 4
    config = f"shutdown_grace = {grace}\n[queues.{QUEUE}]\ndurable = true\n"
    if target.tls:
        config += f'[tls]\nca_cert = "{target.keys["tls"]["ca_cert"]}"\n'
    programs = Programs(tmp_path, lambda: target.url("heartbeat=60"))
    try:
        program = programs.start(_BUSY, config=config)
        program.wait_for("started")
        target.proxy.stall()
        program.signal(signal.SIGTERM)
        began = time.monotonic()
        if finishes:
            program.tell("go on")
        code = program.ended(grace + SLACK)
        measured(ended=time.monotonic() - began)
    finally:
        programs.close()
    target.proxy.reset()

    assert 0 == code
    assert {f"id-{n}" for n in range(3)} == {got.id for got in taken(target.direct, 3)}
