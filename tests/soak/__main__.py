# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``python -m soak``: for so many seconds, faults at random; then everything heals and is counted.

Exit code 1: a confirmed message was lost, a publish failed, or one consumer ran two callbacks at a time.
"""

import argparse
import logging
import random
import resource
import sys
import time
from array import array
from collections import Counter
from pathlib import Path
from typing import Any

from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.python.failure import Failure

from faults import ProxyProcess
from fedora_messaging.config import parse
from fedora_messaging.message import Message
from fedora_messaging.twisted.service import FedoraMessagingService
from rabbitmq import Node, Settings
from support.account import through
from support.amqp import Amqp

reactor: Any = global_reactor

QUEUE = "soak"
STREAMS = 20
PAUSE = 0.02
HEALING = 90.0
#: How often each happens, in relation to the others. Bytes are not corrupted: AMQP has no checksums, so a
#: body that was changed on its way is another message, and a confirm's tag another confirm.
FAULTS = {
    "cut": 8,
    "reset": 8,
    "half_close": 3,
    "stall": 4,
    "delay": 3,
    "refuse": 3,
    "blackhole": 3,
    "alarm": 2,
    "kill": 1,
}


def resident() -> float:
    """This process's memory now, in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


class Soak:
    """One run.

    Args:
        seconds: How long faults happen.
        seed: Of the faults.
        node: The broker, which is killed now and then.
    """

    def __init__(self, seconds: float, seed: int, node: Node) -> None:
        self.random = random.Random(seed)
        self.seconds = seconds
        self.node = node
        self.proxies = [ProxyProcess(node.port) for _ in range(3)]
        self.next = 0
        self.confirmed = array("B")
        self.received = array("B")
        self.errors: list[str] = []
        self.faults: Counter[str] = Counter()
        self.concurrent = 0
        self.rejected = 0
        self.going_on = True
        self.streams = 0
        self.memory: list[float] = []

    def service(self, proxy: ProxyProcess) -> FedoraMessagingService:
        """A service behind a proxy."""
        queue = {QUEUE: {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}}
        binding = {"exchange": "amq.topic", "queue": QUEUE, "routing_keys": ["soak.#"]}
        url = through(self.node.url(), proxy, "heartbeat=2")
        keys = {"queues": queue, "bindings": [binding], "shutdown_grace": 20}
        return FedoraMessagingService(None, config=parse({"amqp_url": url, **keys}))

    async def run(self) -> None:
        """Everything."""
        services = [self.service(proxy) for proxy in self.proxies]
        for service in services[1:]:
            service.consume(self.consumer(), in_thread=True)
        for service in services:
            service.startService()
        for _ in range(STREAMS):
            self.streams += 1
            Deferred.fromCoroutine(self.publish(services[0])).addErrback(self.failed)
        end = time.monotonic() + self.seconds
        quiet = time.monotonic() + min(60.0, self.seconds / 4)
        while time.monotonic() < end:
            await self.fault()
            await deferLater(reactor, self.random.uniform(0.2, 2.0))
            if time.monotonic() > quiet:
                self.memory.append(resident())
        for proxy in self.proxies:
            proxy.resume()
        self.going_on = False
        end = time.monotonic() + HEALING
        while (self.streams or self.lost()) and time.monotonic() < end:
            await deferLater(reactor, 0.2)
        self.memory.append(resident())
        for service in services:
            await service.stopService()
            self.rejected += service.stats.consumed.rejected

    async def publish(self, service: FedoraMessagingService) -> None:
        """Publish one message after the other, each until it is confirmed."""
        while self.going_on:
            number, self.next = self.next, self.next + 1
            self.confirmed.append(0)
            self.received.append(0)
            try:
                await service.publish(Message(topic=f"soak.{number}", body={"n": number}))
            except Exception as error:
                self.errors.append(f"{type(error).__name__}: {error}")
            else:
                self.confirmed[number] = 1
            await deferLater(reactor, PAUSE)
        self.streams -= 1

    def failed(self, failure: Failure) -> None:
        """A stream of messages has ended for another reason."""
        self.errors.append(failure.getTraceback())
        self.streams -= 1

    def consumer(self) -> Any:
        """A callback that notices when it is called while it runs."""
        running = 0

        def callback(message: Message) -> None:
            nonlocal running
            running += 1
            self.concurrent += running > 1
            number = message.body["n"]
            self.received[number] = min(self.received[number] + 1, 255)
            running -= 1

        return callback

    async def fault(self) -> None:
        """Something goes wrong, for a while."""
        proxy = self.random.choice(self.proxies)
        name = self.random.choices(list(FAULTS), list(FAULTS.values()))[0]
        self.faults[name] += 1
        if name in ("cut", "reset"):
            getattr(proxy, name)()
        elif name == "half_close":
            proxy.half_close(self.random.choice(["up", "down"]))
        elif name == "alarm":
            await deferToThread(self.node.block_publishers)
            await deferLater(reactor, self.random.uniform(1, 5))
            await deferToThread(self.node.unblock_publishers)
        elif name == "kill":
            await deferToThread(self.node.kill)
            await deferToThread(self.node.start)
        else:
            arguments = {"stall": ("both",), "delay": (0.2,)}.get(name, ())
            getattr(proxy, name)(*arguments)
            if name in ("refuse", "blackhole"):
                proxy.cut()
            await deferLater(reactor, self.random.uniform(1, 6))
            proxy.resume()

    def lost(self) -> int:
        """How many confirmed messages no callback has seen."""
        return sum(1 for sent, seen in zip(self.confirmed, self.received, strict=True) if sent and not seen)

    def account(self) -> bool:
        """Print what became of everything; whether it is well."""
        more = sum(seen - 1 for seen in self.received if seen)
        first, last = self.memory[0], self.memory[-1]
        kinds = ", ".join(f"{count} {kind}" for kind, count in self.faults.most_common())
        print(f"faults: {sum(self.faults.values())} ({kinds})")
        print(f"published and confirmed: {sum(self.confirmed)} of {self.next}")
        print(f"lost: {self.lost()}; rejected: {self.rejected}; received more than once: {more}")
        print(f"most callbacks at a time in one consumer: {1 + self.concurrent}")
        print(f"memory: {first:.1f} MiB when warm, {last:.1f} at the end ({last - first:+.1f})")
        for error in self.errors[:10]:
            print(f"error: {error}")
        return not (self.lost() or self.errors or self.concurrent) and sum(self.confirmed) == self.next


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="soak")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    logging.getLogger("fedora_messaging").setLevel(logging.CRITICAL)
    print(f"Faults for {options.seconds:g} s, seed {options.seed}.", flush=True)
    ended: list[Any] = []
    with Node(Settings()) as node:
        with Amqp(node.url()) as amqp:
            amqp.queue(QUEUE, "soak.#")
        soak = Soak(options.seconds, options.seed, node)

        def start() -> None:
            Deferred.fromCoroutine(soak.run()).addBoth(finish)

        def finish(result: Any) -> None:
            ended.append(result)
            reactor.stop()

        reactor.callWhenRunning(start)
        reactor.run()
        for proxy in soak.proxies:
            proxy.close()
    if isinstance(ended[0], Failure):
        ended[0].printTraceback()
        return 1
    return 0 if soak.account() else 1


if __name__ == "__main__":
    sys.exit(main())
