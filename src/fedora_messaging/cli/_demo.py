# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging demo``."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from ..exceptions import from_wire
from ..message import DEBUG, ERROR, INFO, WARNING, Message, dumps, loads
from ._reactor import install, run

__all__ = ["WIDTH", "command", "line_of", "program", "scenes", "summary"]

#: No line is longer, so that none wraps in a terminal of 80 columns.
WIDTH = 79

_SEVERITIES = {
    DEBUG: ("debug", "blue"),
    INFO: ("info", "green"),
    WARNING: ("warning", "yellow"),
    ERROR: ("error", "red"),
}

#: Topic, severity, text: a few minutes in the life of a distribution.
_SCENES = (
    ("buildsys.build.state.change", INFO, "kernel-7.{n} started building"),
    ("git.receive", INFO, "jdoe pushed to python-twisted"),
    ("bodhi.update.request.testing", INFO, "nethack-3.{n} sent to testing"),
    ("buildsys.task.state.change", DEBUG, "task {n}2831: from FREE to OPEN"),
    ("bodhi.update.comment", INFO, "asmith: nethack-3.{n}, karma +1"),
    ("ci.koji-build.test.error", WARNING, "tests of glibc-2.{n} timed out"),
    ("copr.build.end", INFO, "build {n}4421 of cpython is done"),
    ("pagure.issue.new", INFO, "jdoe opened infrastructure#{n}17"),
    ("openqa.job.done", WARNING, "job {n}8801 failed on x86_64"),
    ("buildsys.build.state.change", ERROR, "libreoffice-26.{n} did not build"),
    ("mailman.receive", DEBUG, "devel@: Re: proposal number {n}"),
    ("bodhi.update.complete.stable", INFO, "zlib-ng-2.{n} reached stable"),
)
_ROUNDS = 3
_PAUSE = 0.06
_BURST = 2_000
_TIMEOUT = 8.0

_NAME = "fedora-messaging"


@click.command("demo", short_help="See messages move: nothing is needed for it.")
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
            return  # from another client: the broker accepts connections
        latencies.append(time.perf_counter() - sent[message.id])
        click.echo(line_of(message))
        left -= 1
        if not left:
            all_shown.callback(None)

    service.startService()
    reactor.callLater(_TIMEOUT, _too_slow, all_shown, all_received)
    await service.consume(received)
    # Neither connecting nor loading on first use is to be measured.
    await service.publisher.when_connected()
    loads(dumps(Message(topic="demo.first")))
    for message in scenes():
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
    click.echo("\n".join(summary(statistics, latencies, rate, program())))


def _too_slow(*waiting: Any) -> None:
    for each in waiting:
        if not each.called:
            each.errback(click.ClickException(f"the demonstration did not finish within {_TIMEOUT:g} s"))
            return


def scenes() -> Iterator[Message]:
    """Yield the messages that are shown."""
    for n in range(1, _ROUNDS + 1):
        for topic, severity, text in _SCENES:
            yield Message(
                topic=f"org.fedoraproject.prod.{topic}", severity=severity, body={"summary": text.format(n=n)}
            )


def line_of(message: Message) -> str:
    """Format a message as one line."""
    name, colour = _SEVERITIES[message.severity]
    now = time.strftime("%H:%M:%S")
    topic = from_wire(message.topic.removeprefix("org.fedoraproject.prod."))
    return (
        f"{click.style(now, dim=True)}  {click.style(f'{name:<7}', fg=colour, bold=True)}  "
        f"{click.style(f'{topic:<28}', fg='cyan')}  {from_wire(message.body['summary'])}"
    )


def program() -> str:
    """What to type for the program that runs, in the current folder and with the present PATH.

    Its name where the shell finds this very file by it; else its path, relative if it is below
    the current folder.
    """
    started = Path(sys.argv[0])
    candidates = [started] if started.name == _NAME else []
    candidates.append(Path(sysconfig.get_path("scripts")) / _NAME)
    own = next((path.absolute() for path in candidates if path.is_file()), None)
    if own is None:  # not installed by an installer
        return shlex.join([sys.executable, "-c", "from fedora_messaging.cli import main; main()"])
    found = shutil.which(_NAME)
    if found is not None and os.path.samefile(found, own):
        return _NAME
    here = Path.cwd()
    path = own.relative_to(here) if own.is_relative_to(here) else own
    return shlex.quote(str(path) if len(path.parts) > 1 else f"./{path}")


def summary(statistics: Any, latencies: list[float], rate: float, name: str) -> Iterator[str]:
    """The lines at the end: what was counted and measured, and commands to go on with.

    Args:
        statistics: Counts of the service.
        latencies: Seconds from publish to callback, of each message that was shown.
        rate: Messages a second in the burst.
        name: What to type for the program.
    """
    ordered = sorted(latencies)
    yield ""
    yield (
        f"{statistics.published:,} messages published and confirmed, "
        f"{statistics.consumed.processed:,} received and acknowledged."
    )
    yield (
        f"From publish to callback: {1000 * ordered[len(ordered) // 2]:.1f} ms (median), "
        f"{1000 * ordered[-1]:.1f} ms (slowest of {len(ordered)})."
    )
    yield f"In a burst of {_BURST:,}: {rate:,.0f} messages a second."
    yield ""
    yield "Try next:"
    callback = "--callback fedora_messaging.example:printer"
    for what, words, options in (
        ("a broker to play with, until Ctrl-C", "broker", ""),
        (
            "in a second terminal: print what arrives",
            "consume",
            callback,
        ),
        ("everything else", "--help", ""),
    ):
        yield click.style(f"  # {what}", dim=True)
        whole = f"  {name} {words} {options}".rstrip()
        parts = [whole] if len(whole) <= WIDTH else [f"  {name} {words} \\", f"      {options}"]
        for line in parts if options else [whole]:
            yield click.style(line, bold=True)
