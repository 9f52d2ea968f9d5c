# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging demo --dashboard``: traffic without an end, and the dashboard that shows it."""

from __future__ import annotations

import math
import random
import socket
from typing import TYPE_CHECKING, Any

import click

from .._message.message import registry
from ..message import Message
from ..retry import retry

if TYPE_CHECKING:
    from ..twisted.service import FedoraMessagingService

__all__ = ["Traffic"]

_DURABLE = {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}
#: Messages a second on average, how far it goes up and down, and within how many seconds.
_RATE, _SWING, _WAVE = 40.0, 0.6, 25.0
#: One in so many is for a mirror, and so many of those fail at each attempt.
_MIRRORS, _FAILING = 5, 0.12
_DELAYS = (2.0, 5.0)
#: Seconds between two rounds of messages.
_STEP = 0.05


class BuildDone(Message):
    """A message class as applications have them; those name theirs in an entry point."""

    topic = "build.done"


class MirrorSynced(Message):
    """Another one."""

    topic = "mirror.synced"


class NoSuchMirror(Exception):
    """What goes wrong in the demonstration."""


class MirrorTooSlow(Exception):
    """What else goes wrong in it."""


class Traffic:
    """A broker, two consumers and a publisher in this process, until they are stopped."""

    def __init__(self) -> None:
        self._random = random.Random(1)
        self._loop: Any = None

    async def work(self) -> None:
        """Print where the dashboard is, and publish and consume until :meth:`stop` is called."""
        from twisted.internet.task import LoopingCall

        from ..broker import Broker
        from ..config import parse
        from ..twisted._clock import global_clock
        from ..twisted.service import FedoraMessagingService

        names = {"demo.build.done": BuildDone, "demo.mirror.synced": MirrorSynced}
        for name, kind in names.items():
            registry.add(name, kind)
        broker = Broker()
        port = _free_port()
        monitoring = {"port": port, "dashboard": True}
        service = FedoraMessagingService(
            None,
            config=parse(
                {"amqp_url": await broker.listen(), "monitoring": monitoring, "queues": {}, "bindings": []}
            ),
        )
        service.startService()
        clock: Any = global_clock()
        try:
            await self._consume(service, clock)
            await service.publisher.when_connected()
            click.echo(f"The dashboard is at {click.style(f'http://127.0.0.1:{port}/', bold=True)}")
            click.echo("Ctrl-C ends the demonstration.")
            self._loop = LoopingCall.withCount(lambda count: self._publish(service, clock.seconds(), count))
            self._loop.clock = clock
            await self._loop.start(_STEP)
        finally:
            await service.stopService()
            await broker.stop()
            for name, kind in names.items():
                del registry.classes[name], registry.names[kind]

    def stop(self) -> None:
        """End it."""
        if self._loop is not None and self._loop.running:
            self._loop.stop()

    async def _consume(self, service: FedoraMessagingService, clock: Any) -> None:
        from twisted.internet.task import deferLater

        async def built(message: Message) -> None:
            await deferLater(clock, self._random.expovariate(1 / 0.008))

        @retry(on=(NoSuchMirror, MirrorTooSlow), delays=_DELAYS, then="reject")
        async def synced(message: Message) -> None:
            await deferLater(clock, self._random.expovariate(1 / 0.04))
            if self._random.random() < _FAILING:
                raise self._random.choice((NoSuchMirror, MirrorTooSlow))(message.topic)

        for name, callback, pattern in (("builds", built, "build.#"), ("mirrors", synced, "mirror.#")):
            bindings = [{"exchange": "amq.topic", "queue": name, "routing_keys": [pattern]}]
            await service.consume(callback, bindings, {name: _DURABLE}, name=name, prefetch_count=50)

    def _publish(self, service: FedoraMessagingService, seconds: float, count: int) -> None:
        rate = _RATE * (1 + _SWING * math.sin(2 * math.pi * seconds / _WAVE))
        for _ in range(int(rate * _STEP * min(count, 20) + self._random.random())):
            kind = BuildDone if self._random.randrange(_MIRRORS) else MirrorSynced
            service.publish(kind(body={"number": self._random.randrange(10_000)})).addErrback(lambda _: None)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
