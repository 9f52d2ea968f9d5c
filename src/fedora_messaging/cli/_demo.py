# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging demo``."""

from __future__ import annotations

import logging
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

from ..message import DEBUG, ERROR, INFO, WARNING, Message, dumps, loads
from . import Options
from ._demo_failure import show_failure
from ._demo_lines import WIDTH, code, line_of, say
from ._demo_link import show_cut
from ._demo_schema import show_refusal
from ._reactor import install, run

__all__ = ["WIDTH", "command", "line_of", "program", "scenes", "summary"]

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
_ROUNDS = 2
_PAUSE = 0.06
_BURST = 2_000
_TIMEOUT = 12.0

_NAME = "fedora-messaging"


@click.command("demo", short_help="See messages move: nothing is needed for it.")
@click.option("--dashboard", is_flag=True, help="Print where to see it in a browser, and go on until Ctrl-C.")
@click.pass_obj
def command(options: Options, dashboard: bool) -> None:
    """See messages move: a broker, a consumer and a publisher in this process. Ends by itself.

    On the left is what the publisher sends, on the right what the consumer gets, each below its code.
    One message breaks its schema and is refused. Another fails, waits, goes to quarantine and is sent back.
    In the end the link is cut in the middle of a burst, and no message is lost.

    Nothing is installed, configured or left behind.

    \b
      fedora-messaging demo
    """  # noqa: D301, click reads the backspace
    install()
    from ..twisted._clock import global_clock

    # What the service logs of failures and of the cut link is what is shown.
    if options.level is not None:
        logging.basicConfig(format="%(asctime)s  %(name)s: %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("fedora_messaging").setLevel(options.level or logging.CRITICAL)
    if dashboard:
        from ._demo_dashboard import Traffic

        traffic = Traffic()
        run(traffic.work, traffic.stop)
    else:
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
    say(f"A broker is listening at {url}\n")
    for line in code():
        say(line)
    say()
    queue = {"demo": {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}}
    bindings = [{"exchange": "amq.topic", "queue": "demo", "routing_keys": ["org.fedoraproject.#", "demo.#"]}]
    service = FedoraMessagingService(
        None,
        config=parse(
            {"amqp_url": url, "queues": queue, "bindings": bindings, "qos": {"prefetch_count": 100}}
        ),
    )
    sent: dict[str | None, float] = {}
    latencies: list[float] = []
    begun: list[float] = []
    left = _ROUNDS * len(_SCENES)
    all_shown: Deferred[None] = Deferred()
    all_received: Deferred[None] = Deferred()
    burst: list[float] = []

    def received(message: Message) -> None:
        nonlocal left
        if message.topic == "demo.burst":
            burst.append(time.perf_counter() - begun[message.body["n"]])
            if len(burst) == _BURST:
                all_received.callback(None)
            return
        if message.id not in sent:
            return  # from another client: the broker accepts connections
        latencies.append(time.perf_counter() - sent[message.id])
        say(line_of(message))
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
    await show_refusal(service)
    begin = time.perf_counter()
    publishing: list[Any] = []
    for n in range(_BURST):
        begun.append(time.perf_counter())
        publishing.append(service.publish(Message(topic="demo.burst", body={"n": n})))
    await DeferredList(publishing, fireOnOneErrback=True, consumeErrors=True)
    await all_received
    rate = _BURST / (time.perf_counter() - begin)
    await show_failure(service)
    await show_cut(service, broker)
    await service.stopService()
    statistics = service.stats
    await broker.stop()
    say("\n".join(summary(statistics, latencies, burst, rate, program())))


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


def _percentile(seconds: list[float], part: float) -> float:
    """Milliseconds within which a part of all was done."""
    ordered = sorted(seconds)
    return 1000 * ordered[min(int(part * len(ordered)), len(ordered) - 1)]


def summary(
    statistics: Any, latencies: list[float], burst: list[float], rate: float, name: str
) -> Iterator[str]:
    """The lines at the end: what was counted and measured, and commands to go on with.

    Args:
        statistics: Counts of the service.
        latencies: Seconds from publish to callback, of each message that was shown.
        burst: The same of each message of the burst.
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
    yield f"In a burst of {_BURST:,}: {rate:,.0f} messages a second, each within"
    yield f"{_percentile(burst, 0.5):,.1f} ms (median), {_percentile(burst, 0.99):,.1f} ms (99 %)."
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
