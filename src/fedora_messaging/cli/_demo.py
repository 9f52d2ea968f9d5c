# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging demo``."""

from __future__ import annotations

import time
from typing import Any

import click

from ..exceptions import from_wire
from ..message import DEBUG, ERROR, INFO, WARNING, Message
from ._reactor import install, run

__all__ = ["command"]

_SEVERITIES = {
    DEBUG: ("debug", "blue"),
    INFO: ("info", "green"),
    WARNING: ("warning", "yellow"),
    ERROR: ("error", "red"),
}

#: Topic, severity, text: a few minutes in the life of a distribution.
_SCENES = (
    ("buildsys.build.state.change", INFO, "kernel-{n}.0.1-1.fc44 started building"),
    ("git.receive", INFO, "jdoe pushed {n} commits to rpms/python-twisted (rawhide)"),
    ("bodhi.update.request.testing", INFO, "abompard submitted nethack-3.{n}-1.fc44 to testing"),
    ("buildsys.task.state.change", DEBUG, "task {n}2831 moved from FREE to OPEN"),
    ("bodhi.update.comment", INFO, "adamw commented on nethack-3.{n}-1.fc44 (karma: 1)"),
    ("ci.koji-build.test.error", WARNING, "tests of glibc-2.{n}-1.fc44 did not finish"),
    ("copr.build.end", INFO, "copr build {n}44210 of group_python/cpython succeeded"),
    ("pagure.issue.new", INFO, "mattdm opened fedora-infrastructure#{n}17"),
    ("openqa.job.done", WARNING, "job {n}8801 (desktop_browser) failed on x86_64"),
    ("buildsys.build.state.change", ERROR, "libreoffice-26.{n}-1.fc44 failed to build"),
    ("mailman.receive", DEBUG, "devel@: Re: Change proposal number {n}"),
    ("bodhi.update.complete.stable", INFO, "zlib-ng-2.{n}-1.fc44 reached stable"),
)
_ROUNDS = 3
_PAUSE = 0.06
_BURST = 2_000
_PATIENCE = 8.0


@click.command("demo")
def command() -> None:
    """See messages move: a broker, a consumer and a publisher in this process. Ends by itself.

    Nothing is installed, configured or left behind.
    """
    install()
    from ..twisted._clock import global_clock

    run(_demonstrate, global_clock().stop)


async def _demonstrate() -> None:
    from twisted.internet.defer import Deferred, DeferredList
    from twisted.internet.task import deferLater

    from ..broker import Broker
    from ..config import parse
    from ..twisted._clock import global_clock
    from ..twisted.service import FedoraMessagingService

    reactor = global_clock()
    broker = Broker()
    url = await broker.listen()
    click.echo(f"A broker is listening at {url}\n")
    queue = {"demo": {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}}
    bindings = [{"exchange": "amq.topic", "queue": "demo", "routing_keys": ["#"]}]
    service = FedoraMessagingService(
        None,
        config=parse(
            {"amqp_url": url, "queues": queue, "bindings": bindings, "qos": {"prefetch_count": 100}}
        ),
    )
    sent: dict[str | None, float] = {}
    latencies: list[float] = []
    left = _ROUNDS * len(_SCENES)
    all_shown: Deferred[None] = Deferred()
    all_received: Deferred[None] = Deferred()
    burst = 0

    def received(message: Message) -> None:
        nonlocal left, burst
        if message.topic == "demo.burst":
            burst += 1
            if burst == _BURST:
                all_received.callback(None)
            return
        if message.id not in sent:
            return  # somebody else's: the broker listens
        latencies.append(time.perf_counter() - sent[message.id])
        _show(message)
        left -= 1
        if not left:
            all_shown.callback(None)

    service.startService()
    reactor.callLater(_PATIENCE, _too_slow, all_shown, all_received)
    await service.consume(received)
    for n in range(1, _ROUNDS + 1):
        for topic, severity, text in _SCENES:
            message = Message(
                topic=f"org.fedoraproject.prod.{topic}", severity=severity, body={"summary": text.format(n=n)}
            )
            sent[message.id] = time.perf_counter()
            await service.publish(message)
            await deferLater(reactor, _PAUSE)
    await all_shown
    begin = time.perf_counter()
    publishing: list[Any] = [
        service.publish(Message(topic="demo.burst", body={"n": n})) for n in range(_BURST)
    ]
    await DeferredList(publishing, fireOnOneErrback=True, consumeErrors=True)
    await all_received
    rate = _BURST / (time.perf_counter() - begin)
    await service.stopService()
    statistics = service.stats
    await broker.stop()
    _sum_up(statistics, latencies, rate)


def _too_slow(*waiting: Any) -> None:
    for each in waiting:
        if not each.called:
            each.errback(click.ClickException(f"the demonstration did not finish within {_PATIENCE:g} s"))
            return


def _show(message: Message) -> None:
    name, colour = _SEVERITIES[message.severity]
    now = time.strftime("%H:%M:%S")
    topic = from_wire(message.topic.removeprefix("org.fedoraproject.prod."))
    click.echo(
        f"{click.style(now, dim=True)}  {click.style(f'{name:<7}', fg=colour, bold=True)}  "
        f"{click.style(f'{topic:<28}', fg='cyan')}  {from_wire(message.body['summary'])}"
    )


def _sum_up(statistics: Any, latencies: list[float], rate: float) -> None:
    ordered = sorted(latencies)
    p50, p99 = (1000 * ordered[min(int(len(ordered) * share), len(ordered) - 1)] for share in (0.5, 0.99))
    click.echo(
        f"\n{statistics.published:,} messages published and confirmed, "
        f"{statistics.consumed.processed:,} received and acknowledged.\n"
        f"From publish to callback: {p50:.1f} ms (p50), {p99:.1f} ms (p99). "
        f"In a burst of {_BURST:,}: {rate:,.0f} messages a second.\n\nTry next:"
    )
    for line, what in (
        ("fedora-messaging broker", "a broker to play with"),
        ("fedora-messaging consume --callback fedora_messaging.example:printer", "print what arrives"),
        ("fedora-messaging --help", "everything else"),
    ):
        click.echo(f"  {click.style(line, bold=True)}  # {what}")
